"""The way in and out of all estimators: sequences, targets, weights and scores."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import assert_all_finite, check_array, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, validate_data

from reservoir.sequences import Layout, match_targets, match_weights, stack

Floats = NDArray[np.floating]


class SequenceInput:
    """What takes sequences; a mixin of estimators with a parameter ``dtype``."""

    dtype: str
    _per_sequence: bool
    _outputs: Any  # of X, groups and an initial state: outputs, layout, final states

    def _sequences(
        self, X: Any, groups: Any, *, reset: bool, fewest: int = 2
    ) -> tuple[Floats, Layout]:
        """Validate X and return its stacked rows, so many at least in fit, and their layout."""
        if sparse.issparse(X):  # a message of scikit-learn's own, with its advice
            validate_data(self, X, reset=reset)
        rows, layout = stack(X, groups)
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # what overflows is found below
                checked = validate_data(
                    self,
                    rows,
                    reset=reset,
                    dtype=np.dtype(self.dtype),
                    ensure_min_samples=fewest if reset else 1,
                )
        except ValueError as error:
            sentence = _sentence(str(error), rows, self.dtype)
            if sentence is None:
                raise
            raise ValueError(sentence) from None
        return layout.gather(checked), layout

    def _stacked_weight(self, sample_weight: Any, layout: Layout) -> Floats | None:
        weight = match_weights(sample_weight, layout, self._per_sequence)
        if weight is None:
            return None
        n = layout.n_sequences if self._per_sequence else layout.n_rows
        weight = _check_sample_weight(
            weight, np.empty((n, 1)), dtype=np.float64, ensure_non_negative=True
        )
        return weight if self._per_sequence else layout.gather(weight)

    def _warn_of_single_row(self, layout: Layout) -> None:
        """Warn where a row is predicted without those before it."""
        if layout.is_single and layout.n_rows == 1 and not self._per_sequence:
            warn(
                "A single row is predicted from rest, without any memory of the rows before it; "
                "pass whole sequences or an initial_state"
                + (
                    ", or set predict_state='carry'."
                    if hasattr(self, "predict_state")
                    else ", or use stream()."
                )
            )

    def _outputs_as(self, y: Any, X: Any, groups: Any) -> tuple[NDArray[Any], Layout]:
        """Return the outputs that are to be compared with targets."""
        outputs, layout, _ = self._outputs(X, groups, None)
        return outputs, layout

    def _in_form(self, outputs: NDArray[Any], layout: Layout) -> Any:
        return outputs if self._per_sequence else layout.restore(outputs)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.three_d_array = True
        return tags


class NumberTargets(SequenceInput):
    """What learns numbers."""

    _n_outputs: int
    _target_ndim: int

    def _targets(self, y: Any, layout: Layout, *, starting: bool) -> tuple[NDArray[Any], bool]:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        values, per_sequence = match_targets(y, layout)
        if np.asarray(values).dtype.kind in "US":
            raise ValueError("y must hold numbers, got strings; use a classifier for labels.")
        values = check_array(
            values,
            dtype=np.float64,
            ensure_2d=False,
            ensure_all_finite="allow-nan",
            input_name="y",
            estimator=self,
        )
        n_outputs = 1 if values.ndim == 1 else values.shape[1]
        if starting:
            self._n_outputs = n_outputs
        elif n_outputs != self._n_outputs:
            raise ValueError(f"y must have {self._n_outputs} output(s) as in fit, got {n_outputs}.")
        return (values if per_sequence else layout.gather(values)), per_sequence

    def _with_target_ndim(self, outputs: NDArray[Any]) -> NDArray[Any]:
        if self._target_ndim == 1:
            return outputs.reshape(len(outputs))
        return outputs.reshape(len(outputs), -1)

    def score(self, X: Any, y: Any, *, groups: Any = None, sample_weight: Any = None) -> float:
        """Return the coefficient of determination R² of the predictions.

        Parameters
        ----------
        X, y, groups, sample_weight
            As in `fit`; targets that are NaN are left out.

        Returns
        -------
        float
        """
        from sklearn.metrics import r2_score

        outputs, layout = self._outputs_as(y, X, groups)
        targets, per_sequence = self._targets(y, layout, starting=False)
        if per_sequence != self._per_sequence:
            raise ValueError(
                f"y must hold one target for each {'sequence' if self._per_sequence else 'row'}, "
                "as in fit."
            )
        weight = match_weights(sample_weight, layout, per_sequence)
        if weight is not None and not per_sequence:
            weight = layout.gather(np.asarray(weight))
        outputs = outputs.reshape(len(outputs), -1)
        targets = targets.reshape(len(targets), -1)
        known = ~np.isnan(targets).any(axis=1)
        return float(
            r2_score(
                targets[known],
                outputs[known],
                sample_weight=None if weight is None else weight[known],
            )
        )


class LabelTargets(SequenceInput):
    """What learns labels."""

    classes_: NDArray[Any]
    _labels: Any  # of outputs

    @contextmanager
    def _knowing(self, classes: Any) -> Iterator[None]:
        """Take the given classes for those of a first partial_fit."""
        if classes is not None:
            given = np.unique(classes)
            fitted = self.__sklearn_is_fitted__()  # type: ignore[attr-defined]
            if fitted and not np.array_equal(given, self.classes_):
                raise ValueError(
                    f"classes must be those of the first call, {self.classes_.tolist()}, got "
                    f"{given.tolist()}."
                )
            self._given_classes = given
        try:
            yield
        finally:
            self.__dict__.pop("_given_classes", None)

    def _targets(self, y: Any, layout: Layout, *, starting: bool) -> tuple[NDArray[Any], bool]:
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None."
            )
        values, per_sequence = match_targets(y, layout)
        if np.ndim(values) == 2 and np.shape(values)[1] == 1:
            values = np.reshape(values, -1) if layout.form != "rows" else values
        _check_labels_known(values)
        values = column_or_1d(values, warn=True)
        assert_all_finite(values, input_name="y")
        check_classification_targets(values)
        if starting:
            self.classes_ = getattr(self, "_given_classes", np.unique(values))
            if len(self.classes_) < 2:
                raise ValueError(
                    f"y must hold at least 2 classes, got 1 class, {self.classes_.tolist()}; there "
                    "is nothing to tell apart."
                )
        unknown = ~np.isin(values, self.classes_)
        if unknown.any():
            raise ValueError(
                f"y must hold labels of the classes {self.classes_.tolist()}, got "
                f"{values[unknown].tolist()[0]!r}; name all classes in the first partial_fit."
            )
        return (values if per_sequence else layout.gather(values)), per_sequence

    def score(self, X: Any, y: Any, *, groups: Any = None, sample_weight: Any = None) -> float:
        """Return the share of labels that are right.

        Parameters
        ----------
        X, y, groups, sample_weight
            As in `fit`.

        Returns
        -------
        float
        """
        from sklearn.metrics import accuracy_score

        outputs, layout = self._outputs_as(y, X, groups)
        labels = self._labels(outputs)
        values, per_sequence = match_targets(y, layout)
        if per_sequence != self._per_sequence:
            raise ValueError(
                f"y must hold one label for each {'sequence' if self._per_sequence else 'row'}, "
                "as in fit."
            )
        weight = match_weights(sample_weight, layout, per_sequence)
        if not per_sequence:
            labels = layout.scatter(labels)
        return float(accuracy_score(values, labels, sample_weight=weight))


def _check_labels_known(labels: Any) -> None:
    """Raise ValueError if a label is None or NaN among others than numbers."""
    as_they_are = object if isinstance(labels, list | tuple) else None  # or NaN becomes a text
    given = np.asarray(labels, as_they_are)
    if given.dtype != object:
        return
    missing = pd.isna(given)
    if missing.any():
        place = np.argwhere(missing)[0]
        raise ValueError(
            f"y must hold a label everywhere, got {given[tuple(place)]!r} (NaN or None) at "
            f"position {place[0]}; drop these rows or sequences, or name a class for them."
        )


def _sentence(message: str, rows: Any, dtype: str) -> str | None:
    """Say in one sentence, and where, what scikit-learn says at length of wrong values."""
    if message.startswith("Complex data"):
        return (
            "Complex data not supported: X must hold real numbers; pass the real and imaginary "
            "parts as columns."
        )
    if message.startswith("could not convert"):
        return f"X must hold numbers only, but {message}; encode or drop that column."
    if "contains NaN" not in message and "contains infinity" not in message:
        return None
    with np.errstate(over="ignore"):
        values = np.asarray(rows).astype(dtype)
    missing = np.isnan(values)
    row, column = np.argwhere(missing if missing.any() else np.isinf(values))[0]
    name = repr(rows.columns[column]) if hasattr(rows, "columns") else column
    place = f"first in row {row}, column {name}"
    if missing.any():
        return (
            f"Input X contains NaN, {place}; fill it, for example with X.interpolate() of a "
            "DataFrame, or drop whole sequences."
        )
    return f"Input X contains infinity or a value too large for {dtype}, {place}; clip or drop it."


def is_known(targets: NDArray[Any]) -> NDArray[np.bool_]:
    if not np.issubdtype(targets.dtype, np.floating):
        return np.ones(len(targets), bool)
    return ~np.isnan(targets.reshape(len(targets), -1)).any(axis=1)


_PACKAGES = {"reservoir", "sklearn"}


def warn(message: str) -> None:
    """Warn at the line of the user's that led here."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] in _PACKAGES:
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)
