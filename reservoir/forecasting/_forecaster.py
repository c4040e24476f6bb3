"""Forecasts of pandas series by networks, or by any regressor on lagged rows."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from reservoir.forecasting._intervals import Calibration, calibrate, check_range
from reservoir.forecasting._learners import (
    STRATEGIES,
    Learner,
    can_simulate,
    check_estimator,
    has_memory,
)
from reservoir.forecasting._panel import Form, exogenous_of, split
from reservoir.forecasting._reading import Reader, steps_of
from reservoir.forecasting._recipe import Recipe, in_words
from reservoir.forecasting._series import (
    as_frame,
    as_text,
    index_after,
    season_of,
)
from reservoir.forecasting._track import Member, Track, forecasts, run_on, simulations

__all__ = ["ReservoirForecaster"]

Rows = NDArray[np.float64]

MIN_ROWS = 10
SEASONS_SHOWN = 3
MOST_NAMED = 10
INTERVALS = ("conformal", "bootstrap", "ensemble")


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
        How many steps the last two strategies learn; they forecast no more. Where "multioutput"
        is asked for fewer, X stays what it is at the last of them.
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
        on with and which are no targets of the second fit; linear ones stay where a gap comes
        before anything can be forecast.
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
        The rows in one season, given or derived; of a panel in its first series.
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
        self._recipe = Recipe.of(self)
        self._form, parts = split(y, X)
        given = next(iter(parts.values()))[1]
        names = [] if given is None else list(as_frame(given, "X").columns)
        self._reader = Reader(self.missing, self.transform, self.calendar, self.past_columns, names)
        read = {key: in_words(key, self._reader.track, *part) for key, part in parts.items()}
        tracks = {key: track for key, (track, _) in read.items()}
        self.n_filled_ = sum(n_filled for _, n_filled in read.values())
        if names:
            self.feature_names_in_ = np.asarray(names, dtype=object)
        if self.shared and self.season is None:
            _check_one_season(tracks)
        keys = [list(tracks)] if self.shared else [[key] for key in tracks]
        groups = [{key: tracks[key] for key in some} for some in keys]
        self.season_ = self.season or season_of(next(iter(tracks.values())).index)
        fitted = Parallel(n_jobs=self.n_jobs)(delayed(self._recipe.fit)(group) for group in groups)
        self._members = {
            key: members for some, (members, _) in zip(keys, fitted, strict=True) for key in some
        }
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
            variable is a name of y, or 0 if it has none; of a long table named like
            ``y_0.9_lower``.

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
            Indexed as `predict`; columns ``(variable, alpha)``, of a long table ``y_0.1``.

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
            none, by a new fit of all rows in the same views. Scaling and powers stay.

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
            longer[key] = in_words(key, self._longer, key, rows, exogenous)
        if refit:
            self._members = self._learned_more(longer)
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
            name = key if self._form.is_panel else ", ".join(map(str, self._form.columns))
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
        check_is_fitted(self)
        each = {
            key: [m.learner.fitted if self.strategy == "direct" else m.learner.fitted[0]
                  for m in members]
            for key, members in self._members.items()
        }  # fmt: skip
        return each if self._form.is_panel else each[None]

    @property
    def views_(self) -> Any:
        """The view that each estimator has."""
        check_is_fitted(self)
        each = {
            key: [m.preparations[key].view for m in members]
            for key, members in self._members.items()
        }
        return each if self._form.is_panel else each[None]

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_tracks")

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
        track, members = self._tracks[key], self._members[key]
        later = self._reader.later(track, y, X)
        past = [name for name in self._reader.names if name in self.past_columns]
        names = [*self._form.columns, *(f"{name} of X" for name in past)]
        _check_still_positive(members, key, later, names)
        return run_on(members, key, track.followed_by(later), since=len(track))

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
            steps, times, x = in_words(key, self._ahead, track, fh, exogenous[key])
            rows = in_words(key, forecast, key, track, steps, x)
            frames[key] = pd.DataFrame(rows, times, self._form.columns)
        return self._form.join(frames)

    def _ahead(self, track: Track, fh: Any, X: Any) -> tuple[NDArray[np.int64], pd.Index, Rows]:
        """Return the steps to forecast, their times, and what is known of all up to the last."""
        steps = steps_of(fh, track.index)
        if self.strategy != "recursive" and steps[-1] > (self.horizon or 0):
            raise ValueError(
                f"fh must be at most {self.horizon} steps, which are learned with "
                f"strategy={self.strategy!r}, got {int(steps[-1])}; raise horizon."
            )
        future = index_after(track.index, int(steps[-1]))
        return steps, future.take(steps - 1), self._reader.exogenous(X, future)

    def _point(self, key: Any, track: Track, steps: NDArray[np.int64], x: Rows) -> Rows:
        n_steps = int(steps[-1])
        forecast = np.median(forecasts(self._members[key], key, track, n_steps, x), axis=0)
        powers = [member.preparations[key].power.exponents for member in self._members[key]]
        if self.bias_adjust and np.any(np.array(powers)[:, : len(self._form.columns)] != 1):
            found = self._calibration(key, n_steps, "bias_adjust=False")
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                middle = found.power.apply(forecast)
                forecast = found.power.mean(middle, found.deviation() ** 2)
        check_range(forecast)
        return forecast[steps - 1, : len(self._form.columns)]

    def _quantiles(
        self, fh: Any, X: Any, levels: Any, labels: list[tuple[Any, ...]], names: list[str]
    ) -> pd.DataFrame:
        check_is_fitted(self)
        variables = [0 if name is None else name for name in self._form.columns]
        columns = pd.MultiIndex.from_tuples(
            [(variable, *label) for variable in variables for label in labels], names=names
        )
        exogenous = exogenous_of(self._form, X, list(self._tracks))
        frames = {}
        for key, track in self._tracks.items():
            steps, times, x = in_words(key, self._ahead, track, fh, exogenous[key])
            found = in_words(key, self._levels, key, track, int(steps[-1]), x, np.asarray(levels))
            found = found[:, steps - 1, : len(self._form.columns)]
            table = found.transpose(1, 2, 0).reshape(len(steps), -1)
            frames[key] = pd.DataFrame(table, times, columns)
        return self._form.join(frames, columns=True)

    def _levels(self, key: Any, track: Track, n_steps: int, x: Rows, levels: Rows) -> Rows:
        """Return quantiles (n_levels, n_steps, n_columns)."""
        members = self._members[key]
        if self.intervals == "bootstrap":
            check_estimator(members[0].learner.regressor, self.strategy, self.intervals)
            rng = np.random.default_rng(
                check_random_state(self._recipe.random_state).randint(2**31 - 1)
            )
            paths = simulations(members, key, track, n_steps, x, self.n_paths, rng)
            return np.quantile(paths, levels, axis=0)
        each = forecasts(members, key, track, n_steps, x)
        if self.intervals == "ensemble":
            return np.quantile(each, levels, axis=0)
        forecast = np.median(each, axis=0)
        check_range(forecast)
        simulated = can_simulate(members[0].learner.regressor, self.strategy)
        other = "bootstrap" if simulated else "ensemble"
        return self._calibration(key, n_steps, f"intervals={other!r}").quantiles(forecast, levels)

    def _calibration(self, key: Any, n_steps: int, remedy: str) -> Calibration:
        """Return errors of forecasts of the last third of a series, held back for that."""
        if (key, n_steps) not in self._calibrations:  # a later forecast does not change this one
            keys = list(self._tracks) if self.shared else [key]
            tracks = {k: self._tracks[k] for k in keys}
            for k, found in calibrate(self._recipe, tracks, self._members, n_steps, remedy).items():
                self._calibrations[k, n_steps] = found
        return self._calibrations[key, n_steps]


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


def _checked_shares(name: str, shares: float | Sequence[float]) -> list[float]:
    values = np.atleast_1d(np.asarray(shares))
    of_numbers = values.dtype.kind in "fiu" and values.ndim == 1 and values.size
    if not of_numbers or not ((values > 0) & (values < 1)).all():
        raise ValueError(f"{name} must lie between 0 and 1, got {shares!r}.")
    return [float(value) for value in values]


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
