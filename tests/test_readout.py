import copy
import pickle
import runpy
import subprocess
import sys
import tracemalloc
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import LinAlgWarning
from sklearn.linear_model import Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from reservoir import RecursiveLeastSquares
from reservoir.readout import (
    GRAM_LIMIT,
    choose_statistics,
    make_statistics,
    ridge_candidates,
    solve_ridge,
)

naive = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("naive_readout.py"))))

KINDS = ["gram", "factor"]
kinds = pytest.mark.parametrize("kind", KINDS)
a_few = settings(max_examples=25, deadline=None)


def gather(kind, states, targets, weights=None):
    statistics = make_statistics(states.shape[1], targets.shape[1], kind)
    statistics.update(states, targets, weights)
    return statistics


def problem(seed=0, n_rows=120, n_states=7, n_targets=3):
    rng = np.random.default_rng(seed)
    states = rng.normal(size=(n_rows, n_states)) + rng.normal(size=n_states)
    targets = states @ rng.normal(size=(n_states, n_targets)) + rng.normal(size=n_targets)
    targets += 0.3 * rng.normal(size=targets.shape)
    return states, targets, rng.uniform(0.1, 3, n_rows)


def mackey_glass_states(n_rows=2000, n_states=80):
    """States of a slow network driven by a smooth series: nearly collinear."""
    rng = np.random.default_rng(0)
    series = np.full(n_rows + 301, 1.2)
    for t in range(17, len(series) - 1):
        delayed = series[t - 17]
        series[t + 1] = 0.9 * series[t] + 0.2 * delayed / (1 + delayed**10)
    series = np.tanh(series - 1)
    weights = rng.normal(size=(n_states, n_states))
    weights *= 0.9 / np.abs(np.linalg.eigvals(weights)).max()
    input_weights = rng.uniform(-0.1, 0.1, n_states)
    bias = rng.uniform(-0.2, 0.2, n_states)
    states = np.zeros((n_rows + 300, n_states))
    for t in range(1, len(states)):
        drive = weights @ states[t - 1] + input_weights * series[t] + bias
        states[t] = 0.5 * states[t - 1] + 0.5 * np.tanh(drive)
    return states[300:], series[301:, np.newaxis]


def assert_same_statistics(left, right, rtol=1e-11):
    assert left.n_rows == right.n_rows
    assert left.n_dropped == right.n_dropped
    assert_allclose(left.weight, right.weight, rtol=rtol)
    scale = np.sqrt(np.diagonal(right.gram))
    assert_allclose(left.mean, right.mean, rtol=rtol, atol=rtol * scale.max())
    assert_allclose(left.gram, right.gram, rtol=rtol, atol=rtol * scale.max() ** 2)


# The solution


@kinds
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("alpha", [1e-3, 10.0, np.array([1e-2, 1.0, 100.0])])
def test_ridge_equals_its_definition_and_scikit_learn(kind, weighted, alpha):
    states, targets, weights = problem()
    weights = weights if weighted else np.ones(len(states))
    solution = solve_ridge(gather(kind, states, targets, weights), alpha)
    each = np.broadcast_to(alpha, 3)
    coef, intercept = naive.ridge(states, targets, each, weights)
    assert_allclose(solution.coef, coef, rtol=1e-10, atol=1e-12)
    assert_allclose(solution.intercept, intercept, rtol=1e-10, atol=1e-12)
    reference = Ridge(alpha=each).fit(states, targets, sample_weight=weights)
    assert_allclose(solution.coef, reference.coef_, rtol=1e-9, atol=1e-11)
    assert_allclose(solution.intercept, reference.intercept_, rtol=1e-9, atol=1e-11)
    assert_array_equal(solution.alpha, alpha)
    assert solution.gcv is None
    assert solution.rank == 7


@kinds
def test_no_penalty_is_least_squares(kind):
    states, targets, weights = problem()
    solution = solve_ridge(gather(kind, states, targets, weights), 0)
    coef, intercept = naive.ridge(states, targets, np.zeros(3), weights)
    assert_allclose(solution.coef, coef, rtol=1e-10)
    assert_allclose(solution.intercept, intercept, rtol=1e-9)


def test_cholesky_and_eigenvalues_agree():
    statistics = gather("gram", *problem()[:2])
    direct = solve_ridge(statistics, 0.5)
    by_eigenvalues = solve_ridge(statistics, [0.5])
    assert_allclose(direct.coef, by_eigenvalues.coef, rtol=1e-11)


@kinds
@pytest.mark.parametrize("n_rows", [5, 60])
def test_collinear_states_take_the_least_norm_and_are_named(kind, n_rows):
    rng = np.random.default_rng(0)
    states = rng.normal(size=(n_rows, 6)) @ rng.normal(size=(6, 9)) + 2
    targets = rng.normal(size=(n_rows, 2))
    span = min(n_rows - 1, 6)
    with pytest.warns(LinAlgWarning, match=f"only {span} of 9 directions.*raise alpha or use"):
        solution = solve_ridge(gather(kind, states, targets), 0.0)
    centred = states - states.mean(axis=0)
    least = np.linalg.pinv(centred, rcond=1e-10) @ (targets - targets.mean(axis=0))
    assert_allclose(solution.coef, least.T, rtol=1e-6, atol=1e-8)
    assert solution.rank == span


@kinds
def test_a_penalty_makes_collinear_states_silent(kind):
    states, targets, _ = problem()
    doubled = np.hstack([states, states])
    solution = solve_ridge(gather(kind, doubled, targets), 1e-3)
    half = solve_ridge(gather(kind, states, targets), 5e-4)
    assert_allclose(solution.coef, np.hstack([half.coef, half.coef]) / 2, rtol=1e-8)


@kinds
def test_states_that_never_move_get_no_weight(kind):
    states, targets, _ = problem()
    states[:, 2] = 0.7
    solution = solve_ridge(gather(kind, states, targets), 1e-6)
    assert_allclose(solution.coef[:, 2], 0, atol=1e-12)


@kinds
def test_one_row_is_its_own_mean(kind):
    solution = solve_ridge(gather(kind, np.ones((1, 2)), np.full((1, 1), 5.0)), 1.0)
    assert_array_equal(solution.coef, [[0, 0]])
    assert_array_equal(solution.intercept, [5])


# The rule


def test_the_gram_matrix_is_chosen_where_it_keeps_the_digits_and_only_there():
    states, targets = mackey_glass_states()
    limit = GRAM_LIMIT * gather("gram", states, targets).trace

    def error(kind, alpha):
        coef, _ = naive.ridge(states, targets, [alpha], np.ones(len(states)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LinAlgWarning)
            found = solve_ridge(gather(kind, states, targets), alpha).coef
        return np.linalg.norm(found - coef) / np.linalg.norm(coef)

    for above, below in [(1.5, 1e-1), (10, 1e-3)]:
        assert choose_statistics(states[:1000], above * limit, len(states)) == "gram"
        assert choose_statistics(states[:1000], below * limit, len(states)) == "factor"
        assert error("gram", above * limit) < 1e-4
        assert error("factor", above * limit) < 1e-7
        assert error("factor", below * limit) < 1e-7
    assert error("gram", 1e-1 * limit) > 1e-5
    assert error("gram", 1e-3 * limit) > 1e-1


def test_the_rule_looks_at_the_smallest_penalty():
    states = np.random.default_rng(0).normal(size=(50, 4))
    assert choose_statistics(states, 0.0, 50) == "factor"
    assert choose_statistics(0 * states, 0.0, 50) == "factor"
    assert choose_statistics(states, [0.0, 1.0], 50) == "factor"
    assert choose_statistics(states, np.array([1.0, 1e-12]), 50) == "factor"
    assert choose_statistics(states, (1e-3, 1.0), 50) == "gram"
    assert choose_statistics(states, 1e-6, 50) == "gram"
    assert choose_statistics(states, 1e-6, 10**9) == "factor"
    assert choose_statistics(states[:1], 1e-6, 10**9) == "factor"
    with pytest.raises(ValueError, match="first_states must be a matrix with rows"):
        choose_statistics(states[:0], 1.0, 50)


# The choice among penalties


@kinds
@pytest.mark.parametrize("weighted", [False, True])
def test_gcv_equals_the_hat_matrix(kind, weighted):
    states, targets, weights = problem(n_rows=40)
    weights = weights if weighted else np.ones(40)
    candidates = [0.0, 1e-3, 0.1, 1.0, 10.0, 1e3]
    solution = solve_ridge(gather(kind, states, targets, weights), candidates)
    expected = np.array(
        [
            [
                naive.generalised_cross_validation(states, target, alpha, weights)
                for target in targets.T
            ]
            for alpha in candidates
        ]
    )
    assert_allclose(solution.gcv, expected, rtol=1e-8)
    assert_array_equal(solution.alpha, np.array(candidates)[expected.argmin(axis=0)])
    chosen = solve_ridge(gather(kind, states, targets, weights), solution.alpha)
    assert_allclose(solution.coef, chosen.coef, rtol=1e-9)


@kinds
def test_gcv_chooses_for_each_target(kind):
    rng = np.random.default_rng(0)
    states = rng.normal(size=(60, 20))
    clean = states @ rng.normal(size=20)
    targets = np.column_stack([clean, rng.normal(size=60)])
    solution = solve_ridge(gather(kind, states, targets), [1e-6, 1.0, 1e4])
    assert_array_equal(solution.alpha, [1e-6, 1e4])


@kinds
def test_gcv_is_right_for_fewer_rows_than_states(kind):
    states, targets, _ = problem(n_rows=12, n_states=30)
    candidates = [1e-3, 1.0, 100.0]
    solution = solve_ridge(gather(kind, states, targets), candidates)
    for row, alpha in enumerate(candidates):
        for column in range(3):
            expected = naive.generalised_cross_validation(
                states, targets[:, column], alpha, np.ones(12)
            )
            assert_allclose(solution.gcv[row, column], expected, rtol=1e-5)


@kinds
def test_gcv_passes_over_penalties_that_leave_no_freedom(kind):
    states, targets, _ = problem(n_rows=8, n_states=20)
    solution = solve_ridge(gather(kind, states, targets), [0.0, 1e-12, 1.0, 10.0])
    assert np.isinf(solution.gcv[:2]).all()
    assert np.isfinite(solution.gcv[2:]).all()
    assert solution.alpha.min() >= 1


@kinds
def test_of_equally_good_penalties_the_largest_is_taken(kind):
    states, _, _ = problem()
    solution = solve_ridge(gather(kind, states, np.ones((120, 1))), (1.0, 100.0, 10.0))
    assert_array_equal(solution.alpha, [100])
    nothing_defined = solve_ridge(gather(kind, states[:1], np.ones((1, 1))), [1.0, 2.0])
    assert_array_equal(nothing_defined.alpha, [2])


# What holds for all data

splits = st.lists(st.integers(0, 2500), max_size=4).map(sorted)
seeds = st.integers(0, 2**32 - 1)


@kinds
@a_few
@given(seed=seeds, splits=splits)
def test_blocks_change_nothing(kind, seed, splits):
    states, targets, weights = problem(seed, n_rows=2500, n_states=4, n_targets=1)
    whole = gather(kind, states, targets, weights)
    parts = make_statistics(4, 1, kind)
    for rows in np.split(np.arange(2500), splits):
        parts.update(states[rows], targets[rows], weights[rows])
    assert_array_equal(parts.gram, whole.gram)
    assert_array_equal(parts.mean, whole.mean)


@kinds
@a_few
@given(seed=seeds, splits=splits)
def test_merged_parts_are_the_whole(kind, seed, splits):
    states, targets, weights = problem(seed, n_rows=2500, n_states=4, n_targets=2)
    states += np.linspace(0, 50, 2500)[:, np.newaxis]  # so that the means of parts differ
    targets[::7, 1] = np.nan
    whole = gather(kind, states, targets, weights)
    merged = make_statistics(4, 2, kind)
    for rows in np.split(np.arange(2500), splits):
        merged.merge(gather(kind, states[rows], targets[rows], weights[rows]))
    assert_same_statistics(merged, whole)
    assert_allclose(solve_ridge(merged, 1.0).coef, solve_ridge(whole, 1.0).coef, rtol=1e-9)


@kinds
@a_few
@given(seed=seeds)
def test_the_order_of_rows_does_not_matter(kind, seed):
    states, targets, weights = problem(seed)
    order = np.random.default_rng(seed).permutation(len(states))
    assert_same_statistics(
        gather(kind, states[order], targets[order], weights[order]),
        gather(kind, states, targets, weights),
    )


@kinds
@a_few
@given(seed=seeds)
def test_whole_weights_are_repetitions(kind, seed):
    states, targets, _ = problem(seed)
    repeats = np.random.default_rng(seed).integers(0, 4, len(states))
    weighted = gather(kind, states, targets, repeats)
    repeated = gather(kind, states.repeat(repeats, axis=0), targets.repeat(repeats, axis=0))
    assert weighted.n_rows == np.count_nonzero(repeats)
    assert_allclose(weighted.gram, repeated.gram, rtol=1e-10, atol=1e-9)
    left, right = solve_ridge(weighted, 0.1), solve_ridge(repeated, 0.1)
    assert_allclose(left.coef, right.coef, rtol=1e-8, atol=1e-11)
    assert_allclose(left.intercept, right.intercept, rtol=1e-8, atol=1e-11)


@kinds
@a_few
@given(seed=seeds, shift=st.sampled_from([-3.0, 1e3, 1e6]))
def test_a_shift_moves_only_the_intercept(kind, seed, shift):
    states, targets, weights = problem(seed)
    plain = solve_ridge(gather(kind, states, targets, weights), 0.1)
    shifted = solve_ridge(gather(kind, states + shift, targets, weights), 0.1)
    # The rows themselves were rounded at the size of the shift.
    rounding = 100 * np.finfo(float).eps * max(abs(shift), 1)
    assert_allclose(shifted.coef, plain.coef, atol=rounding, rtol=1e-11)
    expected = plain.intercept - plain.coef.sum(axis=1) * shift
    assert_allclose(shifted.intercept, expected, atol=20 * rounding * max(abs(shift), 1))


# Rows that are left out, forms of input, memory


@kinds
def test_rows_without_a_target_are_left_out_and_counted(kind):
    states, targets, weights = problem()
    targets[3, 0] = targets[3, 2] = targets[50, 1] = targets[60] = np.nan
    weights[60] = 0
    statistics = make_statistics(7, 3, kind)
    assert statistics.update(states[:10], targets[:10], weights[:10]) == 1
    assert statistics.update(states[10:], targets[10:], weights[10:]) == 1
    assert statistics.n_dropped == 2
    assert statistics.n_rows == 117
    known = np.delete(np.arange(120), [3, 50, 60])
    expected = gather(kind, states[known], targets[known], weights[known])
    assert_array_equal(statistics.gram, expected.gram)
    assert expected.n_dropped == 0


@kinds
def test_moments_are_those_of_the_definition(kind):
    states, targets, weights = problem()
    statistics = gather(kind, states, targets, weights)
    rows = np.hstack([states, targets])
    mean = weights @ rows / weights.sum()
    assert_allclose(statistics.weight, weights.sum())
    assert_allclose(statistics.mean, mean)
    gram = (rows - mean).T @ np.diag(weights) @ (rows - mean)
    assert_allclose(statistics.gram, gram, atol=1e-11)
    assert_allclose(statistics.trace, np.trace(gram[:7, :7]))


@kinds
@pytest.mark.parametrize(
    "form", [np.asfortranarray, lambda a: a[::-1][::-1], lambda a: a.tolist(), np.float32]
)
def test_any_form_of_input_becomes_float64(kind, form):
    states = np.round(problem()[0] * 8) / 8  # exact in float32
    statistics = make_statistics(7, 1, kind)
    statistics.update(form(states), states[:, 0])
    assert statistics.gram.dtype == np.float64
    assert_array_equal(statistics.gram, gather(kind, states, states[:, :1]).gram)


@kinds
def test_input_is_not_changed(kind):
    arrays = problem()
    copies = [a.copy() for a in arrays]
    solve_ridge(gather(kind, *arrays), [1.0, 2.0])
    for array, before in zip(arrays, copies, strict=True):
        assert_array_equal(array, before)


@kinds
def test_memory_does_not_grow_with_rows(kind):
    rng = np.random.default_rng(0)
    statistics = make_statistics(50, 1, kind)
    block = rng.normal(size=(1000, 51))
    peaks = []
    for n_blocks in (3, 60):
        tracemalloc.start()
        for _ in range(n_blocks):
            statistics.update(block[:, :50], block[:, 50:])
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 10_000
    assert len(pickle.dumps(statistics)) < 51 * 52 / 2 * 8 + 3000  # one triangle of the moment


@kinds
@pytest.mark.parametrize("again", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_learn_on(kind, again):
    states, targets, weights = problem()
    first = gather(kind, states[:50], targets[:50], weights[:50])
    second = again(first)
    second.update(states[50:], targets[50:], weights[50:])
    assert first.n_rows == 50
    assert_same_statistics(second, gather(kind, states, targets, weights))


def test_merging_leaves_the_other_as_it_is():
    states, targets, _ = problem()
    first, second = (gather("factor", states[half], targets[half]) for half in np.s_[:60, 60:])
    before = second.gram
    assert first.merge(second) is first
    assert_array_equal(second.gram, before)
    assert second.n_rows == 60


def test_the_import_loads_neither_numba_nor_scikit_learn():
    code = "import sys, reservoir.readout; print({'numba', 'sklearn'} & set(sys.modules))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert printed.stdout.strip() == b"set()"


# What is refused


@pytest.mark.parametrize(
    ("alpha", "error", "message"),
    [
        (-1.0, ValueError, "finite and not negative, got -1"),
        (np.nan, ValueError, "finite and not negative"),
        ([1.0, np.inf], ValueError, "finite and not negative"),
        (np.array([1.0, -1.0]), ValueError, "finite and not negative"),
        ([], ValueError, "must hold candidates"),
        ([[1.0, 2.0]], ValueError, "must hold candidates"),
        (np.ones(3), ValueError, r"each of 2 targets, got shape \(3,\); pass a list to choose"),
        ("auto", TypeError, "must be a number, an array .* or a list"),
        (None, TypeError, "must be a number"),
    ],
)
def test_bad_penalties_are_refused(alpha, error, message):
    statistics = gather("gram", np.ones((4, 1)), np.ones((4, 2)))
    with pytest.raises(error, match=message):
        ridge_candidates(alpha, 2)
    with pytest.raises(error, match=message):
        solve_ridge(statistics, alpha)


@kinds
@pytest.mark.parametrize(
    ("states", "targets", "weights", "message"),
    [
        (np.full((3, 2), np.nan), np.ones((3, 1)), None, "states must be finite"),
        (np.array([[1.0, np.inf], [1, -np.inf]]), np.ones((2, 1)), None, "states must be finite"),
        (np.ones((3, 2)), np.full((3, 1), np.inf), None, "targets must be finite, or NaN"),
        (np.ones((3, 4)), np.ones((3, 1)), None, r"\(n_rows, 2\) .* got \(3, 4\)"),
        (np.ones((3, 2)), np.ones((2, 1)), None, r"got \(3, 2\) and \(2, 1\)"),
        (np.ones((3, 2)), np.ones((3, 2)), None, r"\(n_rows, 1\), got"),
        (np.ones((3, 2)), np.ones((3, 1)), [1.0, -2.0, 1.0], "not negative, got -2"),
        (np.ones((3, 2)), np.ones((3, 1)), [1.0, np.nan, 1.0], "must be finite .* got nan"),
        (np.ones((3, 2)), np.ones((3, 1)), [1.0], "one weight for each of 3 rows"),
    ],
)
def test_bad_rows_are_refused_and_leave_no_trace(kind, states, targets, weights, message):
    statistics = make_statistics(2, 1, kind)
    with pytest.raises(ValueError, match=message):
        statistics.update(states, targets, weights)
    assert statistics.n_rows == statistics.n_dropped == 0
    assert statistics.weight == 0


@kinds
def test_nothing_to_fit_on_is_refused(kind):
    statistics = make_statistics(2, 1, kind)
    statistics.update(np.ones((3, 2)), np.full((3, 1), np.nan))
    statistics.update(np.ones((3, 2)), np.ones((3, 1)), np.zeros(3))
    statistics.update(np.ones((0, 2)), np.ones((0, 1)))
    with pytest.raises(ValueError, match="no rows to fit the readout on"):
        solve_ridge(statistics, 1.0)


def test_statistics_that_differ_do_not_merge():
    one = make_statistics(2, 1, "gram")
    for other in (make_statistics(3, 1, "gram"), make_statistics(2, 1, "factor")):
        with pytest.raises(ValueError, match="same kind, number of states"):
            one.merge(other)


def test_bad_sizes_and_kinds_are_refused():
    with pytest.raises(ValueError, match="kind must be 'gram' or 'factor', got 'qr'"):
        make_statistics(2, 1, "qr")
    with pytest.raises(ValueError, match="at least 1, got 0 and 1"):
        make_statistics(0, 1, "gram")


@kinds
def test_states_too_large_to_square_are_refused(kind):
    statistics = gather(kind, np.array([[1e200], [-1e200]]), np.ones((2, 1)))
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match="too large to be squared"),
    ):
        solve_ridge(statistics, 1.0)


# Recursive least squares


@parametrize_with_checks(
    [RecursiveLeastSquares(), RecursiveLeastSquares(fit_intercept=False, alpha=1.0)]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("forgetting", [1.0, 0.97])
@pytest.mark.parametrize("alpha", [1e-2, 5.0])
def test_recursion_equals_its_twin_and_its_minimum(forgetting, alpha):
    states, targets, weights = problem()
    model = RecursiveLeastSquares(forgetting=forgetting, alpha=alpha, fit_intercept=False)
    model.fit(states, targets, weights)
    arguments = states, targets, weights, forgetting, alpha
    assert_allclose(model.coef_, naive.recursive_least_squares(*arguments), rtol=1e-8)
    assert_allclose(model.coef_, naive.forgetting_least_squares(*arguments), rtol=1e-9)
    assert_array_equal(model.intercept_, np.zeros(3))


def test_recursion_without_forgetting_is_ridge_with_a_penalised_intercept():
    states, targets, weights = problem()
    model = RecursiveLeastSquares(alpha=2.0).fit(states, targets, weights)
    with_ones = np.column_stack([states, np.ones(len(states))])
    ridge = Ridge(alpha=2.0, fit_intercept=False).fit(with_ones, targets, weights)
    assert_allclose(model.coef_, ridge.coef_[:, :-1], rtol=1e-9)
    assert_allclose(model.intercept_, ridge.coef_[:, -1], rtol=1e-9)
    assert_allclose(model.predict(states), ridge.predict(with_ones), rtol=1e-9)


def test_recursion_keeps_its_digits_on_collinear_states():
    states, targets = mackey_glass_states()
    rows = np.vstack([states, np.sqrt(1e-10) * np.eye(80)])
    exact = np.linalg.lstsq(rows, np.append(targets, np.zeros(80)), rcond=None)[0]
    model = RecursiveLeastSquares(alpha=1e-10, fit_intercept=False).fit(states, targets[:, 0])
    assert np.linalg.norm(model.coef_ - exact) < 1e-8 * np.linalg.norm(exact)
    twin = naive.recursive_least_squares(states, targets, np.ones(2000), 1.0, 1e-10)[0]
    assert np.linalg.norm(twin - exact) > 1e-7 * np.linalg.norm(exact)


def test_learning_in_parts_is_learning_at_once():
    states, targets, weights = problem()
    whole = RecursiveLeastSquares(forgetting=0.98).fit(states, targets, weights)
    parts = RecursiveLeastSquares(forgetting=0.98)
    for rows in np.split(np.arange(120), [1, 2, 50]):
        parts.partial_fit(states[rows], targets[rows], weights[rows])
    assert_array_equal(parts.coef_, whole.coef_)
    assert_array_equal(parts.fit(states, targets, weights).coef_, whole.coef_)


def test_rows_of_no_weight_are_passed_over():
    states, targets, _ = problem()
    kept = np.arange(120) % 3 > 0
    model = RecursiveLeastSquares(forgetting=0.9).fit(states, targets, kept.astype(float))
    expected = RecursiveLeastSquares(forgetting=0.9).fit(states[kept], targets[kept])
    assert_array_equal(model.coef_, expected.coef_)


def test_forms_of_targets():
    states, targets, _ = problem()
    one = RecursiveLeastSquares().fit(states, targets[:, 0])
    assert one.coef_.shape == (7,)
    assert isinstance(one.intercept_, float)
    assert one.predict(states).shape == (120,)
    column = RecursiveLeastSquares().fit(states, targets[:, :1])
    assert column.coef_.shape == (1, 7)
    assert column.predict(states).shape == (120, 1)
    assert_allclose(column.predict(states)[:, 0], one.predict(states))


def test_forgetting_follows_a_change():
    rng = np.random.default_rng(0)
    states = rng.normal(size=(600, 3))
    targets = np.where(np.arange(600) < 300, states[:, 0], -states[:, 0])
    remembers = RecursiveLeastSquares().fit(states, targets)
    forgets = RecursiveLeastSquares(forgetting=0.95).fit(states, targets)
    assert_allclose(forgets.coef_, [-1, 0, 0], atol=1e-5)
    assert abs(remembers.coef_[0]) < 0.5


def test_wind_up_is_named_and_stays_finite():
    rng = np.random.default_rng(0)
    states = rng.normal(size=(5000, 3))
    states[:, 2] = 0
    model = RecursiveLeastSquares(forgetting=0.8, alpha=1.0)
    with pytest.warns(LinAlgWarning, match=r"1 of 4 directions .* \(wind-up\): raise forgetting"):
        model.fit(states, states[:, 0])
    assert_allclose(model.coef_, [1, 0, 0], atol=1e-8)
    model.partial_fit(states, states[:, 0])  # known by now: says nothing more
    states[:, 2] = 1e-3 * rng.normal(size=5000)
    model.partial_fit(states, states[:, 0] - states[:, 2])
    assert_allclose(model.coef_, [1, 0, -1], atol=1e-6)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"forgetting": 0.0}, "'forgetting' parameter .* must be a float in the range"),
        ({"forgetting": 1.1}, "'forgetting' parameter"),
        ({"alpha": 0.0}, "'alpha' parameter"),
        ({"fit_intercept": "yes"}, "'fit_intercept' parameter"),
    ],
)
def test_bad_parameters_of_the_recursion_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        RecursiveLeastSquares(**parameters).fit(np.ones((3, 2)), np.ones(3))


def test_bad_rows_of_the_recursion_are_refused():
    states, targets, weights = problem()
    model = RecursiveLeastSquares().fit(states, targets)
    with pytest.raises(ValueError, match="y must have the form it had before"):
        model.partial_fit(states, targets[:, 0])
    with pytest.raises(ValueError, match="must not be negative"):
        model.fit(states, targets, -weights)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(states, np.where(targets > 0, np.nan, targets))
    with pytest.raises(ValueError, match="left the finite"):
        model.fit(1e300 * states, targets)
