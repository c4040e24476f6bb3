"""The command `reservoir forecast`: a column of a CSV file, continued."""

import argparse
from typing import Any

import numpy as np
import pandas as pd

from reservoir import _cli_options, _cli_series
from reservoir._cli_options import PARAMETERS, check_targets, coverage_of, forecaster_of
from reservoir._cli_series import Data, named, read
from reservoir._cli_trial import Tested, add_test, compared, tested
from reservoir._report import MOST_SHOWN, drawing, new_report, stacked
from reservoir.forecasting import ReservoirForecaster
from reservoir.persistence import load, save
from reservoir.plotting import plot_forecast

MAX_LINES = 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options of the command."""
    _cli_series.add_arguments(parser)
    _cli_options.add_arguments(parser)
    add, positive, count = parser.add_argument, _cli_options.positive, _cli_options.count
    add("--horizon", required=True, type=positive, metavar="H", help="steps to forecast")
    add("--windows", type=count, metavar="N",
        help="how many horizons to test on; 0 for no test (default: 5; with --load none, "
        "but for --compare)")  # fmt: skip
    add("--compare", action="store_true", help="test classic forecasters on the same horizons")
    add("--output", metavar="OUT.csv", help="where to write the forecast")
    add("--plot", metavar="OUT.png", help="where to draw it")
    add("--report", metavar="OUT.html", help="where to write a page with pictures and tables")
    add("--save", metavar="MODEL", help="where to keep what was fitted")
    add("--load", metavar="MODEL",
        help="what to forecast with instead of a new fit; it takes in the rows that it does not "
        "know yet, and its own settings hold")  # fmt: skip
    add("--verbose", action="store_true", help="say what was chosen")


def run(arguments: argparse.Namespace) -> int:
    """Read the file, forecast, test the forecaster on the past and print both."""
    check_targets(arguments, "output", "save")
    if arguments.compare and arguments.windows == 0:
        raise ValueError("--windows must be 1 or more with --compare, got 0.")
    forecaster = _loaded(arguments) if arguments.load else None
    missing = getattr(arguments, "missing", "raise") if forecaster is None else forecaster.missing
    data = read(arguments, missing)
    coverage, ahead = coverage_of(arguments), data.ahead(arguments.horizon)
    with _cli_options.words_of_files(data.column):
        if forecaster is None:
            forecaster = forecaster_of(arguments, data).fit(data.y, data.X)
        else:
            _take_in(forecaster, data, arguments.load)
        forecast, bands = forecaster.predict(arguments.horizon, ahead), None
        if coverage:
            bands = forecaster.predict_interval(arguments.horizon, ahead, coverage=coverage)
        table = _with_bands(data, forecast, bands)
        print(_opening(arguments, forecaster) + _as_text(data, table))
        if arguments.output:
            table.to_csv(arguments.output)
        if arguments.save:
            save(forecaster, arguments.save)
        if arguments.plot:
            with drawing():
                _picture(data, forecast, bands).savefig(arguments.plot)
        test = _test(arguments, forecaster, data, coverage)
        if test is not None:
            print(f"\n{_in_words(test, data, arguments.horizon)}")
        if arguments.report:
            _save_report(arguments, forecaster, data, table, (forecast, bands), test)
    return 0


def _loaded(arguments: argparse.Namespace) -> ReservoirForecaster:
    given = [option for name, option in PARAMETERS.items() if hasattr(arguments, name)]
    if given:
        raise ValueError(
            f"{given[0]} must not come with --load, since what was fitted has its settings; leave "
            "it out, or fit again."
        )
    forecaster = load(arguments.load)
    if not isinstance(forecaster, ReservoirForecaster):
        raise ValueError(
            f"{arguments.load} must hold a ReservoirForecaster, got {type(forecaster).__name__}."
        )
    return forecaster


def _take_in(forecaster: ReservoirForecaster, data: Data, path: str) -> None:
    """Let a forecaster know the rows that came after those that it knows."""
    tracks = forecaster._tracks
    try:
        is_new = np.concatenate(
            [y.index > tracks[key].index[-1] for key, y in data.parts(data.y).items()]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path} must have been fitted to the series that are read now, with the same "
            "--series and --date; fit again."
        ) from error
    if is_new.any():
        forecaster.update(data.y[is_new], None if data.X is None else data.X[is_new])


def _test(
    arguments: argparse.Namespace, forecaster: Any, data: Data, coverage: list[float]
) -> Tested | None:
    """Return what came of tests on the last horizons, None if there shall be none."""
    n_windows = arguments.windows
    if n_windows is None:
        n_windows = 0 if arguments.load and not arguments.compare else 5
    if not n_windows:
        return None
    options = {"horizon": arguments.horizon, "n_windows": n_windows, "coverage": coverage}
    return (compared if arguments.compare else tested)(forecaster, data, **options)


def _in_words(test: Tested, data: Data, horizon: int) -> str:
    if not len(test.windows):
        return "\n".join([
            f"No backtest: it needs at least twice as many rows as the {horizon} step(s) of the "
            "horizon, and before them enough for a forecast.",
            *test.notes,
        ])  # fmt: skip
    n_windows = test.windows["window"].nunique()
    whose = " of each series" if data.is_panel else ""
    return (
        f"Backtest over the last {n_windows} × {horizon} steps{whose}, each forecast from the rows "
        f"before it:\n{test.text(data)}"
    )


def _opening(arguments: argparse.Namespace, forecaster: ReservoirForecaster) -> str:
    parts = []
    if forecaster.n_filled_:
        how = "by forecasts of them" if forecaster.missing == "run_on" else "linearly"
        parts.append(f"{forecaster.n_filled_} missing values were filled {how}.\n\n")
    if arguments.verbose:
        parts.append(f"{forecaster.summary()}\n\n")
    return "".join(parts)


def _with_bands(data: Data, forecast: pd.Series, bands: pd.DataFrame | None) -> pd.DataFrame:
    """Return a table of forecasts with both ends of each interval."""
    columns = {data.column: forecast}
    if bands is not None:
        for _, share, end in bands.columns:
            columns[f"{end}_{100 * share:g}"] = bands[data.column, share, end]
    return pd.DataFrame(columns)


def _as_text(data: Data, table: pd.DataFrame) -> str:
    """Return the rows of each series, or the first and last of many."""
    parts = data.parts(table)
    if not data.is_panel:
        return _shortened(_in_digits(table))
    texts = [
        f"{key}\n{_shortened(_in_digits(part))}" for key, part in list(parts.items())[:MOST_SHOWN]
    ]
    if len(parts) > MOST_SHOWN:
        texts.append(f"... {len(parts) - MOST_SHOWN} more series, which --output writes")
    return "\n\n".join(texts)


def _in_digits(table: pd.DataFrame) -> pd.DataFrame:
    """Return numbers as text, to six digits of the largest."""
    largest = table.iloc[:, 0].abs().max() or 1
    decimals = int(np.clip(5 - np.floor(np.log10(largest)), 0, 12))
    return table.map(f"{{:.{decimals}f}}".format)


def _shortened(table: pd.DataFrame) -> str:
    lines = table.reset_index().to_string(index=False).split("\n")
    if len(lines) > MAX_LINES:
        hidden = slice(MAX_LINES - 4, -3)
        lines[hidden] = [f"... {len(lines[hidden])} more".rjust(len(lines[0]))]
    return "\n".join(lines)


def _picture(
    data: Data, forecast: pd.Series, bands: pd.DataFrame | None, width: float = 8.0
) -> Any:
    """Draw each series with its forecast, of many the first ones."""
    past, future = data.parts(data.y), data.parts(forecast)
    fans = dict.fromkeys(past) if bands is None else data.parts(bands)
    return stacked(
        lambda ax, key: plot_forecast(past[key], future[key], intervals=fans[key], ax=ax),
        list(future),
        width,
    )


def _save_report(
    arguments: argparse.Namespace,
    forecaster: ReservoirForecaster,
    data: Data,
    table: pd.DataFrame,
    drawn: tuple[pd.Series, pd.DataFrame | None],
    test: Tested | None,
) -> None:
    times, n_steps = table.index.get_level_values(-1), arguments.horizon
    report = new_report(
        f"{data.column}: the next {n_steps} step{'s' * (n_steps > 1)}",
        f"A forecast from {named(times.min())} to {named(times.max())}.",
        arguments,
        data,
    )
    report.picture(
        lambda width: _picture(data, *drawn, width),
        f"The end of {data.column} and its forecast.",
        "The end of the series and its forecast"
        + ("." if drawn[1] is None else f", with {forecaster.intervals} intervals."),
    )
    report.heading("Forecast")
    for key, part in list(data.parts(table).items())[:MOST_SHOWN]:
        if key is not None:
            report.heading(str(key), level=3)
        report.table(_in_digits(part))
    if test is not None and len(test.windows):
        add_test(report, forecaster, data, test)
    elif test is not None:
        report.text(_in_words(test, data, n_steps))
    report.heading("What was chosen")
    report.code(_opening(argparse.Namespace(verbose=True), forecaster).strip())
    report.save(arguments.report)
