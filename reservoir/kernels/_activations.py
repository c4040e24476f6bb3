"""Activation functions of a reservoir, applied in place to a vector of preactivations."""

import math

import numpy as np
from numpy.typing import NDArray

from reservoir.kernels._jit import jit

ACTIVATIONS = {"tanh": 0, "identity": 1, "relu": 2, "sigmoid": 3}


@jit
def activate(code: int, x: NDArray[np.floating]) -> None:
    """Replace each element of x by f(x); NaN stays NaN."""
    if code == 0:
        for i in range(x.shape[0]):
            x[i] = math.tanh(x[i])
    elif code == 2:
        for i in range(x.shape[0]):
            if x[i] < 0:
                x[i] = 0
    elif code == 3:
        for i in range(x.shape[0]):
            # the same function as 1 / (1 + exp(-x)), without its overflow
            x[i] = 0.5 + 0.5 * math.tanh(0.5 * x[i])
