"""What the measures share: checked columns, scales and means over outputs."""

import numpy as np
from numpy.typing import ArrayLike


def as_columns(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    name: str = "y_pred",
    finite_prediction: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Return both as float arrays of shape (n_steps, n_outputs), or raise."""
    truth = as_column("y_true", y_true)
    prediction = as_column(name, y_pred, finite=finite_prediction)
    if truth.shape != prediction.shape:
        raise ValueError(
            f"y_true and {name} must have the same shape, "
            f"got {np.shape(y_true)} and {np.shape(y_pred)}"
        )
    return truth, prediction


def as_column(name: str, values: ArrayLike, *, finite: bool = True) -> np.ndarray:
    if isinstance(values, np.ma.MaskedArray):
        raise ValueError(
            f"{name} must not be a masked array, whose mask would be ignored; leave the masked "
            "rows out of both y_true and y_pred, or fill them"
        )
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "biufO":
            raise TypeError(f"cannot calculate with dtype {array.dtype}")
        array = array.astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be an array of real numbers: {error}") from None
    if array.ndim not in (1, 2) or array.size == 0:
        raise ValueError(
            f"{name} must have the shape (n_steps,) or (n_steps, n_outputs) and not be empty, "
            f"got {array.shape}"
        )
    if finite and not np.isfinite(array).all():
        row = int(np.argmin(np.isfinite(array).reshape(len(array), -1).all(axis=1)))
        raise ValueError(f"{name} must be finite, got NaN or infinity in row {row}")
    return array[:, np.newaxis] if array.ndim == 1 else array


def combine(errors: np.ndarray, multioutput: str | ArrayLike) -> float | np.ndarray:
    if isinstance(multioutput, str):
        if multioutput == "raw_values":
            return errors
        if multioutput == "uniform_average":
            return float(np.mean(errors))
        raise ValueError(
            "multioutput must be 'uniform_average', 'raw_values' or an array of weights, "
            f"got {multioutput!r}"
        )
    weights = np.asarray(multioutput, dtype=float)
    if weights.shape != errors.shape or not (weights >= 0).all() or not 0 < weights.sum() < np.inf:
        raise ValueError(
            f"multioutput must be one weight of at least 0 for each of {len(errors)} outputs, "
            f"and not all 0, got {multioutput!r}"
        )
    return float(np.average(errors, weights=weights))


def scale_of(truth: np.ndarray, scale: str | ArrayLike) -> np.ndarray:
    """Return the divisor of each column of `truth`, all above 0."""
    if isinstance(scale, str):
        if scale not in ("std", "range"):
            raise ValueError(f"scale must be 'std', 'range' or numbers above 0, got {scale!r}")
        divisor = spread(truth) if scale == "std" else np.ptp(truth, axis=0)
        if not divisor.all():
            raise ValueError(
                f"y_true must vary, got a constant output (column {int(np.argmin(divisor))}); "
                "give the scale of a longer series, or use an error that is not normalised"
            )
        return divisor
    divisor = np.asarray(scale, dtype=float)
    n_outputs = truth.shape[1]
    if divisor.shape not in ((), (n_outputs,)) or not _all_above_zero(divisor):
        raise ValueError(
            f"scale must be a finite number above 0, or one for each of {n_outputs} outputs, "
            f"got {scale!r}"
        )
    return divisor


def spread(values: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each column, exactly 0 if the column is constant."""
    size = binary_size(values)
    return np.where(np.ptp(values, axis=0) > 0, np.std(values / size, axis=0) * size, 0.0)


def binary_size(values: np.ndarray) -> np.ndarray:
    """Return a power of two near the largest value of each column.

    Division by it loses no digit, and keeps squares from running over or under.
    """
    largest = np.abs(values).max(axis=0)
    return np.ldexp(1.0, np.where(largest > 0, np.frexp(largest)[1] - 1, 0))


def check_threshold(threshold: float) -> None:
    if not np.isfinite(threshold):
        raise ValueError(f"threshold must be a finite number, got {threshold!r}")


def above_zero(name: str, value: float) -> float:
    if not _all_above_zero(value):
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}")
    return float(value)


def _all_above_zero(values: float | np.ndarray) -> bool:
    return bool(np.all(np.isfinite(values) & (np.asarray(values) > 0)))
