"""Options of the commands that forecast, and the forecaster that they describe."""

import argparse
import os.path
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reservoir import plotting
from reservoir._cli_series import Data
from reservoir.forecasting import ReservoirForecaster

# parameters of the forecaster, and the options that set them
PARAMETERS = {
    "season": "--season",
    "difference": "--difference",
    "seasonal_difference": "--seasonal-difference",
    "transform": "--transform",
    "fourier": "--fourier",
    "calendar": "--calendar",
    "missing": "--missing",
    "shared": "--shared",
    "intervals": "--method",
    "random_state": "--seed",
}
SETTING = re.compile(rf"\b({'|'.join(PARAMETERS)})=('?)([\w-]+)\2")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options that make a forecaster; those not given keep its own defaults."""

    def add(option: str, **settings: Any) -> None:
        parser.add_argument(option, default=argparse.SUPPRESS, **settings)

    add("--season", type=positive, metavar="N", help="rows in a season (default: from the dates)")
    add("--difference", type=_order, metavar="N",
        help="how often to difference over a step (default: that of four views)")  # fmt: skip
    add("--seasonal-difference", type=_order, metavar="N",
        help="how often to difference over a season (likewise)")  # fmt: skip
    add("--transform", type=_transform, metavar="auto|none|log|box-cox",
        help="of values above 0 (default: logarithms in three of four views)")  # fmt: skip
    add("--fourier", type=_order, metavar="N", help="waves of the season beside each row")
    add("--calendar", type=_calendar, metavar="NAME,...",
        help="parts of the date beside each row: hour, weekday, month, quarter")  # fmt: skip
    add("--missing", choices=("raise", "interpolate", "run_on"),
        help="refuse gaps (default), fill them linearly, or by forecasts of them")  # fmt: skip
    add("--shared", action="store_true", help="learn all series by one model")
    add("--method", dest="intervals", choices=("conformal", "bootstrap", "ensemble"),
        help="what intervals come from (default: conformal)")  # fmt: skip
    add("--seed", dest="random_state", type=count, metavar="N", help="of all networks (default: 0)")
    parser.add_argument(
        "--interval", type=_percents, action="extend", default=[], metavar="P,...",
        help="intervals that hold so many percent of the values, such as 80,95",
    )  # fmt: skip


def forecaster_of(arguments: argparse.Namespace, data: Data) -> ReservoirForecaster:
    """Return the forecaster that the options describe."""
    given = {name: getattr(arguments, name) for name in PARAMETERS if hasattr(arguments, name)}
    if given.get("shared") and not data.is_panel:
        raise ValueError("--shared must come with --series, the column that names the series.")
    return ReservoirForecaster(past_columns=data.past, **given)


def coverage_of(arguments: argparse.Namespace) -> list[float]:
    """Return the shares that intervals are to cover."""
    return [percent / 100 for percent in dict.fromkeys(arguments.interval)]


def check_targets(arguments: argparse.Namespace, *options: str) -> None:
    """Refuse files that cannot be written, before any time is spent on what they shall hold."""
    if arguments.plot:
        plotting.check_picture(arguments.plot)
    if arguments.report:
        plotting.new_figure((1, 1))  # says what to install
    for option in ("report", *options):
        folder = os.path.dirname(getattr(arguments, option) or "")
        if folder and not os.path.isdir(folder):
            raise ValueError(f"--{option} cannot be written: there is no folder {folder!r}.")


@contextmanager
def words_of_files(column: str) -> Iterator[None]:
    """Say what is wrong with y in words of the file and of the options.

    Examples
    --------
    >>> with words_of_files("sales"):
    ...     raise ValueError("y must be longer; use missing='run_on'.")
    Traceback (most recent call last):
    ValueError: Column 'sales' must be longer; use --missing run_on.
    """
    try:
        yield
    except ValueError as error:
        words = SETTING.sub(
            lambda found: f"{PARAMETERS[found[1]]} {found[3].replace('None', 'none')}", str(error)
        )
        words = re.sub(r"^y (?=must)", lambda _: f"Column {column!r} ", words)
        words = re.sub(r"(?<=: )y (?=must)", lambda _: f"column {column!r} ", words)
        words = re.sub(r"^X (?=must)", "What --exogenous and --past name ", words)
        raise ValueError(words) from error


def positive(text: str) -> int:
    """Read a whole number above 0."""
    return _at_least(1, text)


def count(text: str) -> int:
    """Read a whole number, 0 or more."""
    return _at_least(0, text)


def _at_least(least: int, text: str) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"must be {least} or more, in digits, got {text!r}")
    return int(text)


def _order(text: str) -> int | str:
    return text if text == "auto" else count(text)


def _transform(text: str) -> str | None:
    if text not in ("auto", "none", "log", "box-cox"):
        raise argparse.ArgumentTypeError(f"must be auto, none, log or box-cox, got {text!r}")
    return None if text == "none" else text


def _calendar(text: str) -> list[str] | str:
    if text in ("auto", "none"):
        return "auto" if text == "auto" else []
    return [word.strip() for word in text.split(",")]


def _percents(text: str) -> list[float]:
    try:
        percents = [float(part) for part in text.split(",")]
    except ValueError:
        percents = []
    if not percents or not all(0 < percent < 100 for percent in percents):
        raise argparse.ArgumentTypeError(
            f"must be percents between 0 and 100, such as 80,95, got {text!r}"
        )
    if min(percents) < 1:
        raise argparse.ArgumentTypeError(
            f"must be percents such as 80, not shares of 1, got {text!r}"
        )
    return percents
