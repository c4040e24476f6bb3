"""Parameters as trees of arrays that are views of one vector, which is what an optimiser sees."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Tree = Any  # arrays in tuples and NamedTuples


def leaves(tree: Tree) -> list[Floats]:
    """Return all arrays, in order."""
    if isinstance(tree, tuple):
        return [leaf for branch in tree for leaf in leaves(branch)]
    return [tree]


def flat(tree: Tree, dtype: Any) -> Floats:
    """Return all numbers of a tree as a vector."""
    return np.concatenate([np.ravel(leaf) for leaf in leaves(tree)]).astype(dtype, copy=False)


def views(tree: Tree, vector: NDArray[Any]) -> Tree:
    """Return a tree of the same form whose arrays are parts of a vector."""
    position = 0

    def build(branch: Tree) -> Tree:
        nonlocal position
        if isinstance(branch, tuple):
            parts = [build(part) for part in branch]
            return type(branch)(*parts) if hasattr(branch, "_fields") else tuple(parts)
        begin, position = position, position + branch.size
        return vector[begin:position].reshape(branch.shape)

    return build(tree)
