"""Linear readouts, solved from statistics that are gathered block by block and can be merged.

With rows ``z = [s | y]``, the states and the targets side by side, ridge regression needs no
more than the number of rows, the mean of ``z`` and the second moment of the centred rows Z. Two
statistics hold that moment behind one contract:

- `GramStatistics` holds the matrix ``ZᵀZ``. It is fast, and it squares the condition number.
- `FactorStatistics` holds the triangular ``R`` of a QR decomposition of Z, so that
  ``RᵀR = ZᵀZ``, and never squares anything. It takes about three times as long.

`choose_statistics` says which of them a penalty can afford; `solve_ridge` solves either.
"""

from dataclasses import dataclass
from numbers import Real
from typing import Any
from warnings import warn

import numpy as np
import scipy.linalg
from numpy.typing import ArrayLike, NDArray

from reservoir._statistics import (
    EPSILON,
    Array,
    FactorStatistics,
    GramStatistics,
    Kind,
    Spectrum,
    Statistics,
)

__all__ = [
    "FactorStatistics",
    "GramStatistics",
    "RidgeSolution",
    "check_solvable",
    "choose_statistics",
    "keeps_digits",
    "make_statistics",
    "merge_statistics",
    "ridge_candidates",
    "solve_ridge",
    "solve_ridge_path",
]

Alpha = float | NDArray[Any] | list[float] | tuple[float, ...]

# On smooth, nearly collinear states the coefficients from the Gram matrix were wrong by at most
# 0.2 EPSILON trace / alpha of their norm. From this many times EPSILON trace on, nearly four
# digits of the coefficients are right and predictions move by about 1e-5 of their residual.
GRAM_LIMIT = 1000 * EPSILON

# An eigendecomposition takes as long as some 16 Cholesky decompositions (300 to 1000 states).
CHOLESKY_LIMIT = 16


def make_statistics(n_states: int, n_targets: int, kind: Kind) -> Statistics:
    """Empty statistics of rows ``[s | y]``, to be filled with `update`.

    Parameters
    ----------
    n_states, n_targets : int
        Columns of the states and of the targets.
    kind : {"gram", "factor"}
        What the second moment is held as: the Gram matrix, which is fast, or the triangular
        factor, which keeps all digits. See `choose_statistics`.

    Returns
    -------
    GramStatistics or FactorStatistics
        Statistics of no rows.

    Raises
    ------
    ValueError
        When `kind` is neither of the two, or a number of columns is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.readout import make_statistics, solve_ridge
    >>> states = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> first, second = make_statistics(1, 1, "factor"), make_statistics(1, 1, "factor")
    >>> first.update(states[:2], 2 * states[:2] + 1)  # the number of rows left out
    0
    >>> second.update(states[2:], 2 * states[2:] + 1)
    0
    >>> solution = solve_ridge(first.merge(second), alpha=0.0)
    >>> solution.coef.round(6), solution.intercept.round(6)
    (array([[2.]]), array([1.]))
    """
    kinds = {"gram": GramStatistics, "factor": FactorStatistics}
    if kind not in kinds:
        raise ValueError(f"kind must be 'gram' or 'factor', got {kind!r}")
    return kinds[kind](n_states, n_targets)


def choose_statistics(first_states: ArrayLike, alpha: Alpha, n_rows: int) -> Kind:
    """Say which statistics keep the digits that a penalty needs.

    The rounding errors of the Gram matrix are as large as ``eps * trace``, and directions of
    the states whose squares are smaller are lost in them unless `alpha` stands above. So the
    triangular factor is chosen when the smallest alpha is below ``1000 * eps * trace``, and
    always for alpha = 0. The trace is estimated as `n_rows` times the variance of the first
    states, summed over units. Where these turn out to have been quieter than the rest, digits
    are lost gradually, and `solve_ridge` warns before it loses directions.

    Parameters
    ----------
    first_states : array-like of shape (n_first_rows, n_states)
        The first block of states.
    alpha : float, ndarray, list or tuple
        The penalty or penalties, as for `solve_ridge`.
    n_rows : int
        How many rows there will be in all.

    Returns
    -------
    {"gram", "factor"}
        The kind to give to `make_statistics`.

    Raises
    ------
    ValueError
        When there are no first states or `alpha` is not valid.
    TypeError
        When `alpha` is not a number, an array, a list or a tuple.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.readout import choose_statistics
    >>> states = np.random.default_rng(0).uniform(-1, 1, (1000, 300))
    >>> choose_statistics(states, 1e-6, 10_000), choose_statistics(states, 1e-8, 10_000)
    ('gram', 'factor')
    """
    states = np.asarray(first_states, dtype=np.float64)
    if states.ndim != 2 or not states.size:
        raise ValueError(f"first_states must be a matrix with rows, got shape {states.shape}")
    centred = states - states.mean(axis=0) if len(states) > 1 else states
    with np.errstate(over="ignore"):  # found before the readout is solved
        trace = n_rows * float(np.square(centred).sum()) / len(states)
    smallest = ridge_candidates(alpha, n_targets=np.size(alpha)).min()
    return "factor" if smallest <= GRAM_LIMIT * trace else "gram"


def keeps_digits(statistics: Statistics, alpha: Alpha) -> bool:
    """Whether statistics still hold the digits that a penalty needs, now that all rows are in.

    Parameters
    ----------
    statistics : GramStatistics or FactorStatistics
    alpha : float, ndarray, list or tuple
        As for `solve_ridge`.

    Returns
    -------
    bool
        Always True for the triangular factor; for the Gram matrix by the rule of
        `choose_statistics`, with the trace that it has.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.readout import keeps_digits, make_statistics
    >>> statistics = make_statistics(1, 1, "gram")
    >>> _ = statistics.update(np.array([[-1.0], [1.0]]), np.array([0.0, 1.0]))
    >>> keeps_digits(statistics, 1e-6), keeps_digits(statistics, 1e-14)
    (True, False)
    """
    if statistics.kind == "factor":
        return True
    smallest = float(ridge_candidates(alpha, n_targets=np.size(alpha)).min())
    return smallest > GRAM_LIMIT * statistics.trace


def merge_statistics(first: Statistics, second: Statistics, alpha: Alpha) -> Statistics:
    """Join the statistics of two parts of the rows, as a factor where a penalty needs it.

    The digits that a Gram matrix lacks are those that the penalty did not need for its own
    rows; for more rows it may need more, so a Gram matrix becomes a factor before it is joined.

    Parameters
    ----------
    first, second : GramStatistics or FactorStatistics
        Of the same numbers of states and targets; ``first`` may be changed.
    alpha : float, ndarray, list or tuple
        As for `solve_ridge`.

    Returns
    -------
    GramStatistics or FactorStatistics

    Raises
    ------
    ValueError
        If the numbers of states or targets differ.
    """
    grams = [part for part in (first, second) if isinstance(part, GramStatistics)]
    smallest = float(ridge_candidates(alpha, n_targets=np.size(alpha)).min())
    if len(grams) == 2 and smallest > GRAM_LIMIT * (first.trace + second.trace):
        return first.merge(second)
    factors = [
        part.as_factor() if isinstance(part, GramStatistics) else part for part in (first, second)
    ]
    return factors[0].merge(factors[1])


def ridge_candidates(alpha: Alpha, n_targets: int) -> Array:
    """Check `alpha` and lay it out as one row of penalties for each candidate.

    Parameters
    ----------
    alpha : float, ndarray of shape (n_targets,), or list or tuple of float
        One penalty for all targets, one for each target, or candidates for every target.
    n_targets : int
        The number of targets.

    Returns
    -------
    ndarray of shape (n_candidates, n_targets)
        The penalties; one row when there is nothing to choose.

    Raises
    ------
    ValueError
        When a penalty is negative or not finite, when there are no candidates, or when an
        array has another length than there are targets.
    TypeError
        When `alpha` is none of the above.

    Examples
    --------
    >>> from reservoir.readout import ridge_candidates
    >>> ridge_candidates([0.1, 1.0], n_targets=2)
    array([[0.1, 0.1],
           [1. , 1. ]])
    """
    if not isinstance(alpha, Real | np.ndarray | list | tuple):
        raise TypeError(
            f"alpha must be a number, an array with one for each target or a list of candidates, "
            f"got {alpha!r}"
        )
    try:
        penalties = np.asarray(alpha, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(f"alpha must hold numbers, got {alpha!r}") from error
    if isinstance(alpha, np.ndarray) and alpha.ndim > 0:
        if penalties.shape != (n_targets,):
            raise ValueError(
                f"alpha as an array must have one penalty for each of {n_targets} targets, got "
                f"shape {penalties.shape}; pass a list to choose among candidates"
            )
        candidates = penalties[np.newaxis]
    elif penalties.ndim > 1 or not penalties.size:
        raise ValueError(f"alpha as a list must hold candidates, all numbers, got {alpha!r}")
    else:
        candidates = np.repeat(penalties.reshape(-1, 1), n_targets, axis=1)
    if not np.isfinite(candidates).all() or candidates.min() < 0:
        raise ValueError(f"alpha must be finite and not negative, got {alpha!r}")
    return candidates


@dataclass(frozen=True)
class RidgeSolution:
    """A linear readout ``y = coef @ s + intercept``, as `solve_ridge` returns it.

    Attributes
    ----------
    coef : ndarray of shape (n_targets, n_states)
        The coefficients.
    intercept : ndarray of shape (n_targets,)
        The constants.
    alpha : float or ndarray of shape (n_targets,)
        The penalty: the number that was given, else one for each target, given or chosen.
    gcv : ndarray of shape (n_candidates, n_targets) or None
        The criterion of generalised cross-validation, in squared units of the targets, when
        candidates were given; infinite where it is not defined.
    rank : int
        How many directions of the states the coefficients use: n_states, unless the penalty is
        too small to tell some of the directions from rounding.
    """

    coef: Array
    intercept: Array
    alpha: float | Array
    gcv: Array | None
    rank: int


def solve_ridge(
    statistics: Statistics, alpha: Alpha, *, alpha_per_target: bool = True
) -> RidgeSolution:
    r"""Solve ridge regression from statistics, for one penalty or the best of several.

    The coefficients w and the intercept b of a target minimise

    .. math:: \sum_i v_i (y_i - w^T s_i - b)^2 + \alpha \lVert w \rVert^2

    with the weights v of the rows. The intercept is not penalised: this is `Ridge` of
    scikit-learn. Among candidates, generalised cross-validation [1]_ chooses for each target
    the alpha with the least

    .. math:: n \, \mathrm{RSS}(\alpha) / (n - \mathrm{df}(\alpha))^2

    where df counts the degrees of freedom, the intercept among them, and n the rows of positive
    weight. It stands in for the leave-one-out error, which would need every row again, and all
    of it comes from one decomposition. Where fewer than ``1.5e-8 n`` degrees of freedom are
    left the criterion means nothing and counts as infinite; of equally good candidates the
    largest is taken.

    Parameters
    ----------
    statistics : GramStatistics or FactorStatistics
        What was gathered from the rows.
    alpha : float, ndarray of shape (n_targets,), or list or tuple of float
        One penalty for all targets, one for each target, or candidates to choose from.
    alpha_per_target : bool, default=True
        Whether a candidate is chosen for each target, or the one with the least sum of the
        criterion for all.

    Returns
    -------
    RidgeSolution
        Coefficients, intercepts, the penalties used and the criterion.

    Raises
    ------
    ValueError
        When no rows were gathered, `alpha` is not valid or the states are too large to square.
    TypeError
        When `alpha` is not a number, an array, a list or a tuple.

    Warns
    -----
    scipy.linalg.LinAlgWarning
        When the states are collinear and alpha is too small to matter. The solution is then
        the one of least norm on the directions that can be told from rounding.

    References
    ----------
    .. [1] G. H. Golub, M. Heath and G. Wahba, "Generalized cross-validation as a method for
       choosing a good ridge parameter", Technometrics 21(2), 1979, section 1.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.readout import make_statistics, solve_ridge
    >>> rng = np.random.default_rng(0)
    >>> states = rng.normal(size=(200, 3))
    >>> targets = states @ [1.0, -2.0, 0.0] + 5 + 0.1 * rng.normal(size=200)
    >>> statistics = make_statistics(3, 1, "gram")
    >>> statistics.update(states, targets)
    0
    >>> solution = solve_ridge(statistics, alpha=[0.01, 1.0, 100.0])
    >>> solution.alpha, solution.coef.round(2), solution.intercept.round(2)
    (array([0.01]), array([[ 0.99, -2.01,  0.01]]), array([5.]))
    """
    candidates = ridge_candidates(alpha, statistics.n_targets)
    check_solvable(statistics)
    if not isinstance(alpha, list | tuple):
        return _solve(statistics, candidates[0], alpha)
    spectrum = statistics.spectrum()
    gcv = _generalised_cross_validation(spectrum, candidates, statistics)
    criterion = gcv if alpha_per_target else gcv.sum(axis=1, keepdims=True)
    best = criterion <= criterion.min(axis=0) * (1 + 1e-9)
    penalties = np.where(best, candidates, -np.inf).max(axis=0)
    return _solve(statistics, penalties, penalties, spectrum, gcv)


def solve_ridge_path(statistics: Statistics, alphas: list[float]) -> list[RidgeSolution]:
    """Solve ridge regression for each of several penalties, from at most one decomposition.

    Parameters
    ----------
    statistics : GramStatistics or FactorStatistics
        What was gathered from the rows.
    alphas : list of float
        The penalties, each for all targets.

    Returns
    -------
    list of RidgeSolution
        What `solve_ridge` returns for each of them.

    Raises
    ------
    ValueError
        As from `solve_ridge`.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.readout import make_statistics, solve_ridge_path
    >>> statistics = make_statistics(1, 1, "gram")
    >>> _ = statistics.update(np.array([[-1.0], [1.0]]), np.array([-3.0, 3.0]))
    >>> path = solve_ridge_path(statistics, [1.0, 2.0, 4.0])
    >>> [round(solution.coef.item(), 6) for solution in path]
    [2.0, 1.5, 1.0]
    """
    penalties = ridge_candidates(list(alphas), statistics.n_targets)
    check_solvable(statistics)
    spectrum = None
    if len(alphas) > CHOLESKY_LIMIT:
        spectrum = statistics.spectrum()
    return [
        _solve(statistics, row, float(alpha), spectrum)
        for row, alpha in zip(penalties, alphas, strict=True)
    ]


def _solve(
    statistics: Statistics,
    penalties: Array,
    given: Any,
    spectrum: Spectrum | None = None,
    gcv: Array | None = None,
) -> RidgeSolution:
    if (
        spectrum is None
        and isinstance(statistics, GramStatistics)
        and penalties.min() == penalties.max() > statistics.noise
    ):
        coef, rank = statistics.solve_cholesky(penalties[0]), statistics.n_states
    else:
        coef, rank = _filter(spectrum or statistics.spectrum(), penalties, statistics.noise)
    if rank < statistics.n_states:
        warn(
            f"the states span only {rank} of {statistics.n_states} directions to working "
            f"precision, and alpha={penalties.min():g} is too small to decide about the others; "
            "the readout of least norm was taken: raise alpha or use fewer units",
            scipy.linalg.LinAlgWarning,
            stacklevel=3,
        )
    mean = statistics.mean
    intercept = mean[statistics.n_states :] - coef @ mean[: statistics.n_states]
    chosen = float(penalties[0]) if np.ndim(given) == 0 else penalties
    return RidgeSolution(coef, intercept, chosen, gcv, rank)


def check_solvable(statistics: Statistics) -> None:
    """Refuse statistics that no readout can be solved from.

    Parameters
    ----------
    statistics : GramStatistics or FactorStatistics

    Raises
    ------
    ValueError
        When no rows were gathered or the states are too large to square.
    """
    if statistics.n_rows == 0:
        raise ValueError(
            "there are no rows to fit the readout on: every row was missing, had a NaN in its "
            "target or weight zero"
        )
    if not np.isfinite(statistics.trace):
        raise ValueError(
            "the states are too large to be squared; scale them down, or, if they are those of a "
            "network that grows, lower spectral_radius or use a bounded activation such as 'tanh'"
        )


def _generalised_cross_validation(
    spectrum: Spectrum, candidates: Array, statistics: Statistics
) -> Array:
    """Golub, Heath & Wahba (1979), section 1, for each candidate and target."""
    n_rows = statistics.n_rows
    clear = spectrum.squares > statistics.noise
    squares = spectrum.squares[clear, np.newaxis]
    loadings = spectrum.products[clear] ** 2 / squares
    # Degrees of freedom that are left, summed without taking near equals from each other.
    left_over = max(n_rows - 1 - len(squares), 0)
    criterion = np.full(candidates.shape, np.inf)
    for row, penalties in enumerate(candidates):
        shrunk = penalties / (squares + penalties)
        residual = spectrum.unexplained + (shrunk**2 * loadings).sum(axis=0)
        freedom = left_over + shrunk.sum(axis=0)
        defined = freedom > np.sqrt(EPSILON) * n_rows
        criterion[row, defined] = n_rows * residual[defined] / freedom[defined] ** 2
    return criterion


def _filter(spectrum: Spectrum, penalties: Array, noise: float) -> tuple[Array, int]:
    """Coefficients on the directions that alpha or their size lifts above the noise."""
    penalised = spectrum.squares[:, np.newaxis] + penalties
    kept = penalised > noise
    filtered = np.divide(spectrum.products, penalised, out=np.zeros_like(penalised), where=kept)
    return (spectrum.directions @ filtered).T, int(kept.sum(axis=0).min())
