"""Why gradients are clipped: one unit, fifty steps, and a wall in its error surface."""

# %% x(t) = w σ(x(t-1)) + b from x(0) = 0.5, and the error (σ(x(50)) - 0.7)²
# Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks",
# figure 6 and algorithm 1.
import sys

import matplotlib.pyplot as plt
import numpy as np

from reservoir.training.optimisers import SGD, clip

N_STEPS, BEGIN, TARGET = 50, 0.5, 0.7


def error_and_gradient(w, b):
    """Return the error for each (w, b), and its gradient: slopes are carried along with x."""
    x, by_w, by_b = BEGIN, 0.0, 0.0
    for _ in range(N_STEPS):
        h = 1 / (1 + np.exp(-x))
        slope = h * (1 - h)
        x, by_w, by_b = w * h + b, h + w * slope * by_w, 1 + w * slope * by_b
    h = 1 / (1 + np.exp(-x))
    outer = 2 * (h - TARGET) * h * (1 - h)
    return (h - TARGET) ** 2, np.array([outer * by_w, outer * by_b])


# %% Where w is above 4, the unit has two states to settle in, and a line of b at which it changes
w, b = np.meshgrid(np.linspace(3.5, 5.5, 401), np.linspace(-3, -1, 401))
surface, slopes = error_and_gradient(w, b)
steepness = np.hypot(*slopes)
print(f"steepness of the surface: median {np.median(steepness):.2g}, at most {steepness.max():.0f}")


# %% Gradient descent from one point, at one rate, with and without clipping
def descend(norm, n_updates=400, rate=0.3):
    optimiser, weights, path, errors = SGD(momentum=0.0), np.array([5.0, -2.2]), [], []
    for _ in range(n_updates):
        error, gradient = error_and_gradient(*weights)
        path.append(weights.copy())
        errors.append(error)
        clip(gradient, norm)
        optimiser.update(weights, gradient, rate)
    return np.array(path), np.array(errors)


paths = {"as it is": descend(None), "clipped to 0.3": descend(0.3)}
for name, (path, errors) in paths.items():
    farthest = np.hypot(*np.diff(path, axis=0).T).max()
    print(
        f"gradient {name}: longest step {farthest:.2f}, then at w = {path[-1, 0]:.2f}, "
        f"b = {path[-1, 1]:.2f} with an error of {errors[-1]:.1e}"
    )
thrown, kept = (errors[-1] for _, errors in paths.values())
print(f"thrown off by the wall: {thrown > 100 * kept}")

# %% Draw the surface and both paths over it
figure = plt.figure(figsize=(10, 4.2), layout="constrained")
axes = figure.subplot_mosaic([["surface", "errors"]], width_ratios=[3, 2])
image = axes["surface"].pcolormesh(w, b, surface, cmap="Greys", rasterized=True)
figure.colorbar(image, label="error")
for (name, (path, errors)), style in zip(paths.items(), ["C3o-", "C0.-"], strict=True):
    axes["surface"].plot(*path.T, style, lw=0.8, ms=4, label=name)
    axes["errors"].semilogy(errors, style[:2], lw=1, label=name)
axes["surface"].plot(5, -2.2, "k*", ms=12)
axes["surface"].set(
    xlim=(w.min(), w.max()),
    ylim=(b.min(), b.max()),
    xlabel="w",
    ylabel="b",
    title="one unit after 50 steps",
)
axes["surface"].legend(title="gradient", loc="upper right")
axes["errors"].set(xlabel="updates", ylabel="error", title="gradient descent")
figure.savefig(sys.argv[1] if len(sys.argv) > 1 else "error_surface.png", dpi=120)
