"""ReservoirPy: a Python loop over SciPy's sparse product."""

from typing import Any

import numpy as np

from tests.benchmarks._networks import ALPHA, SPECTRAL_RADIUS, Network, Size
from tests.benchmarks.contestants._contestant import Contestant


class ReservoirPy(Contestant):
    """Nodes and models as its tutorials have them."""

    name = "ReservoirPy"
    distribution = "reservoirpy"
    how = "Reservoir.run, sparse W as csr_array; (Reservoir >> Ridge).fit, run and call"

    def initialise(self, size: Size, seed: int) -> Any:
        reservoir = _reservoir(size, seed)
        reservoir.initialize(np.zeros((1, 1)))
        return reservoir.W

    def harvester(self, network: Network) -> Any:
        reservoir = _reservoir_of(network)
        reservoir.initialize(np.zeros((1, 1)))
        # reset() would return to float64, whatever the dtype
        rest = {"out": np.zeros(network.n_units, network.size.dtype)}

        def harvest(inputs: np.ndarray) -> np.ndarray:
            reservoir.state = rest
            return reservoir.run(inputs)

        return harvest

    def regressor(self, size: Size, seed: int) -> Any:
        from reservoirpy.nodes import Ridge

        return _reservoir(size, seed) >> Ridge(ridge=ALPHA)

    def regressor_of(self, network: Network) -> Any:
        from reservoirpy.nodes import Ridge

        return _reservoir_of(network) >> Ridge(ridge=ALPHA)

    def fit(self, regressor: Any, X: np.ndarray, y: np.ndarray) -> Any:
        return regressor.fit(X, y)

    def predict(self, regressor: Any, X: np.ndarray) -> np.ndarray:
        regressor.reset()
        return regressor.run(X)

    def settle(self, regressor: Any, X: np.ndarray) -> None:
        self._end = regressor.nodes[0].state

    def generate(self, regressor: Any, n_steps: int) -> np.ndarray:
        reservoir, readout = regressor.nodes
        reservoir.state = self._end
        outputs = np.empty((n_steps, 1))
        output = readout(reservoir.state["out"])
        for t in range(n_steps):
            outputs[t] = output
            output = readout(reservoir(output))  # node by node: faster than the whole model
        return outputs


def _reservoir(size: Size, seed: int) -> Any:
    from reservoirpy.mat_gen import uniform
    from reservoirpy.nodes import Reservoir

    return Reservoir(
        size.n_units,
        lr=size.leak_rate,
        sr=SPECTRAL_RADIUS,
        W=uniform,
        rc_connectivity=size.connectivity,
        input_connectivity=1.0,
        dtype=np.dtype(size.dtype),
        seed=seed,
    )


def _reservoir_of(network: Network) -> Any:
    from reservoirpy.nodes import Reservoir

    return Reservoir(W=network.W, Win=network.W_in, lr=network.size.leak_rate)
