"""Three questions to a panel of series: later times, other series, or both at once?"""

# %% The Mackey-Glass series of twelve delays in one table: what will be, twenty steps on?
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.colors import ListedColormap
from sklearn.model_selection import cross_val_score

from reservoir import ESNRegressor
from reservoir.datasets import make_mackey_glass
from reservoir.model_selection import PanelSplit

AHEAD = 20
series = {
    tau: make_mackey_glass(420, tau=tau, random_state=0, as_frame=True) for tau in range(14, 26)
}
panel = pd.concat(series, names=["tau", "step"]).to_frame() - 0.9
y = panel["x"].groupby("tau").shift(-AHEAD).dropna()
X = panel.loc[y.index]  # all levels of the index but the last name the series

# %% The index tells folds and network alike where series begin
esn = ESNRegressor(n_units=100, bias_scaling=0.3, leak_rate=0.8, alpha=1e-5, random_state=0)
questions = {
    "later times": (PanelSplit("time", 4, horizon=50), "carry"),  # goes on where training ended
    "later times,\nfrom rest": (PanelSplit("time", 4, horizon=50), "reset"),
    "other series": (PanelSplit("series", 4, shuffle=True, random_state=0), "reset"),
    "other series\nat later times": (
        PanelSplit("both", 4, horizon=50, shuffle=True, random_state=0),
        "reset",
    ),
}
errors = {}
for question, (cv, predict_state) in questions.items():
    esn.set_params(predict_state=predict_state)
    scores = cross_val_score(esn, X, y, cv=cv, scoring="neg_root_mean_squared_error")
    errors[question] = -scores / y.std()
    print(f"{question.replace(chr(10), ' ')}: NRMSE {errors[question].mean():.3f}")

# %% Draw the first two folds of each kind, a line for each series, and the errors
figure = plt.figure(figsize=(9, 5), layout="constrained")
left, right = figure.subfigures(1, 2, width_ratios=[1.4, 1])
grid = left.subplots(3, 2, sharex=True, sharey=True)
colours = ListedColormap(["0.93", "C0", "C3"])
for row, question in zip(grid, [0, 2, 3], strict=True):
    cv, _ = list(questions.values())[question]
    for axis, (train, test) in zip(row, cv.split(X), strict=False):
        part = np.zeros(len(X))
        part[train], part[test] = 1, 2
        lines = pd.Series(part, X.index).unstack()
        axis.imshow(lines, cmap=colours, vmin=0, vmax=2, aspect="auto", interpolation="none")
        axis.set(xticks=[0, 400], yticks=[])
        axis.spines[:].set_visible(False)
    row[0].set_ylabel(f"by={cv.by!r}")
for axis in grid[-1]:
    axis.set_xlabel("step")
left.suptitle("two folds of each: trained on (blue), tested on (red)")
axis = right.subplots()
axis.barh(list(errors), [each.mean() for each in errors.values()], color="0.85")
for place, each in enumerate(errors.values()):
    axis.plot(each, [place] * len(each), "o", color="C3", markersize=4)
axis.invert_yaxis()
axis.set_xlabel("NRMSE; each fold is a point")
axis.spines[["top", "right"]].set_visible(False)
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "panel_folds.png", dpi=120)
