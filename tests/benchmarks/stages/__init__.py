"""All stages by name; each has a title and makes its rows."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tests.benchmarks._race import Row
from tests.benchmarks.stages import (
    _closed_loop,
    _cold_start,
    _fit,
    _harvest,
    _initialise,
    _memory,
    _predict,
    _scaling,
    _search,
    _sequences,
)


class Stage(NamedTuple):
    """One question; ``rows(quick)`` are the tasks that answer it."""

    title: str
    rows: Callable[[bool], Iterable[Row]]
    by_default: bool = True
    if_quick: bool = True  # whether by default with --quick too


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
}
