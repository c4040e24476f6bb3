"""Global search: weights found by differential evolution, without any gradient.

Storn, R. and Price, K. (1997). Differential evolution: a simple and efficient heuristic for global
optimization over continuous spaces. Journal of Global Optimization 11, 341-359.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from reservoir._interrupt import PutOffInterrupt
from reservoir.training._batches import Examples
from reservoir.training._bptt import Objective
from reservoir.training._network import Weights
from reservoir.training._run import run_network
from reservoir.training._trainer import decayed_of
from reservoir.training._trees import flat, views

Floats = NDArray[np.floating]

REACH = 3.0  # how far from where it is drawn each weight is looked for
SPREAD = 0.5  # of the first candidates
FEWEST, MOST = 20, 100  # candidates of a generation
WORST = 1e300  # the loss of a network that diverges


class Evolved(NamedTuple):
    """The best weights of a search, their loss after each generation, and if Ctrl-C ended it."""

    vector: Floats
    loss_curve: list[float]
    interrupted: bool


def evolve(
    objective: Objective,
    template: Weights,
    examples: Examples,
    vector: Floats,
    *,
    n_generations: int,
    tol: float,
    alpha: float,
    warmup: int,
    learn_initial_state: bool | str,
    rng: np.random.Generator,
    each_generation: Callable[[float], None],
) -> Evolved:
    """Search around a vector of weights; Ctrl-C ends it with the best so far.

    Each generation runs as many networks over all examples as there are candidates: five for each
    weight, but 20 at least and 100 at most.
    """
    from scipy.optimize import differential_evolution

    network = objective.network
    free = np.ones(len(vector), bool)
    if not learn_initial_state:
        marks = views(template, np.zeros(len(vector)))
        for layer in marks.layers:
            for part in layer:
                part.initial_state[:] = 1
        free = flat(marks, np.float64) == 0
    decayed = decayed_of(template)[free]
    weight = examples.weight.astype(np.float64)
    if not examples.per_sequence:
        position = np.arange(len(weight)) - np.repeat(examples.bounds[:-1], examples.lengths)
        weight[position < warmup] = 0
    counts = weight > 0
    scale = weight[counts] / weight[counts].sum()
    start = vector[free].astype(np.float64)

    def whole(candidate: NDArray[np.float64]) -> Floats:
        found = vector.copy()
        found[free] = candidate
        return found

    def loss(candidate: NDArray[np.float64]) -> float:
        weights = views(template, whole(candidate))
        states = network.begin(weights, examples.n_sequences)
        outputs, _ = run_network(network, weights, examples.rows, examples.bounds, states)
        losses, _ = objective.loss(outputs[counts], examples.targets[counts])
        total = float(losses @ scale) + alpha / 2 * float(np.sum(candidate[decayed] ** 2))
        return total if np.isfinite(total) else WORST

    n = int(np.clip(5 * len(start), FEWEST, MOST))
    first = start + SPREAD * rng.standard_normal((n, len(start)))
    first[0] = start
    curve: list[float] = []
    with PutOffInterrupt() as interrupt:

        def told(intermediate_result: object) -> bool:
            curve.append(float(intermediate_result.fun))  # type: ignore[attr-defined]
            each_generation(curve[-1])
            return interrupt.requested

        found = differential_evolution(
            loss,
            np.column_stack([start - REACH, start + REACH]),
            init=np.clip(first, start - REACH, start + REACH),
            maxiter=n_generations,
            tol=tol,
            polish=False,
            rng=rng,
            callback=told,
        )
    return Evolved(whole(found.x), curve, interrupt.requested)
