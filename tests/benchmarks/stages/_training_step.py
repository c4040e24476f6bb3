"""Loss, gradient, clipping and Adam on one batch that is there already, again and again."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.benchmarks._checks import must_be_near
from tests.benchmarks._learners import Learner, make_sequences, make_weights, plain_outputs
from tests.benchmarks._race import Row, Run
from tests.benchmarks.contestants import Contestant

WORK = 1e6  # weights times steps of a run: some tenths of a second


def rows(quick: bool) -> Iterator[Row]:
    for n_units in (32, 128) if quick else (16, 32, 64, 128, 256):
        yield _row(Learner("LSTM", n_units), 32, 100)
    for kind in ("GRU", "RNN"):
        for n_units in (32,) if quick else (32, 128):
            yield _row(Learner(kind, n_units), 32, 100)
    yield _row(Learner("LSTM", 32), 1, 1000)


def _row(learner: Learner, n_sequences: int, n_steps: int) -> Row:
    X, Y = make_sequences(learner, n_sequences, n_steps)
    weights = make_weights(learner)

    def enter(contestant: Contestant) -> Run:
        train = contestant.method("trainer")(learner, weights, X, Y)
        expected = np.mean((plain_outputs(learner, weights, X) - Y) ** 2)
        must_be_near(np.array(train(1)), expected, 1e-4 * expected, "the loss of the equations")
        return lambda amount, number: train(amount)

    def check(contestant: Contestant, loss: Any) -> str:
        assert np.isfinite(loss), "the loss is not finite"
        return ""

    label = f"{learner}, batch {n_sequences}, {n_steps:,} steps"
    amount = int(np.clip(WORK / (learner.n_units + 32) ** 2, 10, 200))
    return Row("training_step", label, enter, amount=amount, least=amount, check=check, each=True)
