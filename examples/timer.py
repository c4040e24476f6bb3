"""The 1000·u2 timer: a pulse switches the output on for 1000·u2 steps."""

# %% u1 is 0 and sometimes 1; u2 says for how long the output is to stay on after that
import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline

from reservoir import ESNTransformer
from reservoir.datasets import make_timer
from reservoir.metrics import nrmse, steps_right, switch_off_error

X, y = make_timer(100_000, hold=1000, random_state=0)
train, test = slice(0, 60_000), slice(60_000, None)

# %% Units that know how long ago the last pulse was
# A pulse enters each unit through a weight of ±100 and saturates its tanh, whatever it held
# before. Then the unit relaxes through its link to itself, over 50 to 2000 steps.
self_weights = np.exp(-1 / np.geomspace(50, 2000, 20))
clocks = ESNTransformer(
    n_units=20,
    topology=np.diag(self_weights),
    input_weights="bernoulli",
    input_scaling=np.array([100.0, 0.0]),
    predict_state="carry",
    random_state=0,
)

# %% Trees compare these states with u2
timer = make_pipeline(clocks, HistGradientBoostingRegressor(random_state=0))
timer.fit(X[train], y[train])
output = timer.predict(X[test])
late = np.abs(switch_off_error(y[test], output))
print(f"NRMSE {nrmse(y[test], output):.3f}, right in {steps_right(y[test], output):.2%} of steps")
print(f"switch-off error: median {np.median(late):.0f} step(s) of up to 1000")

# %% Draw some switches, and the states that tell the time
shown = slice(60_000, 66_000)
figure, (upper, lower) = plt.subplots(
    2, 1, figsize=(9, 5), sharex=True, layout="constrained", height_ratios=[3, 2]
)
upper.plot(y[shown], color="black", lw=3, alpha=0.3, label="target")
upper.plot(output[:6000], lw=1, label="output")
upper.plot(0.5 * X[shown, 1], color="tab:green", lw=1, label="u2 / 2")
upper.plot(np.flatnonzero(X[shown, 0]), np.zeros(X[shown, 0].astype(int).sum()), "r^", label="u1")
upper.legend(loc="upper right", ncols=4)
upper.set(ylabel="output", ylim=(-0.05, 0.7), title="1000·u2 timer, unseen steps")
states = clocks.transform(X[shown])[:, :20]
lower.semilogy(np.abs(states[:, ::4]), lw=1)
lower.set(xlabel="unseen step", ylabel="|state|")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "timer.png", dpi=120)
