"""echoes: dense weights, compiled loops."""

from typing import Any

import numpy as np

from tests.benchmarks._networks import ALPHA, SPECTRAL_RADIUS, Network, Size, spectral_radius
from tests.benchmarks.contestants._contestant import Contestant


class Echoes(Contestant):
    """ReservoirLeakyNeurons for states, ESNRegressor and ESNGenerator for the rest."""

    name = "echoes"
    distribution = "echoes"
    how = "ReservoirLeakyNeurons.harvest_states; ESNRegressor and ESNGenerator, ridge by Cholesky"
    remark = "W always dense; the loops start at t = 1, so the first state stays zero; no intercept"
    first_step = 1

    def initialise(self, size: Size, seed: int) -> Any:
        regressor = self.regressor(size, seed)
        regressor.fit(np.zeros((3, 1)), np.zeros((3, 1)))
        return regressor.W_

    def harvester(self, network: Network) -> Any:
        from echoes.reservoir import ReservoirLeakyNeurons
        from echoes.utils import tanh

        size = network.size
        reservoir = ReservoirLeakyNeurons(
            W_in=network.W_in,
            W=network.dense(),
            W_fb=np.zeros((size.n_units, 1)),
            bias=0.0,
            activation=tanh,
            leak_rate=size.leak_rate,
        )

        def harvest(inputs: np.ndarray) -> np.ndarray:
            if inputs.ndim == 3:
                return np.stack([harvest(sequence) for sequence in inputs])
            return reservoir.harvest_states(inputs, np.zeros_like(inputs))

        return harvest

    def regressor(self, size: Size, seed: int) -> Any:
        from echoes import ESNRegressor

        return ESNRegressor(
            n_reservoir=size.n_units,
            spectral_radius=SPECTRAL_RADIUS,
            sparsity=1 - size.connectivity,
            leak_rate=size.leak_rate,
            random_state=seed,
            **_READOUT,
        )

    def regressor_of(self, network: Network) -> Any:
        """Return a generator: its one input, the output fed back, comes through W_fb."""
        from echoes import ESNGenerator

        W = network.dense()
        return ESNGenerator(
            W=W,
            W_fb=network.W_in,
            spectral_radius=spectral_radius(W),  # it rescales every W to this
            leak_rate=network.size.leak_rate,
            **_READOUT,
        )

    def fit(self, regressor: Any, X: np.ndarray, y: np.ndarray) -> Any:
        from echoes import ESNGenerator

        return (
            regressor.fit(X=None, y=X)
            if isinstance(regressor, ESNGenerator)
            else regressor.fit(X, y)
        )

    def predict(self, regressor: Any, X: np.ndarray) -> np.ndarray:
        return regressor.predict(X)

    def generate(self, regressor: Any, n_steps: int) -> np.ndarray:
        return regressor.set_params(n_steps=n_steps).predict()


_READOUT = {
    "bias": 0.0,
    "fit_only_states": True,
    "n_transient": 1,  # the state that stays zero
    "regression_method": "ridge",
    "ridge_alpha": ALPHA,
    "ridge_fit_intercept": False,  # it would fit one and then forget it
    "ridge_solver": "cholesky",
}
