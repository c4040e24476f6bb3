"""Training: epochs of batches that change the weights; what stops it and what is kept."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reservoir._interrupt import PutOffInterrupt
from reservoir.kernels._threads import n_threads, one_blas_thread
from reservoir.training._batches import Batch, Examples, Plan
from reservoir.training._bptt import Map, Objective, batch_gradient
from reservoir.training._network import States, Weights
from reservoir.training._trees import leaves, views
from reservoir.training.optimisers import Optimiser, clip

Floats = NDArray[np.floating]

KEPT_BYTES = 2**25 - 2**16  # just below the largest block that glibc keeps
SMALLEST_RATE = 1e-6  # where an adaptive rate gives up, as in scikit-learn's MLP


@dataclass(frozen=True)
class Settings:
    """How long and how fast to train; see the parameters of `reservoir.RNNRegressor`."""

    max_iter: int  # epochs that schedules run over
    tol: float
    n_iter_no_change: int
    rate: float
    schedule: Any  # "constant", "invscaling", "adaptive", "cosine" or a callable
    power_t: float
    clip_norm: float | None
    alpha: float
    decoupled: bool  # whether the optimiser sees to alpha itself
    dropout: float
    teacher_forcing: Any  # the share, or the first and the last
    learn_initial_state: Any  # True, False or "each"


@dataclass
class Course:
    """All that changes while training: enough to go on elsewhere with the same numbers."""

    vector: Floats
    optimiser: Optimiser
    rng: np.random.Generator
    n_iter: int = 0
    rate_factor: float = 1.0  # of an adaptive rate
    n_unimproved: int = 0
    best_loss: float = np.inf
    best_score: float = -np.inf
    best_vector: Floats | None = None
    loss_curve: list[float] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    finished: str = ""  # why, once it is
    n_before: int = 0  # epochs done when the schedule began

    def begin_schedule(self) -> None:
        """Let the schedules of what is to come begin anew."""
        self.n_before, self.rate_factor, self.n_unimproved = self.n_iter, 1.0, 0


class NotFiniteError(FloatingPointError):
    """The loss is not finite; the course holds the last weights for which it was."""


@dataclass
class Trainer:
    """Trains a network on examples.

    Attributes
    ----------
    objective : Objective
    template : Weights
        The form of the parameters.
    plan : Plan
    settings : Settings
    score : callable or None
        Of weights, on data held back; higher is better. Says when to stop.
    each_epoch : callable or None
        Told of the course after each epoch.
    """

    objective: Objective
    template: Weights
    plan: Plan
    settings: Settings
    score: Callable[[Weights], float] | None = None
    each_epoch: Callable[[Course], None] | None = None

    def run(self, course: Course, examples: Examples, until: int) -> bool:
        """Train until so many epochs are done or something says stop; return if that was Ctrl-C.

        Raises
        ------
        NotFiniteError
            If the loss or its gradient is not finite, naming epoch and batch.
        """
        last_good = course.vector.copy()
        with _team() as run_all, PutOffInterrupt() as interrupt:
            while not course.finished and course.n_iter < until:
                if not self._epoch(course, examples, run_all, interrupt, last_good):
                    return True
                self._judge(course)
                if self.each_epoch is not None:
                    self.each_epoch(course)
                if interrupt.requested:
                    return True
        return False

    @np.errstate(over="ignore", invalid="ignore")
    def _epoch(
        self,
        course: Course,
        examples: Examples,
        run_all: Map,
        interrupt: PutOffInterrupt,
        last_good: Floats,
    ) -> bool:
        """Train for an epoch; return False if Ctrl-C came before its end."""
        settings = self.settings
        weights = views(self.template, course.vector)
        fixed, decayed = self._masks(course.vector)
        carried = None
        share = self._share(course.n_iter - course.n_before)
        rate = self._rate(course)
        loss, total = 0.0, 0.0
        for number, batch in enumerate(self.plan.epoch(examples, course.rng), 1):
            states = self._states(weights, batch, carried)
            forced = None
            if self.plan.wants_teacher:
                draws = course.rng.random(batch.has_teacher.shape)
                forced = (draws < share).astype(batch.x.dtype)
            found = batch_gradient(
                self.objective,
                weights,
                batch,
                states,
                share=forced,
                masks=self._dropout(batch, course.rng),
                run_all=run_all,
            )
            if not (np.isfinite(found.loss) and np.isfinite(found.gradient).all()):
                course.vector[:] = last_good
                raise NotFiniteError(_not_finite(course.n_iter + 1, number, rate))
            gradient = found.gradient
            gradient[fixed] = 0
            penalty = 0.0
            if settings.alpha and not settings.decoupled:
                penalty = settings.alpha / 2 * float(np.sum(course.vector[decayed] ** 2))
                gradient[decayed] += settings.alpha * course.vector[decayed]
            clip(gradient, settings.clip_norm)
            last_good[:] = course.vector
            if settings.schedule == "invscaling":
                rate = settings.rate / (course.optimiser.n_updates + 1) ** settings.power_t
            course.optimiser.update(course.vector, gradient, rate)
            loss += (found.loss + penalty) * found.total
            total += found.total
            carried = tuple(tuple(each[batch.stays] for each in layer) for layer in found.ends)
            if interrupt.requested:
                break
        if not np.isfinite(course.vector).all():
            course.vector[:] = last_good
            raise NotFiniteError(_not_finite(course.n_iter + 1, number, rate))
        if interrupt.requested:
            return False
        course.loss_curve.append(loss / total if total else 0.0)
        course.n_iter += 1
        return True

    def _judge(self, course: Course) -> None:
        """Note whether the epoch was an improvement, and whether to stop."""
        loss = course.loss_curve[-1]
        if self.score is None:
            improved = loss < course.best_loss - self.settings.tol * abs(course.best_loss)
            if not np.isfinite(course.best_loss):
                improved = True
        else:
            score = self.score(views(self.template, course.vector))
            course.scores.append(score)
            improved = score > course.best_score + self.settings.tol
            if score > course.best_score:
                course.best_score, course.best_vector = score, course.vector.copy()
        course.best_loss = min(course.best_loss, loss)
        course.n_unimproved = 0 if improved else course.n_unimproved + 1
        if course.n_unimproved < self.settings.n_iter_no_change:
            return
        if self.settings.schedule == "adaptive" and self._rate(course) > SMALLEST_RATE:
            course.rate_factor /= 5
            course.n_unimproved = 0
        else:
            what = "loss" if self.score is None else "validation score"
            course.finished = (
                f"the {what} has not improved by tol={self.settings.tol:g} in "
                f"{self.settings.n_iter_no_change} epochs"
            )

    def _rate(self, course: Course) -> float:
        schedule, rate = self.settings.schedule, self.settings.rate
        n_iter = course.n_iter - course.n_before
        if callable(schedule):
            factor: Any = schedule(n_iter)
            if not (isinstance(factor, Real) and 0 <= float(factor) < np.inf):
                raise ValueError(
                    "learning_rate must be a function that returns a finite factor, 0 or more, "
                    f"got {factor!r} after {n_iter} epoch(s)."
                )
            return rate * float(factor)
        if schedule == "cosine":
            n_all = self.settings.max_iter
            return rate * (1 + np.cos(np.pi * min(n_iter, n_all - 1) / n_all)) / 2
        return rate * course.rate_factor

    def _share(self, n_iter: int) -> float:
        """Return the share of steps at which the teacher is fed back."""
        forcing = self.settings.teacher_forcing
        if not isinstance(forcing, tuple | list):
            return float(forcing)
        progress = min(1.0, n_iter / max(1, self.settings.max_iter - 1))
        return float(forcing[0] + progress * (forcing[1] - forcing[0]))

    def _states(self, weights: Weights, batch: Batch, carried: States | None) -> States:
        states = self.objective.network.begin(weights, len(batch.lengths), batch.sequence)
        if carried is not None and not batch.fresh.all():
            for layer, ends in zip(states, carried, strict=True):
                for state, end in zip(layer, ends, strict=True):
                    state[~batch.fresh] = end
        return states

    def _dropout(self, batch: Batch, rng: np.random.Generator) -> list[Floats] | None:
        network, rate = self.objective.network, self.settings.dropout
        if not rate or network.n_layers == 1:
            return None
        n_features = (network.read.stop - network.read.start) * network.n_directions
        shape = (*batch.x.shape[:2], n_features)
        return [
            (rng.random(shape, np.float32) >= rate).astype(batch.x.dtype)
            / batch.x.dtype.type(1 - rate)
            for _ in range(network.n_layers - 1)
        ]

    def _masks(self, vector: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which parameters stay as they are, and which are drawn to 0 by alpha."""
        return self._fixed(), decayed_of(self.template)

    def _fixed(self) -> NDArray[np.bool_]:
        """Return which numbers of the vector of all parameters are not learned."""
        network = self.objective.network
        learned = network.cell.learned_state(network.n_units, network.n_outputs)
        if not self.settings.learn_initial_state:
            learned[:] = False
        return _marked(self.template, lambda part: [part.initial_state], ~learned)


def decayed_of(template: Weights) -> NDArray[np.bool_]:
    """Return which numbers are weights, and no biases or states."""
    marked = _marked(template, lambda part: [leaf for leaf in part.cell if leaf.ndim == 2])
    if template.output:
        tree = views(template, marked)
        tree.output.weights[:] = True
    return marked


def _marked(
    template: Weights, some: Callable[[Any], list[Any]], mark: Any = True
) -> NDArray[np.bool_]:
    marked = np.zeros(sum(leaf.size for leaf in leaves(template)), bool)
    for layer in views(template, marked).layers:
        for part in layer:
            for leaf in some(part):
                leaf[...] = mark
    return marked


def _not_finite(epoch: int, batch: int, rate: float) -> str:
    return (
        f"The loss left the finite numbers in epoch {epoch}, batch {batch}; the last weights for "
        f"which it was finite are kept. Lower learning_rate_init (the rate was {rate:.3g}), set "
        "clip_norm, or scale the data to about ±1."
    )


def _keep_memory() -> None:
    """Free a large block, unused, after which glibc keeps what is freed for the next batch.

    Else it gives large arrays back, and the system clears the memory of the next ones page by
    page, for all threads in turn. See M_MMAP_THRESHOLD in mallopt(3), which adapts to this.
    """
    np.empty(KEPT_BYTES, np.uint8)


@contextmanager
def _team() -> Iterator[Map]:
    """Offer threads for slices of a batch, and keep BLAS from making its own in each."""
    _keep_memory()
    n = n_threads()
    with one_blas_thread():
        if n < 2:
            yield lambda function, arguments: [function(each) for each in arguments]
            return
        with ThreadPoolExecutor(n) as pool:
            yield (
                lambda function, arguments: (
                    [function(arguments[0])]
                    if len(arguments) == 1
                    else list(pool.map(function, arguments))
                )
            )
