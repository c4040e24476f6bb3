"""A series of which half of the samples are lost: each interval is as long as it is."""

# %% The Mackey-Glass series, one sample a unit of time, and half of them lost at random
import sys

import matplotlib.pyplot as plt
import numpy as np

from reservoir import CTRNNRegressor, ESNRegressor
from reservoir.datasets import make_mackey_glass
from reservoir.metrics import nrmse

series = np.ravel(make_mackey_glass(6000, random_state=0))
series = (series - series.mean()) / series.std()
times = np.sort(np.random.default_rng(0).choice(6000, 3000, replace=False))
u, gaps, n = series[times], np.diff(times), 2000
print(f"gaps of {gaps.min()} to {gaps.max()} units of time")

# %% A continuous-time network: from each sample to the next one that is there
settings = {
    "n_units": 300,
    "input_scaling": 0.5,
    "bias_scaling": 0.3,
    "warmup": 100,
    "alpha": [1e-10, 1e-8, 1e-6, 1e-4],
    "random_state": 0,
}
ctrnn = CTRNNRegressor(time_constants=(1, 5), interpolation="linear", **settings)
ctrnn.fit(u[:n, None], u[1 : n + 1], times=times[:n], ahead=gaps[:n])
forecast = ctrnn.predict(u[:-1, None], times=times[:-1], ahead=gaps)[n:]
error = nrmse(u[n + 1 :], forecast)

# %% An echo state network needs equal steps: the gaps are filled by straight lines
grid, first = np.interp(np.arange(6000), times, u)[:, None], times[n]
esn = ESNRegressor(leak_rate=0.8, **settings).fit(grid[: first - 1], grid[1:first, 0])
some = slice(n, -1, 5)  # each runs freely to the time of its next sample
by_steps = np.array(
    [
        esn.generate(int(gap), context=grid[max(0, k - 200) : k + 1])[-1]
        for k, gap in zip(times[some], gaps[n::5], strict=True)
    ]
)
interpolated = nrmse(u[n + 1 :: 5], by_steps)
print(f"NRMSE of the next sample: {error:.4f}, of an ESN on filled gaps: {interpolated:.4f}")

# %% The same network answers at any time: here at those of the samples that were lost
lost = np.setdiff1d(np.arange(times[n] + 1, times[-1]), times)
at_lost = ctrnn.predict(u[:, None], times=times, at=lost)
print(f"NRMSE of the {len(lost)} samples that were lost: {nrmse(series[lost], at_lost):.4f}")

figure, axis = plt.subplots(figsize=(9, 4), layout="constrained")
axis.plot(np.arange(6000), series, color="0.8", linewidth=3, label="the series")
axis.plot(times, u, "o", color="C3", markersize=4, label="samples that are left")
axis.plot(lost, at_lost, "x", color="C0", markersize=5, label="forecasts of those that are lost")
axis.set(xlim=(4200, 4320), xlabel="time")
axis.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.12))
axis.spines[["top", "right"]].set_visible(False)
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "irregular_series.png", dpi=120)
