"""One row in, one output out: a trained network in real time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reservoir.cells import Cell
from reservoir.kernels._drive import no_forcing
from reservoir.kernels._jit import compiled_for
from reservoir.kernels._products import Columns, columns_of, read_out
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
        self._n_inputs, self._n_outputs = network.n_inputs, network.n_outputs
        self._paths = [np.zeros((2, 1, network.n_state), dtype) for _ in weights.layers]
        self._steps = []
        first, n_inputs = 0, network.n_inputs
        signal = np.zeros((1, n_inputs), dtype)
        for path, layer, (arranged,) in zip(
            self._paths, weights.layers, network.arrange(weights), strict=True
        ):
            project = (first, *_affine(network.cell, layer[0].cell, n_inputs, dtype))
            kept = np.zeros((1, len(project[2])), dtype)
            loop = (arranged, kept[None], path, no_forcing(dtype))
            self._steps.append(
                (
                    compiled_for(read_out, signal, *project, kept),
                    (*project, kept),
                    compiled_for(network.cell.run, *loop),
                    loop,
                    path[0],
                    path[1],
                )
            )
            signal, first = path[1], network.read.start
            n_inputs = network.read.stop - first
        self._read = network.read
        if weights.output:
            self._output = (first, columns_of(weights.output.weights), weights.output.bias)
            self._read_out = compiled_for(read_out, signal, *self._output, self._new_output())
        self.reset(initial_state)

    def __reduce__(self) -> Any:
        return Stream, (self._network, self._weights, self._dtype, self.state)

    def _new_output(self) -> Floats:
        return np.empty((1, self._n_outputs), self._dtype)

    @property
    def state(self) -> Floats:
        return np.concatenate([path[0, 0] for path in self._paths])

    def reset(self, state: Any = None) -> None:
        """Go to a state (n_state,), or back to the one in which sequences begin."""
        if state is None:
            state = np.concatenate([layer[0].initial_state for layer in self._weights.layers])
        for path, part in zip(self._paths, np.split(state, len(self._paths)), strict=True):
            path[0, 0] = part

    def __call__(self, row: Any) -> Floats:
        """Take the next row of input (n_features,) and return the outputs (n_outputs,)."""
        signal = np.asarray(row, self._dtype).reshape(1, -1)
        if signal.shape[1] != self._n_inputs:
            raise ValueError(
                f"a row must hold {self._n_inputs} feature(s) as in fit, got {signal.shape[1]}."
            )
        for project, projection, run, loop, before, after in self._steps:
            project(signal, *projection)
            run(*loop)
            np.copyto(before, after)
            signal = after
        if not self._weights.output:
            return signal[0, self._read].copy()
        output = self._new_output()
        self._read_out(signal, *self._output, output)
        return output[0]


def _affine(cell: Cell, parameters: Any, n_inputs: int, dtype: Any) -> tuple[Columns, Floats]:
    """Return a cell's projection of its input as a matrix and a bias."""
    exact = type(parameters)(*(np.asarray(each, np.float64) for each in parameters))
    bias = cell.project(exact, np.zeros((1, n_inputs)))
    matrix = cell.project(exact, np.eye(n_inputs)) - bias
    return columns_of(matrix.astype(dtype)), bias[0].astype(dtype)
