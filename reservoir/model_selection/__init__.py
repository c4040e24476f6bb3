"""Searches over parameters, and folds that keep sequences and the order of time."""

from reservoir.model_selection._classic import ClassicForecaster
from reservoir.model_selection._compare import compare
from reservoir.model_selection._comparison import Comparison
from reservoir.model_selection._forecaster_search import ForecasterSearch
from reservoir.model_selection._search import ESNSearchCV
from reservoir.model_selection._splitters import PanelSplit, WindowSplit

__all__ = [
    "ClassicForecaster",
    "Comparison",
    "ESNSearchCV",
    "ForecasterSearch",
    "PanelSplit",
    "WindowSplit",
    "compare",
]
