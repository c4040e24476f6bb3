"""How an echo state network learns: features of a drawn reservoir into a readout."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from reservoir._interrupt import PutOffInterrupt
from reservoir.estimators._base import BaseEchoState, as_returned_state
from reservoir.estimators._closed_loop import Linear, Readout, run_with_feedback
from reservoir.estimators._input import is_known, warn
from reservoir.estimators._reservoir import Floats
from reservoir.readout import (
    check_solvable,
    choose_statistics,
    keeps_digits,
    make_statistics,
    merge_statistics,
    ridge_candidates,
    solve_ridge,
)
from reservoir.sequences import Layout

SOLVED = ("coef_", "intercept_", "alpha_", "gcv_")
TRACE_ROWS = 1024  # rows of a block that the size of the states is estimated from


class BaseReadout(BaseEchoState):
    """A reservoir whose features are read out by ridge regression or another estimator."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseEchoState._parameter_constraints,
        "feedback": ["boolean"],
        "feedback_scaling": [Interval(Real, 0, None, closed="left")],
        "readout": [None, HasMethods(["fit", "predict"])],
        "alpha": [Interval(Real, 0, None, closed="left"), np.ndarray, list, tuple],
        "warmup": [Interval(Integral, 0, None, closed="left")],
        "pooling": [StrOptions({"mean", "last"})],
    }

    _alpha_per_target = True
    _last_features: Any

    def __init__(
        self,
        *,
        n_units: int = 300,
        n_layers: int = 1,
        bidirectional: bool = False,
        topology: Any = "random",
        connectivity: int | float = 10,
        spectral_radius: float | None = 0.9,
        leak_rate: Any = 1.0,
        input_weights: Any = "uniform",
        input_scaling: Any = 1.0,
        bias_scaling: float = 0.0,
        feedback: bool = False,
        feedback_scaling: float = 1.0,
        activation: str = "tanh",
        noise: float = 0.0,
        include_input: bool = True,
        readout: Any = None,
        alpha: Any = 1e-6,
        warmup: int = 0,
        pooling: str = "mean",
        predict_state: str = "reset",
        dtype: str = "float64",
        random_state: Any = None,
        verbose: bool | int = False,
    ) -> None:
        super().__init__(
            n_units=n_units,
            n_layers=n_layers,
            bidirectional=bidirectional,
            topology=topology,
            connectivity=connectivity,
            spectral_radius=spectral_radius,
            leak_rate=leak_rate,
            input_weights=input_weights,
            input_scaling=input_scaling,
            bias_scaling=bias_scaling,
            activation=activation,
            noise=noise,
            include_input=include_input,
            predict_state=predict_state,
            dtype=dtype,
            random_state=random_state,
            verbose=verbose,
        )
        self.feedback = feedback
        self.feedback_scaling = feedback_scaling
        self.readout = readout
        self.alpha = alpha
        self.warmup = warmup
        self.pooling = pooling

    @property
    def feedback_weights_(self) -> Any:
        """W_fb (n_units, n_outputs) of the first layer; None without feedback."""
        check_is_fitted(self)
        return self._reservoir.layers[0].feedback_weights

    def _targets(self, y: Any, layout: Layout, *, starting: bool) -> tuple[NDArray[Any], bool]:
        """Validate targets; return them stacked or one a sequence, and which of the two."""
        raise TypeError("each kind of estimator validates its own targets")

    def _encode(self, targets: NDArray[Any]) -> Floats:
        """Return the numbers (n_targets, n_outputs) that the ridge readout learns."""
        return targets.reshape(len(targets), -1)

    def _learn(self, X: Any, y: Any, groups: Any, sample_weight: Any, *, partial: bool) -> Any:
        """Fit, from nothing or on top of what has been learned; all of it or nothing."""
        starting = not (partial and self.__sklearn_is_fitted__())
        if starting:
            self._forget()
        rows, layout = self._sequences(X, groups, reset=starting)
        targets, per_sequence = self._targets(y, layout, starting=starting)
        self._check_feedback(targets, per_sequence)
        if starting:
            self._start(rows, targets, per_sequence)
        elif per_sequence != self._per_sequence:
            raise ValueError(
                "y must be given as before: one target for each "
                f"{'sequence' if self._per_sequence else 'row'}, got one for each "
                f"{'sequence' if per_sequence else 'row'}."
            )
        begin = self._at_rest(layout) if starting else self._begin(layout)
        task = Task(rows, layout, targets, self._encode(targets), *begin)
        try:
            self._check_lengths(task)
            task.weight = self._stacked_weight(sample_weight, layout)
            if self.readout is None:
                interrupted = self._learn_ridge(task, partial=partial)
            else:
                interrupted = False
                self._learn_other(task, partial=partial)
        except BaseException:
            if starting:
                self._forget()
            raise
        self._last_features = task.last_features
        self._remember(layout, task.states, task.seen + task.rows_done)
        if interrupted:
            raise KeyboardInterrupt
        return self

    def _start(self, rows: Floats, targets: NDArray[Any], per_sequence: bool) -> None:
        self._per_sequence = per_sequence
        self._target_ndim = targets.ndim
        self._statistics: Any = None
        for name in ("readout_", "_unsolved_alpha", *SOLVED):
            self.__dict__.pop(name, None)
        n_outputs = self._encode(targets[:1]).shape[1]
        if self.readout is None:
            ridge_candidates(self.alpha, n_outputs)  # a wrong alpha fails before any work
        n_feedback = n_outputs if self.feedback else 0
        self._draw_reservoir(rows.shape[1], n_feedback, self.feedback_scaling)

    def _check_feedback(self, targets: NDArray[Any], per_sequence: bool) -> None:
        if not self.feedback:
            return
        if per_sequence:
            raise ValueError(
                "feedback must be False where there is one target for each sequence, got True; "
                "there is no output at each step to feed back."
            )
        if not is_known(targets).all():
            raise ValueError(
                "y must not hold NaN with feedback=True, since every target is fed back; fill "
                "them first."
            )

    def _check_lengths(self, task: "Task") -> None:
        shortest = int((task.layout.lengths + task.seen).min())
        if shortest <= self.warmup:
            carries = self.predict_state == "carry"
            what = "make the first block longer" if carries else "drop the short sequences"
            raise ValueError(
                f"warmup must be smaller than the length of every sequence, got warmup="
                f"{self.warmup} and a sequence of {shortest} row(s); lower warmup or {what}."
            )

    def _samples(self, task: "Task") -> Iterator[tuple[slice, Floats]]:
        """Yield what the readout learns from, in blocks: which targets, and features."""
        from tqdm import tqdm

        layout = task.layout
        blocks = self._reservoir.harvest(
            task.rows,
            layout,
            task.states,
            teacher=task.encoded if self.feedback else None,
            noise=self.noise,
            rngs=self._noise_rngs,
        )
        kept = self._kept(task)
        pool = None
        if self._per_sequence:
            pool = Pool(layout, kept, self.pooling, self._reservoir.n_features)
        with tqdm(total=layout.n_rows, disable=not self.verbose, unit="row") as progress:
            for part, features in blocks:
                task.rows_done = np.clip(part.stop - layout.bounds[:-1], 0, layout.lengths)
                task.last_features = features[-1:].copy()
                if pool is not None:
                    pool.add(part, features)
                    yield slice(0), features[:0]
                else:
                    yield from _kept_runs(kept, part, features)
                progress.update(len(features))
        if pool is not None:
            yield slice(layout.n_sequences), pool.result()

    def _kept(self, task: "Task") -> NDArray[np.bool_]:
        """Return which rows lie behind the warm-up of their sequence."""
        steps = task.layout.positions + np.repeat(task.seen, task.layout.lengths)
        return steps >= self.warmup

    def _learn_ridge(self, task: "Task", *, partial: bool) -> bool:
        """Gather statistics, add them to those before, and solve; return if interrupted."""
        states, rngs = task.states.copy(), copy.deepcopy(self._noise_rngs)
        fresh, interrupted = self._gather(task, None)
        if not interrupted and not keeps_digits(fresh, self.alpha):
            # the first block was quieter than the rest, and has misled the choice
            task.states[:], self._noise_rngs = states, rngs
            fresh, interrupted = self._gather(task, "factor")
        if interrupted:
            if fresh is None or fresh.n_rows == 0:
                raise KeyboardInterrupt
            warn(
                f"Interrupted: the readout is fitted to the first {fresh.n_rows} of "
                f"{len(task.targets)} targets."
            )
        n_dropped = fresh.n_dropped
        if self._statistics is not None:
            fresh = merge_statistics(fresh, self._statistics, self.alpha)
        if partial:
            self._put_off_solving(fresh)
        else:
            self._solve(fresh)
        self._statistics = fresh
        _warn_unknown(n_dropped, len(task.targets))
        return interrupted

    def _gather(self, task: "Task", kind: Any) -> tuple[Any, bool]:
        """Return the statistics of all rows, and whether Ctrl-C has cut them short."""
        statistics: Any = None
        with PutOffInterrupt() as interrupt:
            for index, features in self._samples(task):
                weight = None if task.weight is None else task.weight[index]
                if statistics is None and len(features):
                    some = slice(None, None, -(-len(features) // TRACE_ROWS))
                    sample = features[some]
                    if weight is not None:
                        sample = np.sqrt(weight[some])[:, None] * sample
                    kind = kind or choose_statistics(sample, self.alpha, len(task.encoded))
                    statistics = make_statistics(features.shape[1], task.encoded.shape[1], kind)
                if len(features):
                    statistics.update(features, task.encoded[index], weight)
                if interrupt.requested:
                    return statistics, True
        return statistics, False

    def _solve(self, statistics: Any) -> None:
        alpha = self.__dict__.get("_unsolved_alpha", self.alpha)
        solution = solve_ridge(statistics, alpha, alpha_per_target=self._alpha_per_target)
        flat = self._target_ndim == 1 and len(solution.coef) == 1
        self.coef_ = solution.coef[0] if flat else solution.coef
        self.intercept_ = solution.intercept[0] if flat else solution.intercept
        self.alpha_, self.gcv_ = solution.alpha, solution.gcv
        self.__dict__.pop("_unsolved_alpha", None)

    def _put_off_solving(self, statistics: Any) -> None:
        """Leave the readout to the first who asks for it: there may be more to learn before."""
        check_solvable(statistics)
        for name in SOLVED:
            self.__dict__.pop(name, None)
        self._unsolved_alpha = self.alpha

    def __getattr__(self, name: str) -> Any:
        """Solve for the readout when it is first asked for after `partial_fit` or `merge`."""
        if name in SOLVED and "_unsolved_alpha" in self.__dict__:
            self._solve(self._statistics)
            return self.__dict__[name]
        return object.__getattribute__(self, name)  # fails again, with the same words

    def _learn_other(self, task: "Task", *, partial: bool) -> None:
        """Give all features at once to the estimator that was passed as readout."""
        if task.weight is not None and not has_fit_parameter(self.readout, "sample_weight"):
            raise ValueError(
                f"sample_weight must be None with readout={self.readout!r}, whose fit takes none, "
                "got weights; use another readout."
            )
        n_kept = task.layout.n_sequences if self._per_sequence else int(self._kept(task).sum())
        features = np.empty((n_kept, self._reservoir.n_features), self._reservoir.dtype)
        index = np.empty(n_kept, np.int64)
        filled = 0
        for some, block in self._samples(task):
            here = slice(filled, filled + len(block))
            index[here] = np.arange(some.start or 0, some.stop)
            features[here] = block
            filled += len(block)
        known = is_known(task.targets[index])
        if not known.any():
            raise ValueError(
                "y must hold at least one finite target, but all targets are NaN; fill or drop "
                "them."
            )
        if not known.all():
            index, features = index[known], features[known]
        if not partial or not hasattr(self, "readout_"):
            self.readout_ = clone(self.readout)
        arguments = self._partial_arguments() if partial else {}
        if task.weight is not None:
            arguments["sample_weight"] = task.weight[index]
        learn = self.readout_.partial_fit if partial else self.readout_.fit
        learn(features, task.targets[index], **arguments)
        _warn_unknown(int((~known).sum()), len(task.targets))

    def _partial_arguments(self) -> dict[str, Any]:
        """Return what the readout's partial_fit needs to be told beside the data."""
        return {}

    def merge(self, other: Any) -> Any:
        """Take in what another network with the same weights has learned.

        Fitted to two parts of the sequences and merged, the readout equals that of a fit to
        all of them; it is solved when it is next used. Merge into ``copy.copy(esn)`` where the
        first is still needed.

        Parameters
        ----------
        other : estimator of the same class
            Fitted with the same parameters and ``random_state``; not changed.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the two networks or the kinds of their targets differ, or they have another
            readout than ridge regression.

        Examples
        --------
        >>> from sklearn.base import clone
        >>> from reservoir import ESNRegressor
        >>> from reservoir.datasets import make_narma
        >>> X, y = make_narma(400, random_state=0)
        >>> esn = ESNRegressor(n_units=20, alpha=1e-3, random_state=0)
        >>> halves = [clone(esn).fit(X[i : i + 200], y[i : i + 200]) for i in (0, 200)]
        >>> merged = halves[0].merge(halves[1])
        >>> whole = esn.fit(X, y, groups=[0] * 200 + [1] * 200)
        >>> bool(abs(merged.coef_ - whole.coef_).max() < 1e-8)
        True
        """
        check_is_fitted(self)
        if type(self) is not type(other):
            raise ValueError(
                f"other must be another {type(self).__name__}, got {type(other).__name__}."
            )
        check_is_fitted(other)
        if self.readout is not None or other.readout is not None:
            raise ValueError("merge needs readout=None on both sides; other readouts cannot merge.")
        if not self._reservoir.equals(other._reservoir):
            raise ValueError(
                "merge needs two networks with the same weights; fit both with the same "
                "parameters and the same integer random_state."
            )
        if self._kind_of_targets() != other._kind_of_targets():
            raise ValueError(
                "merge needs two fits to targets of the same kind: for each row or for each "
                "sequence, with the same outputs or classes."
            )
        merged = merge_statistics(copy.deepcopy(self._statistics), other._statistics, self.alpha)
        self._put_off_solving(merged)
        self._statistics = merged
        return self

    def _kind_of_targets(self) -> tuple[Any, ...]:
        return self._per_sequence, self._target_ndim, self._statistics.n_targets

    def _read(self, features: Floats, method: str = "predict") -> NDArray[Any]:
        """Return what the readout says of features."""
        if self.readout is None:
            return features @ np.atleast_2d(self.coef_).T + self.intercept_
        return np.asarray(getattr(self.readout_, method)(features))

    def _closed_readout(self) -> Readout:
        def read(features: Floats) -> Floats:
            return self._read(features).reshape(len(features), -1)

        if self.readout is not None:
            return Readout(read)
        return Readout(read, Linear(np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_)))

    def _outputs(
        self,
        X: Any,
        groups: Any,
        initial_state: Any,
        method: str = "predict",
        *,
        streaming: bool = False,
    ) -> tuple[NDArray[Any], Layout, NDArray[Any]]:
        """Return outputs for stacked rows or for sequences, the layout, and the final states."""
        check_is_fitted(self)
        rows, layout = self._sequences(X, groups, reset=False)
        states, seen = self._begin(layout, initial_state)
        if initial_state is None and not streaming and self.predict_state == "reset":
            self._warn_of_single_row(layout)
        if self.feedback:
            outputs = run_with_feedback(
                self._reservoir, self._closed_readout(), rows, layout, states
            )
        elif self._per_sequence:
            kept = layout.positions + np.repeat(seen, layout.lengths) >= self.warmup
            pool = Pool(layout, kept, self.pooling, self._reservoir.n_features)
            for part, features in self._reservoir.harvest(rows, layout, states):
                pool.add(part, features)
            outputs = self._read(pool.result(), method)
        else:
            blocks = self._reservoir.harvest(rows, layout, states)
            outputs = np.concatenate([self._read(features, method) for _, features in blocks])
        return outputs, layout, as_returned_state(states, layout)


@dataclass
class Task:
    """What is to be learned from: stacked rows, their targets, and where they begin."""

    rows: Floats
    layout: Layout
    targets: NDArray[Any]
    encoded: Floats
    states: Floats  # of each sequence: before the first block, then after the last one
    seen: NDArray[np.int64]  # steps that each sequence had behind it
    weight: Floats | None = None
    rows_done: NDArray[np.int64] | int = 0  # of each sequence
    last_features: Any = None  # of the last row done


class Pool:
    """The features of each sequence: their mean over its kept rows, or those of its last row."""

    def __init__(
        self, layout: Layout, kept: NDArray[np.bool_], pooling: str, n_features: int
    ) -> None:
        self._sequence = np.repeat(np.arange(layout.n_sequences), layout.lengths)
        self._kept = kept.copy() if pooling == "mean" else np.zeros(layout.n_rows, bool)
        self._kept[layout.bounds[1:] - 1] = True  # a sequence within the warm-up has its last row
        self._total = np.zeros((layout.n_sequences, n_features))
        self._count = np.bincount(self._sequence[self._kept], minlength=layout.n_sequences)

    def add(self, part: slice, features: Floats) -> None:
        """Take in the features of stacked rows."""
        kept = self._kept[part]
        np.add.at(self._total, self._sequence[part][kept], features[kept])

    def result(self) -> Floats:
        """Return the features (n_sequences, n_features)."""
        return self._total / self._count[:, None]


def _kept_runs(
    kept: NDArray[np.bool_], part: slice, features: Floats
) -> Iterator[tuple[slice, Floats]]:
    """Yield the runs of kept rows in a block: slices of the targets, views of the features."""
    edges = np.flatnonzero(np.diff(kept[part], prepend=False, append=False)).reshape(-1, 2)
    for start, stop in edges:
        yield slice(part.start + start, part.start + stop), features[start:stop]


def _warn_unknown(n_unknown: int, n_targets: int) -> None:
    if n_unknown:
        warn(
            f"{n_unknown} of {n_targets} targets are NaN; their rows drive the network but are "
            "left out of the fit of the readout."
        )
