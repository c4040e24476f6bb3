"""How a gradient changes the weights: stochastic gradient descent and its kin.

An optimiser knows one vector of weights and what it remembers of past gradients, nothing of
networks. ``update(weights, gradient, rate)`` changes the weights in place.
"""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]

__all__ = ["SGD", "Adam", "AdamW", "Optimiser", "RMSprop", "clip", "make_optimiser"]


class Optimiser(ABC):
    """Changes weights along gradients.

    Attributes
    ----------
    n_updates : int
    moments : dict of ndarray
        What it remembers, by name; enough, with ``n_updates``, to go on elsewhere.
    """

    def __init__(self) -> None:
        self.n_updates = 0
        self.moments: dict[str, Floats] = {}

    def moment(self, name: str, weights: Floats) -> Floats:
        """Return a vector that is remembered, 0 at first."""
        if name not in self.moments:
            self.moments[name] = np.zeros_like(weights)
        return self.moments[name]

    def continue_from(self, other: "Optimiser") -> None:
        """Take over what another one remembers, if it is of the same family."""
        if type(self) is type(other) or (isinstance(self, Adam) and isinstance(other, Adam)):
            self.n_updates, self.moments = other.n_updates, other.moments

    @abstractmethod
    def update(self, weights: Floats, gradient: Floats, rate: float) -> None:
        """Change the weights in place."""


class SGD(Optimiser):
    """Gradient descent with momentum, classical or Nesterov's.

    ``v ← μ v - ε g``, ``w ← w + v``; Nesterov's gradient is taken at ``w + μ v``, which is where
    the weights kept here stand.

    References
    ----------
    Sutskever, I., Martens, J., Dahl, G. and Hinton, G. (2013). On the importance of initialization
    and momentum in deep learning. ICML, 1139-1147, eq. 1 to 4.
    """

    def __init__(self, momentum: float = 0.9, nesterov: bool = True) -> None:
        super().__init__()
        self.momentum, self.nesterov = momentum, nesterov

    def update(self, weights: Floats, gradient: Floats, rate: float) -> None:
        self.n_updates += 1
        velocity = self.moment("velocity", weights)
        velocity *= self.momentum
        velocity -= rate * gradient
        if self.nesterov:
            weights += self.momentum * velocity - rate * gradient
        else:
            weights += velocity


class RMSprop(Optimiser):
    """``s ← ρ s + (1-ρ) g²``, ``w ← w - ε g / (√s + δ)``.

    References
    ----------
    Tieleman, T. and Hinton, G. (2012). Neural networks for machine learning, lecture 6.5.
    """

    def __init__(self, decay: float = 0.99, epsilon: float = 1e-8) -> None:
        super().__init__()
        self.decay, self.epsilon = decay, epsilon

    def update(self, weights: Floats, gradient: Floats, rate: float) -> None:
        self.n_updates += 1
        square = self.moment("square", weights)
        square *= self.decay
        square += (1 - self.decay) * gradient**2
        weights -= rate * gradient / (np.sqrt(square) + self.epsilon)


class Adam(Optimiser):
    """``m ← β₁ m + (1-β₁) g``, ``s ← β₂ s + (1-β₂) g²``, ``w ← w - ε m̂ / (√ŝ + δ)``.

    References
    ----------
    Kingma, D. and Ba, J. (2015). Adam: a method for stochastic optimization. ICLR, algorithm 1.
    """

    def __init__(self, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8) -> None:
        super().__init__()
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def update(self, weights: Floats, gradient: Floats, rate: float) -> None:
        self.n_updates += 1
        mean, square = self.moment("mean", weights), self.moment("square", weights)
        mean += (1 - self.beta_1) * (gradient - mean)
        square += (1 - self.beta_2) * (gradient**2 - square)
        root = np.sqrt(square)
        root *= 1 / np.sqrt(1 - self.beta_2**self.n_updates)
        root += self.epsilon
        weights -= mean / root * (rate / (1 - self.beta_1**self.n_updates))


class AdamW(Adam):
    """Adam, with weights that decay beside it: ``w ← w - ε λ w``.

    References
    ----------
    Loshchilov, I. and Hutter, F. (2019). Decoupled weight decay regularization. ICLR, algorithm 2.
    """

    def __init__(self, decay: Floats | float, **settings: Any) -> None:
        super().__init__(**settings)
        self.decay = decay

    def update(self, weights: Floats, gradient: Floats, rate: float) -> None:
        weights -= (rate * self.decay) * weights
        super().update(weights, gradient, rate)


def clip(gradient: Floats, norm: float | None) -> None:
    """Scale a gradient that is longer than ``norm`` to it, in place.

    Parameters
    ----------
    gradient : ndarray
    norm : float or None
        The longest that is left as it is; None leaves all.

    References
    ----------
    Pascanu, R., Mikolov, T. and Bengio, Y. (2013). On the difficulty of training recurrent neural
    networks. ICML, 1310-1318, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> gradient = np.array([3.0, 4.0])
    >>> clip(gradient, 1.0)
    >>> gradient
    array([0.6, 0.8])
    """
    if norm is not None:
        size = float(np.sqrt(np.sum(np.square(gradient, dtype=np.float64))))
        if size >= norm:
            gradient *= norm / size


def make_optimiser(
    solver: str,
    *,
    momentum: float,
    nesterov: bool,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    decay: Floats | float,
) -> Optimiser:
    """Return a fresh optimiser: "sgd", "rmsprop", "adam" or "adamw"."""
    if solver == "sgd":
        return SGD(momentum, nesterov)
    if solver == "rmsprop":
        return RMSprop(epsilon=epsilon)
    if solver == "adamw":
        return AdamW(decay, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
    return Adam(beta_1, beta_2, epsilon)
