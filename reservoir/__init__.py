"""Reservoir computing and recurrent networks for time series, as scikit-learn estimators."""

import os.path
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from reservoir._warmup import warmup
    from reservoir.estimators import (
        CTRNNClassifier,
        CTRNNRegressor,
        EnsembleClassifier,
        EnsembleRegressor,
        ESNClassifier,
        ESNRegressor,
        ESNTransformer,
        LSTMClassifier,
        LSTMRegressor,
        RecursiveLeastSquares,
        RNNClassifier,
        RNNRegressor,
    )
    from reservoir.forecasting import ReservoirForecaster
    from reservoir.persistence import load, save

__all__ = [
    "CTRNNClassifier",
    "CTRNNRegressor",
    "ESNClassifier",
    "ESNRegressor",
    "ESNTransformer",
    "EnsembleClassifier",
    "EnsembleRegressor",
    "LSTMClassifier",
    "LSTMRegressor",
    "RNNClassifier",
    "RNNRegressor",
    "RecursiveLeastSquares",
    "ReservoirForecaster",
    "cells",
    "datasets",
    "dynamics",
    "forecasting",
    "load",
    "metrics",
    "model_selection",
    "persistence",
    "plotting",
    "readout",
    "save",
    "sequences",
    "warmup",
    "weights",
]


# In a checkout reservoir.datasets stands beside this folder; once installed, inside it.
_CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if os.path.exists(os.path.join(_CHECKOUT, "datasets", "_timer.py")):
    __path__.append(_CHECKOUT)


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that the import itself costs nothing."""
    if name not in __all__:
        raise AttributeError(f"module 'reservoir' has no attribute {name!r}")
    if name == "warmup":
        return import_module("reservoir._warmup").warmup
    if name in ("load", "save"):
        return getattr(import_module("reservoir.persistence"), name)
    if name.islower():
        return import_module(f"reservoir.{name}")
    home = "forecasting" if name == "ReservoirForecaster" else "estimators"
    return getattr(import_module(f"reservoir.{home}"), name)


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return [*__all__, "__version__"]
