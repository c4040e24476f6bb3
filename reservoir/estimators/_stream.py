"""One row in, one output out: a trained network in real time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reservoir.kernels._drive import no_forcing
from reservoir.training._network import Network, Weights

Floats = NDArray[np.floating]


class Stream:
    """A network that is shown one row of input after the other, from rest.

    Calling it with the next row (n_features,) returns the outputs (n_outputs,). Nothing is checked.

    Attributes
    ----------
    state : list of ndarray
        Of each layer, (n_state,).
    """

    def __init__(self, network: Network, weights: Weights, dtype: Any) -> None:
        self._network, self._weights, self._dtype = network, weights, dtype
        self._arranged = network.arrange(weights)
        self._forcing = no_forcing(dtype)
        self._paths = [np.zeros((2, 1, network.n_state), dtype) for _ in weights.layers]
        self.reset()

    @property
    def state(self) -> list[Floats]:
        return [path[0, 0].copy() for path in self._paths]

    def reset(self) -> None:
        """Go back to the state in which sequences begin."""
        for path, layer in zip(self._paths, self._weights.layers, strict=True):
            path[0, 0] = layer[0].initial_state

    def __call__(self, row: Any) -> Floats:
        """Take the next row of input (n_features,) and return the outputs (n_outputs,)."""
        signal = np.asarray(row, self._dtype).reshape(1, -1)
        cell, read = self._network.cell, self._network.read
        for path, layer, (arranged,) in zip(
            self._paths, self._weights.layers, self._arranged, strict=True
        ):
            kept = cell.project(layer[0].cell, signal)
            cell.run(arranged, kept[None], path, self._forcing)
            path[0] = path[1]
            signal = path[0, :, read]
        output = self._weights.output
        return (signal @ output.weights + output.bias)[0] if output else signal[0].copy()
