"""What an installation takes on disk: the package and, in turn, all that it requires."""

from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import Requirement

from tests.benchmarks._race import Measured, Row, Run
from tests.benchmarks.contestants import Contestant


def rows(quick: bool) -> Iterator[Row]:
    def enter(contestant: Contestant) -> Run:
        contestant.version()
        return lambda amount, number: _measured(contestant.distribution)

    yield Row("installed_size", "site-packages", enter, unit="MB", once=True)


def _measured(name: str) -> Measured:
    sizes = {each: _size(each) / 1e6 for each in _required(name, set())}
    largest = sorted(sizes, key=lambda each: -sizes[each])[:6]
    return Measured(
        sum(sizes.values()), ", ".join(f"{each} {sizes[each]:.3g} MB" for each in largest)
    )


def _required(name: str, found: set[str]) -> set[str]:
    """Return what is required, but for extras and for what other systems need."""
    found.add(name.lower())
    for text in metadata.requires(name) or ():
        requirement = Requirement(text)
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and requirement.name.lower() not in found:
            _required(requirement.name, found)
    return found


def _size(name: str) -> int:
    distribution = metadata.distribution(name)
    if name == "reservoir-toolkit":  # here it is the checkout
        spec = find_spec("reservoir")
        assert spec is not None
        files = list(Path(str(spec.origin)).parent.rglob("*.py"))
    else:
        files = [Path(str(distribution.locate_file(file))) for file in distribution.files or ()]
    return sum(file.stat().st_size for file in files if file.is_file())
