"""Compiling ahead of time what fits and predictions will need."""

import os.path
from collections.abc import Iterator
from itertools import product
from typing import Any
from warnings import warn

import numpy as np

DTYPES, TOPOLOGIES = ("float64", "float32"), ("random", "dense")
CELLS = ("elman", "gru", "lstm")
LONG, SHORT = 4500, 16  # rows that run in lockstep, and rows that run one after the other


def warmup(*, verbose: bool = True) -> None:
    """Compile the kernels of echo state and trained networks, so that no later call has to.

    A kernel is compiled when it is first called, and kept for all later processes: in numba's
    cache folder of the user, or in that named by the environment variable ``NUMBA_CACHE_DIR``.
    Call this once after an installation, in an image for example; where everything is compiled
    already it takes seconds, else one or two minutes. It runs small echo state networks, sparse and
    dense, in double and single precision, side by side, alone and on their own output, a
    continuous one, and trains Elman, GRU and LSTM networks in single precision, which is their
    default.

    Parameters
    ----------
    verbose : bool, default=True
        Whether to show a progress bar.

    Warns
    -----
    UserWarning
        If nothing can be kept, because the folder cannot be written.

    Examples
    --------
    >>> import reservoir
    >>> reservoir.warmup(verbose=False)
    """
    from tqdm import tqdm

    from reservoir._interrupt import PutOffInterrupt
    from reservoir.kernels._activations import activate

    n_steps = 3 * len(DTYPES) * len(TOPOLOGIES) + 2 + len(CELLS)
    with (
        PutOffInterrupt() as interrupt,  # numba would take Ctrl-C for an error of its own
        tqdm(total=n_steps, desc="Compiling", unit="step", disable=not verbose) as progress,
    ):
        for _ in _uses():
            progress.update()
            if interrupt.requested:
                raise KeyboardInterrupt
    folder = activate.stats.cache_path
    if folder is None or not os.path.isdir(folder):
        warn(
            f"What was compiled is lost with this process, since {folder or 'its cache folder'} "
            "cannot be written; set the environment variable NUMBA_CACHE_DIR to a folder that can.",
            stacklevel=2,
        )


def _uses() -> Iterator[Any]:
    """Call everything that is compiled, one thing after the other."""
    from reservoir.estimators import (
        CTRNNRegressor,
        ESNRegressor,
        ESNTransformer,
        RecursiveLeastSquares,
        RNNRegressor,
    )

    X = np.sin(np.arange(LONG + 1.0))[:, None]
    inputs, targets = X[:SHORT], X[1 : SHORT + 1, 0]
    yield RecursiveLeastSquares().fit(inputs, targets)
    for dtype, topology in product(DTYPES, TOPOLOGIES):
        network: dict[str, Any] = {"topology": topology, "dtype": dtype, "random_state": 0}
        transformer = ESNTransformer(n_units=16, **network).fit(X)
        yield transformer.transform(X)
        yield transformer.transform(inputs)
        yield ESNRegressor(n_units=16, alpha=1e-3, **network).fit(inputs, targets).generate(2)
    ctrnn = CTRNNRegressor(n_units=16, alpha=1e-3, random_state=0).fit(X[:-1], X[1:, 0])
    yield ctrnn.predict(inputs)
    for cell in CELLS:
        network_of_cell = RNNRegressor(cell=cell, n_units=4, max_iter=1, random_state=0)
        network_of_cell.fit(inputs, targets)
        yield network_of_cell.stream()(inputs[0])
