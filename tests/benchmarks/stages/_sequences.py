"""All states of many short sequences, each from rest."""

from collections.abc import Iterator

from tests.benchmarks._checks import check_states
from tests.benchmarks._networks import Size, make_network, make_noise
from tests.benchmarks._race import Row, Run
from tests.benchmarks.contestants import Contestant

SIZE = Size(500, 0.1)
SHAPE = (1000, 100, 1)


def rows(quick: bool) -> Iterator[Row]:
    def enter(contestant: Contestant) -> Run:
        harvest = contestant.method("harvester")(make_network(SIZE))
        return lambda amount, number: harvest(make_noise(SHAPE)[:amount])

    n_sequences, n_steps, _ = SHAPE
    yield Row(
        "sequences",
        f"{n_sequences} sequences of {n_steps} steps, {SIZE}",
        enter,
        amount=n_sequences,
        least=20,
        check=lambda contestant, states: check_states(
            contestant, make_network(SIZE), make_noise(SHAPE), states
        ),
    )
