"""One series or many: a Series, a DataFrame, a panel with a MultiIndex, or a long table."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

LONG = ("unique_id", "ds", "y")


@dataclass(frozen=True)
class Form:
    """The form in which series were given, which forecasts take as well.

    Attributes
    ----------
    kind : {"series", "frame", "panel", "long"}
    is_panel : bool
    columns : Index
        Of y, where it is a table.
    name : Hashable
        Of a Series.
    levels : list
        Names of the levels of a panel's index.
    """

    kind: str
    columns: pd.Index
    name: Hashable = None
    levels: tuple[Any, ...] = ()
    is_series: bool = True

    @property
    def is_panel(self) -> bool:
        """Whether there may be several series."""
        return self.kind in ("panel", "long")

    def join(self, parts: Mapping[Any, pd.DataFrame], *, columns: bool = False) -> Any:
        """Return forecasts (frames with the index of their times) in this form.

        Parameters
        ----------
        parts : mapping of series to DataFrame
        columns : bool
            Whether to keep all columns, as of intervals; else a Series becomes a Series again.
        """
        if not self.is_panel:
            (frame,) = parts.values()
            if columns or self.kind == "frame":
                return frame
            return frame.iloc[:, 0].rename(self.name)
        if self.kind == "long":
            frames = []
            for key, frame in parts.items():
                flat = frame.set_axis(["_".join(map(str, c)) if isinstance(c, tuple) else c
                                       for c in frame.columns], axis=1)  # fmt: skip
                flat = flat if columns else flat.set_axis(["forecast"], axis=1)
                flat.insert(0, "unique_id", key)
                flat.insert(1, "ds", frame.index)
                frames.append(flat)
            return pd.concat(frames, ignore_index=True)
        keys = list(parts)
        joined = pd.concat(list(parts.values()), keys=keys, names=list(self.levels))
        joined.index.names = list(self.levels)
        if columns or not self.is_series:
            return joined
        return joined.iloc[:, 0].rename(self.name)


def split(y: Any, X: Any = None) -> tuple[Form, dict[Any, tuple[Any, Any]]]:
    """Return the form of y, and each series with its exogenous columns.

    Raises
    ------
    ValueError
        If there are no rows, a row names no series, or X is not a panel although y is.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.MultiIndex.from_product([["a", "b"], [0, 1, 2]], names=["shop", "day"])
    >>> form, parts = split(pd.Series(range(6), index))
    >>> form.kind, list(parts)
    ('panel', ['a', 'b'])
    """
    is_long = isinstance(y, pd.DataFrame) and set(LONG) <= set(y.columns)
    if is_long or isinstance(getattr(y, "index", None), pd.MultiIndex):
        if not len(y):
            raise ValueError("y must have rows, got none.")
        return _split_long(y, X) if is_long else _split_panel(y, X)
    is_series = isinstance(y, pd.Series)
    columns = pd.Index([y.name]) if is_series else getattr(y, "columns", pd.Index([]))
    kind, name = "series" if is_series else "frame", getattr(y, "name", None)
    form = Form(kind, columns, name, is_series=is_series)
    return form, {None: (y, X)}


def exogenous_of(form: Form, X: Any, keys: list[Any]) -> dict[Any, Any]:
    """Return the exogenous columns of each series, None where there is no X.

    Raises
    ------
    ValueError
        If X has rows of a series that is unknown, or none of one that is known.
    """
    if X is None:
        return dict.fromkeys(keys)
    if not form.is_panel:
        return {None: X}
    if form.kind == "long":
        if not isinstance(X, pd.DataFrame) or not {"unique_id", "ds"} <= set(X.columns):
            raise ValueError(
                "X must be a long table with the columns unique_id and ds, as y was in fit, got "
                f"{_named(X)}."
            )
        X = X.drop(columns="y", errors="ignore")
        parts = _by_id(X)
    else:
        if not isinstance(getattr(X, "index", None), pd.MultiIndex) or X.index.nlevels != len(
            form.levels
        ):
            raise ValueError(
                f"X must have a MultiIndex of {len(form.levels)} levels as y, the last of them "
                f"time, got {_named(X)}."
            )
        parts = _parts(X)
    unknown = [key for key in parts if key not in set(keys)]
    if unknown:
        raise ValueError(
            f"X must have rows of the series of fit alone, got {unknown[0]!r}, which is none of "
            "them; fit again with it, or drop its rows."
        )
    absent = [key for key in keys if key not in parts]
    if absent:
        raise ValueError(f"X must have rows of each series, got none of {absent[0]!r}.")
    return {key: parts[key] for key in keys}


def _split_long(y: pd.DataFrame, X: Any) -> tuple[Form, dict[Any, tuple[Any, Any]]]:
    if X is not None:
        raise ValueError(
            "X must be None with a long table, whose further columns are the exogenous ones; join "
            "them to y."
        )
    extra = [column for column in y.columns if column not in LONG]
    form = Form("long", pd.Index(["y"]), "y", ("unique_id", "ds"))
    each = _by_id(y).items()
    return form, {key: (rows["y"], rows[extra] if extra else None) for key, rows in each}


def _split_panel(y: Any, X: Any) -> tuple[Form, dict[Any, tuple[Any, Any]]]:
    is_series = isinstance(y, pd.Series)
    columns = pd.Index([y.name]) if is_series else y.columns
    form = Form("panel", columns, getattr(y, "name", None), tuple(y.index.names), is_series)
    series = _parts(y)
    exogenous = exogenous_of(form, X, list(series))
    return form, {key: (part, exogenous[key]) for key, part in series.items()}


def _parts(data: Any) -> dict[Any, Any]:
    levels = list(range(data.index.nlevels - 1))
    if not levels:
        raise ValueError(
            "A MultiIndex must have a level for the series before that for time, got one level; "
            "use y.droplevel to have a plain index, or add a level."
        )
    _refuse_nameless(any((data.index.codes[level] < 0).any() for level in levels))
    grouped = data.groupby(level=levels[0] if len(levels) == 1 else levels, observed=True)
    return {key: _in_order(part.droplevel(levels)) for key, part in grouped}


def _by_id(table: pd.DataFrame) -> dict[Any, pd.DataFrame]:
    _refuse_nameless(table["unique_id"].isna().any())
    kind = table["ds"].dtype
    if not (kind.kind in "iuM" or isinstance(kind, pd.DatetimeTZDtype | pd.PeriodDtype)):
        raise TypeError(
            f"The column ds must hold dates, periods or whole numbers, got {kind}; convert it, as "
            'in y["ds"] = pd.to_datetime(y["ds"]).'
        )
    grouped = table.groupby("unique_id", observed=True)
    return {key: _in_order(rows.drop(columns="unique_id").set_index("ds")) for key, rows in grouped}


def _in_order(rows: Any) -> Any:
    """Return rows in the order of their times; an index that holds none is refused later."""
    return rows if rows.index.dtype == object else rows.sort_index()


def _refuse_nameless(found: Any) -> None:
    if found:
        raise ValueError(
            "Each row of a panel must name its series, got a missing name; drop such rows, or "
            "name them."
        )


def _named(X: Any) -> str:
    columns = getattr(X, "columns", None)
    return type(X).__name__ + ("" if columns is None else f" with the columns {list(columns)}")
