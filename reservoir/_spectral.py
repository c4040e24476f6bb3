"""Spectral radius of irreducible matrices, by the solver that suits each."""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import ArpackError, eigs, splu


def irreducible_radius(block: sparse.csr_array) -> float:
    """Return the spectral radius of a matrix whose graph is strongly connected."""
    n = block.shape[0]
    if n <= 200 or block.nnz > 0.1 * n * n:
        return _dense_radius(block)
    if block.nnz <= 3 * n and (block.data > 0).all():
        root = _perron_root(block)
        if root is not None:
            return root
    start = np.random.default_rng(0).standard_normal(n)
    try:
        leading = eigs(
            block, k=6, ncv=60, v0=start, maxiter=100, tol=1e-10, return_eigenvectors=False
        )
    except ArpackError:
        return _dense_radius(block)
    return float(np.abs(leading).max())


def _dense_radius(block: sparse.csr_array) -> float:
    """Return the spectral radius from all eigenvalues."""
    return float(np.abs(np.linalg.eigvals(block.toarray())).max())


def _perron_root(block: sparse.csr_array) -> float | None:
    """Return the leading eigenvalue of a non-negative irreducible matrix, None if not found.

    Noda's iteration: the shift is the upper Collatz-Wielandt bound, and the root lies between the
    two bounds, so their distance is the error.
    """
    W = block.tocsc()
    identity = sparse.eye_array(W.shape[0], format="csc")
    x = np.ones(W.shape[0])
    for _ in range(50):
        growth = (W @ x) / x
        lower, upper = growth.min(), growth.max()
        if upper - lower <= 1e-10 * upper:
            return float(upper)
        try:
            with np.errstate(all="ignore"):
                x = splu(upper * identity - W).solve(x)
                x /= x.max()
        except RuntimeError:  # exactly singular
            break
        if not (x > 0).all():  # the eigenvector spans more than floats do
            break
    return None
