"""Series on the command line: what a file holds of them, and what helps to tell them."""

import argparse
import re
from collections.abc import Iterable
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd

from reservoir._cli_table import and_others, as_dates, as_numbers, column_of, read_table
from reservoir.forecasting._series import as_text, full_index, index_after


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options that say how a file is read."""
    add = parser.add_argument
    add("file", metavar="FILE", help="a CSV file with a header; - reads standard input")
    add("--column", required=True, metavar="NAME", help="the column to forecast")
    add("--date", metavar="NAME", help="the column of dates; without it rows are counted")
    add("--date-format", metavar="FORMAT", help="how dates are written, such as %%d.%%m.%%Y")
    add("--separator", default=",", metavar="CHAR",
        help="between columns (default: a comma; \\t: a tab)")  # fmt: skip
    add("--decimal", default=".", metavar="CHAR", help="of numbers (default: a point)")
    add("--series", metavar="NAME", help="the column that names the series of each row, if many")
    add("--exogenous", action="append", default=[], metavar="NAME,...",
        help="columns that help and are known ahead: the rows at the end in which the column to "
        "forecast is empty hold what they will be")  # fmt: skip
    add("--past", action="append", default=[], metavar="NAME,...",
        help="columns that help and are not known ahead")  # fmt: skip


@dataclass(frozen=True)
class Data:
    """What a file holds.

    Attributes
    ----------
    column : str
        The name of what is forecast.
    y : Series
        Its values up to the last known one, indexed by times or row numbers from 1; of many
        series by their names and times.
    X : DataFrame or None
        What helps, for the same times.
    known, past : list of str
        The columns of X that are known ahead, and those that are not.
    later : dict of DataFrame
        For each series the columns that are known ahead, in the rows after its last known value;
        of a single one under the name None.
    """

    column: str
    y: pd.Series
    X: pd.DataFrame | None
    known: list[str]
    past: list[str]
    later: dict[Any, pd.DataFrame]

    @property
    def is_panel(self) -> bool:
        """Whether series have names."""
        return self.y.index.nlevels > 1

    def parts(self, rows: Any) -> dict[Any, Any]:
        """Return the rows of each series by its name; those of a single one under None."""
        if not self.is_panel:
            return {None: rows}
        return {key: part.droplevel(0) for key, part in rows.groupby(level=0, sort=False)}

    def ahead(self, horizon: int) -> pd.DataFrame | None:
        """Return what is known of the times to forecast, None if nothing was to be.

        Raises
        ------
        ValueError
            If the file does not hold all of it.
        """
        if not self.known:
            return None
        parts = {}
        for key, y in self.parts(self.y).items():
            times = index_after(full_index(y.index, "the file"), horizon)
            parts[key] = self.later[key].reindex(times)
            absent = times[parts[key].isna().any(axis=1)]
            if len(absent):
                raise ValueError(
                    f"The file must hold {' and '.join(map(repr, self.known))} for each of the "
                    f"{horizon} step(s) to forecast{_of(key)}, in rows in which {self.column!r} is "
                    f"empty; give {len(absent)} more, the first for {named(absent[0])}."
                )
        return _joined(parts, list(self.y.index.names))


def read(arguments: argparse.Namespace, missing: str) -> Data:
    """Return the series of a file.

    Parameters
    ----------
    arguments : Namespace
        Of the options that `add_arguments` describes.
    missing : {"raise", "interpolate", "run_on"}
        Whether values may be missing before the last known one.

    Raises
    ------
    ValueError
        With the first row that is wrong: what is not a number, not a date, missing or twice.
    """
    table = read_table(arguments.file, arguments.separator, arguments.decimal)
    known, past = (_names(table, given) for given in (arguments.exogenous, arguments.past))
    _check_roles(arguments, known, past)
    numbers = {
        name: as_numbers(column_of(table, name), arguments.decimal)
        for name in (arguments.column, *known, *past)
    }
    keys = None if arguments.series is None else _names_of_series(table, arguments.series)
    if arguments.date is None:
        counts = pd.Series(range(1, len(table) + 1)) if keys is None else (
            keys.groupby(keys).cumcount() + 1)  # fmt: skip
        times = pd.Index(counts, name="row")
    else:
        times = as_dates(column_of(table, arguments.date), arguments.date_format)
    frame = pd.DataFrame(numbers, times)
    if keys is None:
        whole = {None: frame.sort_index()}
    else:
        whole = {key: part.sort_index() for key, part in frame.groupby(keys.to_numpy())}
    past_rows: dict[Any, pd.DataFrame] = {}
    later: dict[Any, pd.DataFrame] = {}
    for key, rows in whole.items():
        n_known = _n_known(rows[arguments.column], key)
        past_rows[key], later[key] = rows[:n_known], rows[known][n_known:]
        _check_times(rows.index, past_rows[key].index, key)
        if missing == "raise":
            _refuse_missing(past_rows[key], key)
    joined = _joined(past_rows, [arguments.series, times.name])
    helpers = joined[[*known, *past]] if known or past else None
    return Data(arguments.column, joined[arguments.column], helpers, known, past, later)


def in_short(time: Any) -> str:
    """Return a time without seconds where there are none."""
    text = as_text(time)
    return (
        re.sub(r"(?<=\d\d:\d\d):00(?=$|[+-])", "", text) if isinstance(time, pd.Timestamp) else text
    )


def named(time: Any) -> str:
    """Return how sentences call a time."""
    return f"row {time}" if isinstance(time, Integral) else in_short(time)


def _names(table: pd.DataFrame, given: Iterable[str]) -> list[str]:
    """Return the names in texts, each of which is one, or some with commas between."""
    parts = [[text] if text in list(table.columns) else text.split(",") for text in given]
    return [name.strip() for part in parts for name in part]


def _check_roles(arguments: argparse.Namespace, known: list[str], past: list[str]) -> None:
    roles = [("--column", arguments.column), ("--date", arguments.date),
             ("--series", arguments.series)]  # fmt: skip
    roles += [("--exogenous", name) for name in known] + [("--past", name) for name in past]
    found: dict[str, str] = {}
    for role, name in roles:
        if name in found:
            raise ValueError(
                f"Each column must be named once, got {name!r} in {found[name]} and {role}."
            )
        if name is not None:
            found[name] = role


def _names_of_series(table: pd.DataFrame, name: str) -> pd.Series:
    keys = column_of(table, name)
    absent = np.flatnonzero(keys.isna())
    if len(absent):
        raise ValueError(
            f"Column {name!r} must name the series of each row, got none in row "
            f"{absent[0] + 1}{and_others(absent)}."
        )
    return keys


def _joined(parts: dict[Any, pd.DataFrame], names: list[Any]) -> pd.DataFrame:
    return parts[None] if None in parts else pd.concat(parts, names=names)


def _of(key: Any) -> str:
    return "" if key is None else f" of series {key!r}"


def _n_known(values: pd.Series, key: Any) -> int:
    """Return the number of rows up to the last value."""
    places = np.flatnonzero(values.notna())
    if not len(places):
        raise ValueError(f"Column {values.name!r}{_of(key)} must hold numbers, but it is empty.")
    return int(places[-1]) + 1


def _check_times(index: pd.Index, known: pd.Index, key: Any) -> None:
    twice = index[index.duplicated()]
    if len(twice):
        hint = "; --series names the column that tells series apart" if len(twice) > 1 else ""
        raise ValueError(
            f"Each date{_of(key)} must stand once, got {as_text(twice[0])} "
            f"twice{and_others(twice)}{hint if key is None else ''}."
        )
    if isinstance(known, pd.DatetimeIndex) and len(known) < 3:
        raise ValueError(
            f"There are too few rows{_of(key)}: at least 3 dates are needed, got {len(known)}."
        )
    try:
        full_index(known, "the file")
    except ValueError:
        raise ValueError(
            f"Dates{_of(key)} must be equally spaced, but no frequency fits these; leave --date "
            "out to count the rows instead."
        ) from None


def _refuse_missing(rows: pd.DataFrame, key: Any) -> None:
    times = full_index(rows.index, "the file")
    for name, values in rows.reindex(times).items():
        absent = times[values.isna()]
        if len(absent):
            raise ValueError(
                f"Column {name!r}{_of(key)} must have a value at each step, got none for "
                f"{as_text(absent[0])}{and_others(absent)}; --missing interpolate fills them."
            )
