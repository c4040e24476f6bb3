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


def closed_loop(W, W_in, b, a, f, W_fb, C, c, inputs, state, output):
    """Outputs y(t) = C [x(t); u(t)] + c, each fed back through W_fb in the next step."""
    x, y, outputs = np.array(state), np.array(output), []
    for u in inputs:
        z = W_in @ u + W @ x + W_fb @ y + b
        x = (1 - a) * x + a * np.array([ACTIVATIONS[f](value) for value in z])
        y = C @ np.concatenate([x, u]) + c
        outputs.append(y)
    return np.array(outputs)


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
