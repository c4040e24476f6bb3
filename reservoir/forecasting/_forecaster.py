"""Forecasts of a pandas series by echo state networks."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context, clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from reservoir.estimators import ESNRegressor
from reservoir.forecasting._differencing import Differencing, Scaling, choose_differencing
from reservoir.forecasting._series import (
    as_frame,
    as_rows,
    as_text,
    full_index,
    index_after,
    rows_at,
    season_of,
    steps_until,
)

__all__ = ["ReservoirForecaster", "TooFewRowsError", "default_network"]

Rows = NDArray[np.float64]

MIN_ROWS = 10


class TooFewRowsError(ValueError):
    """A series is too short for the differences and the warm-up of a forecaster."""


class ReservoirForecaster(BaseEstimator):
    """Forecast a pandas series with echo state networks that run on their own forecasts.

    Each network learns to predict the next row from this one. To forecast it starts from the end
    of the series, and each of its outputs becomes its next input [1]_. The forecast is the median
    of all networks, since a single one can leave the range that it has learned. Differences are
    taken before and undone after, and so is scaling.

    Parameters
    ----------
    estimator : ESNRegressor or None, default=None
        The network; its clones continue from the end of the series whatever its
        ``predict_state``. None takes `default_network`.
    n_estimators : int, default=10
        Networks, each drawn from another seed.
    difference : int or "auto", default="auto"
        How many times to difference over one step. "auto" takes 0 or 1, see Notes.
    seasonal_difference : int or "auto", default="auto"
        How many times to difference over one season. "auto" takes 0 or 1, see Notes.
    season : int or None, default=None
        Rows in one season. None derives it from the frequency: 4 quarters, 12 months, 52 weeks,
        7 days, 5 business days, 24 hours or what makes a day; no season for anything else.
    scale : bool, default=True
        Whether each column is brought to mean 0 and standard deviation 1 for the network.
    missing : {"raise", "interpolate"}, default="raise"
        Whether gaps in the index and NaN are refused, or filled linearly from step to step.
    random_state : int, RandomState instance or None, default=0
        Seed of all networks, in place of the estimator's own; fixed so that the same data give
        the same forecast. Other seeds show how much of it is due to the draw.

    Attributes
    ----------
    estimators_ : list of ESNRegressor
        The fitted networks, of differenced and scaled rows.
    difference_, seasonal_difference_ : int
        The orders used.
    season_ : int or None
        The rows in one season, given or derived.
    n_filled_ : int
        Values of y and X that were interpolated.
    feature_names_in_ : ndarray of shape (n_exogenous,)
        The columns of X, if there were any.

    See Also
    --------
    reservoir.ESNRegressor.generate : The closed loop on plain arrays.

    Notes
    -----
    With "auto", one difference is taken at most. It is taken over a season if, in one of the
    columns, the season is strong (more than 0.64 of the variance around the trend) and repeating
    the last one comes closer than repeating the mean one; else over a step, if the KPSS test
    rejects, at 5 %, that one of the columns keeps its level.

    The value of X at a time helps to forecast y at that time. X is differenced as y is, as in a
    regression with differenced errors, so that a linear effect of X on y stays what it was.

    References
    ----------
    .. [1] Jaeger, H. & Haas, H. (2004). Harnessing nonlinearity: predicting chaotic systems and
       saving energy in wireless communication. Science 304.

    Examples
    --------
    >>> from reservoir import ReservoirForecaster
    >>> from reservoir.datasets import load_sunspots
    >>> sunspots = load_sunspots()
    >>> forecaster = ReservoirForecaster().fit(sunspots[:"1996"])
    >>> forecast = forecaster.predict(12)
    >>> forecast.index[[0, -1]]
    PeriodIndex(['1997', '2008'], dtype='period[Y-DEC]', name='year')
    >>> error = (forecast - sunspots["1997":]).abs().mean()
    >>> bool(error < (sunspots["1996"] - sunspots["1997":]).abs().mean() / 2)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [ESNRegressor, None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "difference": [Interval(Integral, 0, None, closed="left"), StrOptions({"auto"})],
        "seasonal_difference": [Interval(Integral, 0, None, closed="left"), StrOptions({"auto"})],
        "season": [Interval(Integral, 2, None, closed="left"), None],
        "scale": ["boolean"],
        "missing": [StrOptions({"raise", "interpolate"})],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator: ESNRegressor | None = None,
        *,
        n_estimators: int = 10,
        difference: int | str = "auto",
        seasonal_difference: int | str = "auto",
        season: int | None = None,
        scale: bool = True,
        missing: str = "raise",
        random_state: Any = 0,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.difference = difference
        self.seasonal_difference = seasonal_difference
        self.season = season
        self.scale = scale
        self.missing = missing
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, y: pd.Series | pd.DataFrame, X: Any = None) -> Self:
        """Fit the networks to a series.

        Parameters
        ----------
        y : Series of shape (n_rows,) or DataFrame of shape (n_rows, n_series)
            Indexed by equally spaced times: a DatetimeIndex, a PeriodIndex or whole numbers.
        X : DataFrame of shape (n_rows, n_exogenous), optional
            What else is known for each time of y, and will be for the times to be forecast. Rows
            for other times are not used.

        Returns
        -------
        self : ReservoirForecaster

        Raises
        ------
        TypeError
            If y or X is not pandas, or its index not one of those.
        ValueError
            If the index is unsorted, has a time twice, a gap or no frequency; if values are not
            numbers, infinite, NaN or so large that their differences are not finite; if there are
            too few rows (a ``TooFewRowsError``); or if X has no row for a time of y.
        """
        self.__dict__.pop("_recent", None)  # unfitted until all has gone well
        self._check_network()
        frame = as_frame(y, "y")
        index = full_index(frame.index, "y")
        y_rows, n_filled = as_rows(frame, index, "y", self.missing)
        x_rows, n_filled_x = self._fit_exogenous(X, frame.index, index)
        self.n_filled_ = n_filled + n_filled_x
        self._columns, self._is_series = frame.columns, isinstance(y, pd.Series)
        self._name = getattr(y, "name", None)
        self.season_ = self.season if self.season is not None else season_of(index)
        self._differencing = self._choose_differencing(y_rows)
        self.difference_ = self._differencing.order
        self.seasonal_difference_ = self._differencing.seasonal_order
        network = self.estimator
        if network is None:
            network = default_network(len(y_rows) - self._differencing.n_lost)
        self._check_length(len(y_rows), network.warmup)
        self._fit_networks(network, y_rows, x_rows)
        n_kept = self._differencing.n_lost + 1
        self._recent = Recent(index[-1:], y_rows[-n_kept:], x_rows[-n_kept:])
        return self

    def predict(self, fh: Any = 1, X: Any = None) -> pd.Series | pd.DataFrame:
        """Forecast the times that follow; the forecaster stays as it is.

        Parameters
        ----------
        fh : int, array-like of int or Index, default=1
            The horizon: how many steps; or which steps, 1 being the first after the series; or,
            as a pandas Index, the times themselves.
        X : DataFrame of shape (n_steps, n_exogenous), optional
            The exogenous columns, with a row for each time from the first after the series to the
            last of the horizon. Rows for other times are not used.

        Returns
        -------
        Series or DataFrame
            With the index, and the name or columns, that follow those of y.

        Raises
        ------
        TypeError
            If ``fh`` or X is of the wrong type.
        ValueError
            If ``fh`` is not in the future or not increasing, or X does not fit.
        FloatingPointError
            If the closed loop diverges, or the forecast is too large for a float.
        """
        check_is_fitted(self)
        steps = self._steps_of(fh)
        n_steps = int(steps[-1])
        future = index_after(self._recent.index, n_steps)
        forecast = self._generate(n_steps, self._rows_of_exogenous(X, future))[steps - 1]
        index = future.take(steps - 1)
        if self._is_series:
            return pd.Series(forecast[:, 0], index, name=self._name)
        return pd.DataFrame(forecast, index, self._columns)

    def update(self, y: pd.Series | pd.DataFrame, X: Any = None) -> Self:
        """Take in the rows that came after; later forecasts follow them. Nothing is learned.

        Parameters
        ----------
        y : Series or DataFrame
            Begins at the time that follows the series, without gaps or NaN.
        X : DataFrame, optional
            The exogenous columns for those times.

        Returns
        -------
        self : ReservoirForecaster

        Raises
        ------
        ValueError
            If the rows do not follow, or as in `fit`.

        Examples
        --------
        >>> from reservoir import ReservoirForecaster
        >>> from reservoir.datasets import load_elnino
        >>> elnino = load_elnino()
        >>> forecaster = ReservoirForecaster().fit(elnino[:"2008"])
        >>> forecaster.update(elnino["2009":]).predict(2).index
        PeriodIndex(['2011-01', '2011-02'], dtype='period[M]', name='month')
        """
        check_is_fitted(self)
        frame = as_frame(y, "y")
        index = index_after(self._recent.index, len(frame))
        self._check_form(y)
        if not np.array_equal(index.get_indexer(frame.index), np.arange(len(index))):
            raise ValueError(
                f"y must have the {len(index)} time(s) from {as_text(index[0])} to "
                f"{as_text(index[-1])}, which follow the series, got {as_text(frame.index[0])} to "
                f"{as_text(frame.index[-1])}; fill gaps first."
            )
        y_rows, _ = as_rows(frame.set_axis(index), index, "y", None)
        x_rows = self._rows_of_exogenous(X, index)
        self._recent = Recent(
            index[-1:],
            np.concatenate([self._recent.y, y_rows]),
            np.concatenate([self._recent.x, x_rows]),
        )
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_recent")

    def _check_form(self, y: pd.Series | pd.DataFrame) -> None:
        if self._is_series != isinstance(y, pd.Series):
            form = "Series" if self._is_series else "DataFrame"
            raise ValueError(f"y must be a {form} as in fit, got a {type(y).__name__}.")
        if isinstance(y, pd.DataFrame) and not y.columns.equals(self._columns):
            raise ValueError(
                f"y must have the columns of fit, {list(self._columns)}, got {list(y.columns)}."
            )

    def _check_network(self) -> None:
        for name in ("feedback", "bidirectional"):
            if getattr(self.estimator, name, False):
                raise ValueError(
                    f"estimator must have {name}=False, got True; each output becomes the "
                    "network's next input, and no row is known before its time."
                )

    def _fit_exogenous(self, X: Any, given: pd.Index, index: pd.Index) -> tuple[Rows, int]:
        self.__dict__.pop("feature_names_in_", None)
        if X is None:
            return np.empty((len(index), 0)), 0
        frame = as_frame(X, "X")
        rows_at(given, frame, "X")
        frame = frame[frame.index.isin(index)]
        self.feature_names_in_ = np.asarray(frame.columns, dtype=object)
        return as_rows(frame, index, "X", self.missing)

    def _choose_differencing(self, rows: Rows) -> Differencing:
        if self.season_ is None and self.seasonal_difference not in ("auto", 0):
            raise ValueError(
                f"season must be given with seasonal_difference={self.seasonal_difference}, since "
                "none follows from the index, got None."
            )
        season = self.season_ or 1
        return choose_differencing(rows, season, self.difference, self.seasonal_difference)

    def _check_length(self, n_rows: int, warmup: int) -> None:
        n_needed = self._differencing.n_lost + max(MIN_ROWS, warmup + 2)
        if n_rows >= n_needed:
            return
        made = {
            "difference": self.difference,
            "seasonal_difference": self.seasonal_difference,
            "warmup": "auto" if self.estimator is None else warmup,
        }
        settings = [f"{name}={value}" for name, value in made.items() if value != "auto"]
        reason = f" with {' and '.join(settings)}" if settings else ""
        raise TooFewRowsError(f"y must have at least {n_needed} rows{reason}, got {n_rows}.")

    def _fit_networks(self, network: ESNRegressor, y_rows: Rows, x_rows: Rows) -> None:
        scaling = Scaling.of if self.scale else Scaling.none
        with np.errstate(over="ignore", invalid="ignore"):
            y_changes, x_changes = (self._differencing.apply(rows) for rows in (y_rows, x_rows))
            self._y_scaling, self._x_scaling = scaling(y_changes), scaling(x_changes)
            y, x = self._y_scaling.apply(y_changes), self._x_scaling.apply(x_changes)
        for name, rows, given in (("y", y, y_rows), ("X", x, x_rows)):
            if not np.isfinite(rows).all():
                raise ValueError(
                    f"{name} must be small enough for its differences to be finite, got values of "
                    f"up to {np.abs(given).max():.3g}; divide it by a number."
                )
        inputs, targets = np.hstack([y[:-1], x[1:]]), y[1:]
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=self.n_estimators)
        self.estimators_ = [
            clone(network)
            .set_params(predict_state="carry", random_state=int(seed))
            .fit(inputs, targets)
            for seed in seeds
        ]

    def _steps_of(self, fh: Any) -> NDArray[np.int64]:
        if isinstance(fh, pd.Index):
            steps = steps_until(fh, self._recent.index, "fh")
        else:
            steps = np.asarray(fh)
            if steps.dtype.kind not in "iu" or steps.ndim > 1:
                raise TypeError(
                    "fh must be a whole number of steps, an array of them or a pandas Index of "
                    f"times, got {fh!r}."
                )
            steps = steps.astype(np.int64)  # differences of unsigned numbers would wrap
            if steps.ndim == 0:
                steps = np.arange(1, int(steps) + 1)
        if steps.size == 0 or steps[0] < 1 or (np.diff(steps) <= 0).any():
            raise ValueError(
                "fh must be positive and increasing, 1 being the first time after the series, got "
                f"{fh!r}."
            )
        return steps

    def _rows_of_exogenous(self, X: Any, index: pd.Index) -> Rows:
        names = getattr(self, "feature_names_in_", None)
        if names is None:
            if X is not None:
                raise ValueError("X must be None, since the forecaster was fitted without X.")
            return np.empty((len(index), 0))
        if X is None:
            raise ValueError(
                f"X must hold the columns {list(names)} for the {len(index)} time(s) from "
                f"{as_text(index[0])} to {as_text(index[-1])}, got None."
            )
        frame = as_frame(X, "X")
        if set(frame.columns) != set(names):
            raise ValueError(
                f"X must have the columns of fit, {list(names)}, got {list(frame.columns)}."
            )
        return as_rows(rows_at(index, frame, "X")[list(names)], index, "X", None)[0]

    def _generate(self, n_steps: int, x_future: Rows) -> Rows:
        recent, differencing = self._recent, self._differencing
        y = self._y_scaling.apply(differencing.apply(recent.y))
        x = differencing.apply(np.concatenate([recent.x, x_future]))
        x = self._x_scaling.apply(x)[1:]
        # the exogenous values of the first step stand beside the last known row; those of a
        # step after the last are asked for but not used
        context = np.hstack([y, x[: len(y)]])
        x_later = np.concatenate([x[len(y) :], x[-1:]]) if x.shape[1] else None
        forecasts = []
        for network in self.estimators_:
            outputs = network.generate(n_steps, context=context, X_future=x_later)
            with np.errstate(over="ignore", invalid="ignore"):
                changes = self._y_scaling.undo(outputs.reshape(n_steps, -1))
                forecasts.append(differencing.undo(changes, recent.y))
        forecast = np.median(forecasts, axis=0)
        if not np.isfinite(forecast).all():
            raise FloatingPointError(
                "The forecast left the range of floating-point numbers at step "
                f"{np.isfinite(forecast).all(axis=1).argmin() + 1}; divide y by a number, or "
                "forecast fewer steps."
            )
        return forecast


def default_network(n_rows: int) -> ESNRegressor:
    """Return the network that `ReservoirForecaster` takes for a series of ``n_rows``.

    A unit for every two rows, 300 at most, so that generalised cross-validation can tell a
    penalty that forecasts from one that reproduces the series. Only the states, which are
    bounded, are read out, so that the closed loop stays bounded.

    Parameters
    ----------
    n_rows : int
        Rows after differencing.

    Returns
    -------
    ESNRegressor

    Examples
    --------
    >>> from reservoir.forecasting import default_network
    >>> default_network(200).n_units
    100
    """
    return ESNRegressor(
        n_units=min(300, max(10, n_rows // 2)),
        spectral_radius=0.95,
        input_scaling=0.3,
        bias_scaling=0.2,
        include_input=False,
        alpha=list(np.logspace(-6, 4, 41)),
        warmup=min(100, max(0, n_rows // 10)),
    )


@dataclass(frozen=True)
class Recent:
    """The rows from which forecasts start, as they were given.

    Attributes
    ----------
    index : Index of shape (1,)
        The time of the last row.
    y, x : ndarray of shape (n_rows, n_columns)
        Those that the network has not seen, and before them those that their differences need.
    """

    index: pd.Index
    y: Rows
    x: Rows
