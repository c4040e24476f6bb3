"""One row in, one output out: a trained network in real time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reservoir.cells import Cell
from reservoir.kernels._jit import compiled_for
from reservoir.kernels._products import Affine, columns_of
from reservoir.training._network import Network, Weights

Floats = NDArray[np.floating]


class Stream:
    """A network that is shown one row of input after the other.

    Calling it with the next row (n_features,) returns the outputs (n_outputs,). It is not
    checked for NaN. It can be pickled, and goes on where it was.

    Attributes
    ----------
    state : ndarray of shape (n_state,)
        Of all layers, as ``predict(..., return_state=True)`` returns it.
    """

    def __init__(
        self, network: Network, weights: Weights, dtype: Any, initial_state: Any = None
    ) -> None:
        self._network, self._weights, self._dtype = network, weights, np.dtype(dtype)
        self._n_inputs = network.n_inputs
        self._read = network.read
        self._paths = [np.zeros((2, 1, network.n_state), dtype) for _ in weights.layers]
        self._steps = []
        first, n_inputs = 0, network.n_inputs
        signal = np.zeros((1, n_inputs), dtype)
        arrangements = network.arrange(weights)
        for i, ((part,), (arranged,), path) in enumerate(
            zip(weights.layers, arrangements, self._paths, strict=True)
        ):
            projection = _affine(network.cell, part.cell, n_inputs, dtype)
            kept = np.zeros((1, len(projection.bias)), dtype)
            readout = Affine(columns_of(np.zeros((0, 0), dtype)), np.zeros(0, dtype))
            if weights.output and i == network.n_layers - 1:
                readout = Affine(columns_of(weights.output.weights), weights.output.bias)
            output = np.empty((1, len(readout.bias)), dtype)
            rest = (arranged, first, projection, kept, path, self._read.start, readout)
            run = compiled_for(network.cell.run_row, signal, output, *rest)
            self._steps.append((run, output, rest, path[1]))
            signal, first = path[1], self._read.start
            n_inputs = self._read.stop - first
        self.reset(initial_state)

    def __reduce__(self) -> Any:
        return Stream, (self._network, self._weights, self._dtype, self.state)

    @property
    def state(self) -> Floats:
        return np.concatenate([path[1, 0] for path in self._paths])

    def reset(self, state: Any = None) -> None:
        """Go to a state (n_state,), or back to the one in which sequences begin."""
        n_state = sum(path.shape[2] for path in self._paths)
        if state is None:
            state = np.concatenate([layer[0].initial_state for layer in self._weights.layers])
        state = np.asarray(state, self._dtype)
        if state.shape != (n_state,) or not np.isfinite(state).all():
            raise ValueError(
                f"state must be finite and of shape ({n_state},), got shape {state.shape}."
            )
        for path, part in zip(self._paths, np.split(state, len(self._paths)), strict=True):
            path[1, 0] = part

    def __call__(self, row: Any) -> Floats:
        """Take the next row of input (n_features,) and return the outputs (n_outputs,)."""
        signal = np.asarray(row, self._dtype).reshape(1, -1)
        if signal.shape[1] != self._n_inputs:
            raise ValueError(
                f"a row must hold {self._n_inputs} feature(s) as in fit, got {signal.shape[1]}."
            )
        for run, output, rest, after in self._steps:
            run(signal, output, *rest)
            signal = after
        if not self._weights.output:
            return signal[0, self._read].copy()
        return output[0].copy()


def _affine(cell: Cell, parameters: Any, n_inputs: int, dtype: Any) -> Affine:
    """Return a cell's projection of its input as a matrix and a bias."""
    exact = type(parameters)(*(np.asarray(each, np.float64) for each in parameters))
    kept = cell.project_once(exact, np.vstack([np.zeros(n_inputs), np.eye(n_inputs)]))
    matrix, bias = kept[1:] - kept[0], kept[0]
    return Affine(columns_of(matrix.astype(dtype)), bias.astype(dtype))
