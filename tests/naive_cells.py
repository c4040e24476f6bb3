"""Slow twins of the cells, written from the equations, one number after the other."""

import math

import numpy as np


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


TWINS = {
    "elman": elman,
    "jordan": fully_recurrent,
    "fully_recurrent": fully_recurrent,
    "leaky": leaky,
    "gru": gru,
    "lstm": lstm,
}
