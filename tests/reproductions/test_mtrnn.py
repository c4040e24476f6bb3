"""Multiple timescales: the slower the slow units, the better sequences of primitives are learned.

Yamashita, Y. and Tani, J. (2008). Emergence of functional hierarchy in a multiple timescale neural
network model: a humanoid robot experiment. PLoS Computational Biology 4, e1000220, figure 9: the
error of behaviours made of primitives falls as τ_slow / τ_fast rises to 14. There, a robot's arms;
here, closed curves in the plane, each of 25 steps, of which four sequences are made.
"""

import numpy as np
import pytest
from scipy.stats import spearmanr

from reservoir import RNNRegressor
from reservoir.cells import MTRNN

TAU_FAST = 5.0
RATIOS = (1, 3, 6, 14)
SEEDS = range(5)


def behaviours():
    phase = 2 * np.pi * np.arange(25) / 25
    first = np.column_stack([np.sin(phase), np.cos(phase) - 1])
    second = np.column_stack([np.sin(2 * phase), 1 - np.cos(phase)])
    third = np.column_stack([-np.sin(phase), np.sin(2 * phase)])
    orders = ([0] * 3 + [1] * 3, [1] * 3 + [2] * 3, [2] * 3 + [0] * 3, [0] * 2 + [1] * 2 + [2] * 2)
    return [0.5 * np.vstack([(first, second, third)[i] for i in order]) for order in orders]


def error_of(ratio, seed):
    """Mean squared error of the closed loop, from the initial states that were learned."""
    sequences = behaviours()
    network = RNNRegressor(
        cell=MTRNN(((40, TAU_FAST), (10, TAU_FAST * ratio))),
        n_units=50,
        learn_initial_state="each",
        teacher_forcing=(1.0, 0.5),
        learning_rate_init=0.01,
        learning_rate="cosine",
        max_iter=1500,
        tol=0.0,
        n_iter_no_change=1500,
        bptt_steps=None,
        random_state=seed,
    ).fit(np.zeros((4, 1)), sequences)
    found = network.predict(np.zeros((4, 1)), n_steps=[len(each) for each in sequences])
    return np.mean([np.mean((a - b) ** 2) for a, b in zip(found, sequences, strict=True)])


@pytest.mark.slow
def test_slow_units_make_the_difference():
    errors = np.array([[error_of(ratio, seed) for seed in SEEDS] for ratio in RATIOS])
    medians = np.median(errors, axis=1)
    ranks = spearmanr(np.repeat(RATIOS, len(SEEDS)), errors.ravel())
    print("MTRNN, ratio, median error:", dict(zip(RATIOS, medians, strict=True)), ranks)
    assert medians[0] > 5 * medians[-1]
    assert ranks.statistic < -0.5
    assert ranks.pvalue < 0.01
