"""The ways in which continuous-time networks learn: what stands behind `CTRNNRegressor`."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from reservoir._times import (
    Clock,
    check_kind,
    make_clock,
    shaped_like_rows,
    times_of,
)
from reservoir.estimators._classifier import ESNClassifier
from reservoir.estimators._closed_loop import check_closed_loop, future_rows
from reservoir.estimators._continuous_reservoir import (
    ContinuousReservoir,
    build_continuous,
    check_follows,
)
from reservoir.estimators._input import SequenceInput, warn
from reservoir.estimators._regressor import ESNRegressor
from reservoir.estimators._reservoir import Floats
from reservoir.estimators._trained_tasks import (
    TrainedClassifier,
    TrainedRegressor,
    class_factors,
)
from reservoir.sequences import Layout

REMEDY = "raise alpha, lower spectral_radius or bias_scaling, or use activation='tanh'"


class Timed(NamedTuple):
    """Sequences and when their rows happen, on their way into an estimator."""

    X: Any
    times: Any = None
    ahead: Any = None  # how long after each row its output is due
    before: Any = None  # the last rows and moments before, (n_sequences, n_features + 1)

    @classmethod
    def of(cls, X: Any) -> "Timed":
        """Return sequences with their times, if they have not come so."""
        return X if isinstance(X, cls) else cls(X)


class Plan(NamedTuple):
    """What the parameters say of the dynamics."""

    time_constants: Any
    is_beer: bool
    integrator: str
    step: float | None
    linear: bool
    time_unit: Any
    rtol: float
    atol: float


class TimedInput(SequenceInput):
    """What takes sequences with moments: rows with further columns for them."""

    plan: Plan
    _clock: Clock
    _usual_ahead: float | None  # that of all rows in fit, if they were alike
    _aims: bool

    def _timed(
        self, X: Any, groups: Any, *, reset: bool, fewest: int = 2
    ) -> tuple[Floats, Floats, Layout, Any]:
        """Validate; return stacked rows, moments (NaN where none are known), layout and `ahead`."""
        timed = Timed.of(X)
        rows, layout = super()._sequences(timed.X, groups, reset=reset, fewest=fewest)
        times, kind = times_of(timed.X, timed.times, layout)
        if reset:
            self._clock = make_clock(times, kind, layout, self.plan.time_unit)
            self._aims = timed.ahead is not None
            self._usual_ahead = None
        else:
            check_kind(kind, self._clock)
        moments = np.full(layout.n_rows, np.nan)
        if times is not None:
            moments = self._clock.moments(times)
        return rows, moments, layout, timed.ahead

    @property
    def _steps(self) -> tuple[float, float]:
        """How long a step is, and by what share of it an interval may exceed a number of them."""
        if self.plan.step is None:
            return self._clock.short, 0.5
        return self.plan.step, 1e-3

    def _durations(self, ahead: Any, layout: Layout, *, starting: bool) -> Floats:
        """Return how long after each stacked row its output is due."""
        if ahead is None:
            if self._usual_ahead is None:
                raise ValueError(
                    "ahead must be given as in fit, where it differed from row to row, got None."
                )
            return np.full(layout.n_rows, self._usual_ahead)
        scalar = not isinstance(ahead, list | tuple) and np.ndim(ahead) == 0
        durations = self._clock.duration(
            ahead if scalar else shaped_like_rows(ahead, layout, "ahead"), "ahead"
        )
        if scalar and starting:
            self._usual_ahead = float(durations)
        return np.full(layout.n_rows, durations) if scalar else layout.gather(durations)


class ContinuousReadout(TimedInput):
    """A continuous reservoir in place of the layers of an echo state network."""

    n_units: int
    n_features_in_: int
    random_state: Any
    _reservoir: Any
    _last_features: Any
    _n_outputs: int
    _begin: Any
    _read: Any
    _single_end: Any
    _context_state: Any

    def __init__(self, plan: Plan, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.plan = plan

    @property
    def n_iter_(self) -> int:
        """One: a readout is solved at once."""
        return 1

    @property
    def time_constants_(self) -> NDArray[np.float64]:
        """τ (n_units,), in units of time."""
        check_is_fitted(self)
        return self._reservoir.layer.time_constants.copy()

    def _sequences(
        self, X: Any, groups: Any, *, reset: bool, fewest: int = 2
    ) -> tuple[Floats, Layout]:
        rows, moments, layout, ahead = self._timed(X, groups, reset=reset, fewest=fewest)
        columns = [rows, moments[:, None]]
        if self._aims:
            columns.append(self._durations(ahead, layout, starting=reset)[:, None])
        elif ahead is not None:
            raise ValueError("ahead must be None where it was in fit; fit with it.")
        return np.hstack(columns), layout

    def _draw_reservoir(
        self, n_features: int, n_feedback: int = 0, feedback_scaling: float = 0.0
    ) -> None:
        from reservoir.cells import spread_time_constants

        plan, (step, slack) = self.plan, self._steps
        parameters = vars(self)
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        self._reservoir = build_continuous(
            n_features - 1 - self._aims,
            seed=(seed, 0),
            time_constants=spread_time_constants(plan.time_constants, self.n_units),
            is_beer=plan.is_beer,
            integrator=plan.integrator,
            step=step,
            slack=slack,
            linear=plan.linear,
            interval=self._clock.interval,
            rtol=plan.rtol,
            atol=plan.atol,
            aims=self._aims,
            **{
                name: parameters[name]
                for name in (
                    "n_units", "topology", "connectivity", "spectral_radius", "input_weights",
                    "input_scaling", "bias_scaling", "activation", "include_input", "dtype",
                )
            },
        )  # fmt: skip
        self._noise_rngs: list[np.random.Generator] = []

    def states(self, X: Timed, groups: Any, initial_state: Any) -> tuple[Floats, Layout]:
        """Return the states of the units at stacked rows, and their layout."""
        rows, moments, layout, _ = self._timed(X, groups, reset=False)
        states, _ = self._begin(layout, initial_state)
        return self._paths(rows, moments, layout, states), layout

    def _paths(self, rows: Floats, moments: Floats, layout: Layout, states: Floats) -> Floats:
        """Return the states of the units at stacked rows; ``states`` ends where they do."""
        reservoir: ContinuousReservoir = replace(self._reservoir, aims=False, include_input=False)
        paths = np.empty((layout.n_rows, reservoir.n_features), reservoir.dtype)
        for _ in reservoir.harvest(np.column_stack([rows, moments]), layout, states, out=paths):
            pass
        return paths

    def outputs_at(
        self, X: Any, groups: Any, initial_state: Any, at: Any, method: str = "predict"
    ) -> tuple[NDArray[Any], Layout, NDArray[Any]]:
        """Return outputs at times of one's own, the layout of these, and the final states."""
        check_is_fitted(self)
        if self._per_sequence:
            raise ValueError("at must be None where there is one target for each sequence.")
        timed = Timed.of(X)
        if timed.ahead is not None:
            raise ValueError("at and ahead cannot be given together; at says all.")
        rows, moments, layout, _ = self._timed(X, groups, reset=False)
        if np.isnan(moments).any():
            raise ValueError("at needs times of the rows: a time index, or times=.")
        states, _ = self._begin(layout, initial_state)
        paths = self._paths(rows, moments, layout, states)
        wanted = [at] if layout.is_single else list(at)
        if len(wanted) != layout.n_sequences:
            raise ValueError(
                f"at must be a list of times for each of the {layout.n_sequences} sequences, got "
                f"{len(wanted)}."
            )
        features, lengths = [], []
        for part, given in zip(layout, wanted, strict=True):
            some = self._moments_of(given)
            row = part.start + np.searchsorted(moments[part], some, side="right") - 1
            if (row < part.start).any():
                raise ValueError(
                    "at must not lie before the first row of its sequence, got "
                    f"{np.asarray(given).ravel()[int(np.argmin(row))]}."
                )
            held = some - moments[row]
            features.append(self._reservoir.features_at(rows[row], paths[row], held))
            lengths.append(len(some))
        outputs = self._read(np.concatenate(features), method)
        ends = states[0] if layout.is_single else states
        return outputs, Layout("list", np.r_[0, np.cumsum(lengths)]), ends

    def _moments_of(self, given: Any) -> Floats:
        wanted = given if isinstance(given, pd.Index) else np.atleast_1d(np.asarray(given))
        if len(wanted) == 0:
            raise ValueError("at must hold one time at least, got none.")
        each = Layout("rows", np.arange(len(wanted) + 1))  # they need not increase
        try:
            index, kind = times_of(None, wanted, each)
            check_kind(kind, self._clock)
        except ValueError as error:
            raise ValueError(str(error).replace("times must", "at must", 1)) from None
        return self._clock.moments(index)

    def _generate_from_input(self, n_steps: int, context: Any, X_future: Any) -> Floats:
        interval = self._clock.interval if self._usual_ahead is None else self._usual_ahead
        n_outputs = self._n_outputs
        n_features = self.n_features_in_
        if context is None:
            state, features = self._single_end(), self._last_features
            if self._aims:  # the last row may have aimed elsewhere
                n = self._reservoir.n_units
                u, x = state[None, n : n + n_features], state[None, :n]
                features = self._reservoir.features_at(u, x, np.array([interval]))
        else:
            timed = Timed.of(context)
            if self._aims:
                timed = timed._replace(ahead=interval)
            state, features = self._context_state(timed)
        names = list(getattr(self, "feature_names_in_", []))[n_outputs:]
        future = future_rows(X_future, n_steps, n_features - n_outputs, names, np.float64)
        outputs = np.empty((n_steps, n_outputs))
        for t in range(n_steps):
            outputs[t] = np.ravel(self._read(features))
            if t == n_steps - 1 or not np.isfinite(outputs[t]).all():
                break
            u = np.concatenate([outputs[t], future[t]])
            features, state = self._reservoir.advance(u, state, interval)
        check_closed_loop(outputs[: t + 1], REMEDY)
        return outputs


class ContinuousTrained(TimedInput):
    """A continuous network whose weights are trained, behind the rows that its cell wants."""

    n_features_in_: int
    activation: str
    parameters_: Any
    _network: Any

    teacher_forcing, vanishing_penalty, dropout, n_layers = 0.0, 0.0, 0.0, 1
    bidirectional, delay, nesterovs_momentum, shuffle = False, 0, True, True
    power_t, momentum, beta_1, beta_2, epsilon = 0.5, 0.9, 0.9, 0.999, 1e-8

    def __init__(self, plan: Plan, **parameters: Any) -> None:
        self.plan = plan
        for name, value in parameters.items():
            setattr(self, name, value)

    @property
    def time_constants_(self) -> NDArray[np.float64]:
        """τ (n_units,), in units of time."""
        (part,) = self.parameters_.layers[0]
        return np.exp(part.cell.log_time_constants.astype(np.float64))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return all that training depends on."""
        return {
            name: value
            for name, value in vars(self).items()
            if not (name.startswith("_") or name.endswith("_"))
        }

    def _steps_from_one(self, X: Any, y: Any) -> None:
        """No sequence is made from one row: nothing would say when its rows happen."""

    def _make_cell(self) -> Any:
        from reservoir.cells import CTRNN

        plan, (step, slack) = self.plan, self._steps
        return CTRNN(
            "beer" if plan.is_beer else "jaeger",
            self.activation,
            plan.time_constants,
            integrator=plan.integrator,
            step=step,
            slack=slack,
            linear=plan.linear,
        )

    def _sequences(
        self, X: Any, groups: Any, *, reset: bool, fewest: int = 2
    ) -> tuple[Floats, Layout]:
        rows, moments, layout, ahead = self._timed(X, groups, reset=reset, fewest=fewest)
        if ahead is not None:
            raise ValueError(
                "ahead must be None where all weights are trained, got one; use "
                "training='readout', or give the network the time to come as a feature."
            )
        before = Timed.of(X).before
        if before is None:
            before = np.full((layout.n_sequences, rows.shape[1] + 1), np.nan)
        return self._with_times(rows, moments, layout, before), layout

    def _with_times(self, rows: Floats, moments: Floats, layout: Layout, before: Floats) -> Floats:
        """Return rows as the cell wants them; `before` holds the last u and the last moment."""
        first = layout.bounds[:-1]
        intervals = np.diff(moments, prepend=np.nan)
        intervals[first] = moments[first] - before[:, -1]
        check_follows(intervals)
        intervals = np.where(np.isnan(intervals), self._clock.interval, intervals)
        columns = [rows, intervals[:, None]]
        if self.plan.linear:
            earlier = np.vstack([rows[:1], rows[:-1]])
            earlier[first] = np.where(np.isnan(before[:, :-1]), rows[first], before[:, :-1])
            columns.append(earlier)
        return np.hstack(columns).astype(rows.dtype)

    def _outputs(
        self, X: Any, groups: Any, initial_state: Any, n_steps: Any = None
    ) -> tuple[Floats, Layout, Floats]:
        check_is_fitted(self)
        timed = Timed.of(X)
        k = self.n_features_in_
        if initial_state is not None:
            n = self._network.n_state
            given = np.array(initial_state, np.float64, ndmin=2)
            if given.shape[1:] != (n + k + 1,) or not np.isfinite(given[:, :-1]).all():
                raise ValueError(
                    f"initial_state must be finite and of shape (n_sequences, {n + k + 1}), as "
                    f"return_state=True returns it, got shape {np.shape(initial_state)}."
                )
            timed, initial_state = timed._replace(before=given[:, n:]), given[:, :n]
        outputs, layout, states = super()._outputs(timed, groups, initial_state)
        rows, moments, _, _ = self._timed(timed, groups, reset=False)
        last = layout.bounds[1:] - 1
        states = np.column_stack([np.atleast_2d(states), rows[last], moments[last]])
        return outputs, layout, states[0] if layout.is_single else states

    def _stepper(self, state: Floats) -> Any:
        """Return what takes the next row of features, one usual interval later."""
        n, k = self._network.n_state, self.n_features_in_
        stream = super()._stepper(state[:n])  # type: ignore[misc]
        interval, before = self._clock.interval, state[n : n + k]

        def step(u: Floats) -> Floats:
            nonlocal before
            row: list[Any] = [u, [interval], before] if self.plan.linear else [u, [interval]]
            before = u
            outputs: Floats = stream(np.concatenate(row))
            return outputs

        return step


class Evolution(ContinuousTrained):
    """Trained by differential evolution in place of gradients."""

    max_iter: int
    tol: float
    alpha: float
    warmup: int
    learn_initial_state: bool | str
    verbose: bool | int
    _vector: Any
    _template: Any
    _rng: Any
    _loss: Any
    _keep: Any

    def _train(self, examples: Any, *, partial: bool) -> None:
        from tqdm import tqdm

        from reservoir.estimators._fitting import optimiser_of
        from reservoir.training._bptt import Objective
        from reservoir.training._trainer import Course
        from reservoir.training.evolution import evolve

        first = self.__dict__.pop("_first_vector", None)
        vector = self._vector.copy() if first is None else first
        with tqdm(
            total=self.max_iter,
            disable=not self.verbose,
            unit="generation",
        ) as bar:

            def each_generation(loss: float) -> None:
                bar.set_postfix(loss=f"{loss:.4g}", refresh=False)
                bar.update()

            found = evolve(
                Objective(self._network, self._loss()),
                self._template,
                examples,
                vector,
                n_generations=self.max_iter,
                tol=self.tol,
                alpha=self.alpha,
                warmup=self.warmup,
                learn_initial_state=self.learn_initial_state,
                rng=self._rng,
                each_generation=each_generation,
            )
        course = Course(found.vector, optimiser_of(self), self._rng)  # type: ignore[arg-type]
        course.n_iter, course.loss_curve = len(found.loss_curve), found.loss_curve
        course.best_loss = min(found.loss_curve, default=np.inf)
        self._keep(course, validated=False)
        if found.interrupted:
            warn(
                f"Interrupted in generation {course.n_iter + 1} of {self.max_iter}: the best "
                "weights so far are kept."
            )
            raise KeyboardInterrupt


def _called(name: str) -> Callable[[type], type]:
    """Let messages speak of the estimator that the user knows; pickle goes by the other name."""

    def rename(engine: type) -> type:
        engine.__name__ = name
        return engine

    return rename


@_called("CTRNNRegressor")
class ContinuousRegressor(ContinuousReadout, ESNRegressor):
    """A continuous reservoir for numbers."""


@_called("CTRNNClassifier")
class ContinuousClassifier(ContinuousReadout, ESNClassifier):
    """A continuous reservoir for labels, whose classes may have weights."""

    def __init__(self, plan: Plan, class_weight: Any = None, **parameters: Any) -> None:
        super().__init__(plan, **parameters)
        self.class_weight = class_weight

    def _targets(self, y: Any, layout: Layout, *, starting: bool) -> tuple[NDArray[Any], bool]:
        targets, per_sequence = super()._targets(y, layout, starting=starting)
        self._factors = class_factors(self.class_weight, targets, self.classes_)
        return targets, per_sequence

    def _stacked_weight(self, sample_weight: Any, layout: Layout) -> Floats | None:
        weight, factors = super()._stacked_weight(sample_weight, layout), self._factors
        if factors is None:
            return weight
        return factors if weight is None else weight * factors


@_called("CTRNNRegressor")
class TrainedContinuousRegressor(ContinuousTrained, TrainedRegressor):
    """A continuous network trained by gradient on numbers."""


@_called("CTRNNClassifier")
class TrainedContinuousClassifier(ContinuousTrained, TrainedClassifier):
    """A continuous network trained by gradient on labels."""


@_called("CTRNNRegressor")
class EvolvedRegressor(Evolution, TrainedRegressor):
    """A continuous network found by global search, for numbers."""


@_called("CTRNNClassifier")
class EvolvedClassifier(Evolution, TrainedClassifier):
    """A continuous network found by global search, for labels."""
