"""ResDAG: torch, one step at a time."""

from typing import Any

import numpy as np

from tests.benchmarks._networks import ALPHA, SPECTRAL_RADIUS, Network, Size
from tests.benchmarks.contestants._contestant import Contestant


class ResDAG(Contestant):
    """ESNLayer for states, the ESN preset for the rest, in torch's inference mode."""

    name = "ResDAG"
    distribution = "resdag"
    how = "ESNLayer(sparse='auto') in inference mode; ESN.fit, call and forecast"

    def initialise(self, size: Size, seed: int) -> Any:
        layer = _import_torch_layer()(
            size.n_units,
            1,
            spectral_radius=SPECTRAL_RADIUS,
            topology=_topology(size),
            seed=seed,
            **_settings(size),
        )
        W = layer.cell.weight_hh.detach()
        return (W.to_dense() if W.is_sparse_csr else W).numpy()

    def harvester(self, network: Network) -> Any:
        import torch

        layer = _import_torch_layer()(
            network.n_units, 1, **_weights(network), **_settings(network.size)
        )

        def harvest(inputs: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                layer.reset_state()
                states = layer(torch.from_numpy(inputs if inputs.ndim == 3 else inputs[None]))
                return states.numpy() if inputs.ndim == 3 else states[0].numpy()

        return harvest

    def regressor(self, size: Size, seed: int) -> Any:
        drawn = {"spectral_radius": SPECTRAL_RADIUS, "topology": _topology(size), "seed": seed}
        return _esn(size, drawn)

    def regressor_of(self, network: Network) -> Any:
        return _esn(network.size, {"spectral_radius": None, **_weights(network)})

    def fit(self, regressor: Any, X: np.ndarray, y: np.ndarray) -> Any:
        import torch

        with torch.inference_mode():
            return regressor().fit(torch.from_numpy(X), torch.from_numpy(y))

    def predict(self, regressor: Any, X: np.ndarray) -> np.ndarray:
        import torch

        with torch.inference_mode():
            for layer in regressor.modules():
                if hasattr(layer, "reset_state"):
                    layer.reset_state()
            return regressor(torch.from_numpy(X)).numpy()

    def settle(self, regressor: Any, X: np.ndarray) -> None:
        import torch

        with torch.inference_mode():
            series = torch.from_numpy(X)[None]
            regressor.graph.warmup(series[:, :-1])
            self._end = series[:, -1:], regressor.graph.get_state()

    def generate(self, regressor: Any, n_steps: int) -> np.ndarray:
        import torch

        last_input, state = self._end
        with torch.inference_mode():
            regressor.graph.set_state(state)
            return regressor.graph.forecast(last_input, horizon=n_steps, reset=False)[0].numpy()


def _import_torch_layer() -> Any:
    from resdag.layers import ESNLayer

    return ESNLayer


def _esn(size: Size, weights: dict[str, Any]) -> Any:
    from resdag import ESN

    return lambda: ESN(
        size.n_units,
        washout=0,
        alpha=ALPHA,
        preprocessing=None,
        input_to_readout=False,
        **weights,
        **_settings(size),
    )


def _topology(size: Size) -> Any:
    return None if size.is_dense else ("erdos_renyi", {"p": size.connectivity})


def _settings(size: Size) -> dict[str, Any]:
    import torch

    dtype = getattr(torch, size.dtype)
    return {"leak_rate": size.leak_rate, "bias": False, "sparse": "auto", "dtype": dtype}


def _weights(network: Network) -> dict[str, Any]:
    import torch

    W, W_in = torch.from_numpy(network.dense()), torch.from_numpy(network.W_in)
    return {"topology": lambda n: W, "feedback_initializer": lambda rows, columns: W_in}
