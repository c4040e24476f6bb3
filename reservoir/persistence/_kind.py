"""What a kind of object is: how to know it, take it apart and put it together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Parts = tuple[Any, ...]


def _nowhere(parts: Parts, i: int) -> str:
    return ""


def _nothing(made: Any, *parts: Any) -> None:
    """Add nothing."""


@dataclass(frozen=True)
class Kind:
    """One kind of object.

    Attributes
    ----------
    holds : callable
        Whether an object is of this kind.
    parts : callable
        The parts that `build` makes it from again; None if it is one that cannot be saved.
    build : callable
        The object, from its parts.
    n_first : int or None
        How many of the parts `build` takes. The others may refer back to the object, and are given
        to ``fill(object, *others)``; None is all.
    fill : callable
    label : callable
        How messages name the i-th of some parts.
    """

    holds: Callable[[Any], bool]
    parts: Callable[[Any], Parts | None]
    build: Callable[..., Any]
    n_first: int | None = None
    fill: Callable[..., None] = _nothing
    label: Callable[[Parts, int], str] = _nowhere


def exactly(*types: type) -> Callable[[Any], bool]:
    """Return whether an object is of one of some types, and not of one derived from them."""
    return lambda value: type(value) in types


def check(value: Any, *types: type) -> Any:
    """Return a value that a builder was given, if it is of one of some types."""
    if not isinstance(value, types):
        raise TypeError(f"{' or '.join(each.__name__ for each in types)} expected, got {value!r}")
    return value
