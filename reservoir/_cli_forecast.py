"""The command `reservoir forecast`: a column of a CSV file, continued."""

import argparse
import io
import os.path
import re
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd

from reservoir import plotting
from reservoir.forecasting import ReservoirForecaster
from reservoir.forecasting._backtest import backtest
from reservoir.forecasting._series import as_text, full_index

# dates that name a period rather than a moment
PERIODS = {r"\d{4}": "Y", r"\d{4}-\d{2}": "M", r"\d{4}-?Q[1-4]": "Q"}
# dates that can be read in one way only: the year first, or a month in letters
YEAR_FIRST = r"\d{4}([-/.]?)\d{1,2}\1\d{1,2}([T ].*)?"
MONTH_IN_LETTERS = r"(?=.*\b\d{4}\b).*(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec).*"
CLEAR_DATE = f"{YEAR_FIRST}|{MONTH_IN_LETTERS}"
UTC_OFFSET = r"\d:\d{2}.*?(Z|[+-]\d{2}:?\d{2})$"
MAX_LINES = 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    add = parser.add_argument
    add("file", metavar="FILE", help="a CSV file with a header; - reads standard input")
    add("--column", required=True, metavar="NAME", help="the column to forecast")
    add("--date", metavar="NAME", help="the column of dates; without it rows are counted")
    add("--date-format", metavar="FORMAT", help="how dates are written, such as %%d.%%m.%%Y")
    add("--separator", default=",", metavar="CHAR",
        help="between columns (default: a comma; \\t: a tab)")  # fmt: skip
    add("--decimal", default=".", metavar="CHAR", help="of numbers (default: a point)")
    add("--horizon", required=True, type=_positive, metavar="H", help="steps to forecast")
    add("--season", type=_positive, metavar="N", help="rows in a season (default: from the dates)")
    add("--difference", type=_order, default="auto", metavar="N",
        help="how often to difference over a step (default: chosen from the data)")  # fmt: skip
    add("--seasonal-difference", type=_order, default="auto", metavar="N",
        help="how often to difference over a season (likewise)")  # fmt: skip
    add("--missing", choices=("raise", "interpolate"), default="raise",
        help="refuse gaps (default), or fill them linearly")  # fmt: skip
    add("--windows", type=_count, default=5, metavar="N",
        help="how many horizons to test on; 0 for no test (default: 5)")  # fmt: skip
    add("--seed", type=int, default=0, metavar="N", help="of all networks (default: 0)")
    add("--output", metavar="OUT.csv", help="where to write the forecast")
    add("--plot", metavar="OUT.png", help="where to draw it")


def run(arguments: argparse.Namespace) -> int:
    """Read the file, forecast, test the forecaster on the past and print both."""
    if arguments.plot:
        plotting.check_picture(arguments.plot)
    folder = os.path.dirname(arguments.output or "")
    if folder and not os.path.isdir(folder):
        raise ValueError(f"The forecast cannot be written: there is no folder {folder!r}.")
    series = read_series(arguments)
    forecaster = ReservoirForecaster(
        difference=arguments.difference,
        seasonal_difference=arguments.seasonal_difference,
        season=arguments.season,
        missing=arguments.missing,
        random_state=arguments.seed,
    )
    try:
        forecaster.fit(series)
    except ValueError as error:
        raise ValueError(_in_words_of_files(str(error), arguments.column)) from error
    forecast = forecaster.predict(arguments.horizon)
    if forecaster.n_filled_:
        print(f"{forecaster.n_filled_} missing values were filled linearly.\n")
    print(_as_table(forecast))
    if arguments.output:
        forecast.to_csv(arguments.output)
    if arguments.plot:
        figure = plotting.new_figure((8, 4))
        plotting.plot_forecast(series, forecast, ax=figure.subplots())
        figure.savefig(arguments.plot)
    if arguments.windows:
        scores = backtest(forecaster, series, arguments.horizon, arguments.windows, verbose=True)
        print("\n" + summary(scores, arguments.horizon))
    return 0


def read_series(arguments: argparse.Namespace) -> pd.Series:
    """Return the column, with an index of dates or of row numbers from 1.

    Raises
    ------
    ValueError
        With the first row that is wrong: what is not a number, not a date, missing or twice.
    """
    table = _read_table(arguments.file, arguments.separator, arguments.decimal)
    values = _as_numbers(_column(table, arguments.column), arguments.decimal)
    if arguments.date is None:
        series = pd.Series(values, pd.RangeIndex(1, len(values) + 1, name="row"))
    else:
        dates = _as_dates(_column(table, arguments.date), arguments.date_format)
        series = pd.Series(values, dates).sort_index()
    series.name = arguments.column
    _check_dates(series.index)
    if arguments.missing == "raise":
        _refuse_missing(series)
    return series


def summary(scores: pd.DataFrame, horizon: int) -> str:
    """Say how good a backtest was: its mean scores, and how much better than naive ones."""
    if not len(scores):
        return (
            f"No backtest: it needs at least twice as many rows as the {horizon} step(s) of the "
            "horizon, and before them enough for a forecast."
        )
    means = scores.mean().unstack()[["RMSE", "MASE"]].loc[list(dict.fromkeys(
        method for method, _ in scores.columns))]  # fmt: skip
    lines = [
        f"Backtest over the last {len(scores)} × {horizon} steps, each forecast from the rows "
        "before it:",
        f"{'':<18}{'RMSE':>12}{'MASE':>8}",
    ]
    for method, (rmse, mase) in zip(means.index, means.to_numpy(), strict=True):
        lines.append(f"  {method:<16}{rmse:>12.4g}{'-' if np.isnan(mase) else f'{mase:.2f}':>8}")
    rmse = means["RMSE"]
    verdicts = [
        f"{abs(1 - rmse['reservoir'] / rmse[other]):.0%} "
        f"{'below' if rmse['reservoir'] <= rmse[other] else 'above'} {other}"
        for other in means.index[1:]
        if rmse[other] > 0
    ]
    if verdicts:
        lines.append(f"The reservoir's error is {' and '.join(verdicts)}.")
    if rmse["naive"] == 0:
        lines.append("The column is constant, and so the naive forecast without error.")
    return "\n".join(lines)


def _read_table(file: str, separator: str, decimal: str) -> pd.DataFrame:
    separator = "\t" if separator == "\\t" else separator
    _check_character("--separator", separator)
    _check_character("--decimal", decimal)
    # read here, since pandas would report Ctrl-C as a fault of the file
    source: Any = io.BytesIO(sys.stdin.buffer.read()) if file == "-" else file
    options: dict[str, Any] = {"sep": separator, "dtype": str, "encoding": "utf-8-sig"}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(source, index_col=False, **options)
            if file == "-":
                source.seek(0)
            header = pd.read_csv(source, header=None, nrows=1, na_filter=False, **options)
    except pd.errors.EmptyDataError:
        raise ValueError(f"{file} must be a CSV file with a header, but it is empty.") from None
    except pd.errors.ParserWarning:
        raise ValueError(
            f"{file} must have as many fields in each row as in its header, but rows have more; a "
            "field that holds the separator must stand in quotes."
        ) from None
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{file} must be a CSV file in UTF-8, but: {reason}.") from error
    if not len(table):
        raise ValueError(f"{file} must have rows below its header, got none.")
    # pandas numbers names that stand twice; _column refuses them
    table.columns = header.iloc[0]
    return table


def _check_character(option: str, value: str) -> None:
    if len(value) != 1 or value.isalnum() or value in "\"'+-\r\n":
        raise ValueError(
            f"{option} must be one character that is no letter, digit, sign or quote, got "
            f"{value!r}."
        )


def _column(table: pd.DataFrame, name: str) -> pd.Series:
    n_found = list(table.columns).count(name)
    if n_found == 1:
        return table[name]
    if n_found > 1:
        raise ValueError(
            f"There are {n_found} columns {name!r}; give them different names in the header."
        )
    names = ", ".join(map(str, table.columns[:30])) + ("" if table.shape[1] <= 30 else ", ...")
    others = [option for character, option in ((";", "';'"), ("\t", r"'\t'")) if character in names]
    hint = f"; --separator {others[0]} may be what the file needs" if others else ""
    raise ValueError(f"There is no column {name!r}; the columns are: {names}{hint}.")


def _as_numbers(column: pd.Series, decimal: str) -> np.ndarray:
    text = column.astype("string")
    if decimal != ".":
        # a point would be a separator of thousands, which are not read
        text = text.mask(text.str.contains(".", regex=False), "with a point")
        text = text.str.replace(decimal, ".", regex=False)
    numbers = pd.to_numeric(text, errors="coerce")
    wrong = np.flatnonzero(numbers.isna() & column.notna())
    if len(wrong):
        value = column.iloc[wrong[0]]
        hint = ""
        if decimal == "." and _has_decimal_comma(value):
            hint = "; --decimal , reads the comma as a point"
        elif decimal != "." and "." in value:
            hint = f"; with --decimal {decimal} it must have no point"
        raise ValueError(
            f"Column {column.name!r} must hold numbers, got {value!r} in row "
            f"{wrong[0] + 1}{_and_others(wrong)}{hint}."
        )
    return numbers.to_numpy(dtype=float, na_value=np.nan)


def _has_decimal_comma(value: str) -> bool:
    is_number = re.fullmatch(r"\s*[+-]?\d+,\d+\s*", value) is not None
    has_thousands = re.fullmatch(r"\s*[+-]?[1-9]\d{0,2},\d{3}\s*", value) is not None
    return is_number and not has_thousands


def _as_dates(text: pd.Series, date_format: str | None) -> pd.Index:
    absent = np.flatnonzero(text.isna())
    if len(absent):
        raise ValueError(f"Column {text.name!r} must hold dates, got none in row {absent[0] + 1}.")
    if date_format is None:
        for pattern, freq in PERIODS.items():
            if all(re.fullmatch(pattern, value) for value in text):
                return pd.PeriodIndex(text, freq=freq, name=text.name)
    dates = _parsed(text, date_format)
    wrong = np.flatnonzero(dates.isna())
    if len(wrong):
        raise ValueError(
            f"Column {text.name!r} must hold dates, got {text.iloc[wrong[0]]!r} in row "
            f"{wrong[0] + 1}{_and_others(wrong)}; --date-format says how they are written."
        )
    if date_format is None:
        unclear = [value for value in text if not re.fullmatch(CLEAR_DATE, value.strip(), re.I)]
        if unclear:
            raise ValueError(
                f"Column {text.name!r} must hold dates that can be read in one way only, such as "
                f"2024-12-31, got {unclear[0]!r}; say how they are written, as with "
                "--date-format %d/%m/%Y."
            )
    return pd.DatetimeIndex(dates, name=text.name)


def _parsed(text: pd.Series, date_format: str | None) -> pd.Series:
    """Return the dates, NaT where there is none; all in UTC if their offsets from it differ."""
    offsets = text.str.strip().str.extract(UTC_OFFSET, expand=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a format that had to be guessed
        try:
            return pd.to_datetime(
                text, format=date_format, errors="coerce", utc=bool(offsets.nunique() > 1)
            )
        except ValueError as error:
            form = "" if date_format is None else f" in the format {date_format!r}"
            raise ValueError(
                f"Column {text.name!r} must hold dates{form} that fit together, but: {error}."
            ) from error


def _check_dates(index: pd.Index) -> None:
    twice = index[index.duplicated()]
    if len(twice):
        raise ValueError(
            f"Each date must stand once, got {as_text(twice[0])} twice{_and_others(twice)}."
        )
    if isinstance(index, pd.DatetimeIndex) and len(index) < 3:
        raise ValueError(f"There are too few rows: at least 3 dates are needed, got {len(index)}.")
    try:
        full_index(index, "the file")
    except ValueError:
        raise ValueError(
            "Dates must be equally spaced, but no frequency fits these; leave --date out to "
            "count the rows instead."
        ) from None


def _refuse_missing(series: pd.Series) -> None:
    absent = series.reindex(full_index(series.index, "the file"))
    absent = absent.index[absent.isna()]
    if len(absent):
        raise ValueError(
            f"Column {series.name!r} must have a value at each step, got none for "
            f"{as_text(absent[0])}{_and_others(absent)}; --missing interpolate fills them."
        )


def _and_others(wrong: pd.Index | np.ndarray) -> str:
    return f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""


def _in_words_of_files(message: str, column: str) -> str:
    return f"Column {column!r} {message[2:]}" if message.startswith("y ") else message


def _as_table(forecast: pd.Series) -> str:
    """Return all rows, or the first and last of many, to six digits of the largest."""
    decimals = int(np.clip(5 - np.floor(np.log10(forecast.abs().max() or 1)), 0, 12))
    rows = forecast.map(f"{{:.{decimals}f}}".format).reset_index()
    lines = rows.to_string(index=False).split("\n")
    if len(lines) > MAX_LINES:
        hidden = slice(MAX_LINES - 4, -3)
        lines[hidden] = [f"... {len(lines[hidden])} more".rjust(len(lines[0]))]
    return "\n".join(lines)


def _positive(text: str) -> int:
    return _at_least(1, text)


def _count(text: str) -> int:
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"must be {least} or more, in digits, got {text!r}")
    return int(text)


def _order(text: str) -> int | str:
    return text if text == "auto" else _count(text)
