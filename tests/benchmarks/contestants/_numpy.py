"""The reference: a loop over NumPy and SciPy, as one writes it without any package."""

from typing import Any

import numpy as np
from scipy import linalg, sparse
from scipy.sparse.linalg import eigs

from tests.benchmarks._networks import ALPHA, SPECTRAL_RADIUS, Network, Size, plain_loop
from tests.benchmarks.contestants._contestant import Contestant


class NumpyLoop(Contestant):
    """Forty lines that need no package."""

    name = "NumPy loop"
    distribution = "numpy"
    how = "csr_array or array @ state in a Python loop; Cholesky of the Gram matrix"
    remark = "the reference, not a package"

    def initialise(self, size: Size, seed: int) -> Any:
        rng = np.random.default_rng(seed)
        n = size.n_units
        if size.is_dense:
            W: Any = rng.uniform(-1, 1, (n, n))
            return W * (SPECTRAL_RADIUS / abs(np.linalg.eigvals(W)).max())
        W = sparse.random_array(
            (n, n),
            density=size.connectivity,
            format="csr",
            rng=rng,
            data_sampler=lambda size: rng.uniform(-1, 1, size),
        )
        return W * (SPECTRAL_RADIUS / abs(eigs(W, k=6, return_eigenvectors=False)).max())

    def harvester(self, network: Network) -> Any:
        def harvest(inputs: np.ndarray) -> np.ndarray:
            if inputs.ndim == 2:
                return plain_loop(network, inputs)
            states = np.empty((*inputs.shape[:2], network.n_units), inputs.dtype)
            state = np.zeros((len(inputs), network.n_units), inputs.dtype)
            for t in range(inputs.shape[1]):  # all sequences in one product
                states[:, t] = state = network.next_states(state, inputs[:, t])
            return states

        return harvest

    def regressor(self, size: Size, seed: int) -> Any:
        W_in = np.random.default_rng(seed).uniform(-1, 1, (size.n_units, 1))
        return {"network": lambda: Network(size, self.initialise(size, seed), W_in)}

    def regressor_of(self, network: Network) -> Any:
        return {"network": lambda: network}

    def fit(self, regressor: Any, X: np.ndarray, y: np.ndarray) -> Any:
        network = regressor["network"]()
        states = plain_loop(network, X)
        last = states[-1].copy()
        mean, target_mean = states.mean(axis=0), y.mean(axis=0)
        gram = states.T @ states - len(states) * np.outer(mean, mean)
        gram[np.diag_indices_from(gram)] += ALPHA
        moment = states.T @ y - len(states) * np.outer(mean, target_mean)
        coef = linalg.solve(gram, moment, assume_a="pos", overwrite_a=True)
        intercept = target_mean - mean @ coef
        return {"fitted": network, "coef": coef, "intercept": intercept, "state": last}

    def predict(self, regressor: Any, X: np.ndarray) -> np.ndarray:
        return plain_loop(regressor["fitted"], X) @ regressor["coef"] + regressor["intercept"]

    def generate(self, regressor: Any, n_steps: int) -> np.ndarray:
        network, state = regressor["fitted"], regressor["state"]
        W, w_in, leak = network.W, network.W_in[:, 0], network.size.leak_rate
        coef, intercept = regressor["coef"][:, 0], regressor["intercept"][0]
        outputs = np.empty((n_steps, 1))
        output = state @ coef + intercept
        for t in range(n_steps):
            outputs[t] = output
            state = (1 - leak) * state + leak * np.tanh(W @ state + w_in * output)
            output = state @ coef + intercept
        return outputs
