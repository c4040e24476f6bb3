"""The networks trained by gradient that all contestants get, and the equations they are held to."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

GATES = {"LSTM": "ifgo", "GRU": "run", "RNN": "h"}  # by their usual letters
RATE, CLIP_NORM = 1e-3, 1.0
ADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-8}


@dataclass(frozen=True)
class Learner:
    """The form of a network with a linear readout at each step."""

    kind: str
    n_units: int
    n_inputs: int = 8
    n_outputs: int = 1
    n_layers: int = 1
    bidirectional: bool = False
    dtype: str = "float32"

    @property
    def n_directions(self) -> int:
        return 1 + self.bidirectional

    def __str__(self) -> str:
        return f"{self.kind} {self.n_units} units"


class Gate(NamedTuple):
    """Weights from below (n_inputs, n_units), from the step before (n_units, n_units), biases.

    The second bias, inside the reset, is only that of the new content of a GRU, else None.
    """

    W: np.ndarray
    U: np.ndarray
    b: np.ndarray
    c: np.ndarray | None = None


class Weights(NamedTuple):
    """``layers[layer][direction][gate]``, and the readout (n_features, n_outputs), (n_outputs,)."""

    layers: list[list[dict[str, Gate]]]
    V: np.ndarray
    d: np.ndarray

    def arrays(self) -> list[np.ndarray]:
        parts = [gates[key] for layer in self.layers for gates in layer for key in sorted(gates)]
        arrays = [array for gate in parts for array in gate if array is not None]
        return [*arrays, self.V, self.d]


def make_weights(learner: Learner, seed: int = 0) -> Weights:
    """Draw weights in ±1/sqrt(n_units), as torch does."""
    rng = np.random.default_rng([seed, learner.n_units])
    n, n_read = learner.n_units, learner.n_units * learner.n_directions

    def draw(*shape: int) -> np.ndarray:
        return (rng.uniform(-1, 1, shape) / np.sqrt(n)).astype(learner.dtype)

    def gate(letter: str, n_inputs: int) -> Gate:
        second = draw(n) if (learner.kind, letter) == ("GRU", "n") else None
        return Gate(draw(n_inputs, n), draw(n, n), draw(n), second)

    layers = [
        [
            {letter: gate(letter, n_inputs) for letter in GATES[learner.kind]}
            for _ in range(learner.n_directions)
        ]
        for n_inputs in [learner.n_inputs] + [n_read] * (learner.n_layers - 1)
    ]
    return Weights(layers, draw(n_read, learner.n_outputs), draw(learner.n_outputs))


def make_sequences(
    learner: Learner, n_sequences: int, n_steps: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Return noise (n_sequences, n_steps, n_inputs) and what it was some steps ago, as targets."""
    rng = np.random.default_rng([seed, n_sequences, n_steps])
    X = rng.uniform(-1, 1, (n_sequences, n_steps, learner.n_inputs)).astype(learner.dtype)
    return X, np.roll(X[:, :, : learner.n_outputs], 3, axis=1)


def plain_outputs(learner: Learner, weights: Weights, X: np.ndarray) -> np.ndarray:
    """Return outputs (n_sequences, n_steps, n_outputs), from rest, of one layer as in the books."""
    (gates,) = weights.layers[0]
    h = c = np.zeros((len(X), learner.n_units))
    outputs = np.empty((*X.shape[:2], learner.n_outputs))
    for t in range(X.shape[1]):
        below = {key: X[:, t] @ gate.W + gate.b for key, gate in gates.items()}
        past = {key: h @ gate.U for key, gate in gates.items()}
        z = {key: below[key] + past[key] for key in gates}
        if learner.kind == "LSTM":
            c = _sigmoid(z["f"]) * c + _sigmoid(z["i"]) * np.tanh(z["g"])
            h = _sigmoid(z["o"]) * np.tanh(c)
        elif learner.kind == "GRU":
            n = np.tanh(below["n"] + _sigmoid(z["r"]) * (past["n"] + gates["n"].c))
            h = n + _sigmoid(z["u"]) * (h - n)
        else:
            h = np.tanh(z["h"])
        outputs[:, t] = h @ weights.V + weights.d
    return outputs


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
