"""Five shapes of tasks: what goes in and what comes out says which one a network is fitted to."""

# %% The same settings for all; X and y of `fit` make the difference
import sys

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import r2_score

from reservoir import LSTMClassifier, LSTMRegressor, RNNRegressor
from reservoir.datasets import make_adding, make_copy, make_timer

settings = {
    "n_units": 20,
    "learning_rate_init": 0.02,
    "learning_rate": "cosine",
    "n_iter_no_change": 1000,
    "random_state": 0,
}
rng = np.random.default_rng(0)
figure, axes = plt.subplots(5, 1, figsize=(8, 11), layout="constrained")

# %% One to one: each output is a function of the input at its step, and memory is of no use
x = rng.uniform(-2, 2, (60, 20, 1))
y = np.sin(2 * x)
network = RNNRegressor(max_iter=80, **settings).fit(x[:50], y[:50])
predicted = network.predict(x[50:])
print(f"one to one, y = sin 2x: R² {r2_score(y[50:].ravel(), predicted.ravel()):.3f}")
order = np.argsort(x[50:], axis=None)
axes[0].plot(x[50:].ravel()[order], y[50:].ravel()[order], "k", lw=3, alpha=0.3, label="target")
axes[0].plot(x[50:].ravel()[order], predicted.ravel()[order], "C0", label="output")
axes[0].set(title="one to one: a function of the input", xlabel="input", ylabel="output")

# %% One to many: a row makes a sequence
pitch = rng.uniform(0.2, 0.8, (60, 1))
waves = np.sin(pitch * np.arange(40))[:, :, None]  # 3-D: a sequence for each row
network = LSTMRegressor(max_iter=150, **settings).fit(pitch[:50], waves[:50])
predicted = network.predict(pitch[50:])
print(f"one to many, waves: R² {r2_score(waves[50:].ravel(), predicted.ravel()):.3f}")
for i, wave in enumerate(waves[50:53]):
    axes[1].plot(wave, "k", lw=3, alpha=0.3)
    axes[1].plot(predicted[i], f"C{i}", label=f"from {pitch[50 + i, 0]:.2f}")
axes[1].set(title="one to many: a wave from its frequency", xlabel="step", ylabel="output")

# %% Many to one: a target for each sequence, read from the last state or from the mean of all
X, total = make_adding(500, length=20, random_state=0)
for pooling, style in [("last", "C0o"), ("mean", "C1^")]:
    network = LSTMRegressor(pooling=pooling, max_iter=40, **settings).fit(X[:400], total[:400])
    predicted = network.predict(X[400:])
    print(f"many to one, adding ({pooling}): R² {r2_score(total[400:], predicted):.3f}")
    axes[2].plot(total[400:], predicted, style, ms=3, label=f"pooling={pooling!r}")
axes[2].plot([0, 1], [0, 1], "k", lw=3, alpha=0.3)
axes[2].set(title="many to one: the sum of two marked values", xlabel="target", ylabel="output")

# %% Many to many, delayed: three symbols, a pause, and the same symbols once all have been seen
X, label = make_copy(400, n_symbols=4, length=3, lag=5, random_state=0)
network = LSTMClassifier(max_iter=60, **settings).fit(X[:300], label[:300])
predicted = np.reshape(network.predict(X[300:]), (100, -1))
right = predicted[:, -3:] == label[300:, -3:, 0]
print(f"delayed many to many, copy: {right.mean():.1%} of the symbols")
axes[3].step(range(11), X[300].argmax(axis=1), "k", where="mid", lw=1, ls=":", label="input")
axes[3].step(range(11), label[300, :, 0], "k", where="mid", lw=3, alpha=0.3, label="target")
axes[3].step(range(11), predicted[0], "C0", where="mid", label="output")
axes[3].set(title="many to many, delayed: copy", xlabel="step", ylabel="symbol")
axes[3].set_yticks(range(6), ["a", "b", "c", "d", "blank", "go"])

# %% Many to many, in step: each output answers at once, from all that was before
X, y = make_timer(4000, hold=20, random_state=0)
network = LSTMRegressor(
    longest_lag=20, bptt_steps=100, batch_size=4, carry_state=False, max_iter=60, **settings
).fit(X[:3000], y[:3000])
predicted = network.predict(X)
print(f"synchronised many to many, timer: R² {r2_score(y[3000:], predicted[3000:]):.3f}")
axes[4].plot(X[3000:3300, 0], "C3:", lw=1, label="input")
axes[4].plot(y[3000:3300], "k", lw=3, alpha=0.3, label="target")
axes[4].plot(predicted[3000:3300], "C0", label="output")
axes[4].set(title="many to many, in step: the timer", xlabel="unseen step", ylabel="output")

# %% Draw
for each in axes:
    each.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "sequence_shapes.png", dpi=120)
