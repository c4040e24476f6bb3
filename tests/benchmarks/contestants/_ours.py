"""This package."""

from typing import Any

import numpy as np

from tests.benchmarks._networks import ALPHA, SPECTRAL_RADIUS, Network, Size
from tests.benchmarks.contestants._contestant import Contestant


class Ours(Contestant):
    """The estimators with their defaults, except that no readout sees the input."""

    name = "reservoir"
    distribution = "reservoir-toolkit"
    how = "ESNTransformer.transform; ESNRegressor.fit, predict and generate"

    def initialise(self, size: Size, seed: int) -> Any:
        from reservoir.weights import recurrent_weights

        return recurrent_weights(
            size.n_units,
            topology="dense" if size.is_dense else "random",
            connectivity=size.degree,
            spectral_radius=SPECTRAL_RADIUS,
            random_state=seed,
        )

    def harvester(self, network: Network) -> Any:
        from reservoir import ESNTransformer

        transformer = ESNTransformer(**_weights(network), **_settings(network.size))
        return transformer.fit(np.zeros((2, 1), network.size.dtype)).transform

    def regressor(self, size: Size, seed: int) -> Any:
        from reservoir import ESNRegressor

        return ESNRegressor(
            topology="dense" if size.is_dense else "random",
            connectivity=size.degree,
            spectral_radius=SPECTRAL_RADIUS,
            alpha=ALPHA,
            random_state=seed,
            **_settings(size),
        )

    def regressor_of(self, network: Network) -> Any:
        from reservoir import ESNRegressor

        return ESNRegressor(alpha=ALPHA, **_weights(network), **_settings(network.size))

    def fit(self, regressor: Any, X: np.ndarray, y: np.ndarray) -> Any:
        return regressor.fit(X, y)

    def predict(self, regressor: Any, X: np.ndarray) -> np.ndarray:
        return regressor.predict(X)

    def generate(self, regressor: Any, n_steps: int) -> np.ndarray:
        return regressor.generate(n_steps)


def _weights(network: Network) -> dict[str, Any]:
    return {"topology": network.W, "input_weights": network.W_in}


def _settings(size: Size) -> dict[str, Any]:
    return {
        "n_units": size.n_units,
        "leak_rate": size.leak_rate,
        "dtype": size.dtype,
        "include_input": False,
    }
