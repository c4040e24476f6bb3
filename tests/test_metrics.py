"""The measures against their definitions, worked by hand or by another library."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.dummy import DummyRegressor
from sklearn.metrics import make_scorer, mean_pinball_loss, r2_score
from sklearn.model_selection import cross_val_score

from reservoir import metrics
from reservoir.metrics import (
    interval_coverage,
    mase,
    memory_capacity,
    next_symbols_right,
    nmse,
    nrmse,
    pinball_loss,
    rmsse,
    share_within,
    smape,
    steps_before_error,
    steps_right,
    switch_off_error,
    valid_prediction_time,
    winkler_score,
)

PAIRWISE = [
    nrmse,
    nmse,
    smape,
    valid_prediction_time,
    memory_capacity,
    steps_right,
    share_within,
]
few = settings(max_examples=50, deadline=None)
values = st.floats(-1e3, 1e3).map(lambda value: round(value, 3))


@st.composite
def pairs(draw, n_outputs=2):
    """Truth and prediction of one shape, no column of the truth constant."""
    n_steps = draw(st.integers(3, 12))
    truth = draw(arrays(float, (n_steps, n_outputs), elements=values))
    truth[0], truth[1] = -1.0, 1.0
    return truth, draw(arrays(float, (n_steps, n_outputs), elements=values))


@pytest.fixture
def series():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(200, 3)) * [1.0, 2.0, 5.0] + [0.0, 10.0, -3.0]
    return truth, truth + rng.normal(size=truth.shape)


def test_all_is_what_the_module_offers():
    assert sorted(metrics.__all__) == metrics.__all__
    assert all(callable(getattr(metrics, name)) for name in metrics.__all__)


# normalised errors


def test_nrmse_of_the_mean_is_one(series):
    truth, _ = series
    constant = np.broadcast_to(truth.mean(axis=0), truth.shape)
    np.testing.assert_allclose(nrmse(truth, constant, multioutput="raw_values"), 1.0)


def test_nrmse_by_its_definition(series):
    truth, prediction = series
    rmse = np.sqrt(((truth - prediction) ** 2).mean(axis=0))
    raw = nrmse(truth, prediction, multioutput="raw_values")
    np.testing.assert_allclose(raw, rmse / truth.std(axis=0))
    np.testing.assert_allclose(nrmse(truth, prediction), np.mean(raw))
    np.testing.assert_allclose(
        nrmse(truth, prediction, multioutput=[1, 2, 1]), np.average(raw, weights=[1, 2, 1])
    )
    np.testing.assert_allclose(
        nrmse(truth, prediction, scale="range", multioutput="raw_values"),
        rmse / (truth.max(axis=0) - truth.min(axis=0)),
    )
    np.testing.assert_allclose(
        nrmse(truth, prediction, scale=[1, 2, 4], multioutput="raw_values"), rmse / [1, 2, 4]
    )
    np.testing.assert_allclose(nrmse(truth[:, 0], prediction[:, 0], scale=2.0), rmse[0] / 2)


def test_nmse_is_one_minus_r2(series):
    truth, prediction = series
    np.testing.assert_allclose(nmse(truth, prediction), 1 - r2_score(truth, prediction))


@given(pairs(), st.floats(0.1, 100), st.floats(-100, 100))
@few
def test_normalised_errors_ignore_unit_and_origin(pair, unit, origin):
    truth, prediction = pair
    for error in (nrmse, nmse):
        expected = error(truth, prediction)
        found = error(unit * truth + origin, unit * prediction + origin)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)


@given(pairs())
@few
def test_nmse_is_nrmse_squared(pair):
    raw = nrmse(*pair, multioutput="raw_values")
    np.testing.assert_allclose(nmse(*pair, multioutput="raw_values"), raw**2, rtol=1e-12)


# forecast errors


@pytest.mark.parametrize("measure", [mase, rmsse])
def test_naive_forecast_in_its_own_training_data_scores_one(measure):
    train = np.random.default_rng(0).normal(size=100).cumsum()
    for period in (1, 7):
        error = measure(train[period:], train[:-period], y_train=train, seasonal_period=period)
        assert error == 1.0


def test_mase_by_hand():
    train = [10, 12, 11, 15]
    assert mase([20, 21], [19, 18], y_train=train) == pytest.approx(2 / (7 / 3))
    assert mase([20, 21], [19, 18], y_train=train, seasonal_period=2) == pytest.approx(2 / 2)
    two = mase(
        np.c_[[20, 21], [0, 0]],
        np.c_[[19, 18], [1, 1]],
        y_train=np.c_[train, [0, 1, 0, 1]],
        multioutput="raw_values",
    )
    np.testing.assert_allclose(two, [6 / 7, 1.0])


def test_rmsse_by_hand():
    train = [10, 12, 11, 15]
    assert rmsse([20, 21], [19, 18], y_train=train) == pytest.approx(np.sqrt(5 / (21 / 3)))
    assert rmsse([20, 21], [19, 18], y_train=train, seasonal_period=2) == (
        pytest.approx(np.sqrt(5 / (10 / 2)))
    )
    two = rmsse(
        np.c_[[20, 21], [0, 0]],
        np.c_[[19, 18], [2, 2]],
        y_train=np.c_[train, [0, 1, 0, 1]],
        multioutput="raw_values",
    )
    np.testing.assert_allclose(two, [np.sqrt(5 / 7), 2.0])


@pytest.mark.parametrize("measure", [mase, rmsse])
def test_scaled_errors_refuse_what_they_cannot_scale_by(measure):
    with pytest.raises(ValueError, match="must not repeat itself exactly every 2 steps"):
        measure([1, 2], [1, 2], y_train=[1, 2, 1, 2], seasonal_period=2)
    with pytest.raises(ValueError, match="more than seasonal_period=4 rows, got 4"):
        measure([1, 2], [1, 2], y_train=[1, 2, 1, 2], seasonal_period=4)
    with pytest.raises(ValueError, match=r"seasonal_period must be an integer above 0, got 1\.5"):
        measure([1, 2], [1, 2], y_train=[1, 2, 1, 2], seasonal_period=1.5)
    with pytest.raises(ValueError, match="the 1 outputs of y_true, got 2"):
        measure([1, 2], [1, 2], y_train=np.ones((5, 2)))
    with pytest.raises(ValueError, match="y_train must be finite"):
        measure([1, 2], [1, 2], y_train=[1, np.nan, 3])


def test_smape_by_hand():
    assert smape([1, 2, 4], [1, 6, 0]) == pytest.approx((0 + 2 * 4 / 8 + 2) / 3)
    assert smape([0, 0], [0, 0]) == 0.0
    assert smape([0, 1], [0, -1]) == pytest.approx(1.0)


@given(pairs(), st.floats(0.01, 100))
@few
def test_smape_is_symmetric_bounded_and_without_unit(pair, unit):
    truth, prediction = pair
    error = smape(truth, prediction)
    assert 0 <= error <= 2
    assert smape(prediction, truth) == error
    np.testing.assert_allclose(smape(unit * truth, unit * prediction), error, rtol=1e-9)


@given(pairs())
@few
def test_perfect_is_zero_error(pair):
    truth, prediction = pair
    assert nrmse(truth, truth) == nmse(truth, truth) == smape(truth, truth) == 0
    assert mase(truth, truth, y_train=truth) == rmsse(truth, truth, y_train=truth) == 0
    assert steps_right(truth, truth) == 1
    assert valid_prediction_time(truth, truth) == len(truth)
    assert min(nrmse(truth, prediction), nmse(truth, prediction), smape(truth, prediction)) >= 0


# quantiles and intervals


@pytest.mark.parametrize("alpha", [0.01, 0.3, 0.5, 0.975])
def test_pinball_loss_agrees_with_scikit_learn(series, alpha):
    truth, quantile = series
    raw = pinball_loss(truth, quantile, alpha=alpha, multioutput="raw_values")
    expected = mean_pinball_loss(truth, quantile, alpha=alpha, multioutput="raw_values")
    np.testing.assert_allclose(raw, expected)
    np.testing.assert_allclose(pinball_loss(truth, quantile, alpha=alpha), np.mean(expected))


def test_several_quantiles_have_a_level_each(series):
    truth, quantiles = series[0][:, 0], series[1]
    levels = [0.1, 0.5, 0.7]
    each = [pinball_loss(truth, quantiles[:, i], alpha=a) for i, a in enumerate(levels)]
    raw = pinball_loss(truth, quantiles, alpha=levels, multioutput="raw_values")
    np.testing.assert_allclose(raw, each)
    assert pinball_loss(truth, quantiles, alpha=levels) == pytest.approx(np.mean(each))
    weighted = pinball_loss(truth, quantiles, alpha=levels, multioutput=[1, 0, 3])
    assert weighted == pytest.approx((each[0] + 3 * each[2]) / 4)


@given(arrays(float, 9, elements=values), st.sampled_from([0.1, 0.25, 0.5, 0.8]), values)
@few
def test_nothing_has_a_lower_pinball_loss_than_the_quantile(truth, alpha, other):
    quantile = np.quantile(truth, alpha, method="inverted_cdf")
    best = pinball_loss(truth, np.full(9, quantile), alpha=alpha)
    assert best <= pinball_loss(truth, np.full(9, other), alpha=alpha) + 1e-9


def test_pinball_loss_refuses():
    for bad in (0, 1, -0.1, np.nan, [0.5, 1.0], [], [[0.5]]):
        with pytest.raises(ValueError, match="alpha must be a level between 0 and 1, or a list"):
            pinball_loss([1, 2], [1, 2], alpha=bad)
    with pytest.raises(ValueError, match=r"\(n_steps, 2\), a column .* got \(2,\) and \(2, 3\)"):
        pinball_loss([1, 2], np.ones((2, 3)), alpha=[0.1, 0.9])
    with pytest.raises(ValueError, match="y_true must be a single output"):
        pinball_loss(np.ones((2, 2)), np.ones((2, 2)), alpha=[0.1, 0.9])
    with pytest.raises(ValueError, match="y_true and y_quantile must have the same shape"):
        pinball_loss([1, 2], [1, 2, 3], alpha=0.5)
    with pytest.raises(ValueError, match="y_quantile must be finite, got NaN or infinity in row 1"):
        pinball_loss([1, 2], [1, np.inf], alpha=0.5)


def test_coverage_counts_both_ends():
    assert interval_coverage([0, 1, 2, 3, 4], [1] * 5, [3] * 5) == pytest.approx(3 / 5)
    two = interval_coverage(
        [[0, 0], [5, 5]], [[0, 1], [0, 1]], [[9, 4], [9, 5]], multioutput="raw_values"
    )
    np.testing.assert_array_equal(two, [1.0, 0.5])
    assert interval_coverage([5, -5], [-np.inf, -np.inf], [np.inf, -6]) == 0.5


def test_winkler_score_by_hand():
    # widths 2, 2, 3; misses 0, 1 below and 2 above; 2 / (1 - 0.9) = 20
    lower, upper = [0, 0, 0], [2, 2, 3]
    assert winkler_score([1, -1, 5], lower, upper, coverage=0.9) == pytest.approx((7 + 3 * 20) / 3)
    assert winkler_score([1, -1, 5], lower, upper, coverage=0.5) == pytest.approx((7 + 3 * 4) / 3)
    assert winkler_score([1, 1], [0, -np.inf], [2, 2], coverage=0.5) == np.inf


@given(pairs(), st.floats(0.05, 0.95))
@few
def test_winkler_score_is_the_pinball_loss_of_both_ends(pair, coverage):
    """Each end is a quantile: the score is their summed loss times 2 / (1 - coverage)."""
    truth, other = pair
    lower, upper = np.minimum(other, other[::-1]), np.maximum(other, other[::-1])
    low, high = (1 - coverage) / 2, (1 + coverage) / 2
    loss = pinball_loss(truth, lower, alpha=low) + pinball_loss(truth, upper, alpha=high)
    np.testing.assert_allclose(
        winkler_score(truth, lower, upper, coverage=coverage),
        loss * 2 / (1 - coverage),
        rtol=1e-9,
        atol=1e-9,
    )


@pytest.mark.parametrize(
    "measure", [interval_coverage, lambda *ends: winkler_score(*ends, coverage=0.8)]
)
def test_intervals_are_checked(measure):
    with pytest.raises(ValueError, match="neither NaN, got 3 and 2 in row 1"):
        measure([1, 2], [0, 3], [1, 2])
    for lower, upper in [(np.nan, 2), (0, np.nan), (np.inf, np.inf), (-np.inf, -np.inf)]:
        with pytest.raises(ValueError, match="lower must not be above upper, and neither NaN"):
            measure([1, 2], [0, lower], [1, upper])
    with pytest.raises(ValueError, match=r"y_true and upper must have the same shape, got \(2,\)"):
        measure([1, 2], [0, 0], [1, 2, 3])
    with pytest.raises(ValueError, match="lower must be an array of real numbers"):
        measure([1, 2], ["a", "b"], [1, 2])
    with pytest.raises(ValueError, match="y_true must be finite, got NaN or infinity in row 0"):
        measure([np.nan, 2], [0, 0], [3, 3])


def test_coverage_of_a_score_is_a_share():
    for bad in (0, 1, 80, np.nan):
        with pytest.raises(ValueError, match=r"coverage must be a share .* 0\.8 for 80 %, got"):
            winkler_score([1], [0], [2], coverage=bad)


# horizon


def test_valid_prediction_time_counts_the_rows_before_the_threshold():
    truth = np.sin(np.arange(100) / 3)
    prediction = truth.copy()
    prediction[40] += 0.39 * truth.std()
    prediction[60] -= 0.41 * truth.std()
    assert valid_prediction_time(truth, prediction) == 60
    assert valid_prediction_time(truth, prediction, threshold=0.3) == 40
    assert valid_prediction_time(truth, prediction, threshold=0.5) == 100
    assert valid_prediction_time(truth, prediction, dt=0.02, lyapunov_exponent=0.9) == (
        pytest.approx(60 * 0.02 * 0.9)
    )
    assert valid_prediction_time(truth, prediction, scale=10 * truth.std()) == 100


def test_valid_prediction_time_of_several_outputs_takes_the_root_of_the_mean():
    truth = np.column_stack([[-1.0, 1.0, -1.0, 1.0], [-10.0, 10.0, -10.0, 10.0]])
    prediction = truth.copy()
    prediction[2] += [0.3, 5.0]  # sqrt((0.3² + 0.5²) / 2) = 0.41
    assert valid_prediction_time(truth, prediction) == 2
    assert valid_prediction_time(truth, prediction, threshold=0.42) == 4


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf, 1e300])
def test_a_prediction_that_diverged_is_not_valid(lost):
    truth = np.array([0.0, 1.0, 0.0, 1.0])
    prediction = truth.copy()
    prediction[3] = lost
    assert valid_prediction_time(truth, prediction) == 3
    prediction[0] = lost
    assert valid_prediction_time(truth, prediction) == 0


@given(pairs(), st.floats(0.01, 10), st.floats(0.01, 10))
@few
def test_a_higher_threshold_never_shortens_the_valid_time(pair, low, high):
    low, high = sorted([low, high])
    assert valid_prediction_time(*pair, threshold=low) <= valid_prediction_time(
        *pair, threshold=high
    )


@pytest.mark.parametrize("name", ["threshold", "dt", "lyapunov_exponent"])
@pytest.mark.parametrize("bad", [0, -1.0, np.nan, np.inf])
def test_valid_prediction_time_needs_positive_units(name, bad):
    with pytest.raises(ValueError, match=f"{name} must be a finite number above 0, got"):
        valid_prediction_time([0, 1], [0, 1], **{name: bad})


# memory


def test_memory_capacity_is_the_sum_of_squared_correlations(series):
    truth, prediction = series
    expected = [np.corrcoef(truth[:, k], prediction[:, k])[0, 1] ** 2 for k in range(3)]
    raw = memory_capacity(truth, prediction, multioutput="raw_values")
    np.testing.assert_allclose(raw, expected)
    np.testing.assert_allclose(memory_capacity(truth, prediction), np.sum(expected))


def test_a_constant_output_remembers_nothing(series):
    truth, prediction = series
    prediction[:, 1] = 0.1
    assert memory_capacity(truth, prediction, multioutput="raw_values")[1] == 0
    with pytest.raises(ValueError, match="got a constant output"):
        memory_capacity(prediction, truth)


def test_memory_capacity_of_a_delay_line_is_its_length():
    """Twenty units that each hold one past input recall 20 delays of 30, and no more."""
    u = np.random.default_rng(0).uniform(-0.5, 0.5, 20_030)
    delayed = np.column_stack([u[30 - k : len(u) - k] for k in range(1, 31)])
    states = delayed[:, :20]
    recalled = states @ np.linalg.lstsq(states, delayed, rcond=None)[0]
    raw = memory_capacity(delayed, recalled, multioutput="raw_values")
    np.testing.assert_allclose(raw[:20], 1.0)
    assert raw[20:].max() < 0.01


@given(pairs(), st.floats(0.1, 100), st.floats(-100, 100))
@few
def test_memory_capacity_lies_within_bounds_whatever_the_gain(pair, gain, offset):
    truth, prediction = pair
    raw = memory_capacity(truth, prediction, multioutput="raw_values")
    assert (raw >= 0).all()
    assert (raw <= 1 + 1e-12).all()
    prediction[:2] = [[-500.0, -500.0], [500.0, 500.0]]
    np.testing.assert_allclose(
        memory_capacity(truth, -gain * prediction + offset),
        memory_capacity(truth, prediction),
        rtol=1e-6,
        atol=1e-9,
    )


def test_memory_capacity_knows_two_outputs_only():
    with pytest.raises(ValueError, match="multioutput must be 'sum' or 'raw_values', got 'mean'"):
        memory_capacity([0, 1], [0, 1], multioutput="mean")


# timer


def level(text):
    """A string of # (on) and . (off) as an output of 0.5 and 0."""
    return np.array([0.5 if letter == "#" else 0.0 for letter in text])


@pytest.mark.parametrize(
    ("truth", "prediction", "errors"),
    [
        ("..####....", "..####....", [0]),
        ("..####....", "..###.....", [-1]),
        ("..####....", "..#######.", [3]),
        ("..####....", "...###....", [0]),  # late on, right off
        ("..####....", ".#####....", [0]),  # early on, right off
        ("..####....", "..##.#....", [-2]),  # a dropout is not hidden
        ("..####....", "..####..#.", [3]),  # nor is a flicker
        ("..####....", "..#.##...#", [4]),  # the farther of the two counts
        ("..####....", "..........", [-4]),  # missed
        ("..####....", ".......##.", [-4]),  # on only when it is over: missed
        ("..####....", "..########", [4]),  # on to the end of the series
        ("..##..##..", "..######..", [2, 0]),  # on to the next episode
        ("..##..##..", "..##.###..", [2, 0]),  # on one row before the next episode
        ("..##..####", "..#...####", [-1]),  # the last episode is not complete
        ("###...##..", "##....###.", [-1, 1]),  # on from the first row
        ("##..##..##", "##..#...##", [0, -1]),
    ],
)
def test_switch_off_error(truth, prediction, errors):
    found = switch_off_error(level(truth), level(prediction))
    np.testing.assert_array_equal(found, errors)
    assert found.dtype.kind == "i"


def test_switch_off_error_threshold_is_exclusive():
    np.testing.assert_array_equal(switch_off_error([0.25, 0.5, 0.25, 0], [0, 0.3, 0.3, 0]), [1])
    np.testing.assert_array_equal(switch_off_error([0.5, 0.5, 0], [0.25, 0.25, 0]), [-2])
    np.testing.assert_array_equal(
        switch_off_error([0.5, 0.5, 0], [0.25, 0.25, 0], threshold=0.2), [0]
    )


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(-3, 3))
@few
def test_switch_off_error_of_a_shift_is_the_shift(gaps, shift):
    """Episodes of ten steps, ten or eleven apart: moving the end of each moves every error."""
    truth, prediction = [], []
    for longer in gaps:
        off = 10 + longer
        truth += [0.5] * 10 + [0.0] * off
        prediction += [0.5] * (10 + shift) + [0.0] * (off - shift)
    np.testing.assert_array_equal(switch_off_error(truth, prediction), [shift] * len(gaps))


@given(arrays(bool, 60), arrays(bool, 60))
@few
def test_switch_off_error_is_zero_only_where_every_switch_off_is_right(truth, prediction):
    truth = np.concatenate([truth, [True, False]])
    prediction = np.concatenate([prediction, [True, False]])
    errors = switch_off_error(truth / 2, prediction / 2)
    onsets = np.flatnonzero(np.diff(truth.astype(int), prepend=0) == 1)
    ends = np.flatnonzero(np.diff(truth.astype(int)) == -1) + 1
    assert len(errors) == len(ends)
    for error, onset, end, stop in zip(
        errors, onsets, ends, [*onsets[1:], len(truth)], strict=True
    ):
        window = prediction[onset:stop].astype(int)
        crossings = np.flatnonzero(np.diff([*window, 0]) == -1) + 1 + onset
        assert (error == 0) == (list(crossings) == [end] and window[: end - onset].any())


def test_switch_off_error_needs_one_output_and_a_complete_episode():
    with pytest.raises(ValueError, match="must be a single output, got 2 columns"):
        switch_off_error(np.eye(2), np.eye(2))
    for truth in ("......", "...###"):
        with pytest.raises(ValueError, match=r"y_true must fall below threshold=0\.25"):
            switch_off_error(level(truth), level("......"))


def test_steps_right_counts_sides():
    assert steps_right([0, 0.5, 0.5, 0.0], [0.25, 0.26, 0.25, 0.3]) == 0.5
    assert steps_right([[0, 1], [1, 0]], [[0, 1], [1, 1]]) == 0.75
    assert steps_right([0, 1], [1, 1], threshold=2) == 1


# criteria of the memory tasks


def test_share_within_asks_all_outputs_of_a_row_and_excludes_the_tolerance():
    assert share_within([0, 0, 0, 0], [0.03, -0.03, 0.05, -0.05]) == 0.5
    assert share_within([0, 0], [0.25, 0.2], tolerance=0.25) == 0.5
    assert share_within([[0, 1], [1, 0]], [[0.1, 0.8], [0.9, 0.4]], tolerance=0.3) == 0.5
    assert share_within([0, 0, 0], [np.nan, np.inf, 0]) == pytest.approx(1 / 3)
    for bad in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="tolerance must be a finite number above 0"):
            share_within([0], [0], tolerance=bad)


def told_right_by_definition(truth, outputs, threshold):
    """A ranking of the outputs, or a set of those above the threshold."""
    symbols = range(len(truth))
    chosen = {k for k in symbols if truth[k] == 1}
    if threshold is not None:
        return {k for k in symbols if outputs[k] > threshold} == chosen
    return all(outputs[k] > outputs[other] for k in chosen for other in set(symbols) - chosen)


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.tuples(*[st.sampled_from([0, 1])] * 3),
                st.tuples(*[st.sampled_from([0.1, 0.4, 0.6, 0.9])] * 3),
            ),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([None, 0.5]),
)
@few
def test_symbols_told_right_by_definition(strings, threshold):
    truth = [[step[0] for step in string] for string in strings]
    outputs = [[step[1] for step in string] for string in strings]
    expected = [[told_right_by_definition(*step, threshold) for step in text] for text in strings]
    right = next_symbols_right(truth, outputs, threshold=threshold)
    assert right.dtype == bool
    assert right.tolist() == [all(steps) for steps in expected]
    for one, other, steps in zip(truth, outputs, expected, strict=True):
        n_right = [*steps, False].index(False)
        assert steps_before_error(one, other, threshold=threshold) == n_right


def test_a_step_without_a_number_is_told_wrong():
    truth = [[1, 0], [1, 1], [0, 1]]
    for place in [(0, 1), (1, 0), (2, 0)]:
        outputs = np.array(truth, dtype=float)
        outputs[place] = np.nan
        for threshold in (None, 0.5):
            assert steps_before_error(truth, outputs, threshold=threshold) == place[0]
            assert not next_symbols_right([truth], [outputs], threshold=threshold).any()


def test_a_3d_array_is_a_list_of_strings():
    truth = np.eye(3)[[[0, 1], [2, 0]]]
    assert next_symbols_right(truth, truth).tolist() == [True, True]


def test_next_symbols_refuse():
    with pytest.raises(ValueError, match="same number of strings, at least one, got 1 and 2"):
        next_symbols_right([[[1, 0]]], [[[1, 0]], [[1, 0]]])
    with pytest.raises(ValueError, match="same number of strings, at least one, got 0 and 0"):
        next_symbols_right([], [])
    with pytest.raises(ValueError, match=r"the same shape, got \(1, 2\) and \(2, 2\)"):
        next_symbols_right([[[1, 0]]], [[[1, 0], [1, 0]]])
    with pytest.raises(ValueError, match=r"0 for the others, got 0\.5"):
        steps_before_error([[1, 0.5]], [[1, 0]])
    with pytest.raises(ValueError, match="threshold must be a finite number, got nan"):
        steps_before_error([[1, 0]], [[1, 0]], threshold=np.nan)


# what all of them share


@pytest.mark.parametrize("metric", PAIRWISE)
def test_every_container_gives_the_same_number(metric):
    truth, prediction = [0.0, 0.5, 0.5, 0.0, 0.5], [0.1, 0.4, 0.1, 0.1, 0.4]
    expected = metric(np.array(truth), np.array(prediction))
    assert isinstance(expected, float)
    assert metric(truth, prediction) == expected
    assert metric(pd.Series(truth, index=list("abcde")), pd.Series(prediction)) == expected
    assert metric(pd.DataFrame(truth), np.array(prediction)) == expected
    assert metric(np.array(truth, dtype=object), prediction) == expected


@pytest.mark.parametrize("metric", [*PAIRWISE, switch_off_error])
@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        ([0, 1, 0], [0, 1], r"the same shape, got \(3,\) and \(2,\)"),
        ([[0, 1], [1, 0]], [0, 1], r"the same shape, got \(2, 2\) and \(2,\)"),
        ([], [], r"y_true must have the shape .* got \(0,\)"),
        (
            np.zeros((2, 2, 2)),
            np.zeros((2, 2, 2)),
            r"y_true must have the shape .* got \(2, 2, 2\)",
        ),
        (1.0, 1.0, r"y_true must have the shape .* got \(\)"),
        ([0, np.nan, 1], [0, 1, 1], "y_true must be finite, got NaN or infinity in row 1"),
        ([0, 1, np.inf], [0, 1, 1], "y_true must be finite, got NaN or infinity in row 2"),
        (["a", "b"], [0, 1], "y_true must be an array of real numbers"),
        ([0, 1], [1j, 0], "y_pred must be an array of real numbers"),
        ([0, 1], np.array(["2020", "2021"], "M8[Y]"), "y_pred must be an array of real numbers"),
        ([[0, 1], [1]], [0, 1], "y_true must be an array of real numbers"),
    ],
)
def test_bad_input_is_named(metric, truth, prediction, message):
    with pytest.raises(ValueError, match=message):
        metric(truth, prediction)


@pytest.mark.parametrize("metric", [nrmse, nmse, smape, memory_capacity, steps_right])
def test_a_prediction_that_is_not_finite_is_refused(metric):
    with pytest.raises(ValueError, match="y_pred must be finite, got NaN or infinity in row 1"):
        metric([[0, 1], [1, 0]], [[0, 1], [1, np.nan]])


@pytest.mark.parametrize("metric", [nrmse, nmse, valid_prediction_time, memory_capacity])
def test_a_constant_truth_is_refused(metric):
    constant = np.full((100, 2), 0.1)  # whose standard deviation is not exactly 0 in floats
    constant[:, 0] = np.arange(100)
    with pytest.raises(ValueError, match=r"y_true must vary, got a constant output \(column 1\)"):
        metric(constant, constant)


def test_scale_is_checked():
    for bad in ("mean", 0, -1, np.nan, [1, 2], [1, 2, 0]):
        with pytest.raises(ValueError, match="scale must be"):
            nrmse(np.eye(3), np.eye(3), scale=bad)
    assert nrmse(np.ones(3), np.zeros(3), scale=2) == 0.5
    with pytest.raises(ValueError, match="y_true must vary"):
        nrmse(np.ones(3), np.zeros(3), scale="range")


def test_multioutput_is_checked():
    for bad in ("sum", [1, 1], [0, 0, 0], [1, 1, -1], [1, 1, np.nan]):
        with pytest.raises(ValueError, match="multioutput must be"):
            nrmse(np.eye(3), np.eye(3), multioutput=bad)


def test_a_nullable_series_with_a_missing_value_is_refused():
    with pytest.raises(ValueError, match="y_true must be"):
        nrmse(pd.Series([1, None, 3], dtype="Int64"), [1, 2, 3])
    assert nrmse(pd.Series([1, 2, 3], dtype="Int64"), [1, 2, 3]) == 0


def test_they_work_as_scorers():
    y = np.random.default_rng(0).normal(size=60)
    X = np.zeros((60, 1))
    for metric, options in [
        (nrmse, {}),
        (nmse, {}),
        (smape, {}),
        (mase, {"y_train": y}),
        (rmsse, {"y_train": y}),
        (pinball_loss, {"alpha": 0.9}),
    ]:
        scorer = make_scorer(metric, greater_is_better=False, **options)
        scores = cross_val_score(DummyRegressor(), X, y, scoring=scorer, cv=3)
        assert (scores < 0).all()
    scores = cross_val_score(DummyRegressor(), X, y, scoring=make_scorer(steps_right), cv=3)
    assert ((scores > 0) & (scores < 1)).all()


@pytest.mark.parametrize("factor", [2.0**700, 2.0**-700])
def test_size_of_the_values_does_not_matter(factor):
    truth, prediction = np.array([1.0, 2.0, 4.0]), np.array([1.0, 3.0, 3.0])
    for metric in (nrmse, nmse):
        assert metric(truth * factor, prediction * factor) == metric(truth, prediction)
    scaled = rmsse(truth * factor, prediction * factor, y_train=truth * factor)
    assert scaled == rmsse(truth, prediction, y_train=truth)


def test_more_bad_input_is_named():
    for metric in (steps_right, switch_off_error):
        with pytest.raises(ValueError, match="threshold must be a finite number, got nan"):
            metric([0, 1, 0], [0, 1, 0], threshold=np.nan)
    with pytest.raises(ValueError, match="seasonal_period must be an integer above 0, got True"):
        mase([1], [1], y_train=[1, 2, 3], seasonal_period=True)
    with pytest.raises(ValueError, match="y_pred must not be a masked array"):
        nrmse([1, 2], np.ma.array([1, 2], mask=[0, 1]))
