"""Searches over parameters, and folds that keep sequences and the order of time."""

from reservoir.model_selection._search import ESNSearchCV

__all__ = ["ESNSearchCV"]
