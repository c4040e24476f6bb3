"""One network, several behaviours: where its slow units begin selects which."""

# %% Four behaviours, made of three closed curves of 25 steps each
# After Yamashita and Tani (2008), "Emergence of functional hierarchy in a multiple timescale neural
# network model"
import sys

import matplotlib.pyplot as plt
import numpy as np

from reservoir import RNNRegressor
from reservoir.cells import MTRNN

phase = 2 * np.pi * np.arange(25) / 25
curves = [
    0.5 * np.column_stack([np.sin(phase), np.cos(phase) - 1]),
    0.5 * np.column_stack([np.sin(2 * phase), 1 - np.cos(phase)]),
    0.5 * np.column_stack([-np.sin(phase), np.sin(2 * phase)]),
]
names = ["AAABBB", "BBBCCC", "CCCAAA", "AABBCC"]
behaviours = [np.vstack([curves["ABC".index(letter)] for letter in name]) for name in names]

# %% 40 fast units that see and make the curves, 10 slow ones behind them
# At first the network is shown where it should have been (teacher forcing); its own outputs take
# that place more and more. Each behaviour has an initial state of its own, of the slow units alone.
network = RNNRegressor(
    cell=MTRNN(((40, 5.0), (10, 70.0))),
    n_units=50,
    learn_initial_state="each",
    teacher_forcing=(1.0, 0.5),
    learning_rate_init=0.01,
    learning_rate="cosine",
    max_iter=1500,
    tol=0.0,
    n_iter_no_change=1500,
    bptt_steps=None,
    random_state=1,
)
one_each = np.zeros((4, 1))  # no input: the state tells all
network.fit(one_each, behaviours)
found = network.predict(one_each, n_steps=len(behaviours[0]))  # the loop is closed
for name, made, wanted in zip(names, found, behaviours, strict=True):
    print(f"{name}: mean squared error {np.mean((made - wanted) ** 2):.1e}")

# %% The same from a state between two of them, and the slow units of all
between = network.initial_states_[[0]] / 2 + network.initial_states_[[3]] / 2
halfway = network.predict(one_each[:1], n_steps=150, initial_state=between)[0]
print(f"halfway between two behaviours it stays within {abs(halfway).max():.2f}")

figure = plt.figure(figsize=(10, 5.5), layout="constrained")
axes = figure.subplots(2, 2, sharex=True, sharey=True).ravel()
for axis, name, made, wanted in zip(axes, names, found, behaviours, strict=True):
    for i, colour in enumerate(("C0", "C1")):
        axis.plot(wanted[:, i], color="0.8", linewidth=4)
        axis.plot(made[:, i], color=colour, linewidth=1)
    axis.set_title(name, loc="left", fontsize="medium")
    axis.spines[["top", "right"]].set_visible(False)
for axis in axes[2:]:
    axis.set_xlabel("step")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "mtrnn_behaviours.png", dpi=120)
