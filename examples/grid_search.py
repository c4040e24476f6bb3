"""Choose the parameters of a reservoir in time-ordered folds with GridSearchCV."""

# %% Every fold is predicted from a fit to the rows before it
import sys

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from reservoir import ESNRegressor
from reservoir.datasets import make_narma

X, y = make_narma(3000, order=10, random_state=1)

# %% The state is carried into each fold, so that it does not begin from rest
network = ESNRegressor(
    n_units=100,
    bias_scaling=0.2,
    alpha=[1e-8, 1e-6, 1e-4],  # chosen in each fit by generalised cross-validation
    warmup=100,
    predict_state="carry",
    random_state=0,
)
grid = {
    "spectral_radius": [0.5, 0.7, 0.8, 0.9, 0.95, 1.0],
    "input_scaling": [0.03, 0.1, 0.3, 1.0],
}
search = GridSearchCV(
    network, grid, cv=TimeSeriesSplit(4), scoring="neg_root_mean_squared_error", n_jobs=2
)
search.fit(X, y)
print(f"best: {search.best_params_}, RMSE {-search.best_score_:.4f}")

# %% Draw the whole grid
results = pd.DataFrame(search.cv_results_)
errors = -results.pivot_table(
    index="param_input_scaling", columns="param_spectral_radius", values="mean_test_score"
).astype(float)
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
image = axes.imshow(errors, cmap="viridis_r", aspect="auto")
axes.set_xticks(range(errors.shape[1]), [f"{value:g}" for value in errors.columns])
axes.set_yticks(range(errors.shape[0]), [f"{value:g}" for value in errors.index])
axes.set(
    xlabel="spectral radius", ylabel="input scaling", title="RMSE over time-ordered folds, NARMA-10"
)
middle = errors.to_numpy().mean()
for (row, column), value in np.ndenumerate(errors.to_numpy()):
    ink = "white" if value > middle else "black"
    axes.text(column, row, f"{value:.3f}", ha="center", va="center", color=ink)
figure.colorbar(image, label="RMSE")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "grid_search.png", dpi=120)
