"""Outputs of a trained LSTM at all steps of whole sequences, NumPy arrays in and out."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.benchmarks._checks import must_be_near
from tests.benchmarks._learners import Learner, make_sequences, make_weights, plain_outputs
from tests.benchmarks._race import Row, Run
from tests.benchmarks.contestants import Contestant

N_STEPS = 1000


def rows(quick: bool) -> Iterator[Row]:
    for n_units in (32,) if quick else (32, 128):
        for n_sequences in (1, 32):
            yield _row(Learner("LSTM", n_units), n_sequences)


def _row(learner: Learner, n_sequences: int) -> Row:
    X, _ = make_sequences(learner, n_sequences, N_STEPS)
    weights = make_weights(learner)

    def enter(contestant: Contestant) -> Run:
        predict = contestant.method("predictor")(learner, weights)

        def run(amount: int, number: int) -> Any:
            for _ in range(amount):
                outputs = predict(X)
            return outputs

        return run

    def check(contestant: Contestant, outputs: Any) -> str:
        expected = plain_outputs(learner, weights, X)
        must_be_near(np.reshape(outputs, expected.shape), expected, 1e-4, "the equations")
        return ""

    label = f"{learner}, batch {n_sequences}, {N_STEPS:,} steps"
    amount = 100 if n_sequences == 1 else 10
    return Row("inference", label, enter, amount=amount, least=amount, check=check, each=True)
