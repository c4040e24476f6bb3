"""The two statistics that ridge regression is solved from: a Gram matrix, a triangular factor."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Kind = Literal["gram", "factor"]

EPSILON = float(np.finfo(np.float64).eps)

# Rounding moved singular values of dependent states by up to 2.2 EPSILON of their root sum of
# squares, and eigenvalues of their Gram matrix by up to 0.9 EPSILON of its trace (1000 to
# 200,000 rows); ten times EPSILON is therefore taken as the noise.
NOISE = 10 * EPSILON

# Rows wait until there are so many: the product and the QR of a block of 1000 states both run
# at full speed from 512 rows on.
BLOCK_ROWS = 1024


class Spectrum(NamedTuple):
    """The centred states' second moment taken apart, ``SᵀS = V diag(squares) Vᵀ``.

    `squares` (n_states,) are the squared singular values of the states, the columns of
    `directions` (n_states, n_states) are V, `products` (n_states, n_targets) are ``Vᵀ Sᵀ Y``,
    and `unexplained` (n_targets,) is what least squares on the directions above the noise
    leaves of the targets' squares.
    """

    squares: Array
    directions: Array
    products: Array
    unexplained: Array


class Statistics(ABC):
    """Weighted mean and centred second moment of rows ``[s | y]``, in float64.

    The contract of `GramStatistics` and `FactorStatistics`; see `make_statistics`.

    Attributes
    ----------
    n_states, n_targets : int
        Columns of the states and of the targets.
    n_rows : int
        Rows of positive weight that were added.
    n_dropped : int
        Rows that were left out because their target had a NaN.
    """

    kind: ClassVar[Kind]

    def __init__(self, n_states: int, n_targets: int) -> None:
        if n_states < 1 or n_targets < 1:
            raise ValueError(
                f"n_states and n_targets must be at least 1, got {n_states} and {n_targets}"
            )
        self.n_states = int(n_states)
        self.n_targets = int(n_targets)
        self.n_rows = 0
        self.n_dropped = 0
        width = self.n_states + self.n_targets
        self._weight = 0.0
        self._mean = np.zeros(width)
        self._moment = np.zeros((width, width), order="F")
        self._waiting_rows = np.empty((0, width))
        self._waiting_weights = np.empty(0)
        self._n_waiting = 0

    def update(
        self, states: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> int:
        """Add rows.

        Into which blocks a series is cut changes nothing, not even the last bit, as long as
        nothing is read in between.

        Parameters
        ----------
        states : array-like of shape (n_rows, n_states)
            The states, finite.
        targets : array-like of shape (n_rows, n_targets), or (n_rows,) for one target
            The targets. Rows with a NaN are left out.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights of the rows, none negative; 1 each when None. Rows of weight 0 are left out.

        Returns
        -------
        int
            How many rows of positive weight were left out because of a NaN in their target.

        Raises
        ------
        ValueError
            When shapes do not fit, states are not finite, a target is infinite, or a weight is
            negative or not finite.
        """
        states, targets, weights = self._check_rows(states, targets, sample_weight)
        missing = np.isnan(targets).any(axis=1)
        used = weights > 0
        n_dropped = int(np.count_nonzero(missing & used))
        self.n_dropped += n_dropped
        used &= ~missing
        if not used.all():
            states, targets, weights = states[used], targets[used], weights[used]
        self.n_rows += len(states)
        start = 0
        while start < len(states):
            start += self._let_wait(states[start:], targets[start:], weights[start:])
        return n_dropped

    def merge(self, other: "Statistics") -> Self:
        """Add what other statistics have gathered; the other ones keep it.

        Parameters
        ----------
        other : GramStatistics or FactorStatistics
            Statistics of the same kind and sizes.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            When kind or sizes differ.
        """
        ours = (self.kind, self.n_states, self.n_targets)
        theirs = (other.kind, other.n_states, other.n_targets)
        if ours != theirs:
            raise ValueError(
                "statistics to merge must have the same kind, number of states and number of "
                f"targets, got {ours} and {theirs}; gather both with the same settings"
            )
        self._settle()
        other._settle()
        self._add_moment(other)
        self._add_rows(self._join(other._weight, other._mean)[np.newaxis])
        self.n_rows += other.n_rows
        self.n_dropped += other.n_dropped
        return self

    @property
    def weight(self) -> float:
        """Sum of the weights."""
        self._settle()
        return self._weight

    @property
    def mean(self) -> Array:
        """Weighted mean of the rows, shape (n_states + n_targets,)."""
        self._settle()
        return self._mean.copy()

    @property
    @abstractmethod
    def gram(self) -> Array:
        """Weighted ``ZᵀZ`` of the centred rows ``[s | y]``."""

    @property
    @abstractmethod
    def trace(self) -> float:
        """Sum of the squares of the centred states."""

    @property
    @abstractmethod
    def noise(self) -> float:
        """Squared singular values up to this size cannot be told from rounding."""

    @abstractmethod
    def spectrum(self) -> Spectrum:
        """Take the second moment of the states apart."""

    @abstractmethod
    def _add_rows(self, rows: Array) -> None:
        """Add centred and weighted rows to the second moment."""

    @abstractmethod
    def _add_moment(self, other: "Statistics") -> None:
        """Add the second moment of the same kind of statistics."""

    def _check_rows(
        self, states: ArrayLike, targets: ArrayLike, sample_weight: ArrayLike | None
    ) -> tuple[NDArray[Any], NDArray[Any], Array]:
        states, targets = np.asarray(states), np.asarray(targets)
        if targets.ndim == 1 and self.n_targets == 1:
            targets = targets[:, np.newaxis]
        n_rows = len(states)
        if states.shape != (n_rows, self.n_states) or targets.shape != (n_rows, self.n_targets):
            raise ValueError(
                f"states and targets must be of shapes (n_rows, {self.n_states}) and "
                f"(n_rows, {self.n_targets}), got {states.shape} and {targets.shape}"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            total = states.sum()  # sees NaN and infinity without an array of booleans
        if not np.isfinite(total) and not np.isfinite(states).all():
            raise ValueError(
                "states must be finite, got NaN or infinity; lower the spectral radius, or the "
                "scale of the input or of the feedback"
            )
        if np.isinf(targets).any():
            raise ValueError("targets must be finite, or NaN to be left out, got infinity")
        if sample_weight is None:
            return states, targets, np.ones(n_rows)
        weights = np.asarray(sample_weight, dtype=np.float64)
        if weights.shape != (n_rows,):
            raise ValueError(
                f"sample_weight must have one weight for each of {n_rows} rows, got shape "
                f"{weights.shape}"
            )
        if not np.isfinite(weights).all() or (weights < 0).any():
            raise ValueError(
                "sample_weight must be finite and not negative, got "
                f"{weights[~(np.isfinite(weights) & (weights >= 0))][0]}"
            )
        return states, targets, weights

    def _let_wait(self, states: NDArray[Any], targets: NDArray[Any], weights: Array) -> int:
        """Copy as many rows as there is room for, and say how many that were."""
        if not len(self._waiting_weights):
            self._waiting_rows = np.empty((BLOCK_ROWS + 1, self.n_states + self.n_targets))
            self._waiting_weights = np.empty(BLOCK_ROWS)
        first = self._n_waiting
        n_rows = min(len(states), BLOCK_ROWS - first)
        here = slice(first, first + n_rows)
        self._waiting_rows[here, : self.n_states] = states[:n_rows]
        self._waiting_rows[here, self.n_states :] = targets[:n_rows]
        self._waiting_weights[here] = weights[:n_rows]
        self._n_waiting += n_rows
        if self._n_waiting == BLOCK_ROWS:
            self._settle()
        return n_rows

    def _settle(self) -> None:
        """Add the waiting rows to the mean and the second moment."""
        n_rows = self._n_waiting
        if n_rows == 0:
            return
        rows, weights = self._waiting_rows[:n_rows], self._waiting_weights[:n_rows]
        weight = float(weights.sum())
        # by the BLAS of the product below: threads of NumPy's own would still wait for more work
        mean = scipy.linalg.blas.dgemv(1 / weight, rows.T, weights)
        rows -= mean
        if (weights != 1).any():
            rows *= np.sqrt(weights)[:, np.newaxis]
        self._waiting_rows[n_rows] = self._join(weight, mean)
        self._add_rows(self._waiting_rows[: n_rows + 1])
        self._n_waiting = 0

    def _join(self, weight: float, mean: Array) -> Array:
        """Join the mean of other rows to ours, and return the row this adds to the moment.

        Two centred moments together lack ``w₁w₂ / (w₁ + w₂)`` times the square of the
        difference of their means: the pairwise algorithm of T. F. Chan, G. H. Golub and
        R. J. LeVeque, "Algorithms for computing the sample variance", The American
        Statistician 37(3), 1983.
        """
        total = self._weight + weight
        share = weight / total if total else 0.0
        step = mean - self._mean
        row = np.sqrt(self._weight * share) * step
        self._mean = self._mean + share * step
        self._weight = total
        return row

    def __getstate__(self) -> dict[str, Any]:
        self._settle()
        no_rows = np.empty((0, self.n_states + self.n_targets))
        triangle, _ = scipy.linalg.lapack.dtrttp(self._moment, uplo="U")
        return {
            **self.__dict__,
            "_moment": triangle,
            "_waiting_rows": no_rows,
            "_waiting_weights": np.empty(0),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        square, _ = scipy.linalg.lapack.dtpttr(len(self._mean), self._moment, uplo="U")
        self._moment = np.asfortranarray(np.triu(square))


class GramStatistics(Statistics):
    """Statistics that hold the Gram matrix ``ZᵀZ`` of the centred rows, by BLAS ``syrk``.

    Made by `make_statistics`; see there for parameters.
    """

    kind = "gram"

    @property
    def gram(self) -> Array:
        """Weighted ``ZᵀZ`` of the centred rows ``[s | y]``."""
        self._settle()
        return np.triu(self._moment) + np.triu(self._moment, 1).T

    @property
    def trace(self) -> float:
        """Sum of the squares of the centred states."""
        self._settle()
        return float(np.trace(self._moment[: self.n_states, : self.n_states]))

    @property
    def noise(self) -> float:
        """Eigenvalues up to this size cannot be told from rounding."""
        return NOISE * self.trace

    def spectrum(self) -> Spectrum:
        """Eigenvalues and eigenvectors of the Gram matrix of the states."""
        self._settle()
        p = self.n_states
        squares, directions = scipy.linalg.eigh(self._moment[:p, :p], lower=False)
        products = directions.T @ self._moment[:p, p:]
        clear = squares > self.noise
        explained = (products[clear] ** 2 / squares[clear, np.newaxis]).sum(axis=0)
        total = np.diagonal(self._moment)[p:]
        # The difference of two sums cannot be known better than their rounding.
        return Spectrum(squares, directions, products, np.maximum(total - explained, NOISE * total))

    def as_factor(self) -> "FactorStatistics":
        """Statistics of the same rows as a triangular factor, of the digits that are left."""
        squares, directions = scipy.linalg.eigh(self.gram)
        root = np.sqrt(np.maximum(squares, 0))[:, np.newaxis] * directions.T
        factor = FactorStatistics(self.n_states, self.n_targets)
        factor._moment = np.asfortranarray(scipy.linalg.qr(root, mode="r")[0])
        factor._weight, factor._mean = self._weight, self._mean.copy()
        factor.n_rows, factor.n_dropped = self.n_rows, self.n_dropped
        return factor

    def solve_cholesky(self, alpha: float) -> Array:
        """Solve for the coefficients (n_targets, n_states) with one alpha above the noise."""
        self._settle()
        p = self.n_states
        penalised = self._moment[:p, :p].copy(order="F")
        penalised[np.diag_indices(p)] += alpha
        factor = scipy.linalg.cho_factor(penalised, overwrite_a=True, check_finite=False)
        return scipy.linalg.cho_solve(factor, self._moment[:p, p:], check_finite=False).T

    def _add_rows(self, rows: Array) -> None:
        # The transpose of C-ordered rows is what Fortran takes without a copy. Where joblib has
        # mapped the moment into memory read-only, BLAS would write into it all the same.
        self._moment = scipy.linalg.blas.dsyrk(
            1.0, rows.T, beta=1.0, c=self._moment, overwrite_c=self._moment.flags.writeable
        )

    def _add_moment(self, other: Statistics) -> None:
        self._moment = self._moment + other._moment


class FactorStatistics(Statistics):
    """Statistics that hold a triangular R with ``RᵀR = ZᵀZ``, by LAPACK ``tpqrt``.

    Made by `make_statistics`; see there for parameters.
    """

    kind = "factor"

    @property
    def gram(self) -> Array:
        """Weighted ``ZᵀZ = RᵀR`` of the centred rows ``[s | y]``."""
        self._settle()
        return self._moment.T @ self._moment

    @property
    def trace(self) -> float:
        """Sum of the squares of the centred states."""
        self._settle()
        with np.errstate(over="ignore"):  # found before the readout is solved
            return float(np.square(self._moment[: self.n_states, : self.n_states]).sum())

    @property
    def noise(self) -> float:
        """Squared singular values up to this size cannot be told from rounding."""
        # The rounding of the rows before they were centred is as large as their means.
        mean = self.mean[: self.n_states]
        return NOISE**2 * (self.trace + self.weight * float(mean @ mean))

    def spectrum(self) -> Spectrum:
        """Squared singular values and right singular vectors of the states."""
        self._settle()
        p = self.n_states
        left, singular, right = scipy.linalg.svd(self._moment[:p, :p])
        loadings = left.T @ self._moment[:p, p:]
        squares = singular**2
        faint = squares <= self.noise
        unexplained = (self._moment[p:, p:] ** 2).sum(axis=0) + (loadings[faint] ** 2).sum(axis=0)
        return Spectrum(squares, right.T, singular[:, np.newaxis] * loadings, unexplained)

    def _add_rows(self, rows: Array) -> None:
        block_size = min(32, len(self._moment))  # of 8 to 128 the fastest at 1000 states
        self._moment, *_ = scipy.linalg.lapack.dtpqrt(
            0, block_size, self._moment, rows, overwrite_a=self._moment.flags.writeable
        )

    def _add_moment(self, other: Statistics) -> None:
        self._add_rows(other._moment)
