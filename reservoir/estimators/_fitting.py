"""How the estimators train their networks: on which rows, in which batches, kept where."""

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reservoir._checkpoint import digest
from reservoir.cells import Cell
from reservoir.estimators._input import warn
from reservoir.training._batches import Examples, Plan
from reservoir.training._bptt import Objective
from reservoir.training._checkpoint import load_course, save_course
from reservoir.training._network import Weights
from reservoir.training._run import run_network
from reservoir.training._trainer import Course, Settings, Trainer, decayed_of
from reservoir.training.optimisers import Optimiser, make_optimiser

if TYPE_CHECKING:
    from reservoir.estimators._trained import BaseTrained

# what "auto" chooses from
SHORTEST_WINDOW, LONGEST_WINDOW = 25, 100  # steps
FEWEST_TOGETHER, MOST_TOGETHER = 8, 32  # sequences
FEWEST_UPDATES = 16  # in an epoch
SAVE_EVERY = 5.0  # seconds between checkpoints
NOT_OF_A_CHECKPOINT = {"max_iter", "verbose", "checkpoint"}  # may differ where it is resumed

Save = Callable[..., None]


def train(
    estimator: "BaseTrained", examples: Examples, course: Course, *, partial: bool, goes_on: bool
) -> bool:
    """Train a network: for one epoch more, or to the end; return whether Ctrl-C has cut it short.

    Parameters
    ----------
    estimator : BaseTrained
        Its network is trained, and its parameters say how.
    examples : Examples
    course : Course
        Where training begins; holds where it has come to afterwards, whatever is raised.
    partial : bool
        Whether to train for one epoch, on all examples.
    goes_on : bool
        Whether the weights are those of an earlier training.
    """
    learned, held_back = examples, None
    if estimator.early_stopping and estimator._network.n_starts:
        raise ValueError(
            "early_stopping must be False with learn_initial_state='each', got True; sequences "
            "that are held back would have no initial state."
        )
    if estimator.early_stopping and not partial:
        learned, held_back = _split(estimator, examples)
        for part, what in ((learned, "learn from"), (held_back, "be judged by")):
            if not (part.weight > 0).any():
                raise ValueError(
                    f"early_stopping must leave targets to {what}, got none in that part of the "
                    "data; change validation_fraction, or set early_stopping=False."
                )
        some = learned.targets[learned.weight > 0]
        if hasattr(estimator, "classes_") and (some == some[0]).all():
            raise ValueError(
                "early_stopping must leave two classes at least to learn from, but the last "
                f"{estimator.validation_fraction:.0%} that are held back hold all others; shuffle "
                "the sequences, or set early_stopping=False."
            )
    trainer = _make_trainer(estimator, learned, held_back)
    if partial:
        course.finished = ""
        return _run(trainer, course, learned, course.n_iter + 1, _no_file, estimator.verbose)
    save = _no_file
    if estimator.checkpoint is not None:
        path = Path(estimator.checkpoint)
        fingerprint = _fingerprint(estimator, examples, course.vector if goes_on else None)
        save = _saver(path, fingerprint)
        if path.exists():
            _resume(path, course, fingerprint, estimator.max_iter)
    return _run(trainer, course, learned, estimator.max_iter, save, estimator.verbose)


def optimiser_of(estimator: "BaseTrained") -> Optimiser:
    """Return the fresh optimiser that the parameters ask for."""
    decayed = decayed_of(estimator._template).astype(estimator.dtype)
    return make_optimiser(
        estimator.solver,
        momentum=estimator.momentum,
        nesterov=estimator.nesterovs_momentum,
        beta_1=estimator.beta_1,
        beta_2=estimator.beta_2,
        epsilon=estimator.epsilon,
        decay=decayed * np.dtype(estimator.dtype).type(estimator.alpha),
    )


def _run(
    trainer: Trainer,
    course: Course,
    examples: Examples,
    until: int,
    save: Save,
    verbose: bool | int,
) -> bool:
    """Train with a progress bar and a checkpoint; return whether Ctrl-C came."""
    from tqdm import tqdm

    with tqdm(total=until, initial=course.n_iter, disable=not verbose, unit="epoch") as bar:
        if not course.n_iter:
            bar.set_postfix_str("compiles first, after an installation")

        def each_epoch(course: Course) -> None:
            shown = {"loss": f"{course.loss_curve[-1]:.4g}"}
            if course.scores:
                shown["validation"] = f"{course.scores[-1]:.4g}"
            bar.set_postfix(shown, refresh=False)
            bar.update()
            save(course, last=False)

        trainer.each_epoch = each_epoch
        save(course, last=False)
        interrupted = trainer.run(course, examples, until)
    save(course, last=True)
    return interrupted


def _no_file(course: Course, *, last: bool) -> None:
    """Save nothing."""


def _saver(path: Path, fingerprint: str) -> Save:
    """Return what keeps the course at the end of each epoch, in the file now and then."""
    if not path.parent.is_dir():
        raise ValueError(
            f"checkpoint must be in a folder that exists, got {path}; make {path.parent} first."
        )
    saved, kept = -np.inf, None

    def save(course: Course, *, last: bool) -> None:
        nonlocal saved, kept
        if not last:
            kept = deepcopy(course)
        if kept is not None and (last or time.monotonic() - saved > SAVE_EVERY):
            save_course(path, kept, fingerprint)
            saved = time.monotonic()

    return save


def _resume(path: Path, course: Course, fingerprint: str, max_iter: int) -> None:
    load_course(path, course, fingerprint, max_iter)
    if course.n_iter < max_iter and not course.finished.startswith("the "):
        course.finished = ""


def _fingerprint(estimator: "BaseTrained", examples: Examples, start: Any) -> str:
    parameters = {
        name: _name_of(value) if callable(value) or name == "cell" else value
        for name, value in estimator.get_params().items()
        if name not in NOT_OF_A_CHECKPOINT
    }
    if estimator.learning_rate == "cosine" or isinstance(estimator.teacher_forcing, tuple | list):
        parameters["max_iter"] = estimator.max_iter
    return digest([type(estimator).__name__, parameters, vars(examples), start])


def _name_of(value: Any) -> str:
    """Return what tells a function or an object in another process too."""
    qualified = getattr(value, "__qualname__", None)
    name = repr(value) if qualified is None else f"{value.__module__}.{qualified}"
    if "<" in name or " at 0x" in name:
        raise ValueError(
            "checkpoint must be None with a function or an object among the parameters that "
            f"another process would not know again, got {value!r}; define a function in a module, "
            "or give its class a __repr__ that says all."
        )
    return name


def _make_trainer(
    estimator: "BaseTrained", examples: Examples, held_back: Examples | None
) -> Trainer:
    _check_settings(estimator)
    settings = Settings(
        max_iter=estimator.max_iter,
        tol=estimator.tol,
        n_iter_no_change=estimator.n_iter_no_change,
        rate=estimator.learning_rate_init,
        schedule=estimator.learning_rate,
        power_t=estimator.power_t,
        clip_norm=estimator.clip_norm,
        alpha=estimator.alpha,
        decoupled=estimator.solver == "adamw",
        dropout=estimator.dropout,
        teacher_forcing=estimator.teacher_forcing,
        learn_initial_state=estimator.learn_initial_state,
    )
    return Trainer(
        Objective(estimator._network, estimator._loss(), estimator.vanishing_penalty),
        estimator._template,
        plan_of(estimator, examples),
        settings,
        None if held_back is None else _validation(estimator, held_back),
    )


def _check_settings(estimator: "BaseTrained") -> None:
    cell, forcing = estimator._network.cell, estimator.teacher_forcing
    if isinstance(forcing, tuple | list) and not (
        len(forcing) == 2 and all(0 <= share <= 1 for share in forcing)
    ):
        raise ValueError(
            "teacher_forcing must be a share between 0 and 1, or the first and the last of the "
            f"shares, got {forcing!r}."
        )
    if np.any(forcing) and not cell.feeds_back:
        warn(
            f"teacher_forcing={forcing!r} changes nothing with cell {cell.name!r}, which feeds no "
            "output back."
        )
    if estimator.dropout and estimator.n_layers == 1:
        warn(
            f"dropout={estimator.dropout!r} changes nothing with n_layers=1; it acts between "
            "layers."
        )
    if estimator.vanishing_penalty and type(cell).vanishing is Cell.vanishing:
        raise ValueError(
            f"vanishing_penalty must be 0 with cell {cell.name!r}, which has no single recurrent "
            f"matrix, got {estimator.vanishing_penalty}."
        )


def plan_of(estimator: "BaseTrained", examples: Examples) -> Plan:
    """Return how examples become batches."""
    steps: Any = estimator.bptt_steps
    size: Any = estimator.batch_size
    n_rows, longest = int(examples.bounds[-1]), int(examples.lengths.max())
    if estimator._per_sequence:  # read from whole sequences
        steps = None
    elif steps == "auto":
        steps = None
        if longest > 2 * LONGEST_WINDOW:
            steps = int(np.clip(n_rows // FEWEST_UPDATES, SHORTEST_WINDOW, LONGEST_WINDOW))
    if estimator.bidirectional and steps is not None and longest > steps:
        if estimator.bptt_steps != "auto":
            raise ValueError(
                f"bptt_steps must be None with bidirectional=True, got {steps}; the backward "
                "direction needs each sequence to its end."
            )
        steps = None
    n_parts = examples.n_sequences if steps is None else -(-n_rows // int(steps))
    if size == "auto":
        fewest = min(FEWEST_TOGETHER, n_parts) if steps is None else 1
        size = int(np.clip(n_parts // FEWEST_UPDATES, fewest, MOST_TOGETHER))
    elif int(size) > n_parts:
        warn(
            f"batch_size={size} is larger than the {n_parts} sequences or windows there are, "
            "which make one batch."
        )
    return Plan(
        int(size),
        None if steps is None else int(steps),
        estimator.carry_state,
        estimator.shuffle,
        estimator.warmup + estimator.delay,
        estimator._network.cell.feeds_back,
    )


def _split(estimator: "BaseTrained", examples: Examples) -> tuple[Examples, Examples]:
    """Hold the last sequences back, or the last rows of a single one."""
    n, fraction = examples.n_sequences, estimator.validation_fraction
    if n > 1:
        n_held = max(1, round(n * fraction))
        if n_held >= n:
            raise ValueError(
                f"validation_fraction must leave a sequence to learn from, got {fraction} of {n} "
                "sequences."
            )
        held = examples.take(np.arange(n - n_held, n))
        if not estimator._per_sequence:
            position = np.arange(len(held.rows)) - np.repeat(held.bounds[:-1], held.lengths)
            held.weight[position < estimator.warmup + estimator.delay] = 0
        return examples.take(np.arange(n - n_held)), held
    n_rows = len(examples.rows)
    first = n_rows - max(1, round(n_rows * fraction))
    if first <= estimator.warmup:
        raise ValueError(
            f"validation_fraction must leave more than warmup={estimator.warmup} rows to learn "
            f"from, got {fraction} of {n_rows} rows."
        )
    weight = examples.weight.copy()
    weight[:first] = 0  # the rows before run it in
    learned = replace(
        examples,
        rows=examples.rows[:first],
        bounds=np.array([0, first]),
        targets=examples.targets[:first],
        weight=examples.weight[:first],
    )
    return learned, replace(examples, weight=weight)


def _validation(estimator: "BaseTrained", held_back: Examples) -> Callable[[Weights], float]:
    network = estimator._network

    def score(weights: Weights) -> float:
        states = network.begin(weights, held_back.n_sequences)
        outputs, _ = run_network(network, weights, held_back.rows, held_back.bounds, states)
        return estimator._score_of(outputs, held_back)

    return score
