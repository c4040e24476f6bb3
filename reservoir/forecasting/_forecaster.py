"""Forecasts of pandas series by networks, or by any regressor on lagged rows."""

from collections.abc import Sequence
from contextlib import nullcontext
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context, clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from reservoir.estimators import ESNRegressor
from reservoir.forecasting._differencing import Differencing
from reservoir.forecasting._intervals import Calibration, origins
from reservoir.forecasting._learners import (
    STRATEGIES,
    Learner,
    can_simulate,
    check_estimator,
    has_memory,
)
from reservoir.forecasting._panel import Form, exogenous_of, split
from reservoir.forecasting._series import (
    as_frame,
    as_rows,
    as_text,
    check_order,
    full_index,
    index_after,
    rows_at,
    season_of,
    steps_until,
    week_of,
)
from reservoir.forecasting._track import Member, Track, forecasts, phases, run_on, simulations
from reservoir.forecasting._views import CALENDAR, Power, Preparation, View, choose_views

__all__ = ["ReservoirForecaster", "TooFewRowsError", "default_network"]

Rows = NDArray[np.float64]

MIN_ROWS = 10
SEASONS_SHOWN = 3
MOST_NAMED = 10
INTERVALS = ("conformal", "bootstrap", "ensemble")


class TooFewRowsError(ValueError):
    """A series is too short for the differences and the warm-up of a forecaster."""


class ReservoirForecaster(BaseEstimator):
    """Forecast pandas series by recurrent networks, or by any regressor on lagged rows.

    Each network learns to predict the next row from this one. To forecast it starts from the end
    of the series, and each of its outputs becomes its next input [1]_. With the defaults, twelve
    echo state networks learn four views of the series: its differences, the differences of its
    logarithm with the season as waves, the seasonal differences of its logarithm, and the
    logarithm itself with waves. The forecast is the median of what they say.

    Parameters
    ----------
    estimator : regressor or None, default=None
        What learns; clones of it are fitted. One of this package's regressors, whose memory is
        its own; or any other of scikit-learn, which is shown lagged rows. None takes
        `default_network`.
    n_estimators : int or "auto", default="auto"
        How many are fitted, of the views in turn, each from a seed of its own where it has one.
        "auto" takes 12 echo state networks, or 4 of anything else: one for each view.
    strategy : {"recursive", "direct", "multioutput"}, default="recursive"
        Whether one step is learned and forecasts are fed back; or ``horizon`` regressors learn a
        step each; or one regressor learns all of them at once.
    horizon : int or None, default=None
        How many steps the last two strategies learn; they forecast no more.
    lags : int, sequence of int or None, default=None
        Rows that regressors without memory are shown: the last so many, or those so long before
        the next. None takes a season and one more, or 12, and a third of the rows at most.
    transform : {"auto", "log", "box-cox"} or None, default="auto"
        What is done to the values before all else. "box-cox" takes the power of Guerrero's method.
        "auto" takes logarithms in three of the four views, of columns that are above 0.
    difference, seasonal_difference : int or "auto", default="auto"
        How many times to difference over one step, and over one season. "auto" leaves it to the
        views; a number holds for each of them.
    season : int or None, default=None
        Rows in one season. None derives it from the frequency: 4 quarters, 12 months, 52 weeks,
        7 days, 5 business days, 24 hours or what makes a day; no season for anything else. Where
        a day has a season and there are three weeks, differences are taken over a week.
    fourier : int or "auto", default="auto"
        Pairs of sine and cosine of the season beside each row. "auto" takes 6, where that fits, in
        two of the views.
    calendar : "auto" or sequence of {"hour", "weekday", "month", "quarter"}, default="auto"
        A column of 0 and 1 beside each row for each of these. "auto" takes weekdays where the
        step is one of hours or minutes and the series spans three weeks.
    past_columns : sequence of str, default=()
        Columns of X that are not known ahead; they are forecast with y, to forecast y.
    scale : bool, default=True
        Whether each column is brought to mean 0 and standard deviation 1.
    missing : {"raise", "interpolate", "run_on"}, default="raise"
        What is done about gaps in the index and NaN in y: they are refused; or filled linearly
        from step to step; or the forecasts of a first fit take their places, which networks run
        on with and which are no targets of the second fit.
    shared : bool, default=False
        Of a panel, whether one model learns from all series, rather than one from each.
    bias_adjust : bool, default=False
        Whether forecasts through a transformation are means rather than medians, by the variance
        of held-back errors on its scale. It takes as long as an interval.
    intervals : {"conformal", "bootstrap", "ensemble"}, default="conformal"
        What intervals come from: errors at each step ahead of forecasts of the last third of the
        series, by a model that has not seen it [2]_; paths on which each step has one of the past
        errors; or the forecasts of all networks, which tells the luck of the draw alone.
    n_paths : int, default=500
        Paths of the bootstrap.
    random_state : int, RandomState instance or None, default=0
        Seed of all networks, in place of the estimator's own; fixed so that the same data give
        the same forecast. Other seeds show how much of it is due to the draw.
    n_jobs : int or None, default=None
        Series of a panel that are fitted at a time, in processes of their own.
    verbose : bool, default=False
        Whether `fit` prints `summary`.

    Attributes
    ----------
    estimators_ : list of regressors
        Those fitted, of prepared rows: lists of one for each step with "direct". Of a panel, a
        dict from each series to its own.
    views_ : list of View
        How each of them looks at the series; a dict likewise.
    season_ : int or None
        The rows in one season, given or derived.
    n_filled_ : int
        Values of y and X that were filled.
    feature_names_in_ : ndarray of shape (n_exogenous,)
        The columns of X, if there were any.

    See Also
    --------
    reservoir.forecasting.backtest : How good its forecasts would have been.
    reservoir.ESNRegressor.generate : The closed loop on plain arrays.

    Notes
    -----
    Forecast by the median of several models, a series needs no test of whether it wanders, has a
    season that wanders or grows in proportion: a view that does not fit it is outvoted.

    The value of X at a time helps to forecast y at that time. X is differenced as y is, as in a
    regression with differenced errors, so that a linear effect of X on y stays what it was.

    References
    ----------
    .. [1] Jaeger, H. & Haas, H. (2004). Harnessing nonlinearity: predicting chaotic systems and
       saving energy in wireless communication. Science 304.
    .. [2] Papadopoulos, H., Proedrou, K., Vovk, V. & Gammerman, A. (2002). Inductive confidence
       machines for regression. ECML 2002, section 3.

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
        "estimator": [HasMethods(["fit", "predict"]), None],
        "n_estimators": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "strategy": [StrOptions(set(STRATEGIES))],
        "horizon": [Interval(Integral, 1, None, closed="left"), None],
        "lags": [Interval(Integral, 1, None, closed="left"), "array-like", None],
        "transform": [StrOptions({"auto", "log", "box-cox"}), None],
        "difference": [Interval(Integral, 0, None, closed="left"), StrOptions({"auto"})],
        "seasonal_difference": [Interval(Integral, 0, None, closed="left"), StrOptions({"auto"})],
        "season": [Interval(Integral, 2, None, closed="left"), None],
        "fourier": [Interval(Integral, 0, None, closed="left"), StrOptions({"auto"})],
        "calendar": ["array-like", StrOptions({"auto"})],
        "past_columns": ["array-like"],
        "scale": ["boolean"],
        "missing": [StrOptions({"raise", "interpolate", "run_on"})],
        "shared": ["boolean"],
        "bias_adjust": ["boolean"],
        "intervals": [StrOptions(set(INTERVALS))],
        "n_paths": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

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
        calendar: Sequence[str] | str = "auto",
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

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, y: pd.Series | pd.DataFrame, X: Any = None) -> Self:
        """Learn a series, or many.

        Parameters
        ----------
        y : Series of shape (n_rows,) or DataFrame of shape (n_rows, n_columns)
            Indexed by equally spaced times: a DatetimeIndex, a PeriodIndex or whole numbers; all
            columns are forecast. A panel has a MultiIndex, whose last level is time, or is a long
            table with the columns unique_id, ds and y, whose further columns are those of X.
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
            numbers, infinite, NaN or so large that their differences are not finite, or not above
            0 with a transformation; if there are too few rows (a ``TooFewRowsError``); or if X has
            no row for a time of y. Of a panel the message names the series.
        """
        self.__dict__.pop("_tracks", None)  # unfitted until all has gone well
        self.__dict__.pop("feature_names_in_", None)
        self._calibrations: dict[Any, Calibration] = {}
        self._check_settings()
        self._form, parts = split(y, X)
        self._n_filled = 0
        tracks = {key: self._in_words(key, self._track_of, *part) for key, part in parts.items()}
        if self.shared and self.season is None:
            _check_one_season(tracks)
        keys = [list(tracks)] if self.shared else [[key] for key in tracks]
        groups = [{key: tracks[key] for key in some} for some in keys]
        self.season_ = self.season or season_of(next(iter(tracks.values())).index)
        fitted = Parallel(n_jobs=self.n_jobs)(delayed(self._fit_group)(group) for group in groups)
        self._members = {
            key: members for some, (members, _) in zip(keys, fitted, strict=True) for key in some
        }
        self._n_fitted = {key: len(track) for key, track in tracks.items()}
        self._tracks = {key: track for _, filled in fitted for key, track in filled.items()}
        if self.verbose:
            print(self.summary())
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
            With the index, and the name or columns, that follow those of y; of a long table one
            with the columns unique_id, ds and forecast.

        Raises
        ------
        TypeError
            If ``fh`` or X is of the wrong type.
        ValueError
            If ``fh`` is not in the future or not increasing, or X does not fit.
        FloatingPointError
            If the closed loop diverges, or the forecast is too large for a float.
        """
        return self._form_of_each(fh, X, self._point)

    def predict_interval(
        self, fh: Any = 1, X: Any = None, *, coverage: float | Sequence[float] = 0.9
    ) -> pd.DataFrame:
        """Say between what limits the series will be.

        Parameters
        ----------
        fh, X
            As in `predict`.
        coverage : float or sequence of float, default=0.9
            The share of values that should lie within, in (0, 1).

        Returns
        -------
        DataFrame
            Indexed as `predict`; columns ``(variable, coverage, "lower" or "upper")``, where the
            variable is a name of y, or 0 if it has none.

        Raises
        ------
        ValueError
            As in `predict`; or if too few rows are there to hold any back (a ``TooFewRowsError``).

        Examples
        --------
        >>> from reservoir import ReservoirForecaster
        >>> from reservoir.datasets import load_airline
        >>> forecaster = ReservoirForecaster().fit(load_airline())
        >>> fan = forecaster.predict_interval(12, coverage=[0.5, 0.9])
        >>> widths = fan.xs("upper", axis=1, level=2) - fan.xs("lower", axis=1, level=2)
        >>> bool((widths["passengers", 0.5] < widths["passengers", 0.9]).all())
        True
        """
        shares = _checked_shares("coverage", coverage)
        levels = np.array([end for c in shares for end in ((1 - c) / 2, (1 + c) / 2)])
        labels = [(c, bound) for c in shares for bound in ("lower", "upper")]
        names = ["variable", "coverage", "bound"]
        return self._quantiles(fh, X, levels, labels, names)

    def predict_quantiles(
        self, fh: Any = 1, X: Any = None, *, alpha: float | Sequence[float] = (0.1, 0.5, 0.9)
    ) -> pd.DataFrame:
        """Forecast quantiles.

        Parameters
        ----------
        fh, X
            As in `predict`.
        alpha : float or sequence of float, default=(0.1, 0.5, 0.9)
            The levels, in (0, 1).

        Returns
        -------
        DataFrame
            Indexed as `predict`; columns ``(variable, alpha)``.

        Raises
        ------
        ValueError
            As in `predict_interval`.
        """
        levels = _checked_shares("alpha", alpha)
        return self._quantiles(fh, X, levels, [(p,) for p in levels], ["variable", "alpha"])

    def update(self, y: pd.Series | pd.DataFrame, X: Any = None, *, refit: bool = False) -> Self:
        """Take in the rows that came after; later forecasts follow them.

        Parameters
        ----------
        y : Series or DataFrame
            Begins at the time that follows the series, in the form of that of `fit`. Of a panel
            some series may be left out.
        X : DataFrame, optional
            The exogenous columns for those times.
        refit : bool, default=False
            Whether they are also learned: added to the statistics of a ridge readout where the
            estimator has ``partial_fit``, without running over older rows again; or, where it has
            none, by a new fit of all rows in the same views.

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
        form, parts = split(y, X)
        self._check_form(form, parts, y)
        longer = dict(self._tracks)
        for key, (rows, exogenous) in parts.items():
            longer[key] = self._in_words(key, self._longer, key, rows, exogenous)
        if refit:
            self._members = self._learned_more(longer)
            self._n_fitted = {key: len(track) for key, track in longer.items()}
        self._tracks = longer
        self._calibrations = {}
        return self

    def summary(self) -> str:
        """Say what was chosen: season, views, networks, penalties.

        Examples
        --------
        >>> from reservoir import ReservoirForecaster
        >>> from reservoir.datasets import load_airline
        >>> print(ReservoirForecaster(n_estimators=4).fit(load_airline()).summary())
        passengers: 144 rows from 1949-01 to 1960-12, a season of 12
        4 ESNRegressor, recursive, the median of their forecasts:
          1 of differences over a step: n_units=71, warmup=14, alpha=...
          1 of log, differences over a step, 6 harmonics of the season: n_units=71, warmup=14, ...
          1 of log, differences over a season: n_units=66, warmup=13, alpha=...
          1 of log, 6 harmonics of the season: n_units=72, warmup=14, alpha=...
        intervals: conformal
        """
        check_is_fitted(self)
        lines = []
        for key, track in list(self._tracks.items())[:MOST_NAMED]:
            name = key if self._form.is_panel else ", ".join(map(str, self._columns))
            n_rows = self.season or season_of(track.index)
            season = f", a season of {n_rows}" if n_rows else ", no season"
            lines.append(
                f"{name}: {len(track)} rows from {as_text(track.index[0])} to "
                f"{as_text(track.index[-1])}{season}"
            )
        if len(self._tracks) > MOST_NAMED:
            lines.append(f"... {len(self._tracks) - MOST_NAMED} more series")
        members = next(iter(self._members.values()))
        whose = "" if len(self._tracks) == 1 else " shared" if self.shared else " for each series"
        kind = type(members[0].learner.regressor).__name__
        lines.append(
            f"{len(members)} {kind}{whose}, {self.strategy}, the median of their forecasts:"
        )
        views = [next(iter(member.preparations.values())).view for member in members]
        for view in dict.fromkeys(views):
            learners = [m.learner for m, other in zip(members, views, strict=True) if other == view]
            settings = ", ".join(_settings_of(learners))
            lines.append(f"  {len(learners)} of {view}" + (f": {settings}" if settings else ""))
        lines.append(f"intervals: {self.intervals}")
        return "\n".join(lines)

    @property
    def estimators_(self) -> Any:
        """What was fitted."""
        each = {
            key: [m.learner.fitted if self.strategy == "direct" else m.learner.fitted[0]
                  for m in members]
            for key, members in self._members.items()
        }  # fmt: skip
        return each if self._form.is_panel else each[None]

    @property
    def views_(self) -> Any:
        """The view that each estimator has."""
        each = {
            key: [m.preparations[key].view for m in members]
            for key, members in self._members.items()
        }
        return each if self._form.is_panel else each[None]

    @property
    def n_filled_(self) -> int:
        """Values that were missing and filled."""
        return self._n_filled

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_tracks")

    def _check_settings(self) -> None:
        estimator = ESNRegressor() if self.estimator is None else self.estimator
        check_estimator(estimator, self.strategy, self.intervals)
        if self.strategy != "recursive" and self.horizon is None:
            raise ValueError(
                f"horizon must be given with strategy={self.strategy!r}, got None; it is the "
                "number of steps that are learned."
            )
        calendar = () if isinstance(self.calendar, str) else self.calendar
        unknown = [name for name in calendar if name not in CALENDAR]
        if unknown:
            raise ValueError(
                f"calendar must hold names among {list(CALENDAR)}, got {unknown[0]!r}."
            )
        lags: list[Any] = [1] if self.lags is None else np.atleast_1d(self.lags).tolist()
        if not lags or any(not isinstance(lag, Integral) or lag < 1 for lag in lags):
            raise ValueError(f"lags must be whole numbers, 1 being the last row, got {lags}.")
        if has_memory(estimator) and self.lags is not None:
            raise ValueError(
                f"lags must be None with {type(estimator).__name__}, whose state is its memory, "
                f"got {self.lags!r}."
            )

    def _track_of(self, y: Any, X: Any) -> Track:
        """Return a series as rows without gaps."""
        frame = as_frame(y, "y")
        index = full_index(frame.index, "y")
        rows, filled = as_rows(frame, index, "y", self.missing)
        self._columns = frame.columns
        self._n_columns = frame.shape[1]
        self._n_filled += int(filled.sum())
        if self.transform is not None and self.transform != "auto":
            _check_positive(rows, index, self.transform)
        x = np.empty((len(index), 0))
        if X is not None:
            table = as_frame(X, "X")
            rows_at(frame.index, table, "X")
            table = table[table.index.isin(index)]
            how = "interpolate" if self.missing == "run_on" else self.missing
            x, filled_x = as_rows(table, index, "X", how)
            self._n_filled += int(filled_x.sum())
            self.feature_names_in_ = np.asarray(table.columns, dtype=object)
        absent = [name for name in self.past_columns if name not in self._feature_names()]
        if absent:
            raise ValueError(
                f"past_columns must be columns of X, {self._feature_names()}, got {absent[0]!r}."
            )
        named = not isinstance(self.calendar, str) and len(self.calendar)
        if named and not isinstance(index, pd.DatetimeIndex | pd.PeriodIndex):
            raise ValueError("calendar must be empty where the index holds whole numbers, not "
                             f"times, got {list(self.calendar)}.")  # fmt: skip
        is_known = ~filled | (self.missing != "run_on")
        return self._rows_of(index, rows, x, is_known)

    def _rows_of(self, index: pd.Index, y: Rows, x: Rows, is_known: NDArray[np.bool_]) -> Track:
        """Return a track in which the columns that are not known ahead stand with y."""
        past = np.array([name in self.past_columns for name in self._feature_names()], bool)
        is_known = np.hstack([is_known, np.full((len(y), past.sum()), True)])
        return Track(index, np.hstack([y, x[:, past]]), x[:, ~past], is_known)

    def _feature_names(self) -> list[Any]:
        return list(getattr(self, "feature_names_in_", []))

    def _fit_group(self, tracks: dict[Any, Track]) -> tuple[list[Member], dict[Any, Track]]:
        """Return what learns some series together, and their rows without gaps."""
        members = self._learn(tracks)
        gaps = {key: track for key, track in tracks.items() if not track.is_known.all()}
        if gaps:
            tracks = {**tracks, **{key: run_on(members, key, gaps[key]) for key in gaps}}
            members = self._learn(tracks)
        return members, tracks

    def _learn(self, tracks: dict[Any, Track]) -> list[Member]:
        from reservoir.kernels._threads import one_blas_thread

        short = min(tracks, key=lambda key: len(tracks[key]))
        shortest, alone = len(tracks[short]), short if len(tracks) == 1 else None
        season, cycle, calendar = self._rhythm(next(iter(tracks.values())).index, shortest)
        views, begin = self._views(season, shortest), phases(tracks)
        has_exogenous = any(track.x.shape[1] for track in tracks.values())
        n = self._n_members(len(views))
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=n)
        members = []
        for i, seed in enumerate(seeds):
            view = views[i % len(views)]
            n_lost = Differencing(view.difference, view.seasonal_difference, cycle).n_lost
            learner = self._learner(shortest - n_lost, season, int(seed), has_exogenous)
            self._in_words(short, self._check_length, shortest, n_lost, learner)
            preparations = {
                key: Preparation.of(
                    view, track.y, track.x, season or 1, cycle, calendar, self.scale, begin[key]
                )
                for key, track in tracks.items()
            }
            parts = [track.part(preparations[key]) for key, track in tracks.items()]
            for key, part in zip(tracks, parts, strict=True):
                self._in_words(key, _check_finite, part, tracks[key])
            # networks as small as the default lose more to threads than they gain
            with one_blas_thread() if self.estimator is None else nullcontext():
                members.append(Member(self._in_words(alone, learner.fit, parts), preparations))
        return members

    def _rhythm(self, index: pd.Index, n_rows: int) -> tuple[int | None, int, tuple[str, ...]]:
        """Return the season, the rows between seasonal differences, and the calendar."""
        season, week = self.season or season_of(index), week_of(index)
        has_weeks = self.season is None and week is not None and n_rows >= SEASONS_SHOWN * week
        if not isinstance(self.calendar, str):
            calendar = tuple(self.calendar)
        else:
            calendar = ("weekday",) if has_weeks else ()
        return season, week if week and has_weeks else season or 1, calendar

    def _views(self, season: int | None, n_rows: int) -> list[View]:
        given = {
            "transform": "none" if self.transform is None else self.transform,
            "difference": self.difference,
            "seasonal_difference": self.seasonal_difference,
            "fourier": self.fourier,
        }
        for name in ("seasonal_difference", "fourier"):
            if season is None and given[name] not in ("auto", 0):
                raise ValueError(
                    f"season must be given with {name}={given[name]}, since none follows from the "
                    "index, got None."
                )
        shown = season if season is not None and n_rows >= SEASONS_SHOWN * season else None
        return choose_views(shown, **given)

    def _n_members(self, n_views: int) -> int:
        if not isinstance(self.n_estimators, str):
            return int(self.n_estimators)
        return 3 * n_views if self.estimator is None or _is_echo_state(self.estimator) else n_views

    def _learner(self, n_rows: int, season: int | None, seed: int, has_exogenous: bool) -> Learner:
        if self.estimator is None:
            regressor = default_network(n_rows, has_exogenous=has_exogenous)
        else:
            regressor = clone(self.estimator)
        seeded = [name for name in regressor.get_params() if name.split("__")[-1] == "random_state"]
        regressor.set_params(**dict.fromkeys(seeded, seed))
        lags: tuple[int, ...] = (0,)
        if not has_memory(regressor):
            if self.lags is None:
                lags = tuple(range(max(1, min((season or 11) + 1, n_rows // 3))))
            elif isinstance(self.lags, Integral):
                lags = tuple(range(int(self.lags)))
            else:
                lags = tuple(int(lag) - 1 for lag in np.atleast_1d(self.lags))
        return Learner(regressor, self.strategy, lags, self.horizon or 1)

    def _check_length(self, n_rows: int, n_lost: int, learner: Learner) -> None:
        warmup = getattr(learner.regressor, "warmup", 0)
        n_ahead = 0 if self.strategy == "recursive" else learner.horizon - 1
        n_needed = n_lost + n_ahead + max(MIN_ROWS, warmup + 2, learner.n_lags + 3)
        if n_rows >= n_needed:
            return
        made = {
            "difference": self.difference,
            "seasonal_difference": self.seasonal_difference,
            "lags": "auto" if self.lags is None else self.lags,
            "horizon": "auto" if n_ahead == 0 else self.horizon,
            "warmup": "auto" if self.estimator is None or not warmup else warmup,
        }
        settings = [f"{name}={value}" for name, value in made.items() if value != "auto"]
        reason = f" with {' and '.join(settings)}" if settings else ""
        raise TooFewRowsError(f"y must have at least {n_needed} rows{reason}, got {n_rows}.")

    def _in_words(self, key: Any, do: Any, *arguments: Any) -> Any:
        """Do something for one series; what goes wrong names it where there are others."""
        try:
            return do(*arguments)
        except (ValueError, TypeError, FloatingPointError) as error:
            if key is None or str(error).startswith("Series "):  # one is named already
                raise
            raise type(error)(f"Series {key!r}: {error}") from error

    def _check_form(self, form: Form, parts: dict[Any, Any], y: Any) -> None:
        if form.kind != self._form.kind or form.is_series != self._form.is_series:
            names = {"series": "Series", "frame": "DataFrame", "panel": "panel with a MultiIndex",
                     "long": "long table"}  # fmt: skip
            expected, got = names[self._form.kind], names[form.kind]
            if expected == got:
                got = type(y).__name__
                expected += ", a Series" if self._form.is_series else ", a DataFrame"
            raise ValueError(f"y must be a {expected} as in fit, got a {got}.")
        unknown = [key for key in parts if key not in self._tracks]
        if unknown:
            raise ValueError(
                f"y must hold series of fit alone, got {unknown[0]!r}, which is none of them; fit "
                "again with it."
            )
        if not form.is_series and not form.columns.equals(self._form.columns):
            raise ValueError(
                f"y must have the columns of fit, {list(self._form.columns)}, got "
                f"{list(form.columns)}."
            )

    def _longer(self, key: Any, y: Any, X: Any) -> Track:
        """Return a track with the rows that follow it."""
        track, frame = self._tracks[key], as_frame(y, "y")
        if self.missing == "run_on":
            index, rows = _with_gaps(frame, track.index)
        else:
            index = index_after(track.index, len(frame))
            if not np.array_equal(index.get_indexer(frame.index), np.arange(len(index))):
                raise ValueError(
                    f"y must have the {len(index)} time(s) from {as_text(index[0])} to "
                    f"{as_text(index[-1])}, which follow the series, got "
                    f"{as_text(frame.index[0])} to {as_text(frame.index[-1])}; fill gaps first."
                )
            rows, _ = as_rows(frame.set_axis(index), index, "y", None)
        x = self._rows_of_exogenous(X, index, past=True)
        later = self._rows_of(index, rows, x, ~np.isnan(rows))
        past = [name for name in self._feature_names() if name in self.past_columns]
        names = [*self._columns, *(f"{name} of X" for name in past)]
        _check_still_positive(self._members[key], key, later, names)
        return run_on(self._members[key], key, track.followed_by(later), since=len(track))

    def _learned_more(self, tracks: dict[Any, Track]) -> dict[Any, list[Member]]:
        """Return members that have learned the rows that came since they were fitted."""
        keys = [list(tracks)] if self.shared else [[key] for key in tracks]
        out: dict[Any, list[Member]] = {}
        for some in keys:
            members = []
            for member in self._members[some[0]]:
                parts = [tracks[key].part(member.preparations[key]) for key in some]
                members.append(Member(member.learner.learned_more(parts), member.preparations))
            out |= dict.fromkeys(some, members)
        return out

    def _form_of_each(self, fh: Any, X: Any, forecast: Any) -> Any:
        check_is_fitted(self)
        exogenous = exogenous_of(self._form, X, list(self._tracks))
        frames = {}
        for key, track in self._tracks.items():
            steps, times, x = self._in_words(key, self._ahead, track, fh, exogenous[key])
            rows = self._in_words(key, forecast, key, track, steps, x)
            frames[key] = pd.DataFrame(rows, times, self._columns_of_each())
        return self._form.join(frames)

    def _ahead(self, track: Track, fh: Any, X: Any) -> tuple[NDArray[np.int64], pd.Index, Rows]:
        """Return the steps to forecast, their times, and what is known of all up to the last."""
        steps = _steps_of(fh, track.index)
        if self.strategy != "recursive" and steps[-1] > (self.horizon or 0):
            raise ValueError(
                f"fh must be at most {self.horizon} steps, which are learned with "
                f"strategy={self.strategy!r}, got {int(steps[-1])}; raise horizon."
            )
        future = index_after(track.index, int(steps[-1]))
        return steps, future.take(steps - 1), self._rows_of_exogenous(X, future)

    def _columns_of_each(self) -> pd.Index:
        return self._form.columns if self._form.kind != "long" else pd.Index(["y"])

    def _point(self, key: Any, track: Track, steps: NDArray[np.int64], x: Rows) -> Rows:
        n_steps = int(steps[-1])
        forecast = np.median(forecasts(self._members[key], key, track, n_steps, x), axis=0)
        powers = [member.preparations[key].power.exponents for member in self._members[key]]
        if self.bias_adjust and np.any(np.array(powers)[:, : self._n_columns] != 1):
            found = self._calibration(key, n_steps, "bias_adjust=False")
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                middle = found.power.apply(forecast)
                forecast = found.power.mean(middle, found.deviation() ** 2)
        _check_range(forecast)
        return forecast[steps - 1, : self._n_columns]

    def _quantiles(
        self, fh: Any, X: Any, levels: Any, labels: list[tuple[Any, ...]], names: list[str]
    ) -> pd.DataFrame:
        check_is_fitted(self)
        variables = [0 if name is None else name for name in self._columns_of_each()]
        columns = pd.MultiIndex.from_tuples(
            [(variable, *label) for variable in variables for label in labels], names=names
        )
        exogenous = exogenous_of(self._form, X, list(self._tracks))
        frames = {}
        for key, track in self._tracks.items():
            steps, times, x = self._in_words(key, self._ahead, track, fh, exogenous[key])
            found = self._in_words(
                key, self._levels, key, track, int(steps[-1]), x, np.asarray(levels)
            )
            found = found[:, steps - 1, : self._n_columns]
            table = found.transpose(1, 2, 0).reshape(len(steps), -1)
            frames[key] = pd.DataFrame(table, times, columns)
        return self._form.join(frames, columns=True)

    def _levels(self, key: Any, track: Track, n_steps: int, x: Rows, levels: Rows) -> Rows:
        """Return quantiles (n_levels, n_steps, n_columns)."""
        members = self._members[key]
        if self.intervals == "bootstrap":
            check_estimator(members[0].learner.regressor, self.strategy, self.intervals)
            rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))
            paths = simulations(members, key, track, n_steps, x, self.n_paths, rng)
            return np.quantile(paths, levels, axis=0)
        each = forecasts(members, key, track, n_steps, x)
        if self.intervals == "ensemble":
            return np.quantile(each, levels, axis=0)
        forecast = np.median(each, axis=0)
        _check_range(forecast)
        simulated = can_simulate(members[0].learner.regressor, self.strategy)
        other = "bootstrap" if simulated else "ensemble"
        return self._calibration(key, n_steps, f"intervals={other!r}").quantiles(forecast, levels)

    def _calibration(self, key: Any, n_steps: int, remedy: str) -> Calibration:
        """Return errors of forecasts of the last third of a series, held back for that."""
        if (key, n_steps) not in self._calibrations:  # a later forecast does not change this one
            keys = list(self._tracks) if self.shared else [key]
            tracks = {k: self._tracks[k] for k in keys}
            for k, found in self._calibrate(tracks, n_steps, remedy).items():
                self._calibrations[k, n_steps] = found
        return self._calibrations[key, n_steps]

    def _calibrate(
        self, tracks: dict[Any, Track], n_steps: int, remedy: str
    ) -> dict[Any, Calibration]:
        cuts = {
            key: max(1, len(track) - max(len(track) // 3, n_steps + 1))
            for key, track in tracks.items()
        }
        try:
            members = self._learn({key: track.until(cuts[key]) for key, track in tracks.items()})
        except TooFewRowsError as error:
            n_rows = min(map(len, tracks.values()))
            fewer = ", or fewer steps" if n_steps >= n_rows // 3 else ""
            raise TooFewRowsError(
                f"y must have more rows than {n_rows} to see how far forecasts of {n_steps} "
                f"step(s) are off in its last third, which is held back; use {remedy}{fewer}."
            ) from error
        return {
            key: self._errors(members, key, track, cuts[key], n_steps)
            for key, track in tracks.items()
        }

    def _errors(
        self, members: list[Member], key: Any, track: Track, cut: int, n_steps: int
    ) -> Calibration:
        starts = origins(len(track), cut)
        predicted = np.full((len(starts), n_steps, track.y.shape[1]), np.nan)
        truth = predicted.copy()
        measured = np.where(track.is_known, track.y, np.nan)
        for i, start in enumerate(starts):
            rows = measured[start : start + n_steps]
            x = track.x[start : start + n_steps]
            each = forecasts(members, key, track.until(int(start)), len(rows), x)
            truth[i, : len(rows)], predicted[i, : len(rows)] = rows, np.median(each, axis=0)
            _check_range(predicted[i, : len(rows)])
        if not np.isfinite(truth).any(axis=(0, 1)).all():
            raise ValueError(
                "y must have measured values in its last third, to see how far forecasts are off, "
                "got none; use intervals='ensemble' and bias_adjust=False."
            )
        power = self._power_of_errors(key, track, predicted)
        flat = (-1, track.y.shape[1])
        errors = power.apply(truth.reshape(flat)) - power.apply(predicted.reshape(flat))
        return Calibration(power, errors.reshape(truth.shape))

    def _power_of_errors(self, key: Any, track: Track, predicted: Rows) -> Power:
        """Return the scale of errors: that of most views, where all forecasts are on it."""
        powers = np.array([m.preparations[key].power.exponents for m in self._members[key]])
        most = (powers != 1).sum(axis=0) > len(powers) / 2  # so that their median is above 0
        most &= (np.nanmin(predicted, axis=(0, 1)) > 0) & (track.y > 0).all(axis=0)
        units = self._members[key][0].preparations[key].power.units
        return Power(np.where(most, np.median(powers, axis=0), 1.0), units)

    def _rows_of_exogenous(self, X: Any, index: pd.Index, past: bool = False) -> Rows:
        """Return the exogenous columns; those that are not known ahead only of the past."""
        names = self._feature_names()
        if not past:
            names = [name for name in names if name not in set(self.past_columns)]
        if not self._feature_names():
            if X is not None:
                raise ValueError("X must be None, since the forecaster was fitted without X.")
            return np.empty((len(index), 0))
        if not names:
            return np.empty((len(index), 0))
        if X is None:
            raise ValueError(
                f"X must hold the columns {names} for the {len(index)} time(s) from "
                f"{as_text(index[0])} to {as_text(index[-1])}, got None."
            )
        frame = as_frame(X, "X")
        if not set(names) <= set(frame.columns) <= set(self._feature_names()):
            raise ValueError(f"X must have the columns of fit, {names}, got {list(frame.columns)}.")
        return as_rows(rows_at(index, frame, "X")[names], index, "X", None)[0]


def default_network(n_rows: int, *, has_exogenous: bool = False) -> ESNRegressor:
    """Return the network that `ReservoirForecaster` takes for a series of ``n_rows``.

    A unit for every two rows, 300 at most, so that generalised cross-validation can tell a
    penalty that forecasts from one that reproduces the series. Only the states, which are
    bounded, are read out, so that the closed loop stays bounded; with exogenous columns, whose
    effect is often linear, inputs are too.

    Parameters
    ----------
    n_rows : int
        Rows after differencing.
    has_exogenous : bool, default=False

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
        include_input=has_exogenous,
        alpha=list(np.logspace(-6, 4, 41)),
        warmup=min(100, max(0, n_rows // 10)),
    )


def _is_echo_state(estimator: Any) -> bool:
    return "spectral_radius" in estimator.get_params(deep=False)


def _settings_of(learners: Sequence[Learner]) -> list[str]:
    """Return the settings that matter, as text; the median of penalties."""
    regressor, fitted = learners[0].regressor, [learner.fitted[0] for learner in learners]
    parts = [
        f"{name}={getattr(regressor, name)}"
        for name in ("n_units", "warmup")
        if hasattr(regressor, name)
    ]
    if not has_memory(regressor):
        lags = [lag + 1 for lag in learners[0].lags]
        one_run = lags == list(range(1, len(lags) + 1))
        parts.append(f"lags 1 to {len(lags)}" if one_run else f"lags {', '.join(map(str, lags))}")
    alphas = [np.mean(one.alpha_) for one in fitted if hasattr(one, "alpha_")]
    if alphas:
        parts.append(f"alpha={np.median(alphas):.3g}")
    return parts


def _with_gaps(frame: pd.DataFrame, before: pd.Index) -> tuple[pd.Index, Rows]:
    """Return all times that follow an index, and the rows of a frame, NaN where it has none."""
    check_order(frame.index, "y")
    index = index_after(before, int(steps_until(frame.index, before, "y")[-1]))
    rows = np.full((len(index), frame.shape[1]), np.nan)
    for i in range(frame.shape[1]):
        given = frame.iloc[:, [i]].dropna()
        if len(given):
            values, _ = as_rows(given, given.index, "y", None)
            rows[index.get_indexer(given.index), i] = values[:, 0]
    return index, rows


def _steps_of(fh: Any, index: pd.Index) -> NDArray[np.int64]:
    if isinstance(fh, pd.Index):
        steps = steps_until(fh, index, "fh")
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


def _checked_shares(name: str, shares: float | Sequence[float]) -> list[float]:
    values = np.atleast_1d(np.asarray(shares))
    of_numbers = values.dtype.kind in "fiu" and values.ndim == 1 and values.size
    if not of_numbers or not ((values > 0) & (values < 1)).all():
        raise ValueError(f"{name} must lie between 0 and 1, got {shares!r}.")
    return [float(value) for value in values]


def _check_positive(rows: Rows, index: pd.Index, transform: str) -> None:
    wrong = (rows <= 0).any(axis=1)
    if wrong.any():
        raise ValueError(
            f"y must be above 0 with transform={transform!r}, got {rows[wrong].min():.6g} at "
            f"{as_text(index[wrong.argmax()])}; add a number to it, or use transform=None."
        )


def _check_still_positive(
    members: Sequence[Member], key: Any, later: Track, names: Sequence[Any]
) -> None:
    powers = [member.preparations[key].power.exponents for member in members]
    wrong = np.any(np.array(powers) != 1, axis=0) & (later.y <= 0)
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"y must be above 0, since logarithms of it have been learned, got "
            f"{later.y[row, column]:.6g} at {as_text(later.index[row])} in column "
            f"{names[column]!r}; fit again, or use transform=None."
        )


def _check_one_season(tracks: dict[Any, Track]) -> None:
    seasons = {season_of(track.index): key for key, track in tracks.items()}
    if len(seasons) > 1:
        each = " and ".join(f"{season} of {key!r}" for season, key in seasons.items())
        raise ValueError(
            f"y must hold series of one season with shared=True, got seasons of {each}; give "
            "season, or use shared=False."
        )


def _check_finite(part: Any, track: Track) -> None:
    for name, rows, given in (("y", part.z, track.y), ("X", part.known, track.x)):
        if not np.isfinite(rows).all():
            raise ValueError(
                f"{name} must be small enough for its differences to be finite, got values of "
                f"up to {np.abs(given).max():.3g}; divide it by a number."
            )


def _check_range(forecast: Rows) -> None:
    if not np.isfinite(forecast).all():
        raise FloatingPointError(
            "The forecast left the range of floating-point numbers at step "
            f"{np.isfinite(forecast).all(axis=1).argmin() + 1}; divide y by a number, or "
            "forecast fewer steps."
        )
