"""How an echo state network learns: features of a drawn reservoir into a readout."""

import warnings
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, has_fit_parameter

from reservoir.estimators._base import BaseEchoState, as_returned_state
from reservoir.estimators._closed_loop import Linear, Readout, run_with_feedback
from reservoir.estimators._reservoir import Floats
from reservoir.readout import choose_statistics, make_statistics, ridge_candidates, solve_ridge
from reservoir.sequences import Layout, match_weights

Samples = Iterator[tuple[NDArray[np.int64], Floats]]


class BaseReadout(BaseEchoState):
    """A reservoir whose features are read out by ridge regression or another estimator."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseEchoState._parameter_constraints,
        "feedback": ["boolean"],
        "feedback_scaling": [Interval(Real, 0, None, closed="left")],
        "readout": [None, HasMethods(["fit", "predict"])],
        "alpha": [Interval(Real, 0, None, closed="left"), "array-like"],
        "warmup": [Interval(Integral, 0, None, closed="left")],
        "pooling": [StrOptions({"mean", "last"})],
    }

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
        check_is_fitted(self, "_reservoir")
        return self._reservoir.layers[0].feedback_weights

    def _targets(self, y: Any, layout: Layout, *, starting: bool) -> tuple[NDArray[Any], bool]:
        """Validate targets; return them stacked or one a sequence, and which of the two."""
        raise TypeError("each kind of estimator validates its own targets")

    def _encode(self, targets: NDArray[Any]) -> Floats:
        """Return the numbers (n_targets, n_outputs) that the ridge readout learns."""
        return targets.reshape(len(targets), -1)

    def _learn(self, X: Any, y: Any, groups: Any, sample_weight: Any, *, partial: bool) -> Any:
        """Fit, from nothing or on top of what has been learned."""
        starting = not (partial and self.__sklearn_is_fitted__())
        rows, layout = self._sequences(X, groups, reset=starting)
        targets, per_sequence = self._targets(y, layout, starting=starting)
        if starting:
            self._start(rows, targets, per_sequence)
        elif per_sequence != self._per_sequence:
            raise ValueError(
                "y must be given as before: one target for each "
                f"{'sequence' if self._per_sequence else 'row'}, got one for each "
                f"{'sequence' if per_sequence else 'row'}."
            )
        states, seen = self._begin(layout)
        self._check_lengths(layout, seen)
        weight = self._stacked_weight(sample_weight, layout)
        samples = self._samples(rows, layout, targets, states, seen)
        if self.readout is None:
            self._learn_ridge(samples, targets, weight)
        else:
            self._learn_other(samples, targets, weight, partial=partial)
        self._remember(layout, states, seen + layout.lengths)
        return self

    def _start(self, rows: Floats, targets: NDArray[Any], per_sequence: bool) -> None:
        if per_sequence and self.feedback:
            raise ValueError(
                "feedback must be False where there is one target for each sequence, got True; "
                "there is no output at each step to feed back."
            )
        self._per_sequence = per_sequence
        self._target_ndim = targets.ndim
        self._statistics: Any = None
        self.__dict__.pop("readout_", None)
        n_outputs = self._encode(targets[:1]).shape[1]
        if self.readout is None:
            ridge_candidates(self.alpha, n_outputs)  # a wrong alpha fails before any work
        self._draw_reservoir(rows.shape[1], n_outputs if self.feedback else 0)

    def _check_lengths(self, layout: Layout, seen: NDArray[np.int64]) -> None:
        shortest = int((layout.lengths + seen).min())
        if shortest <= self.warmup:
            raise ValueError(
                f"warmup must be smaller than the length of every sequence, got warmup="
                f"{self.warmup} and a sequence of {shortest} row(s); lower warmup or drop the "
                "short sequences."
            )

    def _stacked_weight(self, sample_weight: Any, layout: Layout) -> Floats | None:
        weight = match_weights(sample_weight, layout, self._per_sequence)
        if weight is None:
            return None
        n = layout.n_sequences if self._per_sequence else layout.n_rows
        weight = _check_sample_weight(
            weight, np.empty((n, 1)), dtype=np.float64, ensure_non_negative=True
        )
        return weight if self._per_sequence else layout.gather(weight)

    def _samples(
        self,
        rows: Floats,
        layout: Layout,
        targets: NDArray[Any],
        states: Floats,
        seen: NDArray[np.int64],
    ) -> Samples:
        """Yield what the readout learns from, in blocks: indices of targets, and features."""
        from tqdm import tqdm

        blocks = self._reservoir.harvest(
            rows,
            layout,
            states,
            teacher=self._encode(targets) if self.feedback else None,
            noise=self.noise,
            rng=self._noise_rng,
        )
        kept = layout.positions + np.repeat(seen, layout.lengths) >= self.warmup
        pool = Pool(layout, kept, self.pooling, self._reservoir.n_features)
        with tqdm(total=layout.n_rows, disable=not self.verbose, unit="row") as progress:
            for part, features in blocks:
                if self._per_sequence:
                    pool.add(part, features)
                elif kept[part].any():
                    chosen = np.flatnonzero(kept[part])
                    yield part.start + chosen, features[chosen]
                progress.update(len(features))
                self._last_features = features[-1:].copy()
        if self._per_sequence:
            yield np.arange(layout.n_sequences), pool.result()

    def _learn_ridge(self, samples: Samples, targets: NDArray[Any], weight: Floats | None) -> None:
        """Accumulate statistics, so that no more than a block of states is ever held."""
        encoded, n_unknown, n_seen = self._encode(targets), 0, 0
        try:
            for index, features in samples:
                if self._statistics is None:
                    kind = choose_statistics(features, self.alpha, len(encoded))
                    self._statistics = make_statistics(features.shape[1], encoded.shape[1], kind)
                n_unknown += self._statistics.update(
                    features, encoded[index], None if weight is None else weight[index]
                )
                n_seen += len(index)
        except KeyboardInterrupt:
            if n_seen == 0:
                raise
            _warn(f"Interrupted: the readout is fitted to the first {n_seen} targets only.")
        self._solve()
        _warn_unknown(n_unknown, len(encoded))

    def _solve(self) -> None:
        solution = solve_ridge(self._statistics, self.alpha)
        flat = self._target_ndim == 1 and len(solution.coef) == 1
        self.coef_ = solution.coef[0] if flat else solution.coef
        self.intercept_ = solution.intercept[0] if flat else solution.intercept
        self.alpha_, self.gcv_ = solution.alpha, solution.gcv

    def _learn_other(
        self,
        samples: Samples,
        targets: NDArray[Any],
        weight: Floats | None,
        *,
        partial: bool,
    ) -> None:
        """Give all features at once to the estimator that was passed as readout."""
        collected = list(samples)
        index = np.concatenate([part for part, _ in collected])
        features = np.concatenate([part for _, part in collected])
        known = _is_known(targets[index])
        _warn_unknown(int((~known).sum()), len(targets))
        index = index[known]
        if not len(index):
            raise ValueError(
                "y must hold at least one finite target, but all targets are NaN; fill or drop "
                "them."
            )
        if not partial or not hasattr(self, "readout_"):
            self.readout_ = clone(self.readout)
        if partial and not hasattr(self.readout_, "partial_fit"):
            raise ValueError(
                f"readout must have partial_fit to learn in parts, got {self.readout!r}; use one "
                "that has, such as RecursiveLeastSquares(), or readout=None."
            )
        arguments = self._partial_arguments() if partial else {}
        if weight is not None:
            if not has_fit_parameter(self.readout_, "sample_weight"):
                raise ValueError(
                    f"sample_weight must be None with readout={self.readout!r}, whose fit takes "
                    "none, got weights; use another readout."
                )
            arguments["sample_weight"] = weight[index]
        learn = self.readout_.partial_fit if partial else self.readout_.fit
        learn(features[known], targets[index], **arguments)

    def _partial_arguments(self) -> dict[str, Any]:
        """Return what the readout's partial_fit needs to be told beside the data."""
        return {}

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
        self, X: Any, groups: Any, initial_state: Any, method: str = "predict"
    ) -> tuple[NDArray[Any], Layout, NDArray[Any]]:
        """Return outputs for stacked rows or for sequences, the layout, and the final states."""
        check_is_fitted(self)
        rows, layout = self._sequences(X, groups, reset=False)
        states, seen = self._begin(layout, initial_state)
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

    def _in_form(self, outputs: NDArray[Any], layout: Layout) -> Any:
        return outputs if self._per_sequence else layout.restore(outputs)


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


def _is_known(targets: NDArray[Any]) -> NDArray[np.bool_]:
    if not np.issubdtype(targets.dtype, np.floating):
        return np.ones(len(targets), bool)
    return ~np.isnan(targets.reshape(len(targets), -1)).any(axis=1)


def _warn_unknown(n_unknown: int, n_targets: int) -> None:
    if n_unknown:
        _warn(
            f"{n_unknown} of {n_targets} targets are NaN; their rows drive the network but are "
            "left out of the fit of the readout."
        )


def _warn(message: str) -> None:
    warnings.warn(message, stacklevel=6)
