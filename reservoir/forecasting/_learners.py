"""What learns prepared rows and continues them: networks, and regressors on lagged rows.

A `Part` is one series: its rows z, and beside each the columns that are known ahead of its time.
The rows that a regressor is shown at time t hold z(t), of a regressor without memory z(t - l) for
all lags l, and what is known of the times that it is to forecast.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_classifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils import get_tags
from sklearn.utils.validation import has_fit_parameter

Rows = NDArray[np.float64]

STRATEGIES = ("recursive", "direct", "multioutput")


class Part(NamedTuple):
    """One series as it is learned.

    Attributes
    ----------
    z : ndarray of shape (n_rows, n_outputs)
    known : ndarray of shape (n_rows, n_known)
    is_known : ndarray of bool of shape (n_rows,)
        Whether z is measured; no other row is a target.
    """

    z: Rows
    known: Rows
    is_known: NDArray[np.bool_]


def has_memory(regressor: Any) -> bool:
    """Whether rows are time to a regressor, so that it needs no lags."""
    return hasattr(regressor, "generate")


def check_estimator(estimator: Any, strategy: str, intervals: str) -> None:
    """Refuse what cannot forecast so, before anything is fitted.

    Raises
    ------
    TypeError
        If it is a class.
    ValueError
        If it is a classifier, a network inside something else, or a network whose outputs depend
        on later rows, are fed back to it or are no numbers of the series; or if its paths cannot
        be simulated and the intervals need them.
    """
    name = estimator.__name__ if isinstance(estimator, type) else type(estimator).__name__
    if isinstance(estimator, type):
        raise TypeError(f"estimator must be an object, got the class {name}; pass {name}().")
    if is_classifier(estimator):
        raise ValueError(f"estimator must be a regressor, got the classifier {name}.")
    inside = [value for value in estimator.get_params().values() if _is_network(value)]
    if inside and not has_memory(estimator):
        raise ValueError(
            f"estimator must be the network itself, got {type(inside[0]).__name__} inside "
            f"{name}, which would be shown single rows; the forecaster scales them."
        )
    if hasattr(estimator, "_parameter_constraints"):  # in whose words a wrong one is refused
        estimator._validate_params()
    for network in [estimator, *inside] if has_memory(estimator) else []:
        _check_network(network, strategy)
    if intervals == "bootstrap" and not can_simulate(estimator, strategy):
        raise ValueError(
            f"intervals must be 'conformal' or 'ensemble' with {name} and strategy={strategy!r}, "
            "which can be fed no errors of the past, got 'bootstrap'."
        )


def can_simulate(estimator: Any, strategy: str) -> bool:
    """Whether errors can be added to forecasts on their way back in."""
    goes_on = not has_memory(estimator) or "return_state" in signature(estimator.predict).parameters
    return strategy == "recursive" and goes_on


@dataclass
class Learner:
    """A regressor, or one for each step, that learns from parts and continues them.

    Attributes
    ----------
    regressor : estimator
        Not fitted; clones of it are.
    strategy : {"recursive", "direct", "multioutput"}
        Whether one step is learned and forecasts are fed back, each step is learned by a
        regressor of its own, or all steps by one.
    lags : tuple of int
        Rows before z(t) that stand beside it, 0 being z(t); (0,) for networks.
    horizon : int
        Steps that the last two strategies learn.
    """

    regressor: Any
    strategy: str
    lags: tuple[int, ...]
    horizon: int

    @property
    def n_lags(self) -> int:
        """Rows before the first that can be shown."""
        return max(self.lags)

    @property
    def n_ahead(self) -> int:
        """Steps of which something must be known to forecast any."""
        return self._steps[-1][-1]

    @property
    def continues(self) -> bool:
        """Whether fitted networks go on from the end of the rows that they have learned from."""
        first = self.fitted[0]
        is_drawn = getattr(first, "training", "readout") == "readout"  # else all is trained
        return self._is_alone and is_drawn and hasattr(first, "predict_state")

    def fit(self, parts: Sequence[Part]) -> Self:
        """Learn from one or more parts."""
        self._is_alone = len(parts) == 1
        self._n_outputs = parts[0].z.shape[1]
        self.n_seen = len(parts[0].z) - 1 if self._is_alone else 0  # rows, if for one step
        self.fitted = [self._fit_one(parts, steps) for steps in self._steps]
        return self

    def learned_more(self, parts: Sequence[Part]) -> "Learner":
        """Return one that has also learned the rows that came since; this one stays as it is."""
        other = replace(self)
        other._is_alone, other._n_outputs = self._is_alone, self._n_outputs
        if not (self.continues and hasattr(self.fitted[0], "partial_fit")):
            return other.fit(parts)
        other.n_seen = len(parts[0].z) - 1
        other.fitted = []
        for fitted, steps in zip(self.fitted, self._steps, strict=True):
            rows, targets, used = (each[self._seen(steps) :] for each in
                                   self._examples(parts[0], steps))  # fmt: skip
            if targets.shape[1] == 1:
                targets = targets[:, 0]
            weights = {} if used.all() else {"sample_weight": used.astype(float)}
            learned = deepcopy(fitted)
            if len(rows):
                learned.partial_fit(rows, targets, **weights)
            other.fitted.append(learned)
        return other

    def forecast(self, past: Part, future: Rows, n_steps: int) -> Rows:
        """Continue a part by ``n_steps`` rows; ``future`` is known of them, at least `n_ahead`."""
        if self.strategy == "recursive" and has_memory(self.regressor):
            return self._generate(past, future, n_steps)
        if self.strategy == "recursive":
            nothing = np.zeros((1, n_steps, self._n_outputs))
            return self.paths(past, future, nothing)[0]
        outputs = []
        for fitted, steps in zip(self.fitted, self._steps, strict=True):
            if steps[0] > n_steps:
                break
            fitted, rows = self._context(fitted, past, future, steps)
            outputs.append(np.reshape(fitted.predict(rows)[-1], (len(steps), self._n_outputs)))
        return np.concatenate(outputs)[:n_steps]

    def paths(self, past: Part, future: Rows, shocks: Rows) -> Rows:
        """Continue a part in many ways, shocks (n_paths, n_steps, n_outputs) added on the way."""
        n_paths, n_steps, k = shocks.shape
        fitted, rows = self._context(self.fitted[0], past, future, (1,))
        state = None
        if has_memory(self.regressor):
            first, state = fitted.predict(rows, return_state=True)
            state = np.tile(state, (n_paths, 1))
        else:
            first = _predict(fitted, rows[-1:])
        output = np.tile(np.reshape(first[-1], (1, k)), (n_paths, 1))
        history = np.tile(past.z[None, len(past.z) - self.n_lags - 1 :], (n_paths, 1, 1))
        out = np.empty_like(shocks)
        for t in range(n_steps):
            out[:, t] = output + shocks[:, t]
            if not np.isfinite(out[:, t]).all():
                raise FloatingPointError(
                    f"The forecast diverged: it left the finite numbers at step {t + 1} of "
                    f"{n_steps}; use a regressor with more of a penalty, fewer lags or "
                    "strategy='direct'."
                )
            if t == n_steps - 1:
                break
            history = np.concatenate([history[:, 1:], out[:, t : t + 1]], axis=1)
            shown = history[:, [self.n_lags - lag for lag in self.lags]].reshape(n_paths, -1)
            shown = np.hstack([shown, np.tile(future[t + 1], (n_paths, 1))])
            if has_memory(self.regressor):
                outputs, state = fitted.predict(
                    shown[:, None], initial_state=state, return_state=True
                )
            else:
                outputs = _predict(fitted, shown)
            output = np.reshape(outputs, (n_paths, k))
        return out

    def residuals(self, parts: Sequence[Part]) -> Rows:
        """Return the errors (n_rows, n_outputs) of single steps within the parts."""
        errors = []
        for part in parts:
            rows, targets, used = self._examples(part, (1,))
            regressor = self.fitted[0]
            if self.continues:
                regressor = _from_rest(regressor)
            outputs = np.reshape(regressor.predict(rows), targets.shape)
            used = used & (np.arange(len(used)) >= getattr(regressor, "warmup", 0))
            errors.append((targets - outputs)[used])
        return np.concatenate(errors)

    @property
    def _steps(self) -> list[tuple[int, ...]]:
        """The steps ahead that each regressor learns."""
        if self.strategy == "recursive":
            return [(1,)]
        each = range(1, self.horizon + 1)
        return [(step,) for step in each] if self.strategy == "direct" else [tuple(each)]

    def _fit_one(self, parts: Sequence[Part], steps: tuple[int, ...]) -> Any:
        regressor = clone(self.regressor)
        for name in regressor.get_params():
            if name == "predict_state" and self._is_alone:
                regressor.set_params(predict_state="carry")
            elif name.rpartition("__")[2] == "predict_state":
                regressor.set_params(**{name: "reset"})
        n_targets = len(steps) * self._n_outputs
        if n_targets > 1 and not get_tags(regressor).target_tags.multi_output:
            regressor = MultiOutputRegressor(regressor)
        examples = [self._examples(part, steps) for part in parts]
        self._check_measured([used for _, _, used in examples])
        if n_targets == 1:
            examples = [(rows, targets[:, 0], used) for rows, targets, used in examples]
        if not has_memory(self.regressor):
            shown, targets = (
                np.concatenate([example[i][example[2]] for example in examples]) for i in (0, 1)
            )
            return regressor.fit(shown, targets)
        sequences, targets_of, used = map(list, zip(*examples, strict=True))
        weights: dict[str, Any] = {}
        if not np.concatenate(used).all() and has_fit_parameter(regressor, "sample_weight"):
            weights["sample_weight"] = np.concatenate(used).astype(float)
        if self._is_alone:
            return regressor.fit(sequences[0], targets_of[0], **weights)
        groups = np.repeat(np.arange(len(sequences)), [len(rows) for rows in sequences])
        return regressor.fit(
            np.concatenate(sequences), np.concatenate(targets_of), groups=groups, **weights
        )

    def _check_measured(self, used: Sequence[NDArray[np.bool_]]) -> None:
        n_used = sum(int(each[getattr(self.regressor, "warmup", 0) :].sum()) for each in used)
        if n_used < 2:
            alone = has_memory(self.regressor)
            raise ValueError(
                f"y must have measured rows {'one after another' if alone else 'at all lags'} to "
                f"learn from, got {n_used} such; "
                f"use missing='interpolate'{'' if alone else ' or fewer lags'}."
            )

    def _examples(self, part: Part, steps: tuple[int, ...]) -> tuple[Rows, Rows, Any]:
        """Return the rows that are shown, the targets, and which of them are measured."""
        rows, last = self._shown(part, steps), steps[-1]
        n_rows, first = len(rows), self.n_lags
        targets = np.hstack([part.z[first + step :][:n_rows] for step in steps])
        used = np.all([part.is_known[first + step :][:n_rows] for step in steps], axis=0)
        if not has_memory(self.regressor):
            window = [part.is_known[first - lag : len(part.z) - last - lag] for lag in self.lags]
            used &= np.all(window, axis=0)
        return rows, targets, used

    def _shown(self, part: Part, steps: tuple[int, ...]) -> Rows:
        first, last = self.n_lags, steps[-1]
        stop = len(part.z) - last
        past = [part.z[first - lag : stop - lag] for lag in self.lags]
        ahead = [part.known[first + step :][: stop - first] for step in steps]
        return np.hstack([*past, *ahead])

    def _context(
        self, fitted: Any, past: Part, future: Rows, steps: tuple[int, ...]
    ) -> tuple[Any, Rows]:
        """Return the rows that lead to the end of a part, and the regressor that is shown them.

        They are those that came after a network had learned, or all of them, from rest.
        """
        longer = np.concatenate([past.z, np.zeros((steps[-1], self._n_outputs))])
        known = np.concatenate([past.known, future[: steps[-1]]])
        rows = self._shown(Part(longer, known, past.is_known), steps)
        if not has_memory(self.regressor):
            return fitted, rows[-1:]
        if not self.continues:
            return fitted, rows
        if len(rows) > self._seen(steps):
            return fitted, rows[self._seen(steps) :]
        return _from_rest(fitted), rows

    def _seen(self, steps: tuple[int, ...]) -> int:
        """Return how many rows one that learns these steps has run over."""
        return max(0, self.n_seen + 1 - steps[-1])

    def _generate(self, past: Part, future: Rows, n_steps: int) -> Rows:
        fitted, context = self._context(self.fitted[0], past, future, (1,))
        later = None
        if future.shape[1]:  # those of a step after the last are asked for but not used
            later = np.concatenate([future[1:n_steps], future[:1]])
        outputs = fitted.generate(n_steps, context=context, X_future=later)
        return np.reshape(outputs, (n_steps, self._n_outputs))


def _is_network(value: Any) -> bool:
    return has_memory(value) or hasattr(value, "predict_state")


def _check_network(network: Any, strategy: str) -> None:
    for name, without in (("feedback", False), ("bidirectional", False), ("delay", 0)):
        if getattr(network, name, without):
            raise ValueError(
                f"estimator must have {name}={without}, got {getattr(network, name)}; each output "
                "becomes the network's next input, and no row is known before its time."
            )
    cell = getattr(network, "cell", None)
    if isinstance(cell, str):
        from reservoir.cells import CELLS

        cell = CELLS.get(cell)
    if strategy == "recursive" and getattr(cell, "feeds_back", False):
        raise ValueError(
            f"estimator must have a cell that feeds no output back, got cell={network.cell!r}; use "
            "strategy='direct', or another cell."
        )
    if getattr(network, "loss", None) == "binary_cross_entropy":
        raise ValueError(
            "estimator must have a loss whose outputs are values of the series, got "
            "loss='binary_cross_entropy'; use 'squared_error'."
        )


def _predict(regressor: Any, rows: Rows) -> Rows:
    with np.errstate(over="ignore", invalid="ignore"):  # which is found out afterwards
        outputs: Rows = regressor.predict(rows)
    return outputs


def _from_rest(network: Any) -> Any:
    """Return a network with the same weights that begins at rest."""
    copy = object.__new__(type(network))
    copy.__dict__.update(network.__dict__)
    copy.predict_state = "reset"
    if "network_" in copy.__dict__:  # of continuous time
        copy.network_ = _from_rest(copy.network_)
    return copy
