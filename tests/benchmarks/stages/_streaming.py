"""A trained LSTM that is shown one row after the other; the time of one row."""

from collections.abc import Iterator
from typing import Any

from tests.benchmarks._checks import must_be_near
from tests.benchmarks._learners import Learner, make_sequences, make_weights, plain_outputs
from tests.benchmarks._race import Row, Run
from tests.benchmarks.contestants import Contestant

N_STEPS = 5000


def rows(quick: bool) -> Iterator[Row]:
    for n_units in (32,) if quick else (32, 128):
        yield _row(Learner("LSTM", n_units))


def _row(learner: Learner) -> Row:
    X, _ = make_sequences(learner, 1, N_STEPS)
    weights = make_weights(learner)

    def enter(contestant: Contestant) -> Run:
        stream = contestant.method("streamer")(learner, weights)
        return lambda amount, number: stream(X[0])

    def check(contestant: Contestant, outputs: Any) -> str:
        must_be_near(outputs, plain_outputs(learner, weights, X)[0], 1e-4, "the equations")
        return ""

    label = f"{learner}, one row"
    return Row("streaming", label, enter, amount=N_STEPS, least=N_STEPS, check=check, each=True)
