"""Running a trained network over sequences of any lengths, block by block."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reservoir.kernels._threads import in_threads, one_blas_thread
from reservoir.training._batches import Examples, make_batch
from reservoir.training._network import Network, States, Weights

Floats = NDArray[np.floating]

BLOCK_SIZE = 2**22  # numbers that one layer remembers of a block
TOGETHER = 8  # sequences side by side, whatever the number of threads
DIVERGES = (
    "The outputs left the finite numbers; the network diverges on this input. Scale it like the "
    "training data, or train with clip_norm or a smaller rate."
)


def run_network(
    network: Network, weights: Weights, rows: Floats, bounds: NDArray[np.int64], states: States
) -> tuple[Floats, States]:
    """Return outputs for all rows, or for all sequences if they are pooled, and where each ended.

    Parameters
    ----------
    network : Network
    weights : Weights
    rows : ndarray of shape (n_rows, n_inputs)
        Stacked.
    bounds : ndarray of shape (n_sequences + 1,)
    states : States
        Where sequences begin.
    """
    n_sequences, lengths = len(bounds) - 1, np.diff(bounds)
    arranged = network.arrange(weights)
    n_outputs = (n_sequences if network.pooling else len(rows), network.n_outputs)
    outputs = np.empty(n_outputs, rows.dtype)
    ends = tuple(tuple(each.copy() for each in layer) for layer in states)
    nothing = np.zeros((len(rows), 0), rows.dtype)
    examples = Examples(rows, bounds, nothing, np.zeros(len(rows), rows.dtype), per_sequence=False)

    @np.errstate(over="ignore", invalid="ignore")  # whoever asks looks whether it is finite
    def run(some: NDArray[np.int64]) -> None:
        start = np.zeros(len(some), np.int64)
        while len(some):
            size = BLOCK_SIZE // (len(some) * 4 * network.n_state)
            whole = network.pooling is not None or network.bidirectional
            stop = lengths[some] if whole else np.minimum(start + max(1, size), lengths[some])
            batch = make_batch(examples, some, start, stop, fresh=False, stays=False)
            here = tuple(tuple(each[some] for each in layer) for layer in ends)
            found, last, _ = network.forward(
                weights, arranged, batch.x, batch.lengths, here, returns=False
            )
            for layer, each_last in zip(ends, last, strict=True):
                for each, value in zip(layer, each_last, strict=True):
                    each[some] = value
            if network.pooling:
                outputs[some] = found
            else:
                found = found.reshape(*batch.x.shape[:2], -1)
                for column, sequence in enumerate(some):
                    first = bounds[sequence] + start[column]
                    n = batch.lengths[column]
                    outputs[first : first + n] = found[:n, column]
            left = stop < lengths[some]
            some, start = some[left], stop[left]

    order = np.argsort(-lengths, kind="stable")
    groups = [order[begin : begin + TOGETHER] for begin in range(0, n_sequences, TOGETHER)]
    if len(groups) == 1:
        run(order)
    else:
        with one_blas_thread():
            in_threads(run, groups)
    return outputs, ends


def as_vectors(states: States) -> Floats:
    """Return states as one vector for each sequence, layer after layer."""
    return np.concatenate([each for layer in states for each in layer], axis=1)


def as_states(vectors: Any, network: Network) -> States:
    """Return vectors as states of each direction of each layer."""
    parts = np.split(vectors, network.n_layers * network.n_directions, axis=1)
    n = network.n_directions
    return tuple(tuple(parts[i * n : (i + 1) * n]) for i in range(network.n_layers))
