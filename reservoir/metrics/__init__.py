"""Measures of error, interval, horizon and memory for time series.

All take the truth first and then what was predicted, one row per step, and compare row by row,
whatever the index. Those of a truth and one prediction that return a number work with
`sklearn.metrics.make_scorer`.
"""

from reservoir.metrics._errors import mase, nmse, nrmse, rmsse, smape
from reservoir.metrics._intervals import interval_coverage, pinball_loss, winkler_score
from reservoir.metrics._memory_tasks import next_symbols_right, share_within, steps_before_error
from reservoir.metrics._reservoir import memory_capacity, valid_prediction_time
from reservoir.metrics._timer import steps_right, switch_off_error

__all__ = [
    "interval_coverage",
    "mase",
    "memory_capacity",
    "next_symbols_right",
    "nmse",
    "nrmse",
    "pinball_loss",
    "rmsse",
    "share_within",
    "smape",
    "steps_before_error",
    "steps_right",
    "switch_off_error",
    "valid_prediction_time",
    "winkler_score",
]
