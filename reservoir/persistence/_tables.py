"""Kinds of pandas: indexes, series, tables, and moments, durations, periods and frequencies."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.tseries.frequencies import to_offset

from reservoir.persistence._kind import Kind, Parts, check, exactly

MASKED = {
    *(f"{form}{size}" for form in ("Int", "UInt") for size in (8, 16, 32, 64)),
    *("Float32", "Float64", "boolean"),
}


def _values_of(values: Any) -> Any:
    """Return the values of a series as an array, or as an index where pandas has its own kind."""
    if isinstance(values.dtype, np.dtype):
        return np.asarray(values)
    return pd.Index(values)


def _as_series(values: Any, **more: Any) -> pd.Series:
    if isinstance(check(values, np.ndarray, pd.Index), pd.Index):
        values = values.array
    return pd.Series(values, dtype=values.dtype, copy=False, **more)


def _index_parts(index: pd.Index) -> Parts | None:
    dtype: Any = index.dtype
    if isinstance(dtype, np.dtype):
        return None, index.to_numpy(), None, index.name
    if isinstance(dtype, pd.StringDtype):
        name = "string" if dtype.na_value is pd.NA else "str"
        if pd.api.types.pandas_dtype(name) == dtype:
            values = index.to_numpy(object, na_value=None)
            return name, values, None, index.name
    if dtype.name in MASKED:
        mask = np.asarray(index.isna())
        values = index.to_numpy(dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0))
        return dtype.name, values, mask, index.name
    return None


def _make_index(
    dtype: str | None, values: NDArray[Any], mask: NDArray[Any] | None, name: Any
) -> pd.Index:
    check(values, np.ndarray)
    if dtype is None:
        return pd.Index(values, dtype=values.dtype, name=name)
    if mask is None:
        return pd.Index(pd.array(values, dtype=dtype), name=name)
    array = pd.array(values, dtype=dtype)
    array[mask] = pd.NA
    return pd.Index(array, name=name)


def _make_times(values: NDArray[Any], unit: str, zone: Any, freq: Any, name: Any) -> Any:
    index = pd.DatetimeIndex(values.view(f"M8[{unit}]"), name=name)
    if zone is not None:
        index = index.tz_localize("UTC").tz_convert(zone)
    index.freq = freq
    return index


def _make_durations(values: NDArray[Any], unit: str, freq: Any, name: Any) -> Any:
    index = pd.TimedeltaIndex(values.view(f"m8[{unit}]"), name=name)
    index.freq = freq
    return index


def _make_categories(codes: NDArray[Any], categories: Any, ordered: bool, name: Any) -> Any:
    values = pd.Categorical.from_codes(codes, check(categories, pd.Index), ordered=ordered)
    return pd.CategoricalIndex(values, name=name)


def _make_frame(columns: Any, index: Any, attrs: dict[Any, Any], *values: Any) -> pd.DataFrame:
    check(index, pd.Index)
    series = {i: _as_series(each, index=index) for i, each in enumerate(values)}
    frame = pd.DataFrame(series, index=index)
    frame.columns = check(columns, pd.Index)
    frame.attrs = attrs
    return frame


def _make_series(values: Any, index: Any, name: Any, attrs: dict[Any, Any]) -> pd.Series:
    series = _as_series(values, index=check(index, pd.Index), name=name)
    series.attrs = attrs
    return series


def _make_timestamp(moment: np.datetime64, zone: Any) -> Any:
    stamp = pd.Timestamp(check(moment, np.datetime64))
    return stamp if zone is None else stamp.tz_localize("UTC").tz_convert(zone)


def _offset_parts(offset: Any) -> Parts | None:
    """Return the name of a frequency, if it says all."""
    try:
        return (offset.freqstr,) if to_offset(offset.freqstr) == offset else None
    except ValueError:
        return None


def _zone_parts(zone: Any) -> Parts | None:
    """Return the name of a time zone, if pandas makes it of that."""
    name = getattr(zone, "zone", None)
    return (name,) if name and type(_make_zone(name)) is type(zone) else None


def _make_zone(name: str) -> Any:
    if check(name, str).startswith("dateutil"):
        raise ValueError(f"the time zone {name} is a file")
    return pd.DatetimeTZDtype("ns", name).tz


KINDS = {
    "range_index": Kind(
        exactly(pd.RangeIndex),
        lambda x: (x.start, x.stop, x.step, x.name),
        lambda start, stop, step, name: pd.RangeIndex(start, stop, step, name=name),
    ),
    "times": Kind(
        exactly(pd.DatetimeIndex), lambda x: (x.asi8, x.unit, x.tz, x.freq, x.name), _make_times
    ),
    "durations": Kind(
        exactly(pd.TimedeltaIndex), lambda x: (x.asi8, x.unit, x.freq, x.name), _make_durations
    ),
    "periods": Kind(
        exactly(pd.PeriodIndex),
        lambda x: (x.asi8, x.freqstr, x.name),
        lambda values, freq, name: pd.PeriodIndex.from_ordinals(values, freq=freq, name=name),
    ),
    "multi_index": Kind(
        exactly(pd.MultiIndex),
        lambda x: (list(x.levels), [np.asarray(codes) for codes in x.codes], list(x.names)),
        lambda levels, codes, names: pd.MultiIndex(levels, codes, names=names),
    ),
    "categories": Kind(
        exactly(pd.CategoricalIndex),
        lambda x: (np.asarray(x.codes), x.categories, bool(x.ordered), x.name),
        _make_categories,
    ),
    "intervals": Kind(
        exactly(pd.IntervalIndex),
        lambda x: (x.left, x.right, x.closed, x.name),
        lambda left, right, closed, name: pd.IntervalIndex.from_arrays(
            left, right, closed, name=name
        ),
    ),
    "index": Kind(exactly(pd.Index), _index_parts, _make_index),
    "series": Kind(
        exactly(pd.Series), lambda x: (_values_of(x.array), x.index, x.name, x.attrs), _make_series
    ),
    "frame": Kind(
        exactly(pd.DataFrame),
        lambda x: (
            *(x.columns, x.index, x.attrs),
            *(_values_of(x.iloc[:, i].array) for i in range(x.shape[1])),
        ),
        _make_frame,
        label=lambda parts, i: "" if i < 3 else f"[{parts[0][i - 3]!r}]",
    ),
    "not_a_time": Kind(lambda x: x is pd.NaT, lambda x: (), lambda: pd.NaT),
    "missing": Kind(lambda x: x is pd.NA, lambda x: (), lambda: pd.NA),
    "timestamp": Kind(exactly(pd.Timestamp), lambda x: (x.asm8, x.tz), _make_timestamp),
    "timedelta": Kind(
        exactly(pd.Timedelta),
        lambda x: (x.asm8,),
        lambda span: pd.Timedelta(check(span, np.timedelta64)),
    ),
    "period": Kind(
        exactly(pd.Period),
        lambda x: (x.ordinal, x.freqstr),
        lambda ordinal, freq: pd.Period(ordinal=ordinal, freq=freq),
    ),
    "interval": Kind(
        exactly(pd.Interval), lambda x: (x.left, x.right, x.closed), lambda *x: pd.Interval(*x)
    ),
    "offset": Kind(lambda x: isinstance(x, pd.offsets.BaseOffset), _offset_parts, to_offset),
    "pytz": Kind(
        lambda x: type(x).__module__.split(".")[0] == "pytz",  # which pandas 2 makes of names
        _zone_parts,
        _make_zone,
    ),
}
