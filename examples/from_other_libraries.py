"""From skforecast, statsforecast or sktime to this package: one task in each of them.

Twelve months ahead with intervals of 80 %, and the mean absolute error over the last four years,
each forecast from what was known before it. Libraries that are not installed are left out.
"""

# %% Passengers of airlines in each month, 1949 to 1960; the last year is forecast
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from reservoir import ReservoirForecaster
from reservoir.datasets import load_airline
from reservoir.forecasting import backtest

airline = load_airline()
past, horizon, n_years = airline[:"1959"], 12, 4
found = {}  # name: the forecast, the ends of its interval, and the error of the backtest


def in_this_package(name, forecaster):
    forecaster.fit(past)
    ends = forecaster.predict_interval(horizon, coverage=0.8)["passengers", 0.8]
    windows = backtest(forecaster, airline, horizon=horizon, n_windows=n_years)
    error = (windows["y"] - windows["forecast"]).abs().mean()
    found[name] = forecaster.predict(horizon), ends["lower"], ends["upper"], error


in_this_package("reservoir: networks", ReservoirForecaster())

# %% skforecast: any regressor on lagged rows. Here it is the estimator, with one view of the series
one_view = {"n_estimators": 1, "transform": None, "seasonal_difference": 0, "fourier": 0}
ridge = ReservoirForecaster(Ridge(), lags=24, difference=1, intervals="bootstrap", **one_view)
in_this_package("reservoir: ridge on 24 lags", ridge)

try:
    from skforecast.model_selection import TimeSeriesFold, backtesting_forecaster
    from skforecast.recursive import ForecasterRecursive
except ImportError:
    print("skforecast is not installed; its part is left out.")
else:
    y = airline.to_timestamp().astype(float)
    forecaster = ForecasterRecursive(Ridge(), lags=24, differentiation=1)
    forecaster.fit(y[:-horizon], store_in_sample_residuals=True)
    ends = forecaster.predict_interval(horizon, interval=[0.1, 0.9])
    folds = TimeSeriesFold(
        steps=horizon,
        initial_train_size=len(y) - n_years * horizon,
        refit=True,
        fixed_train_size=False,
        differentiation=1,
    )
    errors, _ = backtesting_forecaster(
        forecaster, y, folds, metric="mean_absolute_error", show_progress=False
    )
    error = errors.loc[0, "mean_absolute_error"]
    found["skforecast: ridge on 24 lags"] = *(ends[name] for name in ends), error

# %% statsforecast: long tables of many series. The same table is understood here
table = pd.DataFrame({"unique_id": "airline", "ds": airline.index.to_timestamp(), "y": airline})
long = ReservoirForecaster().fit(table[:-horizon]).predict(horizon)
same = np.allclose(long["forecast"], found["reservoir: networks"][0])
print(f"a long table gives the same forecast: {same}")

try:
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS
except ImportError:
    print("statsforecast is not installed; its part is left out.")
else:
    forecaster = StatsForecast([AutoETS(season_length=12)], freq="MS")
    ends = forecaster.forecast(df=table[:-horizon], h=horizon, level=[80]).set_index("ds")
    windows = forecaster.cross_validation(df=table, h=horizon, step_size=horizon, n_windows=n_years)
    error = (windows["y"] - windows["AutoETS"]).abs().mean()
    ends = ends[["AutoETS", "AutoETS-lo-80", "AutoETS-hi-80"]]
    found["statsforecast: AutoETS"] = *(ends[name] for name in ends), error

# %% sktime: reservoir.sktime has what its splitters, pipelines and searches take
try:
    from sktime.forecasting.model_evaluation import evaluate
    from sktime.performance_metrics.forecasting import MeanAbsoluteError
    from sktime.split import ExpandingWindowSplitter

    from reservoir.sktime import ReservoirForecaster as ForSktime
except ImportError:
    print("sktime is not installed; its part is left out.")
else:
    fh = range(1, horizon + 1)
    forecaster = ForSktime().fit(past, fh=fh)
    ends = forecaster.predict_interval(coverage=0.8)["passengers", 0.8]
    folds = ExpandingWindowSplitter(fh, len(airline) - n_years * horizon, step_length=horizon)
    scores = evaluate(ForSktime(), folds, airline, scoring=MeanAbsoluteError())
    error = scores["test_MeanAbsoluteError"].mean()
    found["sktime: the same networks"] = forecaster.predict(), ends["lower"], ends["upper"], error

# %% All of them, over what happened
for name, (*_, error) in found.items():
    print(f"{name:30} mean absolute error {error:5.1f} thousand passengers")

figure, panels = plt.subplots(
    (len(found) + 1) // 2, 2, figsize=(9, 1 + len(found)), sharex=True, sharey=True, squeeze=False
)
figure.set_layout_engine("constrained")
months = np.arange(1, horizon + 1)
for axes, (name, (forecast, lower, upper, error)) in zip(panels.flat, found.items(), strict=False):
    axes.fill_between(months, lower, upper, color="C0", alpha=0.3, lw=0)
    axes.plot(months, forecast, "C0", lw=2)
    axes.plot(months, airline["1960":], "k.")
    axes.set_title(f"{name} ({error:.1f})", fontsize=10)
for axes in panels.flat[len(found) :]:
    axes.remove()
for axes in panels.flat[len(found) - 2 : len(found)]:
    axes.tick_params(labelbottom=True)
figure.supxlabel("month of 1960")
figure.supylabel("thousand passengers")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "from_other_libraries.png", dpi=120)
