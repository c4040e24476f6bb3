"""One LSTM cell, its gates set by hand: it stores 4.2, keeps it, reads it and clears it."""

# %% Four inputs: a value, and three signals that open a gate
import sys

import matplotlib.pyplot as plt
import numpy as np

from reservoir.cells import LSTM, no_forcing, state_gradients

N_STEPS, WRITE, READ, CLEAR = 500, 50, 400, 450
VALUE, WRITES, READS, CLEARS = range(4)

x = np.zeros((N_STEPS, 1, 4))  # steps, sequences side by side, inputs
x[:, 0, VALUE] = np.random.default_rng(0).uniform(-10, 10, N_STEPS)  # what is not to be stored
x[WRITE, 0] = 4.2, 1, 0, 1  # in place of what was there
x[READ, 0, READS] = 1
x[CLEAR, 0, CLEARS] = 1
x[CLEAR + 25, 0, READS] = 1  # to see that it is gone

# %% Gates that are open or shut: σ(±20)
# Their columns are those of the input gate, the output gate, the new content and the forget gate.
# Content is held at a thousandth, where tanh is a straight line.
SHUT, OPENED, SCALE = -20.0, 40.0, 1e-3
cell = LSTM()
p = cell.init(n_inputs=4, n_units=1, n_outputs=1, rng=np.random.default_rng(0))
W, U, bias = np.zeros((4, 4)), np.zeros((1, 4)), np.array([SHUT, SHUT, 0, -SHUT])
W[WRITES, 0] = W[READS, 1] = OPENED
W[VALUE, 2] = SCALE
W[CLEARS, 3] = -OPENED
p = p._replace(input_weights=W, recurrent_weights=U, bias=bias)

# %% Run it forwards
weights, forcing = cell.arrange(p), no_forcing(x.dtype)
kept = cell.project(p, x.reshape(N_STEPS, 4)).reshape(N_STEPS, 1, 4)
states = np.zeros((N_STEPS + 1, 1, 2))  # h, then c
cell.run(weights, kept, states, forcing)
output, content = states[1:, 0].T / SCALE
print(f"written {x[WRITE, 0, VALUE]}, read {READ - WRITE} steps later: {output[READ]:.4f}")
print(f"read once cleared: {output[CLEAR + 25]:.4f}")

# %% And back: how much an error in what is read at step 400 says about the content before
errors = np.zeros((N_STEPS, 1, 1))
errors[READ] = 1
gradients = state_gradients(cell, weights, kept, states, forcing, errors, 0, np.zeros((2, 1, 2)))
of_content = gradients[1:, 0, 1]
during = of_content[WRITE:READ]
print(f"∂read/∂content over the keep: {during.min():.6f} to {during.max():.6f}")

# %% Draw both
figure, (upper, lower) = plt.subplots(2, 1, figsize=(9, 5), sharex=True, layout="constrained")
upper.plot(x[:, 0, VALUE], ".", color="0.75", ms=4, label="input")
upper.step(range(N_STEPS), content, where="post", lw=2, label="content of the cell")
upper.plot(output, "C3", lw=1, label="output")
for step, word in [(WRITE, "write 4.2"), (READ, "read"), (CLEAR, "clear"), (CLEAR + 25, "read")]:
    upper.axvline(step, color="0.6", lw=0.8, ls=":")
    upper.text(step + 2, 10.5, word, va="bottom", fontsize=9)
upper.set(ylim=(-10.5, 13.5), ylabel="value")
upper.legend(loc="lower right", ncols=3, framealpha=1)
lower.step(range(N_STEPS), of_content, "C0", where="post", lw=2)
lower.axvspan(WRITE, READ, color="C0", alpha=0.1)
lower.text((WRITE + READ) / 2, 0.5, "the cell keeps", ha="center")
lower.set(ylim=(-0.1, 1.2), xlabel="step", ylabel="∂ output(400) / ∂ content")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "lstm_memory_cell.png", dpi=120)
