"""Slow twins of the fast code, written from the equations; they import nothing from the package."""

import math

import numpy as np

ACTIVATIONS = {
    "tanh": math.tanh,
    "identity": lambda x: x,
    "relu": lambda x: max(x, 0.0),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
}


def leaky_states(W, W_in, b, a, f, inputs, W_fb=None, outputs=None, state=None):
    """x(t) = (1-a) x(t-1) + a f(W_in u(t) + W x(t-1) + W_fb y(t-1) + b), unit by unit."""
    n = len(W)
    x = [0.0] * n if state is None else list(state)
    y = None if outputs is None else [0.0] * outputs.shape[1]
    states = []
    for t, u in enumerate(inputs):
        new = []
        for i in range(n):
            z = b[i] + sum(W[i][j] * x[j] for j in range(n))
            z += sum(W_in[i][k] * u[k] for k in range(len(u)))
            if outputs is not None:
                z += sum(W_fb[i][k] * y[k] for k in range(len(y)))
            new.append((1 - a[i]) * x[i] + a[i] * ACTIVATIONS[f](z))
        x = new
        if outputs is not None:
            y = list(outputs[t])
        states.append(x)
    return np.array(states)


def deep_states(layers, f, inputs, W_fb=None, outputs=None):
    """States of stacked layers (W, W_in, b, a), side by side; each drives the one above it."""
    states = [leaky_states(*layers[0], f, inputs, W_fb, outputs)]
    for layer in layers[1:]:
        states.append(leaky_states(*layer, f, states[-1]))
    return np.hstack(states)


def closed_loop(layers, f, W_fb, read, inputs, state, output):
    """Outputs y(t) = read([x(t); u(t)]), each fed back through W_fb into the first layer."""
    n = len(layers[0][0])
    xs = [np.array(state[n * i : n * (i + 1)]) for i in range(len(layers))]
    y, outputs = np.array(output), []
    for u in inputs:
        signal, back = u, W_fb @ y
        for i, (W, W_in, b, a) in enumerate(layers):
            z = W_in @ signal + W @ xs[i] + b + back
            xs[i] = (1 - a) * xs[i] + a * np.array([ACTIVATIONS[f](value) for value in z])
            signal, back = xs[i], 0
        y = read(np.concatenate([*xs, u]))
        outputs.append(y)
    return np.array(outputs)


def pool(features, kind, warmup):
    """The mean of the rows after the warm-up, or the last row where there are none."""
    if kind == "last" or len(features) <= warmup:
        return features[-1]
    return features[warmup:].mean(axis=0)


def ridge(S, Y, alpha, weight=None):
    """Coefficients (q, p) and intercept of least squares with a penalty on the coefficients."""
    weight = np.ones(len(S)) if weight is None else weight
    p = S.shape[1]
    A = np.column_stack([S, np.ones(len(S))])
    root = np.sqrt(weight)[:, None]
    penalty = np.sqrt(alpha) * np.eye(p, p + 1)
    solution = np.linalg.lstsq(
        np.vstack([root * A, penalty]), np.vstack([root * Y, np.zeros((p, Y.shape[1]))]), rcond=None
    )[0]
    return solution[:p].T, solution[p]


TABLEAUS = {  # stages a, weights b, nodes c
    "euler": ([[]], [1], [0]),
    "exponential_euler": ([[]], [1], [0.5]),
    "heun": ([[], [1]], [1 / 2, 1 / 2], [0, 1]),
    "rk4": ([[], [1 / 2], [0, 1 / 2], [0, 0, 1]], [1 / 6, 1 / 3, 1 / 3, 1 / 6], [0, 0.5, 0.5, 1]),
}


def flow_states(
    W, W_in, bias, tau, inputs, intervals, state, *, dynamics="beer", integrator="euler",
    step=None, previous=None, activation=np.tanh,
):  # fmt: skip
    """Return the states of a continuous network; `previous` is the input before, if linear."""
    a, b, c = TABLEAUS[integrator]
    x, states = np.array(state, float), []
    before = previous
    for u, interval in zip(inputs, intervals, strict=True):
        n_steps = 1 if step is None else max(1, int(np.ceil(interval / step - 1e-3)))
        h = interval / n_steps
        rate = 1 - np.exp(-h / tau) if integrator == "exponential_euler" else h / tau
        for k in range(n_steps):
            slopes = []
            for row, node in zip(a, c, strict=True):
                y = x + sum((w * s for w, s in zip(row, slopes, strict=True)), np.zeros(len(x)))
                share = (k + node) / n_steps
                signal = u if previous is None else before + share * (u - before)
                if dynamics == "beer":
                    target = W @ activation(y + bias) + W_in @ signal
                else:
                    target = activation(W @ y + W_in @ signal + bias)
                slopes.append(rate * (target - y))
            x = x + sum(w * s for w, s in zip(b, slopes, strict=True))
        before = u
        states.append(x)
    return np.array(states)
