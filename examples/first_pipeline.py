"""An echo state network in a scikit-learn pipeline, next to ridge regression on the same input."""

# %% A nonlinear system driven by noise: to predict y(t) one has to remember ten inputs
import sys

import matplotlib.pyplot as plt
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reservoir import ESNRegressor
from reservoir.datasets import make_narma
from reservoir.metrics import nrmse

X, y = make_narma(5000, order=10, random_state=0)
train, test = slice(0, 4000), slice(4000, None)

# %% Rows are time steps; fit and predict as with any other estimator
network = make_pipeline(
    StandardScaler(),
    ESNRegressor(
        n_units=400,
        spectral_radius=0.95,
        input_scaling=0.03,
        bias_scaling=0.2,
        warmup=100,
        predict_state="carry",  # the test rows follow the training rows
        random_state=0,
    ),
)
network.fit(X[train], y[train])
predicted = network.predict(X[test])

memoryless = Ridge().fit(X[train], y[train]).predict(X[test])
print(f"NRMSE of the network: {nrmse(y[test], predicted):.3f}")
print(f"NRMSE of ridge regression without memory: {nrmse(y[test], memoryless):.3f}")

# %% Draw the first unseen steps
figure, axes = plt.subplots(figsize=(9, 3.5), layout="constrained")
axes.plot(y[test][:150], color="black", label="target")
axes.plot(predicted[:150], "--", label="echo state network")
axes.plot(memoryless[:150], ":", label="ridge without memory")
axes.set(xlabel="unseen step", ylabel="y", title="NARMA-10")
axes.legend(loc="upper left", ncols=3)
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "first_pipeline.png", dpi=120)
