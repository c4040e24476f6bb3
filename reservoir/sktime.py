"""Forecasters, classifiers and regressors that speak sktime; needs ``reservoir-toolkit[sktime]``.

Import it by name, as in ``from reservoir.sktime import ReservoirForecaster``; nothing else in the
package imports it, or sktime.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler

from reservoir import forecasting
from reservoir.estimators import ESNClassifier, ESNRegressor

try:
    from sktime.classification.base import BaseClassifier
    from sktime.forecasting.base import BaseForecaster, ForecastingHorizon
    from sktime.regression.base import BaseRegressor
except ImportError as error:
    raise ImportError(
        "reservoir.sktime needs sktime 1.2 or later, which is not installed; use pip install "
        "'reservoir-toolkit[sktime]'."
    ) from error

__all__ = ["ReservoirClassifier", "ReservoirForecaster", "ReservoirRegressor"]

Floats = NDArray[np.float64]

_OF_PANELS: dict[str, Any] = {
    "X_inner_mtype": "df-list",
    "capability:multivariate": True,
    "capability:unequal_length": True,
    "capability:categorical_in_X": False,
    "capability:random_state": True,
    "property:randomness": "derandomized",
}


class ReservoirForecaster(BaseForecaster):
    """`reservoir.ReservoirForecaster` for sktime.

    All columns of y are forecast together, and so are all series of a panel or a hierarchy with
    ``shared=True``. X, where there is any, must have a row for each time from the first after y to
    the last of the horizon. ``update`` takes in the rows that are new, and with
    ``update_params=True`` learns them.

    Parameters
    ----------
    estimator, n_estimators, strategy, horizon, lags, transform, difference, seasonal_difference, \
    season, fourier, calendar, past_columns, scale, missing, shared, bias_adjust, intervals, \
    n_paths, random_state, n_jobs, verbose
        As in `reservoir.ReservoirForecaster`, with the same defaults. The tag
        ``capability:missing_values`` is set unless ``missing`` is "raise".

    Attributes
    ----------
    forecaster_ : reservoir.ReservoirForecaster
        The fitted forecaster.

    See Also
    --------
    reservoir.ReservoirForecaster : The same without sktime.

    Notes
    -----
    Times within the series are not forecast (tag ``capability:insample``). sktime's memory of the
    data is off, since the forecaster keeps them; ``set_config(remember_data=True)`` turns it on.

    Examples
    --------
    >>> from reservoir.datasets import load_airline
    >>> from reservoir.sktime import ReservoirForecaster
    >>> forecaster = ReservoirForecaster(n_estimators=4).fit(load_airline(), fh=[1, 2, 3])
    >>> forecaster.predict().index
    PeriodIndex(['1961-01', '1961-02', '1961-03'], dtype='period[M]', name='month')
    >>> forecaster.predict_interval(coverage=0.8).columns.to_list()
    [('passengers', 0.8, 'lower'), ('passengers', 0.8, 'upper')]
    """

    _tags: ClassVar[dict[str, Any]] = {
        "capability:multivariate": True,
        "capability:exogenous": True,
        "capability:non_contiguous_X": False,
        "capability:categorical_in_X": False,
        "capability:insample": False,
        "capability:pred_int": True,
        "capability:pred_int:insample": False,
        "capability:missing_values": False,
        "capability:update": True,
        "capability:random_state": True,
        "property:randomness": "derandomized",
        "requires-fh-in-fit": False,
        "y_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
        "X_inner_mtype": ["pd.DataFrame", "pd-multiindex", "pd_multiindex_hier"],
    }
    _config: ClassVar[dict[str, Any]] = {"remember_data": False}

    def __init__(
        self,
        estimator: Any = None,
        *,
        n_estimators: int | str = "auto",
        strategy: str = "recursive",
        horizon: int | None = None,
        lags: int | Sequence[int] | None = None,
        transform: str | None = "auto",
        difference: int | str = "auto",
        seasonal_difference: int | str = "auto",
        season: int | None = None,
        fourier: int | str = "auto",
        calendar: str | Sequence[str] = "auto",
        past_columns: Sequence[str] = (),
        scale: bool = True,
        missing: str = "raise",
        shared: bool = False,
        bias_adjust: bool = False,
        intervals: str = "conformal",
        n_paths: int = 500,
        random_state: Any = 0,
        n_jobs: int | None = None,
        verbose: bool = False,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.strategy = strategy
        self.horizon = horizon
        self.lags = lags
        self.transform = transform
        self.difference = difference
        self.seasonal_difference = seasonal_difference
        self.season = season
        self.fourier = fourier
        self.calendar = calendar
        self.past_columns = past_columns
        self.scale = scale
        self.missing = missing
        self.shared = shared
        self.bias_adjust = bias_adjust
        self.intervals = intervals
        self.n_paths = n_paths
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        super().__init__()
        self._y = self._X = None  # which sktime 1.2 sets only if it remembers
        self.set_tags(**{"capability:missing_values": missing != "raise"})

    def _fit(self, y: pd.DataFrame, X: pd.DataFrame | None, fh: ForecastingHorizon | None) -> Self:
        forecaster = forecasting.ReservoirForecaster(**self.get_params(deep=False))
        self.forecaster_ = forecaster.fit(y, X)
        self._seen = y.index
        return self

    def _update(
        self, y: pd.DataFrame, X: pd.DataFrame | None = None, update_params: bool = True
    ) -> Self:
        new = y[~y.index.isin(self._seen)]  # the windows of a splitter overlap
        if len(new):
            self.forecaster_.update(new, X, refit=update_params)
            self._seen = self._seen.append(new.index)
        return self

    def _predict(self, fh: ForecastingHorizon, X: pd.DataFrame | None) -> pd.DataFrame:
        return self.forecaster_.predict(self._horizon(fh), X)

    def _predict_interval(
        self, fh: ForecastingHorizon, X: pd.DataFrame | None, coverage: list[float]
    ) -> pd.DataFrame:
        found = self.forecaster_.predict_interval(self._horizon(fh), X, coverage=coverage)
        return found.rename_axis(columns=[None, None, None])

    def _predict_quantiles(
        self, fh: ForecastingHorizon, X: pd.DataFrame | None, alpha: list[float]
    ) -> pd.DataFrame:
        found = self.forecaster_.predict_quantiles(self._horizon(fh), X, alpha=alpha)
        return found.rename_axis(columns=[None, None])

    def _horizon(self, fh: ForecastingHorizon) -> NDArray[np.int64] | pd.Index:
        # each series of a panel has an end of its own, whatever sktime's cutoff
        if self._seen.nlevels == 1 and self.cutoff[0] != self._seen[-1]:
            raise ValueError(
                f"The cutoff must be the last time that the forecaster knows, {self._seen[-1]}, "
                f"got {self.cutoff[0]}; fit it on the rows up to that."
            )
        return fh.to_numpy() if fh.is_relative else fh.to_pandas()

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return small settings for sktime's checks, whose shortest series have ten rows.

        Parameters
        ----------
        parameter_set : str, default="default"
            Not used.

        Returns
        -------
        list of dict
        """
        plain = {"difference": 0, "seasonal_difference": 0, "fourier": 0, "n_estimators": 2}
        network = ESNRegressor(n_units=10, bias_scaling=0.2, alpha=1e-2)
        return [
            {**plain, "estimator": network, "intervals": "bootstrap", "n_paths": 20},
            {**plain, "intervals": "ensemble", "missing": "run_on", "shared": True},
        ]


class _OfWholeSeries:
    """A network with one output for each series; a base of sktime stands beside it."""

    _kind: ClassVar[type]  # of the network

    def __init__(self, estimator: Any = None, *, scale: bool = True, random_state: Any = 0) -> None:
        self.estimator = estimator
        self.scale = scale
        self.random_state = random_state
        super().__init__()

    def _fit(self, X: list[pd.DataFrame], y: NDArray[Any]) -> Self:
        self.scaler_ = _fit_scaler(X, self.scale)
        network = _network(self._kind, self.estimator, self.random_state)
        self.estimator_ = network.fit(_sequences(X, self.scaler_), y)
        return self

    def _predict(self, X: list[pd.DataFrame]) -> NDArray[Any]:
        return self.estimator_.predict(_sequences(X, self.scaler_))

    @classmethod
    def get_test_params(cls, parameter_set: str = "default") -> list[dict[str, Any]]:
        """Return small settings for sktime's checks; as for the forecaster."""
        last = cls._kind(n_units=10, pooling="last")
        return [
            {"estimator": cls._kind(n_units=10, bias_scaling=0.5)},
            {"estimator": last, "scale": False, "random_state": 1},
        ]


class ReservoirClassifier(_OfWholeSeries, BaseClassifier):
    """`reservoir.ESNClassifier` for sktime: an echo state network that labels whole series.

    Each series runs through one network from rest, and a label is read out from its states. The
    series may have several columns, and each its own length.

    Parameters
    ----------
    estimator : ESNClassifier or None, default=None
        The network; its clone starts each series from rest whatever its ``predict_state``. None
        takes 100 units with ``spectral_radius=0.7``, ``leak_rate=0.5``, ``bias_scaling=1.0`` and
        an alpha chosen by generalised cross-validation.
    scale : bool, default=True
        Whether each column is brought to mean 0 and standard deviation 1, those of all training
        series together, for the network.
    random_state : int, RandomState instance or None, default=0
        Seed of the network, in place of its own; fixed so that the same data give the same labels.

    Attributes
    ----------
    estimator_ : ESNClassifier
        The fitted network.
    scaler_ : StandardScaler
        The fitted scale.
    classes_ : ndarray of shape (n_classes,)

    See Also
    --------
    reservoir.ESNClassifier : The same without sktime.

    Examples
    --------
    >>> from reservoir.sktime import ReservoirClassifier
    >>> from sktime.datasets import load_unit_test
    >>> X, y = load_unit_test(split="train")
    >>> classifier = ReservoirClassifier().fit(X, y)
    >>> X_test, y_test = load_unit_test(split="test")
    >>> bool(classifier.score(X_test, y_test) > 0.9)
    True
    """

    _kind = ESNClassifier
    _tags: ClassVar[dict[str, Any]] = {**_OF_PANELS, "capability:predict_proba": True}

    def _predict_proba(self, X: list[pd.DataFrame]) -> Floats:
        return self.estimator_.predict_proba(_sequences(X, self.scaler_))


class ReservoirRegressor(_OfWholeSeries, BaseRegressor):
    """`reservoir.ESNRegressor` for sktime: an echo state network that gives a series one number.

    Parameters
    ----------
    estimator : ESNRegressor or None, default=None
        The network, as for `ReservoirClassifier`.
    scale : bool, default=True
    random_state : int, RandomState instance or None, default=0
        As for `ReservoirClassifier`.

    Attributes
    ----------
    estimator_ : ESNRegressor
        The fitted network.
    scaler_ : StandardScaler
        The fitted scale.

    See Also
    --------
    reservoir.ESNRegressor : The same without sktime.

    Examples
    --------
    >>> import numpy as np
    >>> from reservoir.sktime import ReservoirRegressor
    >>> rng = np.random.default_rng(0)
    >>> frequencies = rng.uniform(0.1, 0.5, 40)
    >>> X = np.sin(frequencies[:, None, None] * np.arange(100) + rng.uniform(0, 6, (40, 1, 1)))
    >>> regressor = ReservoirRegressor().fit(X[:30], frequencies[:30])
    >>> bool(np.abs(regressor.predict(X[30:]) - frequencies[30:]).max() < 0.02)
    True
    """

    _kind = ESNRegressor
    _tags: ClassVar[dict[str, Any]] = _OF_PANELS


def _network(kind: Any, given: Any, random_state: Any) -> Any:
    if given is None:
        given = kind(
            n_units=100,
            spectral_radius=0.7,
            leak_rate=0.5,
            bias_scaling=1.0,
            alpha=list(np.logspace(-6, 4, 21)),
        )
    if not isinstance(given, kind):
        raise TypeError(f"estimator must be an {kind.__name__} or None, got {given!r}.")
    return clone(given).set_params(predict_state="reset", random_state=random_state)


def _fit_scaler(X: list[pd.DataFrame], scale: bool) -> StandardScaler:
    rows = np.concatenate([frame.to_numpy(dtype=np.float64) for frame in X])
    return StandardScaler(with_mean=scale, with_std=scale).fit(rows)


def _sequences(X: list[pd.DataFrame], scaler: StandardScaler) -> list[Floats]:
    return [scaler.transform(frame.to_numpy(dtype=np.float64)) for frame in X]
