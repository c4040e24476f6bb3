"""When rows happen: times that are given, or those of an index, as numbers of one unit."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reservoir.sequences import Layout

Floats = NDArray[np.float64]
Kind = str  # "none", "index" for that of a frame, "number" for times that are given, "date", "span"

WORDS = {
    "date": "dates without a time zone",
    "zoned date": "dates with a time zone",
    "span": "timedeltas",
    "number": "numbers",
    "index": "numbers",
}
DATES = ("date", "zoned date")


@dataclass(frozen=True)
class Clock:
    """How times become numbers.

    Attributes
    ----------
    kind : str
        What times were in fit.
    origin : Timestamp or None
        The date that is 0.
    unit : Timedelta, 1.0 or None
        What times are counted in.
    interval : float
        The usual interval from row to row, in that unit: their median.
    short : float
        The lower quartile of the intervals.
    """

    kind: Kind
    origin: Any
    unit: Any
    interval: float
    short: float

    def moments(self, times: Any) -> Floats:
        """Return times as numbers; an index stays in its order."""
        if self.kind in DATES:
            return np.asarray((times - self.origin) / self.unit, np.float64)
        if self.kind == "span":
            return np.asarray(times / self.unit, np.float64)
        return np.asarray(times, np.float64)

    def duration(self, value: Any, name: str) -> Floats:
        """Return how long something lasts: numbers of the unit, or timedeltas."""
        try:
            if isinstance(self.unit, pd.Timedelta) and not _is_numeric(value):
                spans = pd.to_timedelta(value)
                found = np.asarray(spans / self.unit, np.float64)
            else:
                found = np.asarray(value)
                if found.dtype.kind not in "iuf":
                    raise TypeError
                found = found.astype(np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"{name} must be numbers, in {self.unit_in_words}"
                + (" or timedeltas" if isinstance(self.unit, pd.Timedelta) else "")
                + f", got {value!r}."
            ) from None
        if not (np.isfinite(found).all() and (found >= 0).all()):
            raise ValueError(f"{name} must be finite and not negative, got {value!r}.")
        return found

    @property
    def unit_in_words(self) -> str:
        return f"units of {self.unit}" if isinstance(self.unit, pd.Timedelta) else "units of time"


REGULAR = Clock("none", None, None, 1.0, 1.0)


def times_of(X: Any, times: Any, layout: Layout) -> tuple[Any, Kind]:
    """Return when each row happens, stacked, as an index; None where nothing says so.

    Parameters
    ----------
    X : as passed by the user
    times : array-like, list of them, or None
        For each row, in the form of the sequences; for a 3-D array, those of one sequence hold for
        all. None takes them from the index of a DataFrame.
    layout : Layout

    Returns
    -------
    times : Index of length n_rows, or None
    kind : str

    Raises
    ------
    ValueError
        If they do not fit the rows, are not times, or do not increase in each sequence.
    """
    if times is not None:
        index, given = _given(times, layout), True
    else:
        index, given = _of_frames(X, layout), False
    if index is None:
        return None, "none"
    index = _as_times(index)
    index = index if layout.order is None else index[layout.order]
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        kind = "date" if index.tz is None else "zoned date"
        index = index.tz_convert("UTC").tz_localize(None) if index.tz is not None else index
    elif isinstance(index, pd.TimedeltaIndex):
        kind = "span"
    elif _is_numeric(index):
        kind = "number" if given else "index"
        index = pd.Index(np.asarray(index, np.float64))
    elif given:
        raise ValueError(f"times must be dates, timedeltas or numbers, got {index.dtype}.")
    else:
        return None, "none"  # an index of names
    _check_increasing(index, layout, given)
    return index, kind


def make_clock(times: Any, kind: Kind, layout: Layout, time_unit: Any) -> Clock:
    """Return the clock of training data."""
    if time_unit is not None and kind not in (*DATES, "span"):
        raise ValueError(
            "time_unit must be None where times are not dates or timedeltas, got "
            f"{time_unit!r}; an array that a transformer returns has lost its index "
            "(set_output(transform='pandas') keeps it)."
        )
    if times is None:
        return REGULAR
    gaps = np.diff(times)[np.setdiff1d(np.arange(len(times) - 1), layout.bounds[1:-1] - 1)]
    if kind in ("number", "index"):
        origin, unit = None, 1.0
    else:
        origin = times[0] if kind in DATES else None
        if time_unit is not None:
            unit = _unit_of(time_unit)
        elif len(gaps):
            unit = pd.Timedelta(np.median(gaps))
        else:
            raise ValueError(
                "time_unit must be given where no sequence has two rows, got None; it is otherwise "
                "the median interval."
            )
    if not len(gaps):
        return Clock(kind, origin, unit, 1.0, 1.0)
    short, usual = np.quantile(np.asarray(gaps / unit, np.float64), [0.25, 0.5])
    return Clock(kind, origin, unit, float(usual), float(short))


def check_kind(kind: Kind, clock: Clock) -> None:
    """Raise ValueError if times are not what they were in fit."""
    before = clock.kind
    loose = {"none", "index", "number"}
    if kind == before or (
        kind in loose and before in loose and (before, kind) != ("number", "none")
    ):
        return
    raise ValueError(
        f"times must be {WORDS.get(before, 'numbers, or none,')} as in fit, got "
        f"{WORDS.get(kind, 'none')}; pass times=, or a DataFrame that is indexed by them."
    )


def shaped_like_rows(values: Any, layout: Layout, name: str) -> Any:
    """Return what is given for each row, in the form of the sequences, in the caller's order."""
    if layout.form == "list":
        parts = [np.asarray(part) for part in values]
        if [np.shape(part) for part in parts] != [(n,) for n in layout.lengths]:
            raise ValueError(
                f"{name} must be a list with one number for each row of each sequence, of lengths "
                f"{layout.lengths.tolist()[:5]}, got {[np.shape(part) for part in parts][:5]}."
            )
        return np.concatenate(parts)
    found = values if isinstance(values, pd.Index) else np.asarray(values)
    if layout.form == "array":
        shape = (layout.n_sequences, int(layout.lengths[0]))
        if np.shape(found) == shape[1:]:
            found = np.tile(found, shape[0])
        elif np.shape(found) == shape:
            found = np.reshape(found, -1)
    if np.shape(found) != (layout.n_rows,):
        raise ValueError(
            f"{name} must hold one value for each of the {layout.n_rows} row(s), got shape "
            f"{np.shape(values)}."
        )
    return found


def _given(times: Any, layout: Layout) -> pd.Index:
    values = shaped_like_rows(times, layout, "times")
    index = values if isinstance(values, pd.Index) else pd.Index(values)
    if index.dtype == bool:
        raise ValueError("times must be dates, timedeltas or numbers, got booleans.")
    return index


def _as_times(index: pd.Index) -> pd.Index:
    """Return an index of objects or texts as the numbers or dates that they say, if they do."""
    if not (index.dtype == object or isinstance(index.dtype, pd.StringDtype)):
        return index
    if pd.api.types.infer_dtype(index) in ("integer", "floating", "mixed-integer-float", "decimal"):
        return pd.Index(index.to_numpy(np.float64))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of formats that pandas cannot guess
        try:
            return pd.DatetimeIndex(index)
        except (TypeError, ValueError):
            pass
        try:
            return pd.DatetimeIndex(pd.to_datetime(index, utc=True))  # of several time zones
        except (TypeError, ValueError):
            return index


def _of_frames(X: Any, layout: Layout) -> pd.Index | None:
    if isinstance(X, pd.DataFrame):
        plain = isinstance(X.index, pd.RangeIndex) and abs(X.index.step) == 1
        return None if plain else X.index.get_level_values(-1)
    if layout.form == "list" and isinstance(X[0], pd.DataFrame):
        indexes = [part.index.get_level_values(-1) for part in X]
        if all(isinstance(index, pd.RangeIndex) for index in indexes):
            return None
        indexes = [_as_times(index) for index in indexes]
        if len({isinstance(index, pd.DatetimeIndex) for index in indexes}) > 1:
            raise ValueError(
                "X must hold frames that are all indexed by dates, or none of them, got both."
            )
        zoned = [getattr(index, "tz", None) is not None for index in indexes]
        if any(zoned) and not all(zoned):
            raise ValueError("X must hold frames whose dates all have a time zone, or none has.")
        if all(zoned):
            indexes = [index.tz_convert("UTC") for index in indexes]
        return indexes[0].append(indexes[1:])
    return None


def _check_increasing(index: pd.Index, layout: Layout, given: bool) -> None:
    if index.hasnans or (_is_numeric(index) and not np.isfinite(index).all()):
        raise ValueError("times must be finite and not missing; drop or date those rows.")
    values = index.to_numpy()
    falls = np.flatnonzero(values[1:] <= values[:-1]) + 1
    falls = np.setdiff1d(falls, layout.bounds)
    if len(falls):
        row = int(falls[0])
        raise ValueError(
            f"{'times' if given else 'the index of X'} must increase from row to row in each "
            f"sequence, but {index[row]} follows {index[row - 1]}; sort the rows and drop "
            "duplicates"
            + ("." if given else ", or use X.reset_index(drop=True) for equal intervals.")
        )


def _unit_of(time_unit: Any) -> pd.Timedelta:
    text = str(time_unit)
    try:
        unit = pd.Timedelta(f"1{time_unit}" if text.isalpha() else time_unit)
    except ValueError:
        unit = pd.Timedelta(0)
    if text.strip().replace(".", "").isdigit():
        unit = pd.Timedelta(0)
    if not unit > pd.Timedelta(0):
        raise ValueError(
            f"time_unit must be a positive timedelta such as '1h' or '5min', got {time_unit!r}."
        )
    return unit


def _is_numeric(values: Any) -> bool:
    return np.asarray(values).dtype.kind in "iufb"
