"""What a network is trained to make small.

A loss takes outputs and targets (n_rows, n_outputs) and says, for each row, how far off it is and
in which direction: the mean over the outputs, and its gradient. A weighted mean over all rows is
what training minimises.

>>> import numpy as np
>>> from reservoir.training.losses import Quantile
>>> loss, gradient = Quantile(0.9)(np.array([[1.0]]), np.array([[3.0]]))
>>> loss, gradient
(array([1.8]), array([[-0.9]]))
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

__all__ = [
    "LOSSES",
    "AbsoluteError",
    "BinaryCrossEntropy",
    "Huber",
    "Loss",
    "Quantile",
    "SoftmaxCrossEntropy",
    "SquaredError",
]


class Loss(ABC):
    """A function of outputs and targets."""

    @abstractmethod
    def __call__(self, outputs: Floats, targets: Floats) -> tuple[Floats, Floats]:
        """Return the loss of each row, and its gradient in the outputs.

        Parameters
        ----------
        outputs, targets : ndarray of shape (n_rows, n_outputs)

        Returns
        -------
        loss : ndarray of shape (n_rows,)
        gradient : ndarray of shape (n_rows, n_outputs)
        """


@dataclass(frozen=True)
class SquaredError(Loss):
    """``(output - target)²``."""

    def __call__(self, outputs: Floats, targets: Floats) -> tuple[Floats, Floats]:
        error = outputs - targets
        return (error**2).mean(1), error * (2 / error.shape[1])


@dataclass(frozen=True)
class AbsoluteError(Loss):
    """``|output - target|``."""

    def __call__(self, outputs: Floats, targets: Floats) -> tuple[Floats, Floats]:
        error = outputs - targets
        return np.abs(error).mean(1), np.sign(error) / error.shape[1]


@dataclass(frozen=True)
class Huber(Loss):
    """``e² / 2`` up to an error of ``delta``, ``delta (|e| - delta / 2)`` beyond.

    Parameters
    ----------
    delta : float, default=1.0
        In the unit of the targets; above 0.
    """

    delta: float = 1.0

    def __post_init__(self) -> None:
        if not self.delta > 0:
            raise ValueError(f"delta must be above 0, got {self.delta!r}.")

    def __call__(self, outputs: Floats, targets: Floats) -> tuple[Floats, Floats]:
        error = outputs - targets
        clipped = np.clip(error, -self.delta, self.delta)
        return (clipped * (error - clipped / 2)).mean(1), clipped / error.shape[1]


@dataclass(frozen=True)
class Quantile(Loss):
    """``q (target - output)`` where the output is too low, ``(1-q) (output - target)`` else.

    Parameters
    ----------
    quantile : float, default=0.5
        q, between 0 and 1: the share of targets that lie below the outputs.
    """

    quantile: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.quantile < 1:
            raise ValueError(f"quantile must be between 0 and 1, got {self.quantile!r}.")

    def __call__(self, outputs: Floats, targets: Floats) -> tuple[Floats, Floats]:
        error = outputs - targets
        slope = np.where(error > 0, 1 - self.quantile, -self.quantile).astype(error.dtype)
        slope[error == 0] = 0
        return (slope * error).mean(1), slope / error.shape[1]


@dataclass(frozen=True)
class SoftmaxCrossEntropy(Loss):
    """``-Σ target log softmax(output)``; targets are 1 in the column of their class, else 0."""

    def __call__(self, outputs: Floats, targets: Floats) -> tuple[Floats, Floats]:
        shifted = outputs - outputs.max(1, keepdims=True)
        exponential = np.exp(shifted)
        total = exponential.sum(1, keepdims=True)
        loss = (targets * (np.log(total) - shifted)).sum(1)
        return loss, exponential / total * targets.sum(1, keepdims=True) - targets


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """``-target log σ(output) - (1 - target) log(1 - σ(output))``, for each output on its own."""

    def __call__(self, outputs: Floats, targets: Floats) -> tuple[Floats, Floats]:
        small = np.exp(-np.abs(outputs))
        loss = np.maximum(outputs, 0) - outputs * targets + np.log1p(small)
        sigmoid = np.where(outputs >= 0, 1, small) / (1 + small)
        return loss.mean(1), (sigmoid - targets) / targets.shape[1]


LOSSES: dict[str, Loss] = {
    "squared_error": SquaredError(),
    "absolute_error": AbsoluteError(),
    "huber": Huber(),
    "quantile": Quantile(),
    "binary_cross_entropy": BinaryCrossEntropy(),
}
