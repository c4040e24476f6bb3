"""What all networks trained by gradient share: parameters, sequences in, training, running."""

from dataclasses import replace
from itertools import pairwise
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Hidden, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from reservoir.estimators._input import SequenceInput, is_known, warn
from reservoir.sequences import Layout

if TYPE_CHECKING:
    from reservoir.training._batches import Examples
    from reservoir.training._network import Network, Weights
    from reservoir.training._trainer import Course

Floats = NDArray[np.floating]


class BaseTrained(SequenceInput, BaseEstimator):
    """A network of some cell, and how it is trained."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_units": [Interval(Integral, 1, None, closed="left")],
        "n_layers": [Interval(Integral, 1, None, closed="left")],
        "bidirectional": ["boolean"],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "pooling": [StrOptions({"mean", "last"})],
        "delay": [Interval(Integral, 0, None, closed="left")],
        "warmup": [Interval(Integral, 0, None, closed="left")],
        "learn_initial_state": ["boolean", StrOptions({"each"})],
        "teacher_forcing": [Interval(Real, 0, 1, closed="both"), tuple, list],
        "solver": [StrOptions({"sgd", "rmsprop", "adam", "adamw"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "vanishing_penalty": [Interval(Real, 0, None, closed="left")],
        "clip_norm": [Interval(Real, 0, None, closed="neither"), None],
        "bptt_steps": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
            None,
        ],
        "carry_state": ["boolean"],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "shuffle": ["boolean"],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive", "cosine"}), callable],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "nesterovs_momentum": ["boolean"],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "n_iter_no_change": [
            Interval(Integral, 1, None, closed="left"),
            Hidden(Interval(Real, np.inf, None, closed="left")),
        ],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "warm_start": ["boolean"],
        "checkpoint": [None, str, Path],
        "dtype": [StrOptions({"float64", "float32"})],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    # for type checkers: what the constructors of the estimators set
    n_units: int
    n_layers: int
    bidirectional: bool
    dropout: float
    pooling: str
    delay: int
    warmup: int
    learn_initial_state: bool | str
    teacher_forcing: Any
    solver: str
    alpha: float
    vanishing_penalty: float
    clip_norm: float | None
    bptt_steps: int | str | None
    carry_state: bool
    batch_size: int | str
    shuffle: bool
    learning_rate: Any
    learning_rate_init: float
    power_t: float
    momentum: float
    nesterovs_momentum: bool
    beta_1: float
    beta_2: float
    epsilon: float
    max_iter: int
    tol: float
    n_iter_no_change: int
    early_stopping: bool
    validation_fraction: float
    warm_start: bool
    checkpoint: Any
    random_state: Any
    verbose: bool | int

    _network: "Network"
    _template: "Weights"
    _vector: Floats
    _course: "Course"  # what partial_fit goes on with
    _n_steps: int  # of the longest sequence made from one input, or 0

    def _make_cell(self) -> Any:
        """Return the cell that the parameters ask for."""
        raise TypeError("each kind of network makes its own cells")

    def _loss(self) -> Any:
        """Return what is made small."""
        raise TypeError("each kind of estimator has its own loss")

    def _targets(self, y: Any, layout: Layout, *, starting: bool) -> tuple[NDArray[Any], bool]:
        raise TypeError("each kind of estimator validates its own targets")

    def _encode(self, targets: NDArray[Any]) -> Floats:
        """Return the numbers (n_targets, n_outputs) that the network learns."""
        raise TypeError("each kind of estimator has its own code")

    def _score_of(self, outputs: Floats, examples: "Examples") -> float:
        """Return how good outputs for examples are; higher is better."""
        raise TypeError("each kind of estimator has its own score")

    @property
    def parameters_(self) -> "Weights":
        """All parameters: a tree of named tuples of arrays, layer by layer."""
        from reservoir.training._trees import views

        check_is_fitted(self)
        return views(self._template, self._vector.copy())

    def gradient_norms(self, X: Any, y: Any, *, groups: Any = None) -> Any:
        """Return how long the gradient of the loss is in the state after each row.

        Followed from the end of a sequence to its beginning, it tells whether gradients vanish or
        explode on their way back [1]_: by what factor a step multiplies them, and how far back a
        target can be felt.

        Parameters
        ----------
        X : array-like of shape (n_rows, n_features), 3-D array or list of 2-D arrays
            Sequences, each of which is run from its beginning to its end, whatever
            ``bptt_steps``. A teacher is not forced.
        y : array-like of shape (n_rows,) or (n_rows, n_outputs), 3-D array or list
            Targets as in `fit`; those that are NaN and those of the first ``warmup`` rows do not
            count.
        groups : array-like of shape (n_rows,), optional
            The sequence that each row belongs to.

        Returns
        -------
        ndarray of shape (n_rows,) or (n_sequences, n_timesteps), or list of ndarray
            In the form of ``X``, or of ``y`` where sequences are made from one input each: the
            Euclidean norm of ``∂E/∂s(t)``, where E is the loss of the sequence, summed over its
            targets, without penalties, and s(t) the state after row t, of all layers and both
            directions. Always in float64; inf beyond its range.

        Raises
        ------
        ValueError
            If the input is of the wrong shape or not finite, or targets are not given as in fit.
        FloatingPointError
            If the network diverges.

        References
        ----------
        .. [1] Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training
           recurrent neural networks. ICML, 1310-1318, section 2, eq. 3 to 5.

        Examples
        --------
        One target at the end of each sequence: its gradient fades on the way back.

        >>> import numpy as np
        >>> from reservoir import RNNRegressor
        >>> X = np.random.default_rng(0).normal(size=(20, 6, 1))
        >>> rnn = RNNRegressor(n_units=4, max_iter=1, random_state=0).fit(X, X[:, 0, 0])
        >>> norms = rnn.gradient_norms(X, X[:, 0, 0])
        >>> norms.shape
        (20, 6)
        >>> bool((norms[:, 0] < norms[:, 5]).all())
        True
        """
        from reservoir.training._bptt import Objective
        from reservoir.training._gradient_norms import gradient_norms
        from reservoir.training._trees import views

        check_is_fitted(self)
        rows, layout = self._rows_of(X, groups, self._steps_from_one(X, y), reset=False)
        targets, per_sequence = self._targets(y, layout, starting=False)
        self._check_as_before(per_sequence)
        examples = self._examples(rows.astype(np.float64), layout, targets, None)
        norms = gradient_norms(
            Objective(self._network, self._loss()),
            views(self._template, self._vector.astype(np.float64)),
            examples,
            self.warmup + self.delay,
        )
        if self.delay:  # the rows of 0 that follow each sequence
            norms = np.concatenate(
                [norms[a : b - self.delay] for a, b in pairwise(examples.bounds)]
            )
        return layout.restore(norms)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_vector")

    def _learn(
        self, X: Any, y: Any, groups: Any, sample_weight: Any, *, partial: bool = False
    ) -> Any:
        """Train, from nothing or on; a network that fails at once is none."""
        fitted = self.__sklearn_is_fitted__()
        starting = not (fitted and (partial or self.warm_start))
        if starting:
            for name in ("_vector", "_course"):
                self.__dict__.pop(name, None)
        n_steps = self._steps_from_one(X, y)
        rows, layout = self._rows_of(X, groups, n_steps, reset=starting)
        targets, per_sequence = self._targets(y, layout, starting=starting)
        if not starting:
            self._check_as_before(per_sequence)
            self._check_network()
            if (n_steps is None) != (not self._n_steps):
                raise ValueError(
                    "y must be given as before: sequences from one row each, or a target for each "
                    "row of X."
                )
        longest = 0 if n_steps is None else int(np.max(n_steps))
        self._n_steps = longest if starting else max(longest, self._n_steps)
        self._per_sequence = per_sequence
        examples = self._examples(rows, layout, targets, sample_weight)
        if not starting:
            self._check_starts(examples.n_sequences)
        if starting:
            self._target_ndim = np.ndim(targets)
            self._draw(examples)
        self._train(examples, partial=partial)
        return self

    def _check_starts(self, n_sequences: int) -> None:
        n_starts = self._network.n_starts
        if n_starts and n_sequences != n_starts:
            raise ValueError(
                f"X must have the {n_starts} sequence(s) of the training data, each of which has "
                f"an initial state of its own, got {n_sequences}; for others pass initial_state, "
                "such as rows of initial_states_."
            )

    @property
    def initial_states_(self) -> Floats:
        """Where sequences begin, (n_state,), or (n_sequences, n_state) where each has its own."""
        check_is_fitted(self)
        if self._network.bidirectional:
            raise AttributeError("initial_states_ is not defined with bidirectional=True.")
        states = [layer[0].initial_state for layer in self.parameters_.layers]
        return np.concatenate(states, axis=-1)

    def _check_as_before(self, per_sequence: bool) -> None:
        if per_sequence != self._per_sequence:
            raise ValueError(
                "y must be given as before: one target for each "
                f"{'sequence' if self._per_sequence else 'row'}, got one for each "
                f"{'sequence' if per_sequence else 'row'}."
            )

    def _check_network(self) -> None:
        """Raise ValueError if the parameters ask for another network than the one that is there."""
        there = self._network
        asked = {
            "cell": (self._make_cell(), there.cell),
            "n_units": (self.n_units, there.n_units),
            "n_layers": (self.n_layers, there.n_layers),
            "bidirectional": (self.bidirectional, there.bidirectional),
            "learn_initial_state='each'": (self.learn_initial_state == "each", there.n_starts > 0),
            "dtype": (self.dtype, self._vector.dtype.name),
        }
        for name, (now, before) in asked.items():
            if now != before:
                raise ValueError(
                    f"{name} must stay {before!r} where fit goes on from the weights that are "
                    f"there, got {now!r}; set warm_start=False and call fit to begin anew."
                )

    def _steps_from_one(self, X: Any, y: Any) -> Any:
        """Return how long sequences are that are made from one input each, or None.

        That is what rows are whose targets are whole sequences.
        """
        if isinstance(y, np.ndarray):
            whole = y.ndim == 3
        else:
            whole = isinstance(y, list | tuple) and len(y) > 0 and np.ndim(y[0]) == 2
            if isinstance(y, list | tuple) and not whole:  # series of different lengths
                whole = len({np.shape(part) for part in y if np.ndim(part) == 1}) > 1
        if not whole:
            return None
        if (np.ndim(X[0]) + 1 if isinstance(X, list | tuple) else np.ndim(X)) != 2:
            return None
        if len(X) != len(y):
            raise ValueError(
                f"X must hold one row for each sequence of y, got {len(X)} rows for {len(y)} "
                "sequences."
            )
        lengths = [len(part) for part in y]
        if min(lengths) == 0:
            raise ValueError(
                f"y must hold sequences of one row at least, got none at position "
                f"{lengths.index(0)}."
            )
        return lengths[0] if isinstance(y, np.ndarray) else lengths

    def _rows_of(self, X: Any, groups: Any, n_steps: Any, *, reset: bool) -> tuple[Floats, Layout]:
        """Validate X; return stacked rows and their layout.

        With ``n_steps``, one number or one for each row of X, a sequence is made from each: the
        row, then rows of 0.
        """
        if n_steps is None:
            return self._sequences(X, groups, reset=reset)
        ones, layout = self._sequences(X, groups, reset=reset, fewest=1)
        if not layout.is_single:
            raise ValueError(
                "X must be rows without groups or a MultiIndex where a sequence is made from each "
                f"row, got {layout.n_sequences} sequences."
            )
        lengths = np.asarray(n_steps)
        if (
            lengths.dtype.kind not in "iu"
            or lengths.shape not in ((), (len(ones),))
            or (lengths < 1).any()
        ):
            raise ValueError(
                f"n_steps must be a positive integer, or one for each of the {len(ones)} row(s) of "
                f"X, got {n_steps!r}."
            )
        bounds = np.r_[0, np.cumsum(np.broadcast_to(lengths, len(ones)))]
        rows = np.zeros((int(bounds[-1]), ones.shape[1]), ones.dtype)
        rows[bounds[:-1]] = ones
        return rows, Layout("list" if lengths.ndim else "array", bounds)

    def _examples(
        self, rows: Floats, layout: Layout, targets: NDArray[Any], sample_weight: Any
    ) -> "Examples":
        from reservoir.training._batches import Examples

        with np.errstate(over="ignore"):
            encoded = self._encode(targets).astype(rows.dtype, copy=False)
        if np.isinf(encoded).any():
            raise ValueError(
                f"y must fit into {rows.dtype}, got numbers up to "
                f"{np.nanmax(np.abs(targets)):.3g}; scale it, for example by "
                "TransformedTargetRegressor(..., transformer=StandardScaler())."
            )
        weight = self._stacked_weight(sample_weight, layout)
        known = is_known(targets)
        if not known.any():
            raise ValueError(
                "y must hold at least one finite target, but all targets are NaN; fill or drop "
                "them."
            )
        if not known.all():
            warn(f"{(~known).sum()} of {len(known)} targets are NaN; they are left out.")
            if self._make_cell().feeds_back:
                raise ValueError(
                    "y must not hold NaN with a cell that feeds its output back, since every "
                    "target is fed back; fill them first."
                )
        counts = known * self._class_factors(targets) * (1.0 if weight is None else weight)
        if (counts > 0).any():
            counts = counts / counts[counts > 0].mean()  # relative to one another
        counts = counts.astype(rows.dtype)
        examples = Examples(rows, layout.bounds, encoded, counts, self._per_sequence)
        self._check_lengths(layout)
        return self._delayed(examples)

    def _class_factors(self, targets: NDArray[Any]) -> Floats:
        return np.ones(1)

    def _check_lengths(self, layout: Layout) -> None:
        shortest = int(layout.lengths.min())
        if self.delay and self._per_sequence:
            raise ValueError(
                f"delay must be 0 where there is one target for each sequence, got {self.delay}."
            )
        for name in ("delay", "warmup"):
            if shortest <= getattr(self, name):
                raise ValueError(
                    f"{name} must be smaller than the length of every sequence, got {name}="
                    f"{getattr(self, name)} and a sequence of {shortest} row(s); lower {name} or "
                    "drop the short sequences."
                )

    def _delayed(self, examples: "Examples") -> "Examples":
        """Let the output at a step answer for the row ``delay`` steps before."""
        if not self.delay:
            return examples
        rows, bounds = self._longer(examples.rows, examples.bounds)
        index = np.concatenate([np.arange(a + self.delay, b) for a, b in pairwise(bounds)])
        targets = np.zeros((len(rows), examples.targets.shape[1]), rows.dtype)
        weight = np.zeros(len(rows), rows.dtype)
        targets[index], weight[index] = examples.targets, examples.weight
        return replace(examples, rows=rows, bounds=bounds, targets=targets, weight=weight)

    def _longer(self, rows: Floats, bounds: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int64]]:
        """Append ``delay`` rows of 0 to each sequence."""
        ends = np.repeat(bounds[1:], self.delay)
        longer = np.insert(rows, ends, 0, axis=0)
        return longer, bounds + self.delay * np.arange(len(bounds))

    def _draw(self, examples: "Examples") -> None:
        """Draw the weights of a network that fits the examples."""
        from reservoir.training._network import Network
        from reservoir.training._trees import flat

        cell = self._make_cell()
        n_inputs, n_outputs = examples.rows.shape[1], examples.targets.shape[1]
        if cell.feeds_back:
            self._check_feedback(cell)
        if cell.needs_times and (self.n_layers > 1 or self.bidirectional):
            raise ValueError(
                f"cell {cell.name!r} needs n_layers=1 and bidirectional=False: its rows say how "
                "long ago the last one was."
            )
        self._network = Network(
            cell,
            n_inputs,
            self.n_units,
            n_outputs,
            self.n_layers,
            self.bidirectional,
            self.pooling if self._per_sequence else None,
            examples.n_sequences if self.learn_initial_state == "each" else 0,
        )
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        self._template = self._network.init(np.random.default_rng([seed, 0]))
        self._rng = np.random.default_rng([seed, 1])
        self._first_vector = flat(self._template, np.dtype(self.dtype))

    def _check_feedback(self, cell: Any) -> None:
        wrong = {
            "n_layers=1": self.n_layers > 1,
            "bidirectional=False": self.bidirectional,
            "delay=0": self.delay > 0,
            "one target for each row": self._per_sequence,
        }
        for needed, missing in wrong.items():
            if missing:
                raise ValueError(
                    f"cell {cell.name!r} feeds its output back at each step and needs {needed}."
                )

    def _train(self, examples: "Examples", *, partial: bool) -> None:
        from reservoir.estimators._fitting import optimiser_of, train
        from reservoir.training._trainer import Course

        first = self.__dict__.pop("_first_vector", None)
        goes_on, optimiser = first is None, optimiser_of(self)
        vector = self._vector.copy() if first is None else first
        if partial and goes_on:
            course = self._course
            optimiser.continue_from(course.optimiser)  # with other parameters, if there are
            course.vector, course.optimiser = vector, optimiser
        else:
            course = Course(vector, optimiser, self._rng)
        validated = self.early_stopping and not partial
        n_updates = optimiser.n_updates
        interrupted = False
        try:
            interrupted = train(self, examples, course, partial=partial, goes_on=goes_on)
        except Exception:  # what has been learned until then is not lost
            if course.optimiser.n_updates > n_updates:
                self._keep(course, validated)
            raise
        self._keep(course, validated)
        if interrupted:
            best = validated and course.best_vector is not None
            kept = "the weights with the best validation score" if best else "the weights"
            of_all = "" if partial else f" of {self.max_iter}"
            warn(f"Interrupted in epoch {course.n_iter + 1}{of_all}: {kept} so far are kept.")
            raise KeyboardInterrupt
        if not partial:
            course.begin_schedule()

    def _keep(self, course: "Course", validated: bool) -> None:
        """Take over what a course has come to."""
        best = course.best_vector if validated else None
        self._vector = course.vector if best is None else best
        self._course = course
        self.n_iter_ = course.n_iter
        self.loss_curve_ = course.loss_curve.copy()
        self.loss_ = self.loss_curve_[-1] if self.loss_curve_ else np.inf
        self.best_loss_ = None if validated else course.best_loss
        self.validation_scores_ = course.scores.copy() if validated else None
        self.best_validation_score_ = course.best_score if validated else None
        self.n_outputs_ = self._network.n_outputs

    def _outputs(
        self, X: Any, groups: Any, initial_state: Any, n_steps: Any = None
    ) -> tuple[Floats, Layout, Floats]:
        """Return outputs for stacked rows or for sequences, the layout, and the final states."""
        from reservoir.training._run import DIVERGES, as_states, as_vectors, run_network

        check_is_fitted(self)
        if n_steps is not None and not self._n_steps:
            raise ValueError(
                f"n_steps must be None for a network that was fitted to a row for each step, got "
                f"{n_steps}."
            )
        if self._n_steps and n_steps is None:
            n_steps = self._n_steps
        rows, layout = self._rows_of(X, groups, n_steps, reset=False)
        weights = self.parameters_
        if initial_state is None:
            self._check_starts(layout.n_sequences)
        states = self._network.begin(weights, layout.n_sequences)
        if initial_state is not None:
            states = as_states(self._given_state(initial_state, layout.n_sequences), self._network)
        bounds = layout.bounds
        if self.delay:
            rows, bounds = self._longer(rows, bounds)
        outputs, ends = run_network(self._network, weights, rows, bounds, states)
        if self.delay:
            keep = [np.arange(a + self.delay, b) for a, b in pairwise(bounds)]
            outputs = outputs[np.concatenate(keep)]
        if not np.isfinite(outputs).all():
            raise FloatingPointError(DIVERGES)
        outputs = outputs.astype(np.float64)
        vectors = as_vectors(ends)
        return outputs, layout, vectors[0] if layout.is_single else vectors

    def _outputs_as(self, y: Any, X: Any, groups: Any) -> tuple[Floats, Layout]:
        outputs, layout, _ = self._outputs(X, groups, None, self._steps_from_one(X, y))
        return outputs, layout

    def _given_state(self, initial_state: Any, n_sequences: int) -> Floats:
        if self._network.bidirectional or self.delay:
            raise ValueError(
                "initial_state must be None with bidirectional=True or a delay, got a state."
            )
        state = np.array(initial_state, np.dtype(self.dtype), ndmin=2)
        expected = (n_sequences, self._network.n_layers * self._network.n_state)
        if state.shape != expected or not np.isfinite(state).all():
            raise ValueError(
                f"initial_state must be finite and of shape (n_sequences, n_state) = {expected}, "
                f"as return_state=True returns it, got shape {np.shape(initial_state)}."
            )
        return state

    def _check_returnable(self, return_state: bool) -> None:
        if return_state and (self.bidirectional or self.delay):
            raise ValueError(
                "return_state must be False with bidirectional=True or a delay, got True; later "
                "rows would change the outputs of these."
            )
