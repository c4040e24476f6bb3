"""On their way back through time gradients vanish or explode; how fast is in the weights."""

# %% Sequences of noise, each with one target: what came first, a hundred steps before the end
# Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks",
# section 2.
import sys

import matplotlib.pyplot as plt
import numpy as np

from reservoir import RNNRegressor
from reservoir.cells import LSTM, Elman

N_STEPS = 100
X = np.random.default_rng(0).normal(size=(16, N_STEPS, 1))
y = X[:, 0, 0]


# %% A cell of our own: Elman's, with recurrent weights drawn for a spectral radius
class Drawn(Elman):
    def __init__(self, spectral_radius):
        super().__init__()
        self.spectral_radius = spectral_radius

    def init(self, n_inputs, n_units, n_outputs, rng):
        p = super().init(n_inputs, n_units, n_outputs, rng)
        U = rng.normal(size=(n_units, n_units))
        U *= self.spectral_radius / np.abs(np.linalg.eigvals(U)).max()
        return p._replace(recurrent_weights=U, input_weights=0.1 * p.input_weights)


# %% Gradients of networks that are as they were drawn: their rate is 0
def gradients_back(cell):
    """Return the median norm of the gradient in the state 0, 1, ... steps before the end."""
    network = RNNRegressor(
        cell=cell,
        n_units=40,
        max_iter=1,
        learning_rate=lambda epoch: 0.0,
        dtype="float64",
        random_state=0,
    )
    norms = np.median(network.fit(X, y).gradient_norms(X, y), axis=0)
    return norms[::-1] / norms[-1]


def factor(norms):
    """Return what a step back multiplies the gradient by, away from both ends."""
    return (norms[80] / norms[20]) ** (1 / 60)


networks = {
    "Elman, spectral radius 0.7": (Drawn(0.7), "C0"),
    "Elman, spectral radius 1": (Drawn(1.0), "C2"),
    "Elman, spectral radius 3": (Drawn(3.0), "C3"),
    "LSTM, forget gates open": (LSTM(longest_lag=N_STEPS), "black"),
}
curves = {name: gradients_back(cell) for name, (cell, _) in networks.items()}
for name, norms in curves.items():
    print(f"{name}: times {factor(norms):.2f} a step, {norms[-1]:.1e} after {N_STEPS - 1} steps")

radii = np.geomspace(0.3, 5, 9)
factors = [factor(gradients_back(Drawn(radius))) for radius in radii]

# %% Draw the gradients, and the factor over the radius
figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4), layout="constrained", width_ratios=[3, 2]
)
for name, norms in curves.items():
    left.semilogy(norms, networks[name][1], label=name)
left.set(xlabel="steps before the target", ylabel="norm of the gradient, relative to the last")
left.legend()
right.loglog(radii, factors, "o-", color="0.4", ms=4, label="tanh")
right.loglog(radii, radii, "k--", lw=0.8, label="a linear network")
right.axhline(1, color="0.8", lw=0.8, zorder=0)
right.axvline(1, color="0.8", lw=0.8, zorder=0)
right.set(xlabel="spectral radius", ylabel="factor of a step back")
right.minorticks_off()
right.set_xticks([0.3, 1, 3], ["0.3", "1", "3"])
right.set_yticks([0.3, 1, 3], ["0.3", "1", "3"])
right.legend()
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "gradient_norms.png", dpi=120)
