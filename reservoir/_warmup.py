"""Compiling ahead of time what fits and predictions will need."""

from itertools import product

import numpy as np

LONG, SHORT = 2048, 16  # rows that run in lockstep, and rows that run one after the other


def warmup(*, verbose: bool = True) -> None:
    """Compile the kernels of echo state networks, so that no later call has to.

    Numba compiles a kernel when it is first called and keeps it in a cache folder, beside the
    package or in the user's own, for all later processes. Call this once after an installation,
    in an image for example; where everything is compiled already it takes seconds. It runs small
    networks, sparse and dense, in double and single precision: they fit, predict, run together
    and run by themselves.

    Parameters
    ----------
    verbose : bool, default=True
        Whether to show a progress bar.

    Examples
    --------
    >>> import reservoir
    >>> reservoir.warmup(verbose=False)
    """
    from tqdm import tqdm

    from reservoir.estimators import ESNRegressor

    X = np.sin(np.arange(LONG + 1.0))[:, None]
    kinds = list(product(("float64", "float32"), ("random", "dense")))
    for dtype, topology in tqdm(kinds, desc="Compiling", unit="kind", disable=not verbose):
        esn = ESNRegressor(
            n_units=16, topology=topology, warmup=1, alpha=1e-3, dtype=dtype, random_state=0
        ).fit(X[:-1], X[1:, 0])
        esn.predict(X[:SHORT])
        esn.generate(2)
