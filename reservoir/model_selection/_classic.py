"""Classic forecasters to compare with: naive ones, and statistical ones of statsforecast."""

from collections.abc import Callable, Sequence
from numbers import Integral
from statistics import NormalDist
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from reservoir.forecasting import TooFewRowsError
from reservoir.forecasting._panel import split
from reservoir.forecasting._series import (
    as_frame,
    as_rows,
    full_index,
    index_after,
    season_of,
    steps_until,
)

__all__ = ["ClassicForecaster"]

Values = NDArray[np.float64]

MIN_ROWS = 3
STATISTICAL = {"theta": "Theta", "auto_ets": "AutoETS", "auto_arima": "AutoARIMA"}


class ClassicForecaster(BaseEstimator):
    """Forecast each series by itself, with a classic that is known by its name.

    Parameters
    ----------
    model : str, default="seasonal naive"
        "naive" repeats the last value, "seasonal naive" the last season (without a season, or
        with fewer rows, the last value), "drift" goes on along the line from the first value to
        the last [1]_. From statsforecast, which ``pip install reservoir-toolkit[classic]`` brings:
        "theta" [2]_, "auto_ets" (exponential smoothing) and "auto_arima" [3]_, each with its
        defaults there.
    season : int or None, default=None
        Rows in one season. None derives it from the frequency, as `ReservoirForecaster` does.
    missing : {"raise", "interpolate"}, default="raise"
        Whether gaps in the index and NaN are refused, or filled linearly from step to step.

    See Also
    --------
    compare : Takes these by their names.

    References
    ----------
    .. [1] Hyndman, R. J. & Athanasopoulos, G. (2021). Forecasting: principles and practice, 3rd
       edition, sections 5.2 and 5.5.
    .. [2] Assimakopoulos, V. & Nikolopoulos, K. (2000). The theta model: a decomposition approach
       to forecasting. International Journal of Forecasting 16.
    .. [3] Hyndman, R. J. & Khandakar, Y. (2008). Automatic time series forecasting: the forecast
       package for R. Journal of Statistical Software 27.

    Examples
    --------
    >>> import pandas as pd
    >>> from reservoir.model_selection import ClassicForecaster
    >>> y = pd.Series([1.0, 5.0, 3.0, 4.0])
    >>> ClassicForecaster("drift").fit(y).predict(2).tolist()
    [5.0, 6.0]
    >>> ClassicForecaster("seasonal naive", season=2).fit(y).predict(3).tolist()
    [3.0, 4.0, 3.0]
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "model": [StrOptions({"naive", "seasonal naive", "drift", *STATISTICAL})],
        "season": [Interval(Integral, 1, None, closed="left"), None],
        "missing": [StrOptions({"raise", "interpolate"})],
    }

    def __init__(
        self, model: str = "seasonal naive", *, season: int | None = None, missing: str = "raise"
    ) -> None:
        self.model = model
        self.season = season
        self.missing = missing

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, y: pd.Series | pd.DataFrame, X: Any = None) -> Self:
        """Fit one model for each series.

        Parameters
        ----------
        y : Series of shape (n_rows,) or DataFrame of shape (n_rows, n_variables)
            Indexed by equally spaced times; or a panel, whose index has the time as its last
            level.
        X : Ignored

        Returns
        -------
        self : ClassicForecaster

        Raises
        ------
        ImportError
            If the model needs statsforecast and it is not installed.
        TypeError, ValueError
            As in the fit of `ReservoirForecaster`; a ``TooFewRowsError`` for less than 3 rows.
        """
        form, parts = split(y)
        lines = {}
        for name, (part, _) in parts.items():
            frame = as_frame(part, "y")
            index = full_index(frame.index, "y")
            rows, _ = as_rows(frame, index, "y", self.missing)
            if len(rows) < MIN_ROWS:
                raise TooFewRowsError(f"y must have at least {MIN_ROWS} rows, got {len(rows)}.")
            season = season_of(index) if self.season is None else self.season
            models = [_fitted(self.model, column, season or 1) for column in rows.T]
            lines[name] = _Line(index[-1:], frame.columns, rows, models)
        self._form, self._lines = form, lines
        return self

    def update(
        self, y_new: pd.Series | pd.DataFrame, X: Any = None, *, refit: bool = False
    ) -> Self:
        """Take in the rows that came after.

        Parameters
        ----------
        y_new : Series or DataFrame
            Begins at the time that follows the series; in the form that was fitted.
        X : Ignored
        refit : bool, default=False
            Whether to fit the models anew to all rows, or leave their parameters as they are.

        Returns
        -------
        self : ClassicForecaster

        Raises
        ------
        ValueError
            If the rows do not follow, or as in `fit`.
        """
        check_is_fitted(self)
        later = {}
        for name, (part, _) in split(y_new)[1].items():
            if name not in self._lines:
                raise ValueError(f"y_new must hold series that were fitted, got {name!r}.")
            line, frame = self._lines[name], as_frame(part, "y_new")
            steps = steps_until(frame.index, line.index, "y_new")
            index = index_after(line.index, int(steps[-1]))
            rows = np.concatenate([line.rows, as_rows(frame, index, "y_new", self.missing)[0]])
            pairs = zip(line.models, rows.T, strict=True)
            models = [model.after(column, refit) for model, column in pairs]
            later[name] = line._replace(index=index[-1:], rows=rows, models=models)
        self._lines |= later
        return self

    def predict(self, fh: int = 1, X: Any = None) -> pd.Series | pd.DataFrame:
        """Forecast the times that follow.

        Parameters
        ----------
        fh : int, default=1
            How many steps.
        X : Ignored

        Returns
        -------
        Series or DataFrame
            In the form of y.

        Raises
        ------
        TypeError, ValueError
            If ``fh`` is not a positive integer.
        """
        n_steps = self._n_steps(fh)
        frames = {}
        for name, line in self._lines.items():
            means = [model.forecast(n_steps, [])[0] for model in line.models]
            index = index_after(line.index, n_steps)
            frames[name] = pd.DataFrame(np.column_stack(means), index, line.columns)
        return self._form.join(frames)

    def predict_interval(
        self, fh: int = 1, X: Any = None, *, coverage: float | Sequence[float] = 0.9
    ) -> pd.DataFrame:
        """Return intervals that the values of the times that follow are in with some probability.

        Of the naive ones and of drift they are those of normal errors that add up as the steps
        do; statsforecast has its own.

        Parameters
        ----------
        fh : int, default=1
            How many steps.
        X : Ignored
        coverage : float or sequence of float, default=0.9
            The probabilities.

        Returns
        -------
        DataFrame
            With columns ``(variable, coverage, "lower" or "upper")``.

        Raises
        ------
        TypeError, ValueError
            If ``fh`` is not a positive integer, or a coverage not between 0 and 1.
        """
        n_steps = self._n_steps(fh)
        shares = [float(share) for share in np.atleast_1d(coverage)]
        if not shares or not all(0 < share < 1 for share in shares):
            raise ValueError(
                f"coverage must be between 0 and 1, such as 0.8 for 80 %, got {coverage!r}."
            )
        frames = {}
        for name, line in self._lines.items():
            ends = {
                (variable, share, end): bound
                for variable, model in zip(line.columns, line.models, strict=True)
                for share, pair in zip(shares, model.forecast(n_steps, shares)[1], strict=True)
                for end, bound in zip(("lower", "upper"), pair, strict=True)
            }
            frames[name] = pd.DataFrame(ends, index_after(line.index, n_steps))
            frames[name].columns.names = ["variable", "coverage", "bound"]
        return self._form.join(frames, columns=True)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_lines")

    def _n_steps(self, fh: Any) -> int:
        check_is_fitted(self)
        if not isinstance(fh, Integral) or isinstance(fh, bool):
            raise TypeError(f"fh must be a whole number of steps, got {fh!r}.")
        if fh < 1:
            raise ValueError(f"fh must be 1 or more steps, got {fh!r}.")
        return int(fh)


class _Line(NamedTuple):
    """A series: its last time, its columns, all of its rows, and a model for each column."""

    index: pd.Index
    columns: pd.Index
    rows: Values
    models: list[Any]


class _Naive:
    """A forecast that needs no fit."""

    def __init__(self, function: Callable[..., Any], values: Values, season: int) -> None:
        self._function, self._values, self._season = function, values, season

    def after(self, values: Values, refit: bool) -> "_Naive":
        return _Naive(self._function, values, self._season)

    def forecast(
        self, n_steps: int, coverage: Sequence[float]
    ) -> tuple[Values, list[tuple[Values, Values]]]:
        steps = np.arange(1, n_steps + 1)
        mean, deviation = self._function(self._values, steps, self._season)
        widths = [NormalDist().inv_cdf((1 + share) / 2) * deviation for share in coverage]
        return mean, [(mean - width, mean + width) for width in widths]


class _Statistical:
    """A model of statsforecast."""

    def __init__(self, model: Any, values: Values, is_fitted_to: bool = True) -> None:
        self._model, self._values, self._is_fitted_to = model, values, is_fitted_to

    def after(self, values: Values, refit: bool) -> "_Statistical":
        model = self._model.new().fit(values) if refit else self._model
        return _Statistical(model, values, refit)

    def forecast(
        self, n_steps: int, coverage: Sequence[float]
    ) -> tuple[Values, list[tuple[Values, Values]]]:
        percents = [float(f"{100 * share:g}") for share in coverage]
        levels = [int(each) if each.is_integer() else each for each in percents]
        options = {"level": list(dict.fromkeys(levels)) or None}
        if self._is_fitted_to:
            found = self._model.predict(n_steps, **options)
        else:
            found = self._model.forward(self._values, n_steps, **options)
        bounds = [(np.asarray(found[f"lo-{n}"]), np.asarray(found[f"hi-{n}"])) for n in levels]
        return np.asarray(found["mean"], dtype=np.float64), bounds


def _fitted(name: str, values: Values, season: int) -> Any:
    if name in NAIVE:
        return _Naive(NAIVE[name], values, season)
    return _Statistical(statistical_models()[name](season_length=season).fit(values), values)


def statistical_models() -> dict[str, Any]:
    """Return the classes of statsforecast, or say how to install it.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        from statsforecast import models
    except ImportError as error:
        names = ", ".join(map(repr, STATISTICAL))
        raise ImportError(
            f"The models {names} need statsforecast; install it with "
            'pip install "reservoir-toolkit[classic]".'
        ) from error
    return {name: getattr(models, found) for name, found in STATISTICAL.items()}


# Hyndman & Athanasopoulos (2021), table 5.2: forecasts and the deviations of their errors


def _naive(values: Values, steps: NDArray[np.int64], season: int) -> tuple[Values, Values]:
    return _seasonal_naive(values, steps, 1)


def _seasonal_naive(values: Values, steps: NDArray[np.int64], season: int) -> tuple[Values, Values]:
    lag = season if season < len(values) else 1
    deviation = np.sqrt(np.square(values[lag:] - values[:-lag]).mean())
    mean = np.resize(values[-lag:], len(steps))
    return mean, deviation * np.sqrt(1.0 + (steps - 1) // lag)


def _drift(values: Values, steps: NDArray[np.int64], season: int) -> tuple[Values, Values]:
    n_changes = len(values) - 1
    slope = (values[-1] - values[0]) / n_changes
    deviation = np.sqrt(np.square(np.diff(values) - slope).sum() / (n_changes - 1))
    return values[-1] + slope * steps, deviation * np.sqrt(steps * (1 + steps / n_changes))


NAIVE = {"naive": _naive, "seasonal naive": _seasonal_naive, "drift": _drift}
