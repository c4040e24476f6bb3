"""Choosing among settings of a forecaster, by its errors on the last windows of a series."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, ClassVar, Self
from warnings import warn

import numpy as np
import pandas as pd
from scipy.stats import loguniform, uniform
from sklearn.base import BaseEstimator, _fit_context, clone
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted
from tqdm import tqdm

from reservoir.forecasting import ReservoirForecaster, TooFewRowsError, default_network
from reservoir.forecasting._backtest import backtest
from reservoir.forecasting._panel import split
from reservoir.forecasting._scores import score

__all__ = ["ForecasterSearch"]

# of the default network; where most series are at home
NETWORKS: dict[str, Any] = {
    "spectral_radius": uniform(0.6, 0.4),
    "leak_rate": uniform(0.4, 0.6),
    "input_scaling": loguniform(0.05, 1.0),
    "bias_scaling": uniform(0.1, 0.6),
}
COUNT = Interval(Integral, 1, None, closed="left")


class ForecasterSearch(BaseEstimator):
    """Try settings of a forecaster on the last windows of a series, and forecast by the best.

    A forecaster itself: the median of the best few forecasts, since the one that is best on some
    windows is rarely so on the next.

    Parameters
    ----------
    forecaster : ReservoirForecaster or None, default=None
        What is set; it is the first candidate as it is. None takes the default.
    param_distributions : dict or None, default=None
        Values or distributions of its parameters, as for `RandomizedSearchCV`;
        ``estimator__alpha`` is one of its estimator. None tries spectral radius, leak rate, and
        the scalings of input and bias of the default network.
    n_iter : int, default=20
        Candidates, the first included; fewer where lists of values hold no more.
    horizon : int, default=12
        Steps ahead that matter.
    n_windows : int, default=3
        Windows at the end of the series that are forecast, each from the rows before it.
    n_best : int, default=5
        How many of the best forecast together.
    random_state : int, RandomState instance or None, default=0
        Seed of the candidates.
    n_jobs : int or None, default=None
        Windows at a time, in threads.
    verbose : bool, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    results_ : DataFrame of shape (n_iter, 2)
        Of each candidate its ``params`` and its ``error``: the mean absolute scaled error, or,
        where the series is repeated without one, the root mean squared error. Sorted.
    best_params_ : dict
    forecasters_ : list of ReservoirForecaster
        The best, fitted to all rows.

    Examples
    --------
    >>> from reservoir.datasets import load_airline
    >>> from reservoir.forecasting import ReservoirForecaster
    >>> from reservoir.model_selection import ForecasterSearch
    >>> search = ForecasterSearch(
    ...     ReservoirForecaster(n_estimators=4), {"transform": ["log", None]}, n_iter=3, n_best=1
    ... )
    >>> search.fit(load_airline()).best_params_
    {'transform': 'log'}
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "forecaster": [HasMethods(["fit", "predict", "set_params"]), None],
        "param_distributions": [dict, list, None],
        "n_iter": [COUNT],
        "horizon": [COUNT],
        "n_windows": [COUNT],
        "n_best": [COUNT],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        forecaster: Any = None,
        param_distributions: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
        *,
        n_iter: int = 20,
        horizon: int = 12,
        n_windows: int = 3,
        n_best: int = 5,
        random_state: Any = 0,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.forecaster = forecaster
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.horizon = horizon
        self.n_windows = n_windows
        self.n_best = n_best
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, y: Any, X: Any = None) -> Self:
        """Try all candidates and fit the best.

        Parameters
        ----------
        y, X
            As for the `fit` of the forecaster.

        Returns
        -------
        self : ForecasterSearch

        Raises
        ------
        ValueError
            As in the `fit` of the forecaster, or a ``TooFewRowsError`` if no window is left.
        KeyboardInterrupt
            After Ctrl-C before the first candidate was tried; later ones are left out, with a
            warning.
        """
        self.__dict__.pop("forecasters_", None)
        base = ReservoirForecaster() if self.forecaster is None else self.forecaster
        candidates = self._candidates(base, y, X)
        results: list[tuple[dict[str, Any], float]] = []
        hidden = None if self.verbose else True
        try:
            for params in tqdm(candidates, "search", leave=False, disable=hidden):
                candidate = clone(base).set_params(**params)
                results.append((params, self._error(candidate, y, X)))
        except KeyboardInterrupt:
            if not results:
                raise
            warn(
                f"The search was interrupted: {len(results)} of {len(candidates)} candidates were "
                "tried, and the best of them are fitted.",
                stacklevel=2,
            )
        table = pd.DataFrame(results, columns=["params", "error"])
        self.results_ = table.sort_values("error", kind="stable", ignore_index=True)
        self.best_params_ = self.results_["params"][0]
        best = self.results_["params"][: self.n_best]
        self.forecasters_ = [clone(base).set_params(**params).fit(y, X) for params in best]
        return self

    def predict(self, fh: Any = 1, X: Any = None) -> Any:
        """Forecast by the median of the best; see `ReservoirForecaster.predict`."""
        check_is_fitted(self)
        return _pooled([each.predict(fh, X) for each in self.forecasters_], np.median)

    def predict_interval(
        self, fh: Any = 1, X: Any = None, *, coverage: float | Sequence[float] = 0.9
    ) -> pd.DataFrame:
        """Return limits, the means of those of the best; see `ReservoirForecaster`."""
        check_is_fitted(self)
        each = [one.predict_interval(fh, X, coverage=coverage) for one in self.forecasters_]
        return _pooled(each, np.mean)

    def predict_quantiles(
        self, fh: Any = 1, X: Any = None, *, alpha: float | Sequence[float] = (0.1, 0.5, 0.9)
    ) -> pd.DataFrame:
        """Return quantiles, the means of those of the best; see `ReservoirForecaster`."""
        check_is_fitted(self)
        each = [one.predict_quantiles(fh, X, alpha=alpha) for one in self.forecasters_]
        return _pooled(each, np.mean)

    def update(self, y: Any, X: Any = None, *, refit: bool = False) -> Self:
        """Take in the rows that came after; nothing is searched. See `ReservoirForecaster`."""
        check_is_fitted(self)
        for forecaster in self.forecasters_:
            forecaster.update(y, X, refit=refit)
        return self

    @property
    def season_(self) -> int | None:
        """The rows in one season, given or derived."""
        check_is_fitted(self)
        return self.forecasters_[0].season_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "forecasters_")

    def _candidates(self, base: Any, y: Any, X: Any) -> list[dict[str, Any]]:
        rng = check_random_state(self.random_state)
        n = self.n_iter - 1
        if self.param_distributions is not None:
            space = self.param_distributions
            each = [space] if isinstance(space, Mapping) else space
            if all(isinstance(values, list) for one in each for values in one.values()):
                n = min(n, len(ParameterGrid(space)))  # a list has no more to draw
            drawn = ParameterSampler(space, max(n, 1), random_state=rng)
            return [{}, *list(drawn)[:n]]
        if getattr(base, "estimator", None) is not None:
            raise ValueError(
                "param_distributions must be given for a forecaster with an estimator of its own, "
                "got None; as in {'estimator__alpha': [0.1, 1, 10]}."
            )
        _, parts = split(y, X)
        n_rows = min(len(rows) for rows, _ in parts.values())
        drawn = ParameterSampler(NETWORKS, max(n, 1), random_state=rng)
        networks = [default_network(n_rows).set_params(**params) for params in drawn]
        return [{}, *({"estimator": network} for network in networks[:n])]

    def _error(self, candidate: Any, y: Any, X: Any) -> float:
        windows = backtest(
            candidate, y, X, horizon=self.horizon, n_windows=self.n_windows, n_jobs=self.n_jobs
        )
        if not len(windows):
            raise TooFewRowsError(
                f"y must have more rows for windows of {self.horizon} step(s), the last of which "
                "settings are tried on; lower horizon or n_windows."
            )
        errors = score(windows).iloc[0]
        return float(errors["RMSE"] if np.isnan(errors["MASE"]) else errors["MASE"])


def _pooled(each: list[Any], pool: Any) -> Any:
    """Return pandas objects of one form with their numbers pooled."""
    first = each[0]
    if isinstance(first, pd.Series):
        return pd.Series(pool(each, axis=0), first.index, name=first.name)
    numbers = [column for column in first if column not in ("unique_id", "ds")]
    out = first.copy()
    out[numbers] = pool([one[numbers].to_numpy() for one in each], axis=0)
    return out
