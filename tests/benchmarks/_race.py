"""A race: contestants run in turn, round after round, and the medians are compared."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter, sleep
from typing import Any

import numpy as np

from tests.benchmarks.contestants import OURS, RESERVOIRPY, Contestant

TOUCHED = 2**27  # numbers, 1 GB: before each run, so that none is timed while it waits for memory
PAUSE = 0.02  # seconds, in which threads of the contestant before stop waiting for more work

Run = Callable[[int, int], Any]  # (amount, round) in, what was computed out


@dataclass(frozen=True)
class Measured:
    """What a run measured itself, to be taken instead of the time it took."""

    value: float
    remark: str = ""


@dataclass(frozen=True)
class Row:
    """One task that all contestants are given.

    Attributes
    ----------
    enter : callable
        Takes a contestant and returns its run; raises UnableError with the reason if it cannot.
    amount, least : int
        How much there is to do (steps, sequences, candidates), and how little of it tells how
        long all of it takes; with ``least == amount`` a slow contestant runs once, not less.
    check : callable, optional
        Takes a contestant and what its run computed; returns a remark, or raises AssertionError
        if it is something else than was asked for.
    curve, x
        Rows of the same curve are points of one picture, at these places.
    unit
        Of what is measured.
    once
        Whether a single run tells all.
    each
        Whether values are for one of the amount, not for all of it.
    """

    stage: str
    label: str
    enter: Callable[[Contestant], Run]
    amount: int = 1
    least: int = 1
    check: Callable[[Contestant, Any], str] | None = None
    curve: str = ""
    x: float = 0
    unit: str = "s"
    once: bool = False
    each: bool = False


@dataclass
class Lane:
    """How one contestant fares in one row; ``values`` are for what the row says."""

    contestant: Contestant
    amount: int = 0
    values: list[float] = field(default_factory=list)
    scaled: bool = False  # it ran a part, and its time was scaled up
    failure: str = ""
    differs: bool = False
    remark: str = ""
    rounds: int = 0  # still to run
    run: Run | None = None

    def note(self, remark: str) -> None:
        """Add to what is to be known when reading the values."""
        self.remark = "; ".join(part for part in (self.remark, remark) if part)

    @property
    def median(self) -> float:
        """Over the rounds."""
        return median(self.values)

    @property
    def counts(self) -> bool:
        """Whether it did what was asked for."""
        return bool(self.values) and not self.failure and not self.differs


@dataclass(frozen=True)
class Outcome:
    """A row and its lanes."""

    row: Row
    lanes: list[Lane]

    def ours(self) -> Lane | None:
        return self._lane_of(OURS)

    def reservoirpy(self) -> Lane | None:
        return self._lane_of(RESERVOIRPY)

    def fastest_peer(self) -> Lane | None:
        peers = [lane for lane in self.lanes if lane.contestant is not OURS and lane.counts]
        return min(peers, key=lambda lane: lane.median, default=None)

    def ratio(self, lane: Lane | None) -> float | None:
        """Return how many times as much as ours this is, of what has a unit."""
        ours = self.ours()
        return lane.median / ours.median if ours and lane and self.row.unit else None

    def _lane_of(self, contestant: Contestant) -> Lane | None:
        lanes = (lane for lane in self.lanes if lane.contestant is contestant and lane.counts)
        return next(lanes, None)


def value_in_words(value: float, unit: str) -> str:
    """Return a value with three digits in a unit of its size."""
    if unit != "s":
        return f"{value:.3g} {unit}"
    factor, small_unit = next(
        (pair for pair in ((1, "s"), (1e3, "ms")) if value * pair[0] >= 1), (1e6, "µs")
    )
    return f"{value * factor:#.3g}".rstrip(".") + f" {small_unit}"


def race(row: Row, contestants: Iterable[Contestant], rounds: int, budget: float) -> Outcome:
    """Let all contestants run, each round each once.

    A peer whose run would take longer than ``budget`` seconds does a part of the amount and its
    time is scaled: it takes as long for every step. This package does not, and runs all of it. A
    first run, not counted, compiles what is to be compiled and is checked.
    """
    lanes = [Lane(contestant, rounds=rounds) for contestant in contestants]
    for lane in lanes:
        _attempt(lane, lambda lane=lane: _warm_up(row, lane, budget))
    for number in range(1, rounds + 1):
        for lane in lanes:
            if lane.run is not None and number <= lane.rounds:
                _attempt(lane, lambda lane=lane, number=number: _time(row, lane, number))
    for lane in lanes:
        lane.run = None  # weights and states are no longer needed
    return Outcome(row, lanes)


def _warm_up(row: Row, lane: Lane, budget: float) -> None:
    lane.run = row.enter(lane.contestant)
    part = row.least < row.amount and lane.contestant is not OURS
    lane.amount = _affordable(row, lane.run, budget) if part else row.amount
    lane.scaled = lane.amount < row.amount
    first, computed = _measured(lane.run, lane.amount, 0)
    if isinstance(computed, Measured):
        lane.note(computed.remark)
    elif row.check is not None:
        try:
            lane.note(row.check(lane.contestant, computed))
        except AssertionError as error:
            lane.differs = True
            lane.note(_first_sentence(error))
    if row.once:
        lane.values.append(first)
        lane.rounds = 0
    elif row.least == row.amount and row.unit == "s" and first > 4 * budget:
        lane.rounds = 1
        lane.note("one round only")


def _affordable(row: Row, run: Run, budget: float) -> int:
    """Return how much can be done within the budget, found by doing more and more."""
    amount = row.least
    run(amount, 0)
    while True:
        seconds = _measured(run, amount, 0)[0]
        if 4 * seconds >= budget:  # it may have compiled for this amount, or been disturbed
            seconds = min(seconds, _measured(run, amount, 0)[0])
        if amount == row.amount or 4 * seconds >= budget:
            return min(row.amount, max(row.least, int(amount * budget / seconds)))
        amount = min(4 * amount, row.amount)


def _time(row: Row, lane: Lane, number: int) -> None:
    assert lane.run is not None
    value, _ = _measured(lane.run, lane.amount, number)
    lane.values.append(value * (1 if row.each else row.amount) / lane.amount)


def _measured(run: Run, amount: int, number: int) -> tuple[float, Any]:
    np.ones(TOUCHED)  # and given back: what a virtual machine's host has to bring first
    sleep(PAUSE)
    start = perf_counter()
    computed = run(amount, number)
    seconds = perf_counter() - start
    return (computed.value if isinstance(computed, Measured) else seconds), computed


def _attempt(lane: Lane, action: Callable[[], None]) -> None:
    """Whatever a contestant raises is a line in the report."""
    try:
        action()
    except Exception as error:
        lane.failure = _first_sentence(error)
        lane.run = None


def _first_sentence(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]
