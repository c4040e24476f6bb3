"""How long the gradient of the loss is on its way back through time."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reservoir.cells import state_gradients
from reservoir.training._batches import Examples, make_batch
from reservoir.training._bptt import Objective
from reservoir.training._network import Weights, turned
from reservoir.training._run import BLOCK_SIZE, DIVERGES, TOGETHER

Floats = NDArray[np.floating]


@dataclass
class Watched:
    """A cell whose way back is noted: the gradients in the states of each direction and layer."""

    cell: Any
    noted: list[Floats] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.cell, name)

    def run_back(self, *arguments: Any) -> None:
        self.noted.append(state_gradients(self.cell, *arguments))


def gradient_norms(
    objective: Objective, weights: Weights, examples: Examples, warmup: int = 0
) -> Floats:
    """Return the norm of the gradient of a sequence's summed loss in its state after each row.

    Parameters
    ----------
    objective : Objective
    weights : Weights
    examples : Examples
    warmup : int
        First rows of a sequence that do not count.

    Returns
    -------
    ndarray of shape (n_rows,)
        Over the states of all layers and directions; inf where it is beyond the finite numbers.

    Raises
    ------
    FloatingPointError
        If an output is not finite.
    """
    norms = np.empty(len(examples.rows))
    lengths, n_state = examples.lengths, objective.network.n_state
    order = np.argsort(-lengths, kind="stable")
    begin = 0
    while begin < len(order):
        together = max(1, min(TOGETHER, BLOCK_SIZE // (4 * n_state * lengths[order[begin]])))
        some = order[begin : begin + together]
        found = _batch_norms(objective, weights, examples, some, warmup)
        for column, sequence in enumerate(some):
            first, n = examples.bounds[sequence], lengths[sequence]
            norms[first : first + n] = found[:n, column]
        begin += together
    return norms


def _batch_norms(
    objective: Objective, weights: Weights, examples: Examples, some: Any, warmup: int
) -> Floats:
    """Return norms (n_steps, n_batch) of sequences side by side."""
    lengths = examples.lengths[some]
    batch = make_batch(examples, some, 0 * lengths, lengths, fresh=True, stays=False, warmup=warmup)
    watched: Any = Watched(objective.network.cell)
    network = replace(objective.network, cell=watched)
    arranged, states = network.arrange(weights), network.begin(weights, len(some), some)
    with np.errstate(over="ignore", invalid="ignore"):
        outputs, _, tape = network.forward(weights, arranged, batch.x, lengths, states)
        if not np.isfinite(outputs).all():
            raise FloatingPointError(DIVERGES)
        _, errors = objective.loss(outputs, batch.targets.reshape(outputs.shape))
        counts = batch.weight.reshape(-1, 1)
        errors = np.where(counts > 0, errors * counts, 0)
        network.backward(weights, arranged, tape, np.ascontiguousarray(errors, outputs.dtype))
        norms = _lengths_of(watched.noted, lengths, network.bidirectional)
    return np.nan_to_num(norms, nan=np.inf, posinf=np.inf)


def _lengths_of(noted: list[Floats], lengths: Any, bidirectional: bool) -> Floats:
    """Return the length of all gradients in the states after each step, taken together."""
    after = [each[1:] for each in noted]
    if bidirectional:  # every other one runs backwards
        after = [turned(each, lengths) if i % 2 else each for i, each in enumerate(after)]
    return np.hypot.reduce(np.concatenate(after, axis=2), axis=2)  # squares would leave the range
