"""Forecasts of pandas series, and how good they would have been."""

from reservoir.forecasting._backtest import backtest
from reservoir.forecasting._forecaster import ReservoirForecaster
from reservoir.forecasting._recipe import TooFewRowsError, default_network
from reservoir.forecasting._scores import score

__all__ = ["ReservoirForecaster", "TooFewRowsError", "backtest", "default_network", "score"]
