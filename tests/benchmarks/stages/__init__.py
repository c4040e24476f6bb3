"""All stages by name; each has a title and makes its rows."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tests.benchmarks._race import Row
from tests.benchmarks.contestants import INTEGRATORS, RESERVOIRS, TRAINED, Contestant
from tests.benchmarks.stages import (
    _closed_loop,
    _cold_start,
    _continuous,
    _first_training,
    _fit,
    _gradients,
    _harvest,
    _inference,
    _initialise,
    _installed_size,
    _memory,
    _predict,
    _scaling,
    _search,
    _sequences,
    _streaming,
    _training_step,
)


class Stage(NamedTuple):
    """One question; ``rows(quick)`` are the tasks that answer it."""

    title: str
    rows: Callable[[bool], Iterable[Row]]
    by_default: bool = True
    if_quick: bool = True  # whether by default with --quick too
    contestants: tuple[Contestant, ...] = RESERVOIRS


STAGES = {
    "initialise": Stage("Recurrent weights of spectral radius 0.9", _initialise.rows),
    "harvest": Stage("All states of one series", _harvest.rows),
    "fit": Stage("Fit end to end: draw the weights, run, solve", _fit.rows),
    "predict": Stage("Predict from a fitted network", _predict.rows),
    "closed_loop": Stage("Run on its own outputs", _closed_loop.rows),
    "sequences": Stage("All states of many short sequences", _sequences.rows),
    "search": Stage("Search among candidates, 5 time-ordered folds", _search.rows),
    "memory": Stage("Peak memory of a fit above the data", _memory.rows, if_quick=False),
    "memory_long": Stage("The same of ten million steps", _memory.long_rows, by_default=False),
    "scaling": Stage("Harvest by units, steps and threads", _scaling.rows, if_quick=False),
    "cold_start": Stage("Start Python, import, first fit", _cold_start.rows, if_quick=False),
    "continuous": Stage(
        "Continuous-time networks, as exact as asked for",
        _continuous.rows,
        contestants=INTEGRATORS,
    ),
    "training_step": Stage(
        "A step of training: loss, gradient, Adam", _training_step.rows, contestants=TRAINED
    ),
    "inference": Stage(
        "Outputs of a trained network for whole sequences", _inference.rows, contestants=TRAINED
    ),
    "streaming": Stage("One row in, one output out", _streaming.rows, contestants=TRAINED),
    "gradients": Stage(
        "How far gradients are from those of torch in float64",
        _gradients.rows,
        contestants=TRAINED,
    ),
    "trained_cold_start": Stage(
        "Start Python, import, first training of an LSTM",
        _first_training.time_rows,
        if_quick=False,
        contestants=TRAINED,
    ),
    "trained_memory": Stage(
        "Peak memory of that process",
        _first_training.memory_rows,
        if_quick=False,
        contestants=TRAINED,
    ),
    "installed_size": Stage(
        "Size on disk with all that is needed",
        _installed_size.rows,
        if_quick=False,
        contestants=TRAINED,
    ),
}
