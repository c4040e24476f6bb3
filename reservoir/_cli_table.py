"""A CSV file on the command line: its columns as text, as numbers and as dates."""

import io
import re
import sys
import warnings
from typing import Any

import numpy as np
import pandas as pd

# dates that name a period rather than a moment
PERIODS = {r"\d{4}": "Y", r"\d{4}-\d{2}": "M", r"\d{4}-?Q[1-4]": "Q"}
# dates that can be read in one way only: the year first, or a month in letters
YEAR_FIRST = r"\d{4}([-/.]?)\d{1,2}\1\d{1,2}([T ].*)?"
MONTH_IN_LETTERS = r"(?=.*\b\d{4}\b).*(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec).*"
CLEAR_DATE = f"{YEAR_FIRST}|{MONTH_IN_LETTERS}"
UTC_OFFSET = r"\d:\d{2}.*?(Z|[+-]\d{2}:?\d{2})$"


def read_table(file: str, separator: str, decimal: str) -> pd.DataFrame:
    """Return a CSV file as text, NaN where a field is empty; - is standard input.

    Raises
    ------
    ValueError
        If it is no CSV file with a header and rows, or an option is no separator.
    """
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
    # pandas numbers names that stand twice; column_of refuses them
    table.columns = header.iloc[0]
    return table


def _check_character(option: str, value: str) -> None:
    if len(value) != 1 or value.isalnum() or value in "\"'+-\r\n":
        raise ValueError(
            f"{option} must be one character that is no letter, digit, sign or quote, got "
            f"{value!r}."
        )


def column_of(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column, or say which there are."""
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


def as_numbers(column: pd.Series, decimal: str) -> np.ndarray:
    """Return text as numbers, or name the first that is none."""
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
            f"{wrong[0] + 1}{and_others(wrong)}{hint}."
        )
    return numbers.to_numpy(dtype=float, na_value=np.nan)


def _has_decimal_comma(value: str) -> bool:
    is_number = re.fullmatch(r"\s*[+-]?\d+,\d+\s*", value) is not None
    has_thousands = re.fullmatch(r"\s*[+-]?[1-9]\d{0,2},\d{3}\s*", value) is not None
    return is_number and not has_thousands


def as_dates(text: pd.Series, date_format: str | None) -> pd.Index:
    """Return text as years, months, quarters or moments, or name the first that is none."""
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
            f"{wrong[0] + 1}{and_others(wrong)}; --date-format says how they are written."
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


def and_others(wrong: pd.Index | np.ndarray) -> str:
    """Say how many more there are of what is named once."""
    return f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
