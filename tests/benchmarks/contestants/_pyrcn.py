"""PyRCN: scikit-learn's interface; blocks in NumPy, estimators in NumPy or torch."""

from typing import Any

import numpy as np
from scipy import sparse

from tests.benchmarks._networks import ALPHA, SPECTRAL_RADIUS, Network, Size
from tests.benchmarks.contestants._contestant import Contestant, only_float64


class PyRCN(Contestant):
    """InputToNode and NodeToNode for states, ESNRegressor over them for the rest."""

    name = "PyRCN"
    distribution = "PyRCN"
    how = (
        "NodeToNode.transform, W as csr_matrix; ESNRegressor with scikit-learn's Ridge, which "
        "keeps off the slower torch loop; that loop where a state must be carried (closed loop)"
    )

    def initialise(self, size: Size, seed: int) -> Any:
        from pyrcn.base.blocks import NodeToNode

        block = NodeToNode(**_node(size, seed)).fit(np.zeros((2, size.n_units)))
        return block.recurrent_weights * block.spectral_radius  # as it does when it runs

    def harvester(self, network: Network) -> Any:
        from pyrcn.base.blocks import InputToNode, NodeToNode

        only_float64(network.size, self.name)
        rows = np.zeros((2, 1))
        into = InputToNode(**_input_of(network)).fit(rows)
        nodes = NodeToNode(**_node_of(network)).fit(into.transform(rows))

        def harvest(inputs: np.ndarray) -> np.ndarray:
            if inputs.ndim == 3:
                return np.stack([harvest(sequence) for sequence in inputs])
            return nodes.transform(into.transform(inputs))

        return harvest

    def regressor(self, size: Size, seed: int) -> Any:
        from pyrcn.base.blocks import InputToNode, NodeToNode
        from pyrcn.echo_state_network import ESNRegressor
        from sklearn.linear_model import Ridge

        inputs = {"hidden_layer_size": size.n_units, "random_state": seed, **_INPUT}
        return ESNRegressor(
            input_to_node=InputToNode(**inputs),
            node_to_node=NodeToNode(**_node(size, seed)),
            regressor=Ridge(alpha=ALPHA),
            requires_sequence=False,
            verbose=False,
        )

    def regressor_of(self, network: Network) -> Any:
        from pyrcn.base.blocks import InputToNode, NodeToNode
        from pyrcn.echo_state_network import ESNRegressor

        return ESNRegressor(
            input_to_node=InputToNode(**_input_of(network)),
            node_to_node=NodeToNode(**_node_of(network)),
            alpha=ALPHA,
            requires_sequence=False,
            verbose=False,
        )

    def fit(self, regressor: Any, X: np.ndarray, y: np.ndarray) -> Any:
        return regressor.fit(X, y)

    def predict(self, regressor: Any, X: np.ndarray) -> np.ndarray:
        return regressor.predict(X)

    def settle(self, regressor: Any, X: np.ndarray) -> None:
        outputs, state = regressor.predict(X, return_state=True)
        self._end = outputs[-1:], state

    def generate(self, regressor: Any, n_steps: int) -> np.ndarray:
        outputs = np.empty((n_steps, 1))
        output, state = self._end
        for t in range(n_steps):
            outputs[t] = output
            output, state = regressor.predict(output, initial_state=state, return_state=True)
        return outputs


_INPUT = {"input_activation": "identity", "bias_scaling": 0.0}


def _input_of(network: Network) -> dict[str, Any]:
    size = {"hidden_layer_size": network.n_units}
    return {**size, "predefined_input_weights": network.W_in.T.astype(float), **_INPUT}


def _node(size: Size, seed: int) -> dict[str, Any]:
    return {
        "hidden_layer_size": size.n_units,
        "sparsity": size.connectivity,
        "spectral_radius": SPECTRAL_RADIUS,
        "leakage": size.leak_rate,
        "random_state": seed,
    }


def _node_of(network: Network) -> dict[str, Any]:
    W = network.W.T
    return {
        "hidden_layer_size": network.n_units,
        "leakage": network.size.leak_rate,
        "predefined_recurrent_weights": W if network.size.is_dense else sparse.csr_matrix(W),
    }
