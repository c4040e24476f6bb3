"""The largest difference of any gradient from torch's in float64, relative to its largest."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from tests.benchmarks._learners import Learner, Weights, make_sequences, make_weights
from tests.benchmarks._race import Measured, Row, Run
from tests.benchmarks.contestants import Contestant
from tests.benchmarks.contestants._torch import Torch

TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
N_SHAPES = 8


def rows(quick: bool) -> Iterator[Row]:
    for dtype in TOLERANCE:
        for kind in ("LSTM", "GRU", "RNN"):
            for n_layers in (1, 2):
                for bidirectional in (False, True):
                    yield _row(Learner(kind, 0, 0, 0, n_layers, bidirectional, dtype))


def _row(form: Learner) -> Row:
    def enter(contestant: Contestant) -> Run:
        gradients = contestant.method("gradients")

        def run(amount: int, number: int) -> Measured:
            worst = max(_difference(gradients, form, seed) for seed in range(N_SHAPES))
            assert worst <= TOLERANCE[form.dtype], f"gradients differ by {worst:.2g}"
            return Measured(worst)

        return run

    directions = ", both directions" * form.bidirectional
    label = f"{form.kind}, {form.n_layers} layer{'s' * (form.n_layers > 1)}{directions}"
    return Row("gradients", f"{label}, {form.dtype}", enter, unit="", once=True)


def _difference(gradients: Callable[..., Weights], form: Learner, seed: int) -> float:
    """Return the largest difference for a random shape, the same for all contestants."""
    rng = np.random.default_rng(seed)
    n_units, n_inputs, n_outputs = (int(rng.integers(1, most)) for most in (40, 9, 4))
    learner = replace(form, n_units=n_units, n_inputs=n_inputs, n_outputs=n_outputs)
    weights = make_weights(learner, seed)
    X, Y = make_sequences(learner, int(rng.integers(1, 20)), int(rng.integers(5, 60)), seed)
    found = gradients(learner, weights, X, Y)
    wide = replace(learner, dtype="float64")
    exact = Torch(1).gradients(wide, _widened(weights), X.astype(float), Y.astype(float))
    return max(
        float(abs(a - b).max() / abs(b).max())
        for a, b in zip(found.arrays(), exact.arrays(), strict=True)
    )


def _widened(weights: Weights) -> Weights:
    layers = [
        [
            {
                key: type(gate)(*(None if array is None else array.astype(float) for array in gate))
                for key, gate in gates.items()
            }
            for gates in layer
        ]
        for layer in weights.layers
    ]
    return Weights(layers, weights.V.astype(float), weights.d.astype(float))
