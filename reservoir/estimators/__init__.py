"""Scikit-learn estimators."""

from reservoir.estimators._classifier import ESNClassifier
from reservoir.estimators._online import RecursiveLeastSquares
from reservoir.estimators._regressor import ESNRegressor
from reservoir.estimators._transformer import ESNTransformer

__all__ = ["ESNClassifier", "ESNRegressor", "ESNTransformer", "RecursiveLeastSquares"]
