"""Compiled linear algebra: recursive least squares on a factored covariance."""

import numpy as np
from numpy.typing import NDArray

from reservoir.kernels._jit import jit


@jit
def update_recursive_least_squares(
    factor: NDArray[np.float64],
    scale: NDArray[np.float64],
    coef: NDArray[np.float64],
    rows: NDArray[np.float64],
    targets: NDArray[np.float64],
    weights: NDArray[np.float64],
    forgetting: float,
    largest_scale: float,
) -> int:
    """Learn row after row, in place, and count the scales held at their largest value.

    The covariance is ``P = U D Uᵀ``. `factor` holds in row j the entries of column j of U above
    its unit diagonal, `scale` (n,) the diagonal of D, and `coef` (n_targets, n) the weights.
    The update of U and D is G. J. Bierman's, "Measurement updating using the U-D
    factorization", Automatica 12(4), 1976: D stays positive whatever the rounding.
    """
    n = rows.shape[1]
    gain = np.empty(n)
    for t in range(rows.shape[0]):
        if weights[t] == 0.0:
            continue
        z = rows[t]
        variance = forgetting / weights[t]
        for j in range(n):
            column = factor[j]
            f = z[j]
            for i in range(j):
                f += column[i] * z[i]
            v = scale[j] * f
            joined = variance + f * v
            scale[j] = min(scale[j] * (variance / joined) / forgetting, largest_scale)
            slope = -f / variance
            for i in range(j):
                u = column[i]
                column[i] = u + slope * gain[i]
                gain[i] += v * u
            gain[j] = v
            variance = joined
        for k in range(coef.shape[0]):
            error = targets[t, k]
            for i in range(n):
                error -= coef[k, i] * z[i]
            error /= variance
            for i in range(n):
                coef[k, i] += error * gain[i]
    return int(np.sum(scale == largest_scale))
