"""Linear regression that learns one row at a time."""

from numbers import Real
from typing import Any, ClassVar, Self
from warnings import warn

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import LinAlgWarning
from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

# How far forgetting may wear down the penalty of a direction that the rows no longer excite: by
# half of the digits of a float64, long before the covariance would overflow.
LEAST_PENALTY = float(np.sqrt(np.finfo(np.float64).eps))


class RecursiveLeastSquares(MultiOutputMixin, RegressorMixin, BaseEstimator):
    r"""Linear regression by recursive least squares, for learning online.

    After n rows the coefficients w minimise

    .. math:: \sum_{i=1}^n \lambda^{n-i} v_i (y_i - w^T x_i)^2 + \alpha \lambda^n \lVert w \rVert^2

    with the forgetting factor :math:`\lambda` and the weights v of the rows ([1]_, chapter on
    recursive least squares). Each row costs time quadratic in the number of features, however
    many came before. This is how [2]_ adapts the readout of an echo state network online.

    Without forgetting this is ridge regression, except that the intercept is one more
    coefficient, of a feature that is always 1, and so is penalised like the others. The
    covariance is held as ``U D Uᵀ`` [3]_, which stays positive and keeps its digits where
    features are nearly collinear, as the states of a reservoir are.

    Parameters
    ----------
    forgetting : float, default=1.0
        The factor, in (0, 1], by which the weight of the past shrinks with each row of positive
        weight. It remembers about ``1 / (1 - forgetting)`` rows.
    alpha : float, default=1e-6
        The penalty at the start, positive; the covariance starts as the identity over `alpha`.
    fit_intercept : bool, default=True
        Whether to learn a constant.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,) or (n_targets, n_features)
        Coefficients; one row for each target when y had columns.
    intercept_ : float or ndarray of shape (n_targets,)
        Constants, 0 without `fit_intercept`.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, when X had names that are all strings.

    Warns
    -----
    scipy.linalg.LinAlgWarning
        While learning with ``forgetting < 1``, when some direction of the features has not been
        excited for so long that the past knowledge of it is forgotten (wind-up). Its penalty
        is then held at ``1.5e-8 * alpha``, and does not vanish.

    References
    ----------
    .. [1] S. Haykin, Adaptive Filter Theory, 4th edition, Prentice Hall, 2002, chapter 9.
    .. [2] H. Jaeger, "Adaptive nonlinear system identification with echo state networks",
       Advances in Neural Information Processing Systems 15, 2003.
    .. [3] G. J. Bierman, "Measurement updating using the U-D factorization", Automatica 12(4),
       1976.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir import RecursiveLeastSquares
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> model = RecursiveLeastSquares(forgetting=0.9)
    >>> model.partial_fit(X[:100], X[:100] @ [1.0, 2.0] + 3.0).coef_.round(3)
    array([1., 2.])
    >>> model.partial_fit(X[100:], X[100:] @ [5.0, 2.0] + 3.0).coef_.round(3)
    array([5., 2.])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "forgetting": [Interval(Real, 0, 1, closed="right")],
        "alpha": [Interval(Real, 0, None, closed="neither")],
        "fit_intercept": ["boolean"],
    }
    _n_held: int

    def __init__(
        self, *, forgetting: float = 1.0, alpha: float = 1e-6, fit_intercept: bool = True
    ) -> None:
        self.forgetting = forgetting
        self.alpha = alpha
        self.fit_intercept = fit_intercept

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Forget what was learned and learn the rows in their order.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            Targets.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights, none negative; a row of weight 0 is passed over, and nothing is forgotten.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            When an input is not finite, shapes do not fit, a weight is negative or numbers
            overflow.
        """
        return self._learn(X, y, sample_weight, from_nothing=True)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn more rows in their order; parameters as in `fit`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features.
        y : array-like of shape (n_rows,) or (n_rows, n_targets)
            Targets, in the form they had before.
        sample_weight : array-like of shape (n_rows,), default=None
            Weights, none negative; a row of weight 0 is passed over, and nothing is forgotten.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `fit` does, and when X or y have another number of columns than before.
        """
        return self._learn(X, y, sample_weight, from_nothing=not hasattr(self, "coef_"))

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Predict the targets.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_targets)
            Predictions, in the form of the targets learned from.
        """
        check_is_fitted(self)
        features: NDArray[np.float64] = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(features @ self.coef_.T + self.intercept_)

    def _learn(self, X: Any, y: Any, sample_weight: Any, *, from_nothing: bool) -> Self:
        from reservoir.kernels._linalg import update_recursive_least_squares

        X, y = validate_data(
            self,
            X,
            y,
            reset=from_nothing,
            dtype=np.float64,
            order="C",
            multi_output=True,
            y_numeric=True,
        )
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64)
        if (weights < 0).any():
            raise ValueError(
                f"Negative values in data passed to `sample_weight`: got {weights.min():g}, must "
                "not be negative."
            )
        if from_nothing:
            self._start(X.shape[1], y.shape[1:])
        elif y.shape[1:] != self._target_shape:
            raise ValueError(
                f"y must have the form it had before, (n_rows, *{self._target_shape}), got shape "
                f"{y.shape}; call fit to start anew."
            )
        rows = np.column_stack([X, np.ones(len(X))]) if self.fit_intercept else X
        for name in ("_factor", "_scale", "_weights"):  # joblib may have mapped them read-only
            setattr(self, name, np.require(getattr(self, name), requirements=["C", "W"]))
        n_held = update_recursive_least_squares(
            self._factor,
            self._scale,
            self._weights,
            rows,
            np.ascontiguousarray(y.reshape(len(y), -1), dtype=np.float64),
            weights,
            float(self.forgetting),
            1 / (self.alpha * LEAST_PENALTY),
        )
        if not (np.isfinite(self._weights).all() and np.isfinite(self._scale).all()):
            raise ValueError(
                "the recursion left the finite: features, targets or weights are too large or too "
                "small; scale them and call fit to start anew."
            )
        if n_held > self._n_held:
            warn(
                f"with forgetting={self.forgetting} the past knowledge of {n_held} of "
                f"{len(self._scale)} directions of the features is forgotten, and the rows do not "
                "renew it (wind-up): raise forgetting, or leave out features that hardly vary.",
                LinAlgWarning,
                stacklevel=4,
            )
        self._n_held = n_held
        n_features = X.shape[1]
        self.coef_ = self._weights[:, :n_features].reshape(*self._target_shape, n_features).copy()
        intercept = self._weights[:, n_features:].sum(axis=1)  # of one column or of none
        self.intercept_ = intercept if self._target_shape else float(intercept[0])
        return self

    def _start(self, n_features: int, target_shape: tuple[int, ...]) -> None:
        n_weights = n_features + bool(self.fit_intercept)
        self._target_shape = target_shape
        self._factor = np.zeros((n_weights, n_weights))
        self._scale = np.full(n_weights, 1 / self.alpha)
        self._weights = np.zeros((int(np.prod(target_shape)), n_weights))
        self._n_held = 0
