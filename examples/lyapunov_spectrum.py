"""Chaos measured: Lorenz's equations, and a network that has only seen them."""

# %% The spectrum from the equations: 0.906, 0, -14.57
# Sprott (2003), "Chaos and time-series analysis", appendix A
import sys

import matplotlib.pyplot as plt
import numpy as np

from reservoir import ESNRegressor
from reservoir.datasets import make_lorenz
from reservoir.dynamics import Flow, fixed_points, lyapunov_spectrum, system_of
from reservoir.plotting import plot_lyapunov

KNOWN = [0.906, 0.0, -14.57]


def lorenz(states):
    x, y, z = states.T
    return np.stack([10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z], axis=-1)


def jacobian(state):
    x, y, z = state
    return np.array([[-10, 10, 0], [28 - z, -1, -x], [y, x, -8 / 3]])


equations = Flow(lorenz, 3, jacobian, vectorized=True)
for point in fixed_points(equations, bounds=(-30, 30), random_state=0):
    print(f"rest at {point.state.round(2)}: {point.kind}")
start = [1.0, 1.0, 20.0]
found, times, course = lyapunov_spectrum(
    equations, start, duration=250, settle=50, step=0.02, return_course=True
)
print(f"from the equations: {found.round(3)}")

# %% A network learns the next of its samples, 0.05 apart, and is left alone
dt = 0.05
series = make_lorenz(12_000, dt=dt, random_state=0)
series = (series - series.mean(axis=0)) / series.std(axis=0)
esn = ESNRegressor(
    spectral_radius=0.4, input_scaling=0.3, bias_scaling=0.5, alpha=1e-8, warmup=100, random_state=0
).fit(series[:-1], series[1:])
loop = system_of(esn, closed_loop=True)
output, state = esn.predict(series, return_state=True)
state = np.concatenate([state, output[-1]])
of_network, steps, of_steps = lyapunov_spectrum(
    loop, state, n_exponents=3, duration=8000, settle=500, every=5, return_course=True
)
print(f"of the network, {loop.n_dims} numbers in a state: {(of_network / dt).round(3)}")

# %% Draw how both estimates settle
figure = plt.figure(figsize=(10, 4), layout="constrained")
left, right = figure.subplots(1, 2, sharey=True)
plot_lyapunov(times, course, known=KNOWN, ax=left)
left.set_title("From the equations", loc="left", fontsize="medium")
plot_lyapunov(steps * dt, of_steps / dt, known=KNOWN, ax=right)
right.set_title("Of a network that saw 600 units of time", loc="left", fontsize="medium")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "lyapunov_spectrum.png", dpi=120)
