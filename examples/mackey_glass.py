"""A network that has seen 3000 steps of a chaotic series goes on by itself."""

# %% The series: Mackey-Glass with a delay of 17, squashed into the range of tanh.
import sys

import matplotlib.pyplot as plt
import numpy as np

from reservoir import ESNRegressor, datasets, metrics

N_TRAIN, N_FREE = 3000, 3000

x = datasets.make_mackey_glass(N_TRAIN + N_FREE, tau=17, history=1.2)
squashed = np.tanh(x - 1)[:, None]

# %% Learn to predict the next value from all values so far.
esn = ESNRegressor(
    n_units=400, leak_rate=0.5, bias_scaling=0.2, alpha=1e-13, warmup=1000, random_state=0
)
esn.fit(squashed[: N_TRAIN - 1], squashed[1:N_TRAIN, 0])

# %% Then each output is the next input: from here on the network sees nothing of the series.
free = np.arctanh(esn.generate(N_FREE, context=squashed[:N_TRAIN])) + 1
truth = x[N_TRAIN:]
errors = np.abs(free - truth) / x.std()
valid = int(metrics.valid_prediction_time(truth, free))
print(f"error after 84 steps: {errors[83]:.1e} standard deviations")
print(f"the free run stays within 0.4 standard deviations for {valid} steps")

# %% Chaos multiplies the error by e every 200 steps; the attractor stays the right one.
figure = plt.figure(figsize=(10, 6.5), layout="constrained")
axes = figure.subplot_mosaic([["run", "run"], ["error", "attractor"]])
shown = np.arange(valid + 250)

axes["run"].plot(truth[shown], color="0.7", linewidth=3, label="Mackey-Glass, τ = 17")
axes["run"].plot(free[shown], color="C3", linewidth=1, label="the network on its own outputs")
axes["run"].set(xlabel="steps after the last value seen", ylabel="x", ylim=(0.2, 1.65))
axes["run"].legend(loc="upper left", ncols=2, frameon=False)

axes["error"].semilogy(errors[shown], color="C3", linewidth=0.8)
axes["error"].semilogy(
    errors[:84].mean() * np.exp(shown / 200), "k--", label="growth by $e^{t/200}$"
)
axes["error"].set(xlabel="steps after the last value seen", ylabel="error / standard deviation")
axes["error"].legend(loc="lower right", frameon=False)

axes["attractor"].plot(truth[17:], truth[:-17], color="0.7", linewidth=1.5, label="truth")
axes["attractor"].plot(free[17:], free[:-17], color="C3", linewidth=0.4, label="network")
axes["attractor"].set(xlabel="x(t)", ylabel="x(t − 17)")
axes["attractor"].legend(loc="upper right", frameon=False)

figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "mackey_glass.png", dpi=150)
