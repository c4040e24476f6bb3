"""How good a forecaster would have been over the last horizons of a series."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any
from warnings import warn

import pandas as pd
from joblib import Parallel, delayed, effective_n_jobs
from sklearn.utils._param_validation import Interval, Options, validate_parameter_constraints
from tqdm import tqdm

from reservoir.forecasting._recipe import TooFewRowsError
from reservoir.forecasting._trial import Trial
from reservoir.forecasting._windows import windows_of

COUNT = Interval(Integral, 1, None, closed="left")
CONSTRAINTS: dict[str, list[Any]] = {
    "horizon": [COUNT],
    "n_windows": [COUNT],
    "stride": [COUNT, None],
    "gap": [Interval(Integral, 0, None, closed="left")],
    "train_size": [COUNT, None],
    "refit": ["boolean", Options(str, {"update"})],
    "n_jobs": [Integral, None],
}


def backtest(
    forecaster: Any,
    y: pd.Series | pd.DataFrame,
    X: pd.DataFrame | None = None,
    *,
    horizon: int,
    n_windows: int = 5,
    stride: int | None = None,
    gap: int = 0,
    train_size: int | None = None,
    refit: bool | str = True,
    coverage: float | Sequence[float] = (),
    n_jobs: int | None = None,
    verbose: bool = False,
) -> pd.DataFrame:
    """Forecast the last horizons of a series, each from the rows before it [1]_.

    Parameters
    ----------
    forecaster : ReservoirForecaster, or any with its `fit` and `predict`
        It is left as it is; clones are fitted.
    y : Series of shape (n_rows,) or DataFrame of shape (n_rows, n_variables)
        Indexed by time. Or many series: a MultiIndex, whose last level is the time and whose
        others name the series, or a table with the columns ``unique_id``, ``ds`` and ``y``, and
        those of X. Each has its windows at its own end, whatever the others know by then.

        A forecaster with ``missing="interpolate"`` fills the rows before each window up to the
        last known one, without what comes after. What is missing just before a window is
        forecast with it. Missing values in a window are forecast, but not scored.
    X : DataFrame, optional
        What else is known for each time, later ones too; passed on to the forecaster.
    horizon : int
        Steps that are scored in each window.
    n_windows : int, default=5
        Windows at most; the last one ends with the series. Those are left out that would leave
        too few rows to fit, or less than half of the series (with ``train_size``: less than
        that), or in which nothing was measured.
    stride : int or None, default=None
        Rows from one window to the next. None is the horizon, so that windows meet.
    gap : int, default=0
        Rows between the training rows and the window, which are forecast but not scored.
    train_size : int or None, default=None
        How many rows before each window (and its gap) to fit. None fits all of them.
    refit : bool or "update", default=True
        True fits a clone for each window. False fits the first window only, and for those that
        follow the forecaster takes the rows in between in, by its `update`, without learning
        from them: much faster, and what happens to a model that is in use for a long time.
        "update" learns from them too, by ``update(..., refit=True)``. With both, series that are
        too short for the first window are left out.
    coverage : float or sequence of float, default=()
        Shares that intervals are to cover, such as (0.8, 0.95); they need `predict_interval`.
    n_jobs : int or None, default=None
        Windows at a time, in threads, with ``refit=True``: None is one, -1 one for each core.
        ``joblib.parallel_config`` makes processes of them. Timings are less exact with several.
    verbose : bool, default=False
        Whether to show a progress bar, if there is a terminal to show it on.

    Returns
    -------
    DataFrame
        A row for each value that was forecast, with the columns

        - ``series``, a name or a tuple of them, if there are many, and ``variable``, if y has
          several columns;
        - ``window``, 0 for the earliest, ``cutoff``, the last time known, ``time``, ``step`` from
          1 to the horizon;
        - ``y``, NaN where nothing was measured, ``forecast``, and for each coverage both ends of
          the interval, as in ``lower_80`` and ``upper_80``;
        - ``scale_mae`` and ``scale_rmse``, the mean absolute and the root mean squared error of
          the seasonal naive forecast within the training rows, gaps filled linearly; of the naive
          one if the forecaster knows no season, or the first window has no season before it; NaN
          where it is without error;
        - ``seconds`` that the window took to fit and to forecast, all its series together.

        Empty if there is no window.

    Raises
    ------
    TypeError, ValueError
        As in the `fit` of the forecaster; if a parameter is out of range; or if the forecaster
        has no `update` and ``refit`` needs it.
    KeyboardInterrupt
        After Ctrl-C, if no window was done; else those that were are returned, with a warning.

    See Also
    --------
    score : A table of errors from what is returned.
    reservoir.model_selection.compare : Several forecasters, on the same windows of many series.
    reservoir.plotting.plot_backtest : A picture of it.

    References
    ----------
    .. [1] Tashman, L. J. (2000). Out-of-sample tests of forecasting accuracy: an analysis and
       review. International Journal of Forecasting 16, 437-450, section 3.

    Examples
    --------
    >>> from reservoir import ReservoirForecaster
    >>> from reservoir.datasets import load_elnino
    >>> from reservoir.forecasting import backtest, score
    >>> windows = backtest(ReservoirForecaster(), load_elnino(), horizon=12, n_windows=3)
    >>> len(windows), windows["cutoff"].unique().astype(str).tolist()
    (36, ['2007-12', '2008-12', '2009-12'])
    >>> bool(score(windows).loc["forecast", "MASE"] < 1)
    True
    """
    given = {
        "horizon": horizon, "n_windows": n_windows, "stride": stride, "gap": gap,
        "train_size": train_size, "refit": refit, "n_jobs": n_jobs,
    }  # fmt: skip
    validate_parameter_constraints(CONSTRAINTS, given, caller_name="backtest")
    missing = getattr(forecaster, "missing", "raise")
    trial = Trial.of(y, X, horizon, coverage, missing)
    windows = windows_of(
        trial.histories.frames, horizon=horizon, n_windows=n_windows, stride=stride, gap=gap,
        train_size=train_size, season=getattr(forecaster, "season", None),
    )  # fmt: skip
    results: Iterable[pd.DataFrame | TooFewRowsError]
    if refit is True:
        results = in_turn([(trial.run, (forecaster, window)) for window in windows], n_jobs)
    else:
        _check_update(forecaster, refit)
        results = trial.run_on(forecaster, windows, missing, refit == "update")
    return _collected(results, len(windows), trial, verbose)


def in_turn(calls: list[tuple[Callable[..., Any], tuple[Any, ...]]], n_jobs: int | None) -> Any:
    """Yield what calls return, in their order, several at a time; BLAS does not add to them."""
    from reservoir.kernels._threads import one_blas_thread

    if effective_n_jobs(n_jobs) == 1:
        for function, arguments in calls:
            yield function(*arguments)
        return
    with one_blas_thread():
        run = Parallel(n_jobs=n_jobs, prefer="threads", return_as="generator")
        yield from run(delayed(function)(*arguments) for function, arguments in calls)


def _check_update(forecaster: Any, refit: bool | str) -> None:
    update = getattr(forecaster, "update", None)
    if update is None or (refit and "refit" not in inspect.signature(update).parameters):
        needed = "update(..., refit=True)" if refit else "update"
        raise ValueError(
            f"forecaster must have {needed} with refit={refit!r}, got a "
            f"{type(forecaster).__name__}; use refit=True."
        )


def _collected(
    results: Iterable[pd.DataFrame | TooFewRowsError],
    n_windows: int,
    trial: Trial,
    verbose: bool,
) -> pd.DataFrame:
    frames, hidden = [], None if verbose else True
    try:
        for frame in tqdm(results, "backtest", n_windows, leave=False, disable=hidden):
            if isinstance(frame, pd.DataFrame):
                frames.append(frame)
    except KeyboardInterrupt:
        if not frames:
            raise
        warn(f"Interrupted: {len(frames)} of {n_windows} windows were done.", stacklevel=3)
    return pd.concat(frames, ignore_index=True) if frames else trial.empty()
