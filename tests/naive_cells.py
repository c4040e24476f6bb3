"""Slow twins of the cells, written from the equations, one number after the other."""

import math

import numpy as np

from tests.naive import TABLEAUS


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


FUNCTIONS = {
    "tanh": math.tanh,
    "sigmoid": sigmoid,
    "relu": lambda x: max(x, 0.0),
    "identity": float,
}


def product(x, W, j):
    return sum(x[i] * W[i][j] for i in range(len(x)))


def elman(cell, p, x, state, teacher=None):
    f = FUNCTIONS[cell.activation]
    h, path = list(state), []
    for u in x:
        h = [
            f(product(u, p.input_weights, j) + product(h, p.recurrent_weights, j) + p.bias[j])
            for j in range(len(h))
        ]
        path.append(h)
    return np.array(path)


def leaky(cell, p, x, state, teacher=None):
    f = FUNCTIONS[cell.activation]
    h, path = list(state), []
    for u in x:
        new = []
        for j in range(len(h)):
            a = sigmoid(p.leak[j])
            pre = product(u, p.input_weights, j) + product(h, p.recurrent_weights, j) + p.bias[j]
            new.append((1 - a) * h[j] + a * f(pre))
        h = new
        path.append(h)
    return np.array(path)


def gru(cell, p, x, state, teacher=None):
    n = len(state)
    h, path = list(state), []
    for u in x:
        new = []
        for j in range(n):
            W, U, b = p.input_weights, p.recurrent_weights, p.bias
            r = sigmoid(product(u, W, j) + product(h, U, j) + b[j])
            z = sigmoid(product(u, W, n + j) + product(h, U, n + j) + b[n + j])
            inner = product(h, U, 2 * n + j) + p.reset_bias[j]
            candidate = math.tanh(product(u, W, 2 * n + j) + b[2 * n + j] + r * inner)
            new.append((1 - z) * candidate + z * h[j])
        h = new
        path.append(h)
    return np.array(path)


def lstm(cell, p, x, state, teacher=None):
    n = len(state) // 2
    h, c, path = list(state[:n]), list(state[n:]), []
    holes = p.peepholes if cell.peepholes else np.zeros((3, n))
    for u in x:
        new_h, new_c = [], []
        for j in range(n):

            def gate(k, j=j, u=u, h=h):
                column = k * n + j
                return (
                    product(u, p.input_weights, column)
                    + product(h, p.recurrent_weights, column)
                    + p.bias[column]
                )

            i = sigmoid(gate(0) + holes[0][j] * c[j])
            g = math.tanh(gate(2))
            f = sigmoid(gate(3) + holes[2][j] * c[j]) if cell.forget_gate else 1.0
            content = f * c[j] + i * g
            o = sigmoid(gate(1) + holes[1][j] * content)
            new_c.append(content)
            new_h.append(o * math.tanh(content))
        h, c = new_h, new_c
        path.append(h + c)
    return np.array(path)


def fully_recurrent(cell, p, x, state, teacher=None):
    """With a teacher, (value, share) of each step takes the place of what is fed back."""
    f = FUNCTIONS[cell.activation]
    n = len(p.bias)
    h, y, path = list(state[:n]), list(state[n:]), []
    for t, u in enumerate(x):
        fed = y
        if teacher is not None:
            values, share = teacher[0][t], teacher[1][t]
            fed = [share * d + (1 - share) * own for d, own in zip(values, y, strict=True)]
        past = h if len(p.recurrent_weights) else []
        h = [
            f(
                product(u, p.input_weights, j)
                + product(past, p.recurrent_weights, j)
                + product(fed, p.feedback_weights, j)
                + p.bias[j]
            )
            for j in range(n)
        ]
        y = [
            product(h, p.output_weights, k) + product(u, p.direct_weights, k) + p.output_bias[k]
            for k in range(len(y))
        ]
        path.append(h + y)
    return np.array(path)


def ctrnn(cell, p, x, state, teacher=None):
    """Rows of x hold u, the interval, and the u before if the input is linear."""
    a, b, c = TABLEAUS[cell.integrator]
    f, k = FUNCTIONS[cell.activation], len(p.input_weights)
    y, path, units = [float(v) for v in state], [], range(len(p.bias))
    tau = [math.exp(v) for v in p.log_time_constants]
    for row in x:
        now, interval = row[:k], float(row[k])
        was = row[k + 1 :] if cell.linear else now
        n_steps = 1 if cell.step is None else max(1, math.ceil(interval / cell.step - 1e-3))
        h = interval / n_steps
        rate = [h / t for t in tau]
        if cell.integrator == "exponential_euler":
            rate = [-math.expm1(-h / t) for t in tau]
        for part in range(n_steps):
            slopes = []
            for weights, node in zip(a, c, strict=True):
                z = [
                    y[i] + sum(w * s[i] for w, s in zip(weights, slopes, strict=True))
                    for i in units
                ]
                share = (part + node) / n_steps
                u = [was[j] + share * (now[j] - was[j]) for j in range(k)]
                if cell.dynamics == "beer":
                    fired = [f(z[i] + p.bias[i]) for i in units]
                    target = [
                        product(fired, p.recurrent_weights, i) + product(u, p.input_weights, i)
                        for i in units
                    ]
                else:
                    target = [
                        f(
                            product(z, p.recurrent_weights, i)
                            + product(u, p.input_weights, i)
                            + p.bias[i]
                        )
                        for i in units
                    ]
                slopes.append([rate[i] * (target[i] - z[i]) for i in units])
            y = [y[i] + sum(w * s[i] for w, s in zip(b, slopes, strict=True)) for i in units]
        path.append(y)
    return np.array(path)


def mtrnn(cell, p, x, state, teacher=None):
    f, n = FUNCTIONS[cell.activation], len(p.bias)
    taus = [tau for size, tau in cell.groups for _ in range(size)]
    u, y, path = list(state[:n]), list(state[n:]), []
    for t, row in enumerate(x):
        fed = y
        if teacher is not None:
            values, share = teacher[0][t], teacher[1][t]
            fed = [share * d + (1 - share) * own for d, own in zip(values, y, strict=True)]
        fired = [f(each) for each in u]
        u = [
            (1 - 1 / taus[j]) * u[j]
            + (
                product(fired, p.recurrent_weights, j)
                + product(fed, p.feedback_weights, j)
                + product(row, p.input_weights, j)
                + p.bias[j]
            )
            / taus[j]
            for j in range(n)
        ]
        fired = [f(each) for each in u]
        y = [product(fired, p.output_weights, k) + p.output_bias[k] for k in range(len(y))]
        path.append(u + y)
    return np.array(path)


TWINS = {
    "mtrnn": mtrnn,
    "ctrnn": ctrnn,
    "elman": elman,
    "jordan": fully_recurrent,
    "fully_recurrent": fully_recurrent,
    "leaky": leaky,
    "gru": gru,
    "lstm": lstm,
}
