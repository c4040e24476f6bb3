"""The timer: after a pulse the output is on for hold · u2 steps, up to a thousand.

H. Jaeger, "A tutorial on training recurrent neural networks, covering BPPT, RTRL, EKF and the
'echo state network' approach", GMD Report 159, 2002 (revised 2008), section 1.4, has the task with
hold = 10 and no figure; hold = 1000 is the hundred times longer one. The models are those of the
command `reservoir timer`, on 60,000 training steps and 40,000 unseen ones that are predicted from
rest, so that the steps before the first pulse count too.
"""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline

from reservoir import datasets
from reservoir._cli_timer import (
    decaying_flow,
    decaying_units,
    network_with_own_readout,
    trained_flow,
)
from reservoir.metrics import nrmse, switch_off_error

SEEDS = range(400, 405)  # of series that were not looked at when the models were made


def figures(model, hold, seed):
    """NRMSE, median and 90th percentile of the switch-off error in steps."""
    X, y = datasets.make_timer(100_000, hold, random_state=seed)
    output = model.fit(X[:60_000], y[:60_000]).predict(X[60_000:])
    late = np.abs(switch_off_error(y[60_000:], output))
    return nrmse(y[60_000:], output), np.median(late), np.percentile(late, 90)


@pytest.mark.slow
def test_states_into_trees():
    """Hold 1000: the states of 20 decaying units as features of gradient-boosted trees.

    Measured, median of 5 series: NRMSE 0.060 (0.040 to 0.227), switch-off error 1 step in the
    median, 2 at the 90th percentile. Two series are worse: one (0.18) for a single output of 43
    that went off 305 steps early, one (0.23) because its 54 training pulses never had u2 = 0.2,
    which the trees then take for 0.3.
    """
    errors = []
    for seed in SEEDS:
        trees = HistGradientBoostingRegressor(early_stopping=False, random_state=seed)
        errors.append(figures(make_pipeline(decaying_units(1000, seed), trees), 1000, seed))
    error, late, latest = np.median(errors, axis=0)
    assert error <= 0.10
    assert late <= 2
    assert latest <= 15


@pytest.mark.slow
def test_flow_into_trees():
    """Hold 1000: the states of a continuous-time network with log-spaced τ, read by trees."""
    errors = []
    for seed in SEEDS:
        trees = HistGradientBoostingRegressor(early_stopping=False, random_state=seed)
        model = decaying_flow(1000, seed).set_params(readout=trees)
        errors.append(figures(model, 1000, seed))
    print("CTRNN -> trees", errors)
    error, late, _ = np.median(errors, axis=0)
    assert error <= 0.10
    assert late <= 2


@pytest.mark.slow
def test_trained_flow():
    """Hold 1000: 24 units, all weights and time constants trained by gradient."""
    errors = [figures(trained_flow(1000, seed), 1000, seed) for seed in SEEDS[:3]]
    print("CTRNN, trained", errors)
    error, _, _ = np.median(errors, axis=0)
    assert error <= 0.25


@pytest.mark.slow
def test_own_readout():
    """Hold 1000, two layers of an echo state network and their own ridge readout.

    Measured, median of 5 series: NRMSE 0.14 (0.12 to 0.22), switch-off error 1 step in the median,
    2 at the 90th percentile.
    """
    errors = [figures(network_with_own_readout(1000, seed), 1000, seed) for seed in SEEDS]
    error, late, latest = np.median(errors, axis=0)
    assert error <= 0.25
    assert late <= 2
    assert latest <= 15


@pytest.mark.slow
def test_the_tutorials_timer():
    """Hold 10, the same network with its biases and its ridge penalty in proportion.

    Measured, median of 5 series: NRMSE 0.007 (0.0003 to 0.016), no switch-off missed by a step.
    """
    errors = [figures(network_with_own_readout(10, seed), 10, seed) for seed in SEEDS]
    error, late, latest = np.median(errors, axis=0)
    assert error <= 0.05
    assert late == latest == 0
