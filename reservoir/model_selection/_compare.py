"""Several forecasters on the same windows of one or many series."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from numbers import Integral
from typing import Any, NamedTuple
from warnings import warn

import numpy as np
import pandas as pd
from sklearn.utils._param_validation import Interval, validate_parameter_constraints
from tqdm import tqdm

from reservoir.forecasting import ReservoirForecaster, TooFewRowsError
from reservoir.forecasting._backtest import in_turn
from reservoir.forecasting._trial import Trial
from reservoir.forecasting._windows import Window, windows_of
from reservoir.model_selection._classic import (
    NAIVE,
    STATISTICAL,
    ClassicForecaster,
    statistical_models,
)
from reservoir.model_selection._comparison import Comparison, Outcome

__all__ = ["compare"]

COUNT = Interval(Integral, 1, None, closed="left")
LEARNERS = ("ridge", "boosting")


def compare(
    models: Mapping[str, Any] | Sequence[Any],
    y: Any,
    X: Any = None,
    *,
    horizon: int | Mapping[Any, int],
    n_windows: int = 5,
    stride: int | None = None,
    season: int | Mapping[Any, int | None] | None = None,
    coverage: float | Sequence[float] = (),
    n_jobs: int | None = None,
    verbose: bool = False,
) -> Comparison:
    """Compare forecasters on the last windows of one or many series.

    Every model is fitted anew for each window, to the rows before it, and forecasts what all the
    others do; see `backtest`.

    Parameters
    ----------
    models : dict or sequence
        At least two forecasters by their names, or just a sequence of them; each has the `fit`
        and `predict` of `ReservoirForecaster`, or is one of these words:

        - "naive", "seasonal naive" and "drift"; "theta", "auto_ets" and "auto_arima", which need
          ``pip install reservoir-toolkit[classic]``: a `ClassicForecaster`, which forecasts each
          series by itself, without X;
        - "ridge" and "boosting": a `ReservoirForecaster` with `Ridge` or
          `HistGradientBoostingRegressor` on lags.

        What is meant by a word fills missing values linearly.
    y : Series, DataFrame, or dict or sequence of those
        One series, several variables of one, or a panel, as for `backtest`. Of a dict of series
        by their names, or of a sequence of series that have names, each is forecast by itself;
        they may have different frequencies.
    X : DataFrame, or dict of DataFrame, optional
        What else is known for each time; with a dict of series those of each.
    horizon : int or dict of int
        Steps that are scored in each window; with a dict of series one for each, if they differ.
    n_windows : int, default=5
        Windows at most of each series. Those that leave less than half of its rows are left out,
        and for all models those that leave one of them too few.
    stride : int or None, default=None
        Rows from one window to the next. None is the horizon.
    season : int, None or dict of those, default=None
        Rows in one season, for the models that are meant by words and for the scale of the
        errors. None derives it from the frequency of each series.
    coverage : float or sequence of float, default=()
        Shares that intervals are to cover, such as (0.8, 0.95); all models must have
        `predict_interval`.
    n_jobs : int or None, default=None
        Windows at a time, in threads, as for `backtest`.
    verbose : bool, default=False
        Whether to show a progress bar, if there is a terminal to show it on.

    Returns
    -------
    Comparison

    Raises
    ------
    ImportError
        If a model needs what is not installed.
    TypeError, ValueError
        If y or a parameter is wrong; if there is no window; or if all models fail.
    KeyboardInterrupt
        After Ctrl-C, if no series was done with all models; else those that were make the result,
        with a warning.

    Warns
    -----
    FitFailedWarning
        If a model fails on a series: it is ranked last there, and its mean errors are those of
        the other series; ``scores["failed"]`` counts these.

    See Also
    --------
    backtest : The windows of a single model, with more choices.

    Examples
    --------
    >>> from reservoir import ReservoirForecaster
    >>> from reservoir.datasets import load_elnino, load_sunspots
    >>> from reservoir.model_selection import compare
    >>> result = compare(
    ...     {"reservoir": ReservoirForecaster(), "naive": "naive", "drift": "drift"},
    ...     {"sunspots": load_sunspots(), "elnino": load_elnino()},
    ...     horizon={"sunspots": 10, "elnino": 12},
    ...     n_windows=2,
    ... )
    >>> result.ranks["reservoir"].tolist()
    [1.0, 1.0]
    """
    validate_parameter_constraints(
        {"n_windows": [COUNT], "stride": [COUNT, None], "n_jobs": [Integral, None]},
        {"n_windows": n_windows, "stride": stride, "n_jobs": n_jobs},
        caller_name="compare",
    )
    named = _named_models(models)
    series = _named_series(y)
    exogenous = _for_each("X", X, series)
    horizons, seasons = _for_each("horizon", horizon, series), _for_each("season", season, series)
    rounds = []
    for name, data in series.items():
        validate_parameter_constraints(
            {"horizon": [COUNT]}, {"horizon": horizons[name]}, caller_name="compare"
        )
        try:
            trial = Trial.of(data, exogenous[name], horizons[name], coverage, "run_on")
        except (TypeError, ValueError) as error:
            raise type(error)(
                str(error) if name is None else f"Series {name!r}: {error}"
            ) from error
        windows = windows_of(
            trial.histories.frames, horizon=horizons[name], n_windows=n_windows, stride=stride,
            season=seasons[name],
        )  # fmt: skip
        made = {each: _made(model, seasons[name]) for each, model in named.items()}
        rounds.append(Round(name, trial, windows, made))
    outcomes = _played(_with_windows(rounds), n_jobs, verbose)
    return Comparison.of(outcomes, list(named))


class Round(NamedTuple):
    """One entry of y, and the models that forecast it."""

    name: Any
    trial: Trial
    windows: list[Window]
    models: dict[str, Any]

    def n_calls(self) -> int:
        return len(self.models) * len(self.windows)

    def labels(self, frame: pd.DataFrame) -> list[Any]:
        """Return the name of the series of each row, for all entries of y together."""
        if "series" not in frame:
            name = self.trial.histories.form.name if self.name is None else self.name
            return ["y" if name is None else name] * len(frame)
        if self.name is None:
            return list(frame["series"])
        return [
            (self.name, *each) if isinstance(each, tuple) else (self.name, each)
            for each in frame["series"]
        ]


def _named_models(models: Any) -> dict[str, Any]:
    if not isinstance(models, Mapping):
        names = [each if isinstance(each, str) else type(each).__name__ for each in models]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise ValueError(
                f"models must have different names, got {twice[0]!r} twice; pass a dict of them."
            )
        models = dict(zip(names, models, strict=True))
    if len(models) < 2:
        raise ValueError(
            f"models must be at least two, got {len(models)}; use backtest for a single one."
        )
    for model in models.values():
        known = [*NAIVE, *STATISTICAL, *LEARNERS]
        if model not in known if isinstance(model, str) else not hasattr(model, "predict"):
            raise ValueError(f"models must be forecasters or among {known}, got {model!r}.")
    if any(isinstance(model, str) and model in STATISTICAL for model in models.values()):
        statistical_models()
    return dict(models)


def _named_series(y: Any) -> dict[Any, Any]:
    """Return all entries of y by their names; one that is no collection has the name None."""
    if isinstance(y, pd.Series | pd.DataFrame):
        return {None: y}
    if isinstance(y, Mapping):
        named = dict(y)
    elif isinstance(y, Sequence) and not isinstance(y, str):
        names = [getattr(each, "name", None) for each in y]
        names = [i if name is None else name for i, name in enumerate(names)]
        named = dict(zip(names, y, strict=True))
        if len(named) < len(y):
            raise ValueError(f"y must be series of different names, got {names}; pass a dict.")
    else:
        raise TypeError(
            f"y must be a pandas Series or DataFrame, or a dict of them, got {type(y).__name__}."
        )
    if not named:
        raise ValueError("y must hold at least one series, got none.")
    return named


def _for_each(name: str, given: Any, series: Iterable[Any]) -> dict[Any, Any]:
    """Return what is given for each series, which may be the same for all."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(series, given)
    absent = [each for each in series if each not in given]
    if absent:
        raise ValueError(
            f"{name} must have an entry for each series of y, got none for {absent[0]!r}."
        )
    return {each: given[each] for each in series}


def _made(model: Any, season: int | None) -> Any:
    """Return the forecaster that a word means."""
    if not isinstance(model, str):
        return model
    if model in LEARNERS:
        from sklearn.ensemble import HistGradientBoostingRegressor
        from sklearn.linear_model import Ridge

        learner = Ridge() if model == "ridge" else HistGradientBoostingRegressor(random_state=0)
        own_season = season if season != 1 else None
        return ReservoirForecaster(learner, season=own_season, missing="interpolate")
    return ClassicForecaster(model, season=season, missing="interpolate")


def _with_windows(rounds: list[Round]) -> list[Round]:
    """Leave out series that are too short for a window, with a warning."""
    short = [each.name for each in rounds if not each.windows]
    if len(short) == len(rounds):
        raise ValueError(
            "y must have a window that leaves at least half of its rows before it, got none in "
            f"{len(rounds)} series; give more rows or a shorter horizon."
        )
    if short:
        warn(
            f"{len(short)} of {len(rounds)} series have no window that leaves half of their rows "
            f"before it and are left out, the first of them {short[0]!r}; shorten the horizon.",
            stacklevel=3,
        )
    return [each for each in rounds if each.windows]


def _played(rounds: list[Round], n_jobs: int | None, verbose: bool) -> list[Outcome]:
    """Return what came of all rounds, or of those that were done when Ctrl-C was pressed."""
    calls = [
        (_attempt, (each.trial, model, window))
        for each in rounds
        for model in each.models.values()
        for window in each.windows
    ]
    found: list[Any] = []
    hidden = None if verbose else True
    try:
        for result in tqdm(in_turn(calls, n_jobs), "compare", len(calls), False, disable=hidden):
            found.append(result)
    except KeyboardInterrupt:
        n_done = sum(n <= len(found) for n in np.cumsum([each.n_calls() for each in rounds]))
        if not n_done:
            raise
        warn(f"Interrupted: {n_done} of {len(rounds)} series were done.", stacklevel=3)
        rounds = rounds[:n_done]
    results = iter(found)
    return [_outcome(each, list(islice(results, each.n_calls()))) for each in rounds]


def _attempt(trial: Trial, model: Any, window: Window) -> pd.DataFrame | Exception:
    try:
        return trial.run(model, window)
    except Exception as error:
        return error


def _outcome(played: Round, results: list[Any]) -> Outcome:
    """Keep the windows of each series that all models have but those that failed on it."""
    n, tables, errors = len(played.windows), [], {}
    for i, model in enumerate(played.models):
        of_model = results[i * n : (i + 1) * n]
        raised = [each for each in of_model if isinstance(each, Exception)]
        failures = [each for each in raised if not isinstance(each, TooFewRowsError)]
        if failures or len(raised) == n:
            errors[model] = (failures or raised)[0]
        else:
            tables += [t.assign(model=model) for t in of_model if isinstance(t, pd.DataFrame)]
    if not tables:
        return Outcome(played.name, None, errors)
    windows = pd.concat(tables, ignore_index=True)
    windows["series"] = played.labels(windows)
    n_models = windows.groupby("series")["model"].transform("nunique")
    n_here = windows.groupby(["series", "window"])["model"].transform("nunique")
    return Outcome(played.name, windows[n_here == n_models], errors)
