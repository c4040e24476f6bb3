"""Choosing among echo state networks, on time-ordered folds."""

import threading
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from numbers import Integral
from os import PathLike
from typing import Any, ClassVar, NamedTuple
from warnings import warn

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, _fit_context, clone
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import ParameterGrid, ParameterSampler, TimeSeriesSplit
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.validation import check_is_fitted

from reservoir._checkpoint import Checkpoint, digest
from reservoir.estimators import ESNRegressor
from reservoir.estimators._candidates import Factors, Fold, Series, evaluate, n_columns
from reservoir.weights import checked_scaling

__all__ = ["ESNSearchCV"]

_LONG_WARMUP = (
    "warmup must be smaller than the first training part, got warmup={} and {} training rows; use "
    "fewer folds or a smaller warmup."
)
FACTORS = ("spectral_radius", "input_scaling", "bias_scaling", "leak_rate")


class ESNSearchCV(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Search over the parameters of an echo state network, on time-ordered folds of one series.

    Gives the scores of `GridSearchCV` or `RandomizedSearchCV` with an `ESNRegressor` that has
    ``predict_state="carry"``, for a fraction of the work:

    - networks that differ in ``spectral_radius``, ``input_scaling``, ``bias_scaling`` or a scalar
      ``leak_rate`` share their matrices and run side by side;
    - each network runs over the series once, whatever the number of folds: a fold's readout is
      solved from the statistics of the rows before it, and its rows then join them;
    - a list of ``alpha`` costs one solution for each, no more runs.

    Parameters
    ----------
    estimator : ESNRegressor
        The network whose parameters are searched: one layer, ``readout=None``, no feedback, no
        noise, ``predict_state="carry"``.
    param_distributions : dict or list of dict
        Names of the network's parameters, with lists of values or distributions with a method
        ``rvs``. A list of ``alpha`` is tried as a whole with every candidate. Of a list, each
        dict is searched by itself.
    n_iter : int or None, default=None
        How many candidates to draw; None tries every combination, which needs lists only. The
        values of a list of ``alpha`` do not count.
    cv : int or splitter, default=5
        Number of folds of a `TimeSeriesSplit`, or a splitter whose training rows begin with the
        first and whose test rows follow them without a gap.
    scoring : str or callable, default="r2"
        A scorer of scikit-learn that needs nothing but predictions, larger is better.
    refit : bool, default=True
        Whether to fit the best network to all rows.
    checkpoint : path or None, default=None
        A file that keeps the scores of all candidates done, so that a search that was
        interrupted goes on where it was, in another process too. Written after each group of
        candidates; a search over other data or other folds refuses it.
    n_jobs : int or None, default=None
        Number of threads; None is one for each core. Changes no number.
    random_state : int, RandomState instance or None, default=None
        Draws the candidates; and the network's own ``random_state`` if that is None, since all
        candidates share their weights.
    verbose : bool or int, default=False
        Whether to show a progress bar.

    Attributes
    ----------
    cv_results_ : dict of ndarray
        As in `GridSearchCV`: ``params``, ``param_*``, ``split*_test_score``,
        ``mean_test_score``, ``std_test_score`` and ``rank_test_score``, a row for each candidate
        and alpha.
    best_index_ : int
    best_params_ : dict
    best_score_ : float
        Mean score of the best candidate over the folds.
    best_estimator_ : ESNRegressor
        Fitted to all rows; only with ``refit=True``.
    n_splits_ : int

    See Also
    --------
    sklearn.model_selection.GridSearchCV : For any other estimator, folds or groups.

    Notes
    -----
    Ctrl-C ends the search with the results of the candidates done, without a refit; a later `fit`
    of the same search goes on from there, from ``checkpoint`` or, within a process, without.

    Examples
    --------
    >>> from scipy.stats import loguniform, uniform
    >>> from reservoir import ESNRegressor
    >>> from reservoir.datasets import make_narma
    >>> from reservoir.model_selection import ESNSearchCV
    >>> X, y = make_narma(1000, random_state=0)
    >>> esn = ESNRegressor(n_units=50, warmup=50, predict_state="carry", random_state=0)
    >>> search = ESNSearchCV(
    ...     esn,
    ...     {
    ...         "spectral_radius": uniform(0.5, 0.5),
    ...         "input_scaling": loguniform(0.05, 1.0),
    ...         "bias_scaling": [0.0, 0.3],
    ...         "alpha": [1e-8, 1e-6, 1e-4],
    ...     },
    ...     n_iter=16,
    ...     cv=3,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> len(search.cv_results_["params"]), sorted(search.best_params_)
    (48, ['alpha', 'bias_scaling', 'input_scaling', 'spectral_radius'])
    >>> bool(search.best_score_ > 0.8)
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "estimator": [HasMethods(["fit", "predict"])],
        "param_distributions": [dict, list],
        "n_iter": [Interval(Integral, 1, None, closed="left"), None],
        "cv": [Interval(Integral, 2, None, closed="left"), HasMethods(["split"])],
        "scoring": [str, callable],
        "refit": ["boolean"],
        "checkpoint": [str, PathLike, None],
        "n_jobs": [Interval(Integral, 1, None, closed="left"), None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator: Any,
        param_distributions: dict[str, Any] | list[dict[str, Any]],
        *,
        n_iter: int | None = None,
        cv: Any = 5,
        scoring: Any = "r2",
        refit: bool = True,
        checkpoint: Any = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        self.estimator = estimator
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.checkpoint = checkpoint
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X: Any, y: Any) -> "ESNSearchCV":
        """Try all candidates, and fit the best to all rows.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
            One series, rows in time order.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            Rows whose target is NaN are left out of fits and scores.

        Returns
        -------
        self : ESNSearchCV

        Raises
        ------
        ValueError
            If the estimator, a parameter or the folds cannot be searched in this way; the
            message says what to use instead.
        KeyboardInterrupt
            After Ctrl-C, with the results of the candidates done.
        """
        template = self._template()
        rows, targets = self._data(template, X, y)
        folds = self._folds(rows)
        candidates = self._candidates(template)
        series = Series(rows, targets.reshape(len(rows), -1), folds, template.warmup, False)
        checkpoint = self._checkpoint_for(template, series)
        left = [each for each in candidates if checkpoint.get(each) is None]
        interrupted = self._run(template, series, targets, left, checkpoint)
        done = [each for each in candidates if checkpoint.get(each) is not None]
        if not done:
            warn("Interrupted: no group of candidates was done; fit again.", stacklevel=2)
            raise KeyboardInterrupt
        self._report(done, checkpoint)
        if interrupted:
            warn(
                f"Interrupted: {len(done)} of {len(candidates)} candidates were tried; fit again "
                "to go on.",
                stacklevel=2,
            )
            raise KeyboardInterrupt
        if self.refit:
            self.best_estimator_ = clone(template).set_params(**self.best_params_).fit(X, y)
        return self

    def predict(self, X: Any, **options: Any) -> Any:
        """Return what the best network predicts; see `ESNRegressor.predict`.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        **options
            As for `ESNRegressor.predict`.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_rows, n_outputs)
        """
        return self._best().predict(X, **options)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the score of the best network, by ``scoring``.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features)
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
        sample_weight : array-like of shape (n_rows,), optional

        Returns
        -------
        float
        """
        options = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(get_scorer(self.scoring)(self._best(), X, y, **options))

    @property
    def n_features_in_(self) -> int:
        """Columns of X seen in `fit`."""
        return int(self._best().n_features_in_)

    def _best(self) -> Any:
        check_is_fitted(self, "best_params_")
        if not hasattr(self, "best_estimator_"):
            raise AttributeError(
                "The best network was not fitted to all rows, because of refit=False or an "
                "interrupt; fit the estimator with best_params_."
            )
        return self.best_estimator_

    def _template(self) -> Any:
        template = clone(self.estimator)
        if not isinstance(template, ESNRegressor):
            raise ValueError(
                f"estimator must be an ESNRegressor, got {type(template).__name__}; use "
                "GridSearchCV for others."
            )
        known = template.get_params()
        searched = {name for some in self._distributions() for name in some}
        unknown = sorted(searched - set(known))
        if unknown:
            raise ValueError(
                f"param_distributions must name parameters of the estimator, got {unknown}."
            )
        needed = {
            "n_layers": 1, "bidirectional": False, "feedback": False, "noise": 0.0,
            "readout": None, "predict_state": "carry",
        }  # fmt: skip
        for name, value in needed.items():
            if name in searched or known[name] != value:
                got = "it among the parameters" if known[name] == value else repr(known[name])
                raise ValueError(
                    f"estimator must have {name}={value!r} in a shared search, got {got}; use "
                    "GridSearchCV for others."
                )
        if template.random_state is None:
            seed = check_random_state(self.random_state).randint(2**31 - 1)
            template.set_params(random_state=int(seed))
        return template

    def _data(self, template: Any, X: Any, y: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        template._validate_params()
        rows, layout = template._sequences(X, None, reset=True)
        targets, per_sequence = template._targets(y, layout, starting=True)
        if not layout.is_single or per_sequence:
            raise ValueError(
                f"X must be one series of rows for time-ordered folds, got "
                f"{layout.n_sequences} sequence(s); use GridSearchCV with GroupKFold."
            )
        return np.ascontiguousarray(rows), targets

    def _folds(self, rows: NDArray[Any]) -> list[Fold]:
        cv = TimeSeriesSplit(self.cv) if isinstance(self.cv, Integral) else self.cv
        folds = []
        for train, test in cv.split(rows):
            fold = Fold(len(train), len(train) + len(test))
            if not len(test) or not np.array_equal(np.r_[train, test], np.arange(fold.stop)):
                raise ValueError(
                    "cv must train on rows from the first on and test on the rows that follow, "
                    f"got training rows {_span(train)} and test rows {_span(test)}; use "
                    "GridSearchCV for other folds."
                )
            folds.append(fold)
        folds.sort()
        self.n_splits_ = len(folds)
        return folds

    def _candidates(self, template: Any) -> list["_Candidate"]:
        return [
            each for some in self._distributions() for each in self._candidates_of(template, some)
        ]

    def _distributions(self) -> list[dict[str, Any]]:
        given = self.param_distributions
        return [given] if isinstance(given, dict) else given

    def _candidates_of(self, template: Any, distributions: dict[str, Any]) -> list["_Candidate"]:
        drawn, alphas = dict(distributions), None
        if "alpha" in drawn and not hasattr(drawn["alpha"], "rvs"):
            alphas = [float(alpha) for alpha in drawn.pop("alpha")]
            if not alphas or not np.isfinite(alphas).all() or min(alphas) < 0:
                raise ValueError(f"alpha must be finite and not negative, got {alphas}.")
        if self.n_iter is None:
            endless = [name for name, values in drawn.items() if hasattr(values, "rvs")]
            if endless:
                raise ValueError(
                    f"n_iter must say how many candidates to draw where {endless} are "
                    "distributions, got None."
                )
            settings = list(ParameterGrid(drawn))
        else:
            sizes = [np.inf if hasattr(values, "rvs") else len(values) for values in drawn.values()]
            n_iter = int(min(float(self.n_iter), float(np.prod(sizes))))
            settings = list(ParameterSampler(drawn, n_iter, random_state=self.random_state))
        return [
            _Candidate(each, alphas or [each.get("alpha", template.alpha)], alphas is not None)
            for each in settings
        ]

    def _checkpoint_for(self, template: Any, series: Series) -> Checkpoint:
        fresh = Checkpoint((template.get_params(), series, self.scoring), self.checkpoint)
        kept = getattr(self, "_kept", None)
        if self.checkpoint is not None or kept is None or kept.fingerprint != fresh.fingerprint:
            self._kept = fresh
        return self._kept

    def _run(
        self,
        template: Any,
        series: Series,
        targets: NDArray[Any],
        left: list["_Candidate"],
        checkpoint: Checkpoint,
    ) -> bool:
        """Evaluate what is left, on threads; return if interrupted."""
        from tqdm import tqdm

        from reservoir.kernels._threads import n_threads, one_blas_thread

        stop = threading.Event()
        scorer = _Scorer(self.scoring, targets)
        with (
            tqdm(total=len(left), disable=not self.verbose, unit="candidate") as progress,
            one_blas_thread(),  # each thread has candidates of its own
            ThreadPoolExecutor(self.n_jobs or n_threads()) as pool,
        ):
            running: dict[Future[Any], list[_Candidate]] = {}

            def keep(future: Future[Any]) -> None:
                some, scores = running.pop(future), future.result()
                if scores is None:  # stopped
                    return
                for each, found in zip(some, scores, strict=True):
                    checkpoint.put(each, found)
                checkpoint.save()
                progress.update(len(some))

            try:
                for some, job in self._jobs(template, series, left, scorer, stop.is_set):
                    running[pool.submit(job)] = some
                while running:
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        keep(future)
            except BaseException as error:
                stop.set()
                pool.shutdown(cancel_futures=True)
                if not isinstance(error, KeyboardInterrupt):
                    raise
                for future in list(running):
                    if not future.cancelled() and future.exception() is None:
                        keep(future)
                return True
        return False

    def _jobs(
        self,
        template: Any,
        series: Series,
        left: list["_Candidate"],
        scorer: "_Scorer",
        stopped: Any,
    ) -> Any:
        """Yield groups of candidates that share a layer, and what evaluates each of them."""
        groups: dict[str, list[_Candidate]] = {}
        for each in left:
            groups.setdefault(digest(_unshared(each.params)), []).append(each)
        for group in groups.values():
            own = clone(template).set_params(**_unshared(group[0].params))
            if own.warmup >= series.folds[0].start:
                raise ValueError(_LONG_WARMUP.format(own.warmup, series.folds[0].start))
            layer, factors = _layer_and_factors(own, [each.params for each in group], series)
            width = n_columns(layer)
            fitting = Series(
                np.require(series.inputs, own.dtype, ["C"]),
                series.targets,
                series.folds,
                own.warmup,
                own.include_input,
            )
            for start in range(0, len(group), width):
                some = group[start : start + width]
                alphas = [each.alphas for each in some]
                shares = factors[start : start + width]
                yield some, partial(evaluate, layer, shares, alphas, fitting, scorer, stopped)

    def _report(self, candidates: list["_Candidate"], checkpoint: Checkpoint) -> None:
        params, rows = [], []
        for candidate in candidates:
            found = checkpoint.get(candidate)
            assert found is not None
            for alpha, folds in zip(candidate.alphas, found, strict=True):
                own = {"alpha": alpha} if candidate.names_alpha else {}
                params.append({**candidate.params, **own})
                rows.append(folds)
        table = np.array(rows)
        mean = table.mean(axis=1)
        failed = ~np.isfinite(mean)
        if failed.all():
            raise ValueError(
                "All candidates failed: their states or scores left the finite numbers; search "
                "smaller values of spectral_radius and input_scaling."
            )
        if failed.any():
            warn(
                f"{failed.sum()} of {len(mean)} candidates failed: their states or scores left "
                "the finite numbers; their scores are NaN.",
                FitFailedWarning,
                stacklevel=3,
            )
        results: dict[str, Any] = {"params": params}
        for name in sorted({name for each in params for name in each}):
            values = np.empty(len(params), object)
            values[:] = [each.get(name) for each in params]
            results[f"param_{name}"] = values
        for i in range(table.shape[1]):
            results[f"split{i}_test_score"] = table[:, i]
        results["mean_test_score"], results["std_test_score"] = mean, table.std(axis=1)
        worst = np.where(failed, np.nanmin(mean[~failed]) - 1, mean)
        results["rank_test_score"] = rankdata(-worst, method="min").astype(np.int32)
        self.cv_results_ = results
        self.best_index_ = int(results["rank_test_score"].argmin())
        self.best_params_ = params[self.best_index_]
        self.best_score_ = float(mean[self.best_index_])
        self.__dict__.pop("best_estimator_", None)


class _Candidate(NamedTuple):
    params: dict[str, Any]
    alphas: list[Any]
    names_alpha: bool  # where the alphas are parameters of their own in the results


def _unshared(candidate: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a candidate that no factor can stand for."""
    return {
        name: value
        for name, value in candidate.items()
        if name != "alpha"
        and not (name in FACTORS and (name != "leak_rate" or np.ndim(value) == 0))
    }


def _layer_and_factors(
    template: Any, candidates: list[dict[str, Any]], series: Series
) -> tuple[Any, list[Factors]]:
    """Draw the layer that candidates share, and say by what factors each differs from it."""
    whole = [clone(template).set_params(**each) for each in candidates]
    for own in whole:
        own._validate_params()
    n_inputs = series.inputs.shape[1]
    drawn = isinstance(template.topology, str) or callable(template.topology)
    unscaled = drawn and all(own.spectral_radius is not None for own in whole)
    leaks = {own.leak_rate for own in whole if np.ndim(own.leak_rate) == 0}
    shared = clone(template).set_params(bias_scaling=1.0, input_scaling=1.0)
    if unscaled:
        shared.set_params(spectral_radius=1.0)
    if leaks:
        shared.set_params(leak_rate=1.0)
    given, ones = not isinstance(template.input_weights, str), np.ones(n_inputs)
    shared.n_features_in_ = n_inputs
    shared._draw_reservoir(n_inputs)
    factors = [
        Factors(
            float(own.spectral_radius) if unscaled else 1.0,
            ones if given else checked_scaling(own.input_scaling, n_inputs) * ones,
            float(own.bias_scaling),
            float(own.leak_rate) if leaks else 1.0,
        )
        for own in whole
    ]
    return shared._reservoir.layers[0], factors


class _Scorer:
    """A scorer of scikit-learn, for predictions that are there already."""

    def __init__(self, scoring: Any, targets: NDArray[Any]) -> None:
        self._scorer, self._targets = get_scorer(scoring), targets

    def __call__(self, fold: Fold, outputs: NDArray[Any]) -> float:
        targets = self._targets[fold.start : fold.stop]
        outputs = outputs.reshape(targets.shape)
        known = ~np.isnan(targets.reshape(len(targets), -1)).any(axis=1)
        if not known.any() or not np.isfinite(outputs).all():
            return float("nan")
        return float(self._scorer(_Predictions(outputs[known]), None, targets[known]))


class _Predictions(RegressorMixin, BaseEstimator):
    """A regressor that has predicted."""

    def __init__(self, outputs: Any) -> None:
        self.outputs = outputs

    def fit(self, X: Any, y: Any) -> "_Predictions":
        return self

    def predict(self, X: Any) -> Any:
        return self.outputs

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _span(rows: NDArray[Any]) -> str:
    return f"{rows[0]} to {rows[-1]}" if len(rows) else "none"
