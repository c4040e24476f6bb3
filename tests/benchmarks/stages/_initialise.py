"""Drawing W and scaling it to its spectral radius, a fresh seed each round."""

from collections.abc import Iterator
from typing import Any

from scipy import sparse

from tests.benchmarks._networks import SPECTRAL_RADIUS, Size, spectral_radius
from tests.benchmarks._race import Row, Run
from tests.benchmarks.contestants import Contestant


def rows(quick: bool) -> Iterator[Row]:
    for n_units in (300, 1000) if quick else (100, 300, 1000, 2000):
        yield _row(Size(n_units, 10 / n_units))
    for n_units in () if quick else (300, 1000, 2000):
        yield _row(Size(n_units, 1.0))


def _row(size: Size) -> Row:
    def enter(contestant: Contestant) -> Run:
        initialise = contestant.method("initialise")
        return lambda amount, number: initialise(size, 100 + number)

    return Row("initialise", str(size), enter, check=lambda contestant, W: _check(W, size))


def _check(W: Any, size: Size) -> str:
    """Raise AssertionError if the weights are not scaled; remark on another density."""
    radius = spectral_radius(W)
    n_links = W.nnz if sparse.issparse(W) else (W != 0).sum()
    density = n_links / size.n_units**2
    assert abs(radius - SPECTRAL_RADIUS) < 1e-3, (
        f"the spectral radius is {radius:.3f}, not {SPECTRAL_RADIUS}"
    )
    if abs(density / size.connectivity - 1) > 0.1:
        return f"{density:.2%} of all links, not {size.connectivity:.2%}"
    return ""
