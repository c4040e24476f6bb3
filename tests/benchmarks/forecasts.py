"""Default forecasts of the shipped series beside classic models, on the same windows.

    python -m tests.benchmarks.forecasts [--models NAME ...] [--series NAME ...] [--coverage]
        [--many N] [--long] [--output FOLDER]

Nothing is tuned to a series. The classic models need the extra ``classic``.
"""

import argparse
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from reservoir import ReservoirForecaster, datasets
from reservoir.forecasting import score
from reservoir.metrics import mase
from reservoir.model_selection import ClassicForecaster, compare

CLASSICS = ("auto_arima", "auto_ets", "theta", "seasonal naive", "drift", "ridge")
COVERAGE = (0.8, 0.95)
QUARTERS = ("realgdp", "realcons", "realinv", "cpi", "m1", "tbilrate", "unemp")


def all_series() -> dict[str, pd.Series]:
    """Return the series by their names; those of months, quarters and years."""
    quarterly = datasets.load_macrodata()
    panel = datasets.load_monthly_panel()
    co2 = datasets.load_co2_monthly().interpolate()
    return {
        "airline": datasets.load_airline(),
        "lynx": datasets.load_lynx(),
        "sunspots": datasets.load_sunspots(),
        "sunspots_monthly": datasets.load_sunspots_monthly(),
        "nile": datasets.load_nile(),
        "co2": co2,
        "elnino": datasets.load_elnino(),
        "beer": datasets.load_beer(),
        **{name: quarterly[name] for name in QUARTERS},
        **{name: panel[name] for name in panel.index.levels[0]},
    }


def many_series(n_series: int) -> pd.Series:
    """Return so many pieces of 200 months of the shipped series."""
    monthly = [y for y in all_series().values() if y.index.freqstr == "M" and len(y) > 400]
    pieces = {}
    for i in range(n_series):
        y = monthly[i % len(monthly)]
        start = (7 * (i // len(monthly))) % (len(y) - 200)
        pieces[i] = y.iloc[start : start + 200].rename("y")
    return pd.concat(pieces, names=["series", "month"])


def seconds_of(forecaster: Any, y: pd.Series, horizon: int) -> tuple[float, Any]:
    """Return the processor time of a fit and a forecast, and the forecast."""
    began = process_time()
    forecast = forecaster.fit(y).predict(horizon)
    return process_time() - began, forecast


def time_many(n_series: int) -> None:
    """Print the processor time of one model for each series, in turns of 50 series."""
    y = many_series(n_series)
    models = {"reservoir": ReservoirForecaster(), "auto_ets": ClassicForecaster("auto_ets")}
    for model in models.values():
        seconds_of(model, y.loc[:1], 12)  # compile
    seconds = dict.fromkeys(models, 0.0)
    for start in range(0, n_series, 50):
        part = y.loc[start : start + 49]
        for name, model in models.items():
            seconds[name] += seconds_of(model, part, 12)[0]
    for name, total in seconds.items():
        print(f"{name}: {total:.1f} s for {n_series} series of 200 rows")
    print(f"ratio {seconds['auto_ets'] / seconds['reservoir']:.2f}")


def time_long(n_windows: int) -> None:
    """Print errors and processor time of a day ahead of series with a daily season."""
    traffic = datasets.load_traffic().interpolate()[-4000:].asfreq("h")
    for name, y in {"traffic": traffic, "demand": datasets.load_electricity_demand()}.items():
        day = 24 if name == "traffic" else 48
        for label, model in {
            "reservoir": ReservoirForecaster(), "auto_arima": ClassicForecaster("auto_arima")
        }.items():  # fmt: skip
            errors, seconds = [], []
            for window in range(5, 5 - n_windows, -1):
                past, future = y[: len(y) - day * window], y[len(y) - day * window :][:day]
                taken, forecast = seconds_of(model, past, day)
                errors.append(mase(future, forecast, y_train=past, seasonal_period=day))
                seconds.append(taken)
            print(
                f"{name}, {label}: MASE {np.mean(errors):.3f}, {np.median(seconds):.1f} s a window",
                flush=True,
            )


def main() -> None:
    """Print the scores, the ranks and the coverage of intervals."""
    parser = argparse.ArgumentParser(
        description=__doc__, prog="python -m tests.benchmarks.forecasts"
    )
    parser.add_argument("--models", nargs="+", default=list(CLASSICS), help="what to compare with")
    parser.add_argument("--series", nargs="+", help="only these")
    parser.add_argument("--coverage", action="store_true", help="intervals of 80 and 95 % as well")
    parser.add_argument("--many", type=int, metavar="N", help="time a model for each of N series")
    parser.add_argument("--long", type=int, metavar="N", help="N windows of half-hours and hours")
    parser.add_argument("--output", type=Path, help="folder for CSV and PNG")
    options = parser.parse_args()
    if options.many or options.long:
        if options.many:
            time_many(options.many)
        if options.long:
            time_long(options.long)
        return
    series = all_series()
    if options.series:
        series = {name: series[name] for name in options.series}
    horizon = {name: 8 if y.index.freqstr.startswith("Q") else 12 for name, y in series.items()}
    models = {"reservoir": ReservoirForecaster(), **{name: name for name in options.models}}
    result = compare(
        models, series, horizon=horizon, coverage=COVERAGE if options.coverage else (),
        verbose=True,
    )  # fmt: skip
    print(result)
    table = score(result.windows, by=["series", "model"])["MASE"].unstack()
    print(table[list(models)].round(2).to_string())
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
        result.windows.to_csv(options.output / "forecasts.csv", index=False)
        result.plot().figure.savefig(options.output / "forecasts.png", dpi=120)


if __name__ == "__main__":
    main()
