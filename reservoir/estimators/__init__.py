"""Scikit-learn estimators."""

from reservoir.estimators._classifier import ESNClassifier
from reservoir.estimators._ctrnn import CTRNNClassifier, CTRNNRegressor
from reservoir.estimators._ensemble import EnsembleClassifier, EnsembleRegressor
from reservoir.estimators._lstm import LSTMClassifier, LSTMRegressor
from reservoir.estimators._online import RecursiveLeastSquares
from reservoir.estimators._recurrent import RNNClassifier, RNNRegressor
from reservoir.estimators._regressor import ESNRegressor
from reservoir.estimators._transformer import ESNTransformer

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
]
