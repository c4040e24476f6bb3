"""Forecast a pandas series: yearly sunspot numbers, twelve years ahead."""

# %% A Series with a PeriodIndex, one value a year since 1700
import sys

import matplotlib.pyplot as plt
import numpy as np

from reservoir import ReservoirForecaster
from reservoir.datasets import load_sunspots
from reservoir.metrics import mase

sunspots = load_sunspots()
horizon = 12

# %% Forecast twelve years from several points in the past, each time from what was known then
forecasts, errors, naive_errors = [], [], []
for last in range(len(sunspots) - 10 * horizon, len(sunspots), horizon):
    past, future = sunspots[:last], sunspots[last : last + horizon]
    forecast = ReservoirForecaster().fit(past).predict(len(future))
    repeated = past.to_numpy()[-11:][np.arange(len(future)) % 11]  # a solar cycle is 11 years
    forecasts.append(forecast)
    errors.append(mase(future, forecast, y_train=past))
    naive_errors.append(mase(future, repeated, y_train=past))
print(f"MASE over {len(errors)} forecasts: {np.mean(errors):.2f}")
print(f"MASE of repeating the last 11 years: {np.mean(naive_errors):.2f}")

# %% Draw them over what happened
figure, axes = plt.subplots(figsize=(9, 4), layout="constrained")
shown = sunspots[-14 * horizon :]
axes.plot(shown.index.year, shown, color="black", label="observed")
for i, forecast in enumerate(forecasts):
    axes.plot(
        forecast.index.year, forecast, "C3", lw=2, label="forecast, 12 years" if i == 0 else None
    )
    axes.axvline(forecast.index.year[0], color="0.85", lw=0.8, zorder=0)
axes.set(
    xlabel="year", ylabel="sunspots", title="Yearly sunspots, forecast from ten points in time"
)
axes.legend(loc="upper left")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "forecast_sunspots.png", dpi=120)
