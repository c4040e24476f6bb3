"""Default forecasts of the shipped series beside classic models, on the same windows.

    python -m tests.benchmarks.forecasts [--models NAME ...] [--series NAME ...] [--output FOLDER]

Nothing is tuned to a series. The classic models need the extra ``classic``.
"""

import argparse
from pathlib import Path

import pandas as pd

from reservoir import ReservoirForecaster, datasets
from reservoir.forecasting import score
from reservoir.model_selection import compare

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


def main() -> None:
    """Print the scores, the ranks and the coverage of intervals."""
    parser = argparse.ArgumentParser(
        description=__doc__, prog="python -m tests.benchmarks.forecasts"
    )
    parser.add_argument("--models", nargs="+", default=list(CLASSICS), help="what to compare with")
    parser.add_argument("--series", nargs="+", help="only these")
    parser.add_argument("--coverage", action="store_true", help="intervals of 80 and 95 % as well")
    parser.add_argument("--output", type=Path, help="folder for CSV and PNG")
    options = parser.parse_args()
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
