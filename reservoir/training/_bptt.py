"""Backpropagation through time: the gradient of a batch, its columns shared out over threads."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reservoir.kernels._drive import Forcing
from reservoir.training._batches import Batch
from reservoir.training._network import Network, States, Weights
from reservoir.training._trees import flat
from reservoir.training.losses import Loss

Floats = NDArray[np.floating]
Map = Callable[[Callable[[Any], Any], list[Any]], list[Any]]

FEWEST_ROWS, MOST_ROWS = 4, 16  # of a batch in one thread: the product takes four together
FEWEST_STATES = 2**16  # of single units at single steps, from which a second thread pays


class Gradient(NamedTuple):
    """What a batch says."""

    loss: float  # the weighted mean, with the penalty for vanishing gradients
    total: float  # of the weights
    gradient: Floats
    ends: States  # where its sequences ended


@dataclass(frozen=True)
class Objective:
    """What is made small, apart from the weights themselves."""

    network: Network
    loss: Loss
    vanishing_penalty: float = 0.0


def slices_of(n_batch: int) -> list[slice]:
    """Cut the columns of a batch for threads, by nothing but their number."""
    half = -(-n_batch // 2)
    size = -(-half // FEWEST_ROWS) * FEWEST_ROWS
    size = min(max(size, FEWEST_ROWS), MOST_ROWS)
    return [slice(start, min(start + size, n_batch)) for start in range(0, n_batch, size)]


def batch_gradient(
    objective: Objective,
    weights: Weights,
    batch: Batch,
    states: States,
    *,
    share: Floats | None = None,
    masks: list[Floats] | None = None,
    run_all: Map | None = None,
) -> Gradient:
    """Return the loss of a batch and its gradient in all parameters, as one vector.

    Parameters
    ----------
    objective : Objective
    weights : Weights
    batch : Batch
    states : States
        Where its sequences begin.
    share : ndarray of shape (n_steps, n_batch), optional
        Of the teacher in what is fed back.
    masks : list of ndarray, optional
        Of dropout.
    run_all : callable, optional
        Maps a function over slices of the batch, for example in threads.
    """
    arranged = objective.network.arrange(weights)
    total = float(np.count_nonzero(batch.weight > 0))  # not the sum: weights count between batches

    def one(columns: slice) -> tuple[float, Floats, States]:
        part = batch.some(columns)
        return _part_gradient(
            objective,
            weights,
            arranged,
            part,
            tuple(tuple(each[columns] for each in layer) for layer in states),
            None if share is None else np.ascontiguousarray(share[:, columns]),
            None if masks is None else [mask[:, columns] for mask in masks],
            total,
        )

    slices = slices_of(len(batch.lengths))
    network = objective.network
    n_halves = network.n_layers * network.n_directions
    n_states = batch.x.shape[0] * len(batch.lengths) * network.n_units * n_halves
    if run_all is not None and n_states >= FEWEST_STATES:
        found = run_all(one, slices)
    else:
        found = [one(columns) for columns in slices]
    losses, gradients, ends = zip(*found, strict=True)
    gradient = gradients[0]
    for other in gradients[1:]:  # in the order of the columns
        gradient = gradient + other
    joined = tuple(
        tuple(np.concatenate(parts) for parts in zip(*layers, strict=True))
        for layers in zip(*ends, strict=True)
    )
    return Gradient(sum(losses), total, gradient, joined)


@np.errstate(over="ignore", invalid="ignore")  # whoever asks looks whether it is finite
def _part_gradient(
    objective: Objective,
    weights: Weights,
    arranged: Any,
    batch: Batch,
    states: States,
    share: Floats | None,
    masks: list[Floats] | None,
    total: float,
) -> tuple[float, Floats, States]:
    network = objective.network
    forcing = None
    if share is not None:
        forcing = Forcing(batch.teacher, share * batch.has_teacher, network.read.start)
    outputs, ends, tape = network.forward(
        weights, arranged, batch.x, batch.lengths, states, forcing, masks
    )
    loss, errors = objective.loss(outputs, batch.targets.reshape(outputs.shape))
    weight = batch.weight.reshape(-1)
    counts = weight > 0  # a target that does not count may be anything
    scale = np.where(counts, weight, 0) / (total or 1)
    mean = float(np.sum(loss[counts] * scale[counts], dtype=np.float64))
    errors = np.where(counts[:, None], errors * scale[:, None], 0)
    found, penalty = network.backward(
        weights,
        arranged,
        tape,
        np.ascontiguousarray(errors, outputs.dtype),
        fresh=batch.fresh,
        sequence=batch.sequence,
        vanishing_penalty=objective.vanishing_penalty,
    )
    return mean + penalty, flat(found, outputs.dtype), ends
