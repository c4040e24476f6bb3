"""Objects as a list of nodes that refer to each other, and back.

A value is either what JSON knows, as it is, or ``[i]``, the i-th node. A node is ``[tag, *parts]``,
where parts are values. What is one object stays one, however often it is referred to.
"""

from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reservoir.persistence import _plain, _science, _tables
from reservoir.persistence._file import FileError, is_plain
from reservoir.persistence._kind import Kind
from reservoir.persistence._names import describe

KINDS: dict[str, Kind] = _plain.KINDS | _science.KINDS | _tables.KINDS
ARRAY = "array"  # the only kind that is not made of others
LARGEST = 2**63  # from which on an integer is written out in hexadecimal digits


class Packer:
    """Makes nodes of objects.

    Attributes
    ----------
    nodes : list
        As JSON.
    arrays : list of ndarray
        What they refer to by number.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.arrays: list[NDArray[Any]] = []
        self._known: dict[int, tuple[int, Any]] = {}  # by identity, so the objects are kept

    def pack(self, value: Any, path: str) -> Any:
        """Return a value as JSON.

        Raises
        ------
        ValueError
            If it is of no kind that can be saved, naming ``path``.
        """
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if (kind is int and abs(value) < LARGEST) or (kind is float and isfinite(value)):
            return value
        if id(value) not in self._known:
            position = len(self.nodes)
            self._known[id(value)] = position, value
            self.nodes.append(None)
            self.nodes[position] = self._node(value, path)
        return [self._known[id(value)][0]]

    def _node(self, value: Any, path: str) -> list[Any]:
        if type(value) in (np.ndarray, np.memmap) and is_plain(value.dtype):
            self.arrays.append(value)
            return [ARRAY, len(self.arrays) - 1]
        tag = next((tag for tag, kind in KINDS.items() if kind.holds(value)), None)
        parts = None if tag is None else KINDS[tag].parts(value)
        if tag is None or parts is None:
            raise ValueError(
                f"{path} is {describe(value)}, which cannot be saved without pickle; use skops.io "
                "or joblib.dump for this estimator."
            )
        label = KINDS[tag].label
        return [tag, *(self.pack(part, path + label(parts, i)) for i, part in enumerate(parts))]


class Unpacker:
    """Makes objects of nodes.

    Attributes
    ----------
    knows_sklearn : bool
        Whether an object was one of scikit-learn's.
    """

    def __init__(self, nodes: list[Any], arrays: list[NDArray[Any]]) -> None:
        self.knows_sklearn = False
        self._nodes, self._arrays = nodes, arrays
        self._made: dict[int, Any] = {}

    def unpack(self, value: Any) -> Any:
        """Return the object that a value stands for."""
        if not isinstance(value, list | dict):
            return value
        (position,) = value
        if type(position) is not int or position < 0:
            raise FileError("refers to nothing")
        if position not in self._made:
            self._make(position)
        return self._made[position]

    def _make(self, position: int) -> None:
        tag, *parts = self._nodes[position]
        if tag == ARRAY:
            (number,) = parts
            self._made[position] = self._arrays[number]
            return
        kind = KINDS[tag]
        n_first = len(parts) if kind.n_first is None else kind.n_first
        made = kind.build(*[self.unpack(part) for part in parts[:n_first]])
        if position in self._made:  # by a part that refers back
            return
        self._made[position] = made
        self.knows_sklearn |= type(made).__module__.startswith("sklearn.")
        if kind.n_first is not None:
            kind.fill(made, *(self.unpack(part) for part in parts[n_first:]))
