"""Forecasts of pandas series."""

from reservoir.forecasting._forecaster import (
    ReservoirForecaster,
    TooFewRowsError,
    default_network,
)

__all__ = ["ReservoirForecaster", "TooFewRowsError", "default_network"]
