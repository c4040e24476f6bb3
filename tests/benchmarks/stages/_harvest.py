"""All states of one univariate series, from rest."""

from collections.abc import Iterator

from tests.benchmarks._checks import check_states
from tests.benchmarks._networks import Size, make_network, make_noise
from tests.benchmarks._race import Row, Run
from tests.benchmarks.contestants import Contestant

SPARSE = ((100, 0.1), (500, 0.1), (1000, 0.01), (2000, 0.01), (5000, 0.002))
DENSE = (100, 500, 1000, 2000)


def rows(quick: bool) -> Iterator[Row]:
    yield from map(harvest_row, _quick() if quick else _full())


def _quick() -> Iterator[tuple[Size, int]]:
    for n_units, connectivity in SPARSE[:3]:
        yield Size(n_units, connectivity), 10_000
    yield Size(500, 0.1, leak_rate=0.3), 10_000
    for dtype in ("float64", "float32"):
        yield Size(1000, 1.0, dtype=dtype), 10_000


def _full() -> Iterator[tuple[Size, int]]:
    for n_units, connectivity in (*SPARSE[:4], (1000, 1.0)):
        yield Size(n_units, connectivity), 100_000
    yield Size(1000, 1.0, dtype="float32"), 100_000
    for n_units, connectivity in (*SPARSE, *((n_units, 1.0) for n_units in DENSE)):
        yield Size(n_units, connectivity), 10_000
    for n_units, connectivity in ((1000, 0.01), (1000, 1.0)):
        yield Size(n_units, connectivity, dtype="float32"), 10_000
    yield Size(500, 0.1, leak_rate=0.3), 10_000


def harvest_row(case: tuple[Size, int], stage: str = "harvest", curve: str = "") -> Row:
    """Return the row of a network and a number of steps."""
    size, n_steps = case

    def enter(contestant: Contestant) -> Run:
        inputs = make_noise((n_steps, 1), size.dtype)
        harvest = contestant.method("harvester")(make_network(size))
        return lambda amount, number: harvest(inputs[:amount])

    return Row(
        stage,
        f"{size}, {n_steps:,} steps",
        enter,
        amount=n_steps,
        least=min(n_steps, 500),
        check=lambda contestant, states: check_states(
            contestant, make_network(size), make_noise((n_steps, 1), size.dtype), states
        ),
        curve=curve,
        x={"units": size.n_units, "steps": n_steps}.get(curve, 0),
    )
