"""Classes and functions by name: those that a file may speak of, and no others."""

import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

import reservoir
from reservoir.persistence._file import FileError

OWN = Path(reservoir.__file__).parent
NO_STATE = {"cli", "kernels", "persistence", "plotting", "sktime"}  # nothing of them is saved
NOT_ESTIMATORS = {"conftest", "datasets", "experimental", "externals"}  # of scikit-learn
BASES = {  # what an object of scikit-learn is one of
    "sklearn.base.BaseEstimator",
    "sklearn.gaussian_process.kernels.Kernel",
    "sklearn.metrics._scorer._BaseScorer",
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.BaseCrossValidator",
    "sklearn.model_selection._split.BaseShuffleSplit",
    "sklearn.neural_network._stochastic_optimizers.BaseOptimizer",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
}
BUILT_IN = {each.__name__: each for each in (bool, int, float, complex, str, bytes, object)}
SHAPED = (dict, list, set, tuple, str, bytes, int, float, BaseException, type, np.ndarray)
FUNCTION_HOMES = (
    "reservoir.metrics",
    "reservoir.weights",
    "sklearn.feature_selection",
    "sklearn.metrics",
)


def describe(value: Any) -> str:
    """Return what an object is, for a message."""
    if isinstance(value, type) or hasattr(value, "__qualname__"):
        what = "the class" if isinstance(value, type) else "the function"
        return f"{what} {getattr(value, '__module__', None)}.{value.__qualname__}"
    if isinstance(value, np.ndarray):
        return f"an array of {type(value).__qualname__} and dtype {value.dtype}"
    return f"an object of {type(value).__module__}.{type(value).__qualname__}"


@cache
def class_of(module: str, name: str) -> type:
    """Return a class whose objects may be loaded.

    Raises
    ------
    FileError
        If there is none of that name, or it is not one of this package's or an estimator of
        scikit-learn's, or has its own way to be pickled.
    """
    found = _look_up(module, name)
    if not (
        isinstance(found, type)
        and (found.__module__, found.__qualname__) == (module, name)
        and (is_record(found) or _is_plain(found))
    ):
        raise FileError(f"names {module}.{name}, which is no class that may be loaded")
    return found


def is_known(kind: type) -> bool:
    """Whether objects of a class may be saved."""
    try:
        return class_of(kind.__module__, kind.__qualname__) is kind
    except FileError:
        return False


def is_record(kind: type) -> bool:
    """Whether a class is a NamedTuple of this package's."""
    return (
        kind.__module__.startswith("reservoir.")
        and kind.__bases__ == (tuple,)
        and hasattr(kind, "_fields")
    )


def _is_plain(kind: type) -> bool:
    """Whether objects of a class are made of their attributes and nothing else."""
    if kind.__module__.startswith("sklearn."):
        bases = {f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__}
        if not bases & BASES:
            return False
    return (
        kind.__reduce_ex__ is object.__reduce_ex__
        and kind.__reduce__ is object.__reduce__
        and not issubclass(kind, SHAPED)
    )


def _look_up(module: str, name: str) -> Any:
    """Return what stands under a name in a module, without calling anything."""
    room, *rest = module.split(".")
    words = [room, *rest, *name.split(".")]
    if not rest or not all(word.isidentifier() and not word.startswith("__") for word in words):
        return None
    if room == "reservoir":
        home = _own(module, rest)
    elif room == "sklearn" and rest[0] not in NOT_ESTIMATORS and not rest[0].startswith("_"):
        home = _module(f"sklearn.{rest[0]}") and sys.modules.get(module)
    elif module == "sklearn.base":
        home = _module(module)
    else:
        home = None
    found: Any = home
    for word in name.split("."):
        found = None if found is None else vars(found).get(word)
    return found


def _own(module: str, rest: list[str]) -> ModuleType | None:
    """Import a module that is a file of this package."""
    path = OWN.joinpath(*rest)
    is_there = path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
    if rest[0] in NO_STATE or rest[0].startswith("_cli") or not is_there:
        return None
    return _module(module)


def _module(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        return None


def class_name(kind: type) -> tuple[str, str] | None:
    """Return the home and the name of a class that is a value, such as ``np.float64``."""
    if BUILT_IN.get(kind.__name__) is kind:
        return "builtins", kind.__name__
    if issubclass(kind, np.generic) and getattr(np, kind.__name__, None) is kind:
        return "numpy", kind.__name__
    return (kind.__module__, kind.__qualname__) if is_known(kind) else None


def named_class(module: str, name: str) -> type:
    """Return the class of a home and a name."""
    if module == "builtins" and name in BUILT_IN:
        return BUILT_IN[name]
    if module == "numpy":
        found = vars(np).get(name)
        if isinstance(found, type) and issubclass(found, np.generic):
            return found
    return class_of(module, name)


def function_name(function: Any) -> tuple[str, str] | None:
    """Return the home and the name of a metric, a weight matrix's maker or a ufunc."""
    name = function.__name__
    if isinstance(function, np.ufunc):
        return ("numpy", name) if vars(np).get(name) is function else None
    for home in FUNCTION_HOMES:
        if getattr(sys.modules.get(home), name, None) is function:
            return home, name
    return None


def named_function(module: str, name: str) -> Any:
    """Return the function of a home and a name."""
    if module == "numpy":
        found = vars(np).get(name)
        if isinstance(found, np.ufunc):
            return found
    elif module in FUNCTION_HOMES:
        home = import_module(module)
        found = getattr(home, name) if name in home.__all__ else None
        if isinstance(found, FunctionType):
            return found
    raise FileError(f"names {module}.{name}, which is no function that may be loaded")
