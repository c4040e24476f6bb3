"""What every maker shares: checked arguments, one kind of random generator, frames."""

from collections.abc import Iterable, Sequence
from math import ceil, isfinite
from numbers import Integral, Real
from typing import TypeAlias

import numpy as np
import pandas as pd

RandomState: TypeAlias = int | np.random.Generator | np.random.RandomState | None


def random_generator(random_state: RandomState) -> np.random.Generator:
    """Return the generator that a seed, a generator, a ``RandomState`` or None stands for."""
    if isinstance(random_state, np.random.RandomState):
        return np.random.default_rng(random_state.randint(2**63, dtype=np.int64))
    if random_state is None or isinstance(random_state, np.random.Generator):
        return np.random.default_rng(random_state)
    if isinstance(random_state, bool) or not isinstance(random_state, Integral) or random_state < 0:
        raise ValueError(
            "random_state must be a non-negative integer, a Generator, a RandomState or None, "
            f"got {random_state!r}"
        )
    return np.random.default_rng(int(random_state))


def checked_count(name: str, value: object, *, minimum: int = 1) -> int:
    """Return `value` as an int, or raise if it is not a whole number of at least `minimum`."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or value < minimum:
        raise ValueError(f"{name} must be an integer of at least {minimum}, got {value!r}")
    return int(value)


def checked_span(name: str, value: object, *, minimum: int = 1) -> tuple[int, int]:
    """Return `value` as two ints in order, or raise if it is anything else."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise ValueError(f"{name} must be two integers (shortest, longest), got {value!r}")
    shortest = checked_count(f"the shortest {name}", value[0], minimum=minimum)
    longest = checked_count(f"the longest {name}", value[1], minimum=minimum)
    if longest < shortest:
        raise ValueError(f"{name} must be (shortest, longest) in this order, got {value!r}")
    return shortest, longest


def checked_positive(name: str, value: object) -> float:
    """Return `value` as a float, or raise if it is not a finite number above zero."""
    number = checked_number(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}")
    return number


def checked_number(name: str, value: object) -> float:
    """Return `value` as a float, or raise if it is not a finite real number."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real) or not isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return float(value)


def warmup_steps(warmup: int | None, transient: float, dt: float) -> int:
    """Return `warmup`, or for None as many steps of `dt` as cover the transient."""
    return ceil(transient / dt) if warmup is None else checked_count("warmup", warmup, minimum=0)


def check_bounded(states: np.ndarray, times: np.ndarray, name: str) -> None:
    """Raise if a row of (n_steps, n_dimensions) states is not finite, and say at what time."""
    lost = ~np.isfinite(states).all(axis=1)
    if lost.any():
        raise ValueError(
            f"the {name} series diverged: not finite from time {times[lost.argmax()]:g} on; "
            "choose other coefficients or another initial state"
        )


def one_hot(symbols: Iterable[str], alphabet: str) -> np.ndarray:
    """Return a row for each of the symbols, 1 in the column of that symbol and 0 elsewhere."""
    return np.eye(len(alphabet))[[alphabet.index(symbol) for symbol in symbols]]


def as_frame_of(values: np.ndarray, columns: Sequence[str]) -> pd.DataFrame:
    """Return (n_steps, n_columns) values as a DataFrame indexed by the step."""
    return pd.DataFrame(values, columns=list(columns), index=_steps(len(values)))


def as_series_of(values: np.ndarray, name: str) -> pd.Series:
    """Return (n_steps,) values as a Series indexed by the step."""
    return pd.Series(values, name=name, index=_steps(len(values)))


def _steps(n_steps: int) -> pd.RangeIndex:
    return pd.RangeIndex(n_steps, name="step")
