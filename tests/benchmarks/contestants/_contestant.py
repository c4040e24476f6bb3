"""What a benchmark asks of a contestant, and how one says that it cannot."""

from importlib import metadata
from typing import Any, ClassVar

import numpy as np

from tests.benchmarks._networks import Size


class UnableError(Exception):
    """A contestant cannot take part; the message says why."""


class Contestant:
    """One package and its fastest public way through each stage; NumPy arrays in and out.

    A contestant has those of these methods that its package can serve; ``unable`` says of the
    others why not. Nothing is imported before a method is called.

    ``initialise(size, seed)``
        Make the recurrent weights and return them (None where they cannot be had).
    ``harvester(network)``
        Return a function of inputs, (n_steps, 1) or (n_sequences, n_steps, 1), that returns all
        states, each sequence from rest.
    ``regressor(size, seed)`` and ``regressor_of(network)``
        Return an unfitted network with a ridge readout, with weights of its own or with these.
    ``fit(regressor, X, y)``, ``predict(regressor, X)``
        Inputs and targets are (n_steps, 1).
    ``generate(regressor, n_steps)``
        Continue on its own outputs, fitted to the next value of its input, from where `settle`
        has brought it.

    And of networks trained by gradient, with weights that all are given:

    ``trainer(learner, weights, X, Y)``
        Return a function of a number of steps of Adam on one batch, X (n_sequences, n_steps,
        n_inputs), that takes them, each with a clipped gradient, and returns their mean loss.
    ``predictor(learner, weights)``
        Return a function of X that returns the outputs of all sequences.
    ``streamer(learner, weights)``
        Return a function of one sequence (n_steps, n_inputs) that shows it row by row.
    ``gradients(learner, weights, X, Y)``
        Return the gradients of the mean squared error in all weights.
    ``first_training``
        A script, of one short training.
    """

    name: str
    distribution: ClassVar[str]
    how: ClassVar[str]  # the way through the package, for the report
    remark: ClassVar[str] = ""  # what to know when reading its times
    unable: ClassVar[dict[str, str]] = {}
    first_step: ClassVar[int] = 0  # the first row of a sequence that it really computes

    def version(self) -> str:
        """Return the installed version, or raise UnableError."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            raise UnableError("not installed") from None

    def method(self, name: str) -> Any:
        """Return a method, or raise UnableError with the reason why there is none."""
        self.version()
        if not hasattr(self, name):
            raise UnableError(self.unable.get(name, f"{self.name} has no {name}"))
        return getattr(self, name)

    def settle(self, regressor: Any, X: np.ndarray) -> None:
        """Bring a fitted network to the end of ``X``, where its fit may not have left it."""


def only_float64(size: Size, name: str) -> None:
    """Raise UnableError for any other type."""
    if size.dtype != "float64":
        raise UnableError(f"{name} computes in float64 only")
