"""What echo state estimators do with sequences, states, targets and readouts."""

import copy
import pickle
import signal
import tracemalloc
import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import Parallel, delayed
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.metrics import accuracy_score, mean_absolute_error, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reservoir import ESNClassifier, ESNRegressor, ESNTransformer, RecursiveLeastSquares
from reservoir.readout import GRAM_LIMIT
from tests import naive

RNG = np.random.default_rng(0)
X = RNG.uniform(-0.5, 0.5, (300, 2))
Y = np.column_stack([np.roll(X[:, 0], 2), X[:, 0] * np.roll(X[:, 1], 1)])
LENGTHS = [60, 100, 140]
PARTS = np.split(X, np.cumsum(LENGTHS)[:-1])
Y_PARTS = np.split(Y, np.cumsum(LENGTHS)[:-1])
GROUPS = np.repeat([0, 1, 2], LENGTHS)
MIXED = np.random.default_rng(1).permutation(GROUPS)  # the same sequences' rows, interleaved
SMALL_BLOCKS = ("reservoir.estimators._reservoir.BLOCK_SIZE", 1)  # 64 rows, the fewest there are


def panel():
    """A DataFrame whose MultiIndex names the sequences."""
    index = pd.MultiIndex.from_arrays([GROUPS, np.concatenate([range(n) for n in LENGTHS])])
    return pd.DataFrame(X, index=index, columns=["a", "b"])


def esn(**parameters):
    return ESNRegressor(**{"n_units": 30, "alpha": 1e-4, "random_state": 0} | parameters)


def dense(matrix):
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix


def rows_of_features(fitted, rows):
    """What the readout of a network of one layer sees of one sequence from rest."""
    return np.hstack([naive.deep_states(layers_of(fitted), "tanh", rows), rows])


def layers_of(fitted):
    """What the slow twins take for layers; the leak rate is 1."""
    matrices = (fitted.recurrent_weights_, fitted.input_weights_, fitted.bias_)
    if fitted.n_layers == 1:
        matrices = tuple([matrix] for matrix in matrices)
    return [(dense(W), W_in, b, np.ones(len(b))) for W, W_in, b in zip(*matrices, strict=True)]


class TestStates:
    @pytest.mark.parametrize("activation", ["tanh", "identity", "relu", "sigmoid"])
    @pytest.mark.parametrize("topology", ["random", "dense", "cycle"])
    def test_they_follow_the_equation(self, activation, topology):
        transformer = ESNTransformer(
            n_units=12,
            topology=topology,
            leak_rate=np.linspace(0.1, 1, 12),
            bias_scaling=0.3,
            activation=activation,
            include_input=False,
            random_state=3,
        ).fit(X)
        expected = naive.leaky_states(
            dense(transformer.recurrent_weights_),
            transformer.input_weights_,
            transformer.bias_,
            np.linspace(0.1, 1, 12),
            activation,
            X[:40],
        )
        np.testing.assert_allclose(transformer.transform(X[:40]), expected, atol=1e-13)

    def test_a_layer_is_driven_by_the_one_below(self):
        transformer = ESNTransformer(n_units=8, n_layers=2, include_input=False, random_state=0)
        states = transformer.fit_transform(X[:30])
        W, W_in, b = (
            getattr(transformer, name) for name in ("recurrent_weights_", "input_weights_", "bias_")
        )
        first = naive.leaky_states(dense(W[0]), W_in[0], b[0], np.ones(8), "tanh", X[:30])
        second = naive.leaky_states(dense(W[1]), W_in[1], b[1], np.ones(8), "tanh", first)
        np.testing.assert_allclose(states, np.hstack([first, second]), atol=1e-13)

    def test_a_backward_stack_runs_from_the_end_of_each_sequence(self):
        transformer = ESNTransformer(
            n_units=8, bidirectional=True, include_input=False, random_state=0
        )
        states = transformer.fit_transform(PARTS)
        W, W_in, b = (
            getattr(transformer, name) for name in ("recurrent_weights_", "input_weights_", "bias_")
        )
        for part, found in zip(PARTS, states, strict=True):
            forth = naive.leaky_states(dense(W[0]), W_in[0], b[0], np.ones(8), "tanh", part)
            back = naive.leaky_states(dense(W[1]), W_in[1], b[1], np.ones(8), "tanh", part[::-1])
            np.testing.assert_allclose(found, np.hstack([forth, back[::-1]]), atol=1e-13)

    def test_matrices_of_the_users_own_are_used_as_they_are(self):
        W, W_in = RNG.normal(size=(30, 30)) * 0.1, RNG.normal(size=(30, 2))
        fitted = esn(topology=W, input_weights=W_in, input_scaling=5.0).fit(X, Y)
        np.testing.assert_array_equal(fitted.recurrent_weights_, W)
        np.testing.assert_array_equal(fitted.input_weights_, W_in)

    def test_leak_per_unit_and_layer(self):
        leaks = np.array([[0.5] * 30, [1.0] * 30])
        assert esn(n_layers=2, leak_rate=leaks).fit(X, Y).coef_.shape == (2, 62)

    @pytest.mark.parametrize(
        "parameters",
        [
            {},
            {"feedback": True},
            {"feedback": True, "readout": Ridge(1e-4)},
            {"noise": 0.01},
            {"noise": 0.01, "n_layers": 2},
            {"noise": 0.01, "n_layers": 2, "feedback": True},
            {"noise": 0.01, "n_layers": 2, "bidirectional": True},
        ],
    )
    def test_blocks_do_not_show(self, monkeypatch, parameters):
        whole = esn(**parameters).fit(PARTS, Y_PARTS)
        predicted, ends = whole.predict(PARTS, return_state=True)
        monkeypatch.setattr(*SMALL_BLOCKS)
        blocks = esn(**parameters).fit(PARTS, Y_PARTS)
        again, same_ends = blocks.predict(PARTS, return_state=True)
        np.testing.assert_allclose(np.vstack(again), np.vstack(predicted), atol=1e-9)
        np.testing.assert_allclose(same_ends, ends, atol=1e-9)
        if "readout" not in parameters:
            np.testing.assert_allclose(blocks.coef_, whole.coef_, rtol=0, atol=1e-9)

    def test_float32(self):
        transformer = ESNTransformer(n_units=5, dtype="float32", random_state=0)
        assert transformer.fit_transform(X).dtype == np.float32
        single, double = esn(dtype="float32").fit(X, Y), esn().fit(X, Y)
        np.testing.assert_allclose(single.predict(X), double.predict(X), atol=1e-3)

    def test_float32_holds_for_all_weights_and_states(self):
        fitted = esn(dtype="float32", feedback=True, noise=1e-3, bias_scaling=0.1).fit(X, Y)
        for name in ("recurrent", "input", "feedback"):
            assert getattr(fitted, f"{name}_weights_").dtype == np.float32
        assert fitted.bias_.dtype == np.float32
        _, state = fitted.predict(X, return_state=True)
        assert state.dtype == np.float32


class TestForms:
    def test_no_state_leaks_over_a_boundary(self):
        fitted = esn().fit(PARTS, Y_PARTS)
        alone = [fitted.predict(part) for part in PARTS]
        for together, single in zip(fitted.predict(PARTS), alone, strict=True):
            np.testing.assert_array_equal(together, single)

    def test_all_forms_learn_the_same(self):
        index = pd.MultiIndex.from_arrays([GROUPS, np.concatenate([range(n) for n in LENGTHS])])
        forms = [
            (PARTS, Y_PARTS, None),
            (X, Y, GROUPS),
            (pd.DataFrame(X, index=index), Y, None),
            (pd.DataFrame(X), pd.DataFrame(Y), GROUPS),
        ]
        fitted = [esn().fit(values, y, groups=groups) for values, y, groups in forms]
        for other in fitted[1:]:
            np.testing.assert_allclose(other.coef_, fitted[0].coef_, atol=1e-12)
        predicted = [
            fit.predict(values, groups=groups)
            for fit, (values, _, groups) in zip(fitted, forms, strict=True)
        ]
        for rows in predicted[1:]:
            np.testing.assert_allclose(rows, np.concatenate(predicted[0]), atol=1e-10)

    def test_a_panel_of_equal_lengths(self):
        cube, targets = X.reshape(3, 100, 2), Y.reshape(3, 100, 2)
        fitted = esn().fit(cube, targets)
        assert fitted.predict(cube).shape == (3, 100, 2)
        assert fitted.score(cube, targets) == pytest.approx(
            fitted.score(X, Y, groups=np.repeat([0, 1, 2], 100))
        )

    def test_interleaved_groups(self):
        order = np.argsort(np.concatenate([np.arange(n) for n in LENGTHS]), kind="stable")
        apart = esn().fit(X, Y, groups=GROUPS)
        mixed = esn().fit(X[order], Y[order], groups=GROUPS[order])
        np.testing.assert_allclose(mixed.coef_, apart.coef_, atol=1e-12)
        np.testing.assert_allclose(
            mixed.predict(X[order], groups=GROUPS[order]),
            apart.predict(X, groups=GROUPS)[order],
            atol=1e-10,
        )

    def test_weights_of_interleaved_rows_stay_with_their_rows(self):
        weight = np.random.default_rng(2).uniform(size=300)
        order = np.argsort(MIXED, kind="stable")
        apart = esn().fit(X[order], Y[order], groups=MIXED[order], sample_weight=weight[order])
        mixed = esn().fit(X, Y, groups=MIXED, sample_weight=weight)
        np.testing.assert_allclose(mixed.coef_, apart.coef_, atol=1e-12)
        expected = r2_score(Y, mixed.predict(X, groups=MIXED), sample_weight=weight)
        score = mixed.score(X, Y, groups=MIXED, sample_weight=weight)
        assert score == pytest.approx(expected)
        assert score != pytest.approx(mixed.score(X, Y, groups=MIXED), abs=1e-4)

    def test_targets_keep_their_dimensions(self):
        assert esn().fit(X, Y[:, 0]).predict(X).shape == (300,)
        assert esn().fit(X, Y[:, :1]).predict(X).shape == (300, 1)
        assert esn().fit(X, Y[:, 0]).coef_.shape == (32,)

    def test_one_target_for_each_sequence(self):
        means = np.array([part[:, 0].mean() for part in PARTS])
        for pooling in ("mean", "last"):
            fitted = esn(pooling=pooling, alpha=1e-8).fit(PARTS, means)
            np.testing.assert_allclose(fitted.predict(PARTS), means, atol=1e-3)
            assert fitted.score(PARTS, means) > 0.9

    def test_pooling(self):
        fitted = esn(n_units=4, pooling="last").fit(PARTS, np.arange(3.0))
        states = ESNTransformer(n_units=4, random_state=0).fit(X).transform(PARTS)
        last = np.array([part[-1] for part in states])
        np.testing.assert_allclose(fitted.predict(PARTS), last @ fitted.coef_ + fitted.intercept_)
        fitted = esn(n_units=4, pooling="mean", warmup=10).fit(PARTS, np.arange(3.0))
        mean = np.array([part[10:].mean(axis=0) for part in states])
        np.testing.assert_allclose(fitted.predict(PARTS), mean @ fitted.coef_ + fitted.intercept_)

    def test_a_sequence_within_the_warm_up_is_read_at_its_last_row(self):
        fitted = esn(n_units=4, warmup=10).fit(PARTS, np.arange(3.0))
        states = ESNTransformer(n_units=4, random_state=0).fit(X).transform(X[:5])
        np.testing.assert_allclose(
            fitted.predict([X[:5]]), [states[-1] @ fitted.coef_ + fitted.intercept_]
        )

    def test_the_warm_up_of_a_sequence_is_over_when_it_is_continued(self):
        fitted = esn(n_units=4, warmup=10).fit(PARTS, np.arange(3.0))
        transformer = ESNTransformer(n_units=4, random_state=0).fit(X)
        after = transformer.transform(np.vstack([PARTS[1], X[:8]]))[-8:]
        expected = after.mean(axis=0) @ fitted.coef_ + fitted.intercept_
        _, ends = fitted.predict(PARTS, return_state=True)
        np.testing.assert_allclose(fitted.predict([X[:8]], initial_state=ends[1]), [expected])
        carried = esn(n_units=4, warmup=10, predict_state="carry")
        carried.fit(X, np.arange(3.0), groups=GROUPS)
        np.testing.assert_allclose(carried.predict(X[:8], groups=[1] * 8), [expected])


class TestReadout:
    def test_it_is_the_ridge_of_the_features(self):
        features = ESNTransformer(n_units=30, random_state=0).fit_transform(X)
        weight = RNG.uniform(size=300)
        fitted = esn(warmup=20).fit(X, Y, sample_weight=weight)
        coef, intercept = naive.ridge(features[20:], Y[20:], 1e-4, weight[20:])
        np.testing.assert_allclose(fitted.coef_, coef, atol=1e-8)
        np.testing.assert_allclose(fitted.intercept_, intercept, atol=1e-8)

    def test_alpha_is_chosen_from_a_list(self):
        fitted = esn(alpha=[1e-8, 1e-4, 1e4]).fit(X, Y[:, 0])
        assert fitted.alpha_ < 1e4
        assert fitted.gcv_.shape == (3, 1)

    def test_alpha_for_each_output(self):
        fitted = esn(alpha=np.array([1e-4, 1e6])).fit(X, Y)
        assert abs(fitted.coef_[1]).max() < 1e-3 < abs(fitted.coef_[0]).max()

    def test_any_other_regressor(self):
        fitted = esn(readout=Ridge(1e-4)).fit(X, Y)
        np.testing.assert_allclose(fitted.predict(X), esn().fit(X, Y).predict(X), atol=1e-8)
        trees = esn(readout=HistGradientBoostingRegressor(max_iter=5)).fit(X, Y[:, 0])
        assert trees.predict(X).shape == (300,)

    def test_nan_targets_are_left_out_and_said_so(self):
        y = Y[:, 0].copy()
        y[50:100] = np.nan
        weight = np.where(np.isnan(y), 0.0, 1.0)
        expected = esn().fit(X, Y[:, 0], sample_weight=weight)
        for readout in (None, Ridge(1e-4)):
            with pytest.warns(UserWarning, match="50 of 300 targets are NaN"):
                fitted = esn(readout=readout).fit(X, y)
            np.testing.assert_allclose(fitted.predict(X), expected.predict(X), atol=1e-8)
        known = ~np.isnan(y)
        assert fitted.score(X, y) == pytest.approx(r2_score(y[known], fitted.predict(X)[known]))

    @settings(max_examples=10, deadline=None)
    @given(st.integers(2, 298))
    def test_partial_fit_in_blocks_equals_one_fit(self, cut):
        whole = esn(warmup=1).fit(X, Y)
        parts = esn(warmup=1, predict_state="carry")
        parts.partial_fit(X[:cut], Y[:cut]).partial_fit(X[cut:], Y[cut:])
        np.testing.assert_allclose(parts.coef_, whole.coef_, atol=1e-9)

    def test_warmup_counts_on_over_blocks(self):
        whole = esn(warmup=50).fit(X, Y)
        parts = esn(warmup=50, predict_state="carry")
        for i in range(0, 300, 60):
            parts.partial_fit(X[i : i + 60], Y[i : i + 60])
        np.testing.assert_allclose(parts.coef_, whole.coef_, atol=1e-9)

    def test_partial_fit_of_new_sequences_equals_a_fit_to_all(self):
        parts = esn()
        for part, y in zip(PARTS, Y_PARTS, strict=True):
            parts.partial_fit(part, y)
        np.testing.assert_allclose(parts.coef_, esn().fit(PARTS, Y_PARTS).coef_, atol=1e-9)

    def test_merge(self):
        halves = [esn().fit(part, y) for part, y in zip(PARTS[:2], Y_PARTS[:2], strict=True)]
        whole = esn().fit(PARTS[:2], Y_PARTS[:2])
        np.testing.assert_allclose(halves[0].merge(halves[1]).coef_, whole.coef_, atol=1e-9)

    @pytest.mark.parametrize("first", [0, 1])
    def test_parts_held_as_a_gram_matrix_and_as_a_factor_merge(self, first):
        parameters = {"activation": "identity", "alpha": 1e-6}
        inputs = [PARTS[0], 1e4 * PARTS[1]]
        halves = [esn(**parameters).fit(part, y) for part, y in zip(inputs, Y_PARTS, strict=False)]
        assert [half._statistics.kind for half in halves] == ["gram", "factor"]
        merged = halves[first].merge(halves[1 - first])
        whole = esn(**parameters).fit(inputs, Y_PARTS[:2])
        predictions = [np.vstack(fitted.predict(inputs)) for fitted in (merged, whole)]
        np.testing.assert_allclose(*predictions, rtol=0, atol=1e-6)

    def test_two_gram_matrices_too_coarse_together_merge_as_a_factor(self):
        trace = esn().fit(X, Y)._statistics.trace
        alpha = 1.5 * GRAM_LIMIT * trace
        halves = [esn(alpha=alpha).fit(X, Y) for _ in range(2)]
        assert {half._statistics.kind for half in halves} == {"gram"}
        assert halves[0].merge(halves[1])._statistics.kind == "factor"

    def test_recursive_least_squares_online(self):
        online = esn(readout=RecursiveLeastSquares(alpha=1e-4), predict_state="carry")
        for i in range(0, 300, 100):
            online.partial_fit(X[i : i + 100], Y[i : i + 100])
        features = ESNTransformer(n_units=30, random_state=0).fit_transform(X)
        features = np.column_stack([features, np.ones(300)])  # its intercept is penalised too
        normal = features.T @ features + 1e-4 * np.eye(33)
        expected = np.linalg.solve(normal, features.T @ Y)
        np.testing.assert_allclose(online.readout_.coef_, expected[:32].T, atol=1e-7)
        np.testing.assert_allclose(online.readout_.intercept_, expected[32], atol=1e-7)
        at_once = clone(online).set_params(predict_state="reset").fit(X, Y)
        np.testing.assert_allclose(at_once.predict(X), features @ expected, atol=1e-7)

    def test_a_gram_matrix_too_coarse_for_alpha_is_not_used(self):
        t = np.arange(600)
        wave = (np.sin(0.2 * t) * np.sin(0.0311 * t))[:, None]
        fitted = ESNRegressor(n_units=200, alpha=1e-13, random_state=0, warmup=50).fit(
            wave[:-1], wave[1:]
        )
        features = ESNTransformer(n_units=200, random_state=0).fit_transform(wave[:-1])[50:]
        coef, intercept = naive.ridge(features, wave[51:], 1e-13)
        error = features @ fitted.coef_.T + fitted.intercept_ - wave[51:]
        reference = features @ coef.T + intercept - wave[51:]
        assert np.sqrt(np.mean(error**2)) <= 2 * np.sqrt(np.mean(reference**2))

    def test_interrupt_keeps_what_was_learned(self, monkeypatch, control_c):
        monkeypatch.setattr("reservoir.estimators._reservoir.BLOCK_SIZE", 64 * 32)
        fitted = esn(predict_state="carry")
        samples = type(fitted)._samples

        def interrupted(self, task):
            for i, sample in enumerate(samples(self, task)):
                if i == 2:
                    signal.raise_signal(signal.SIGINT)
                yield sample

        monkeypatch.setattr(type(fitted), "_samples", interrupted)
        with (
            pytest.raises(KeyboardInterrupt),
            pytest.warns(UserWarning, match="fitted to the first 192 of 300 targets"),
        ):
            fitted.fit(X, Y)
        monkeypatch.undo()
        expected = esn(predict_state="carry").fit(X[:192], Y[:192])
        np.testing.assert_allclose(fitted.coef_, expected.coef_, atol=1e-9)
        np.testing.assert_allclose(fitted.predict(X[192:]), expected.predict(X[192:]), atol=1e-9)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def test_a_second_run_over_the_rows_sees_the_same_noise(self, monkeypatch):
        quiet, y = np.vstack([X * 1e-6, 1e3 * X]), np.vstack([Y, Y])
        parameters = {"alpha": 1e-7, "activation": "identity", "noise": 1e-3}
        at_once = esn(**parameters).fit(quiet, y)
        runs, gather = [], ESNRegressor._gather
        monkeypatch.setattr(
            ESNRegressor, "_gather", lambda *args: runs.append(args[2]) or gather(*args)
        )
        monkeypatch.setattr(*SMALL_BLOCKS)
        twice = esn(**parameters).fit(quiet, y)
        assert runs == [None, "factor"]
        np.testing.assert_allclose(twice.predict(quiet), at_once.predict(quiet), atol=1e-6)

    def test_a_failed_partial_fit_has_learned_nothing(self):
        fitted = esn(activation="identity", spectral_radius=1.02).fit(X, Y)
        before = fitted.coef_.copy()
        with pytest.raises(FloatingPointError):
            fitted.partial_fit(np.full((80_000, 2), 0.5), np.zeros((80_000, 2)))
        fitted.partial_fit(X, Y)
        again = esn(activation="identity", spectral_radius=1.02)
        again.fit(X, Y).partial_fit(X, Y)
        np.testing.assert_array_equal(fitted.coef_, again.coef_)
        assert not np.array_equal(before, fitted.coef_)

    def test_a_partial_fit_that_fails_to_solve_has_learned_nothing(self, monkeypatch):
        fitted = esn().fit(X, Y)
        before = fitted._statistics.gram

        def fail(*args, **options):
            raise ValueError("not solved")

        monkeypatch.setattr("reservoir.estimators._learning.check_solvable", fail)
        with pytest.raises(ValueError, match="not solved"):
            fitted.partial_fit(X, Y)
        np.testing.assert_array_equal(fitted._statistics.gram, before)
        assert fitted._statistics.n_rows == 300

    def test_blocks_are_solved_once_when_the_readout_is_asked_for(self, monkeypatch):
        solved = []
        solve = type(esn())._solve
        monkeypatch.setattr(
            ESNRegressor, "_solve", lambda self, found: (solved.append(self), solve(self, found))
        )
        fitted = esn(predict_state="carry")
        for start in range(0, 300, 100):
            fitted.partial_fit(X[start : start + 100], Y[start : start + 100])
        copied = pickle.loads(pickle.dumps(fitted))
        merged = copy.deepcopy(fitted).merge(fitted)
        fitted.set_params(alpha=1e3)  # for what comes, not for what was learned
        assert not solved
        whole = esn().fit(X, Y)
        for some in (fitted, copied):
            np.testing.assert_allclose(some.coef_, whole.coef_, atol=1e-9)
            assert some.alpha_ == whole.alpha_
        fitted.predict(X)
        assert [each for each in solved if each is not whole] == [fitted, copied]
        assert merged._statistics.n_rows == 600

    def test_targets_for_rows_pool_nothing(self, monkeypatch):
        """A pool holds features for every sequence, and there may be very many."""
        monkeypatch.setattr(
            "reservoir.estimators._learning.Pool", lambda *_: pytest.fail("features were pooled")
        )
        assert esn().fit(PARTS, Y_PARTS).score(PARTS, Y_PARTS) > 0

    def test_a_failed_fit_leaves_nothing_behind(self):
        fitted = esn().fit(X, Y)
        with pytest.raises(ValueError, match="alpha"):
            fitted.set_params(alpha=np.ones(5)).fit(X, Y)
        with pytest.raises(NotFittedError):
            fitted.predict(X)

    def test_a_quiet_start_does_not_mislead_the_choice_of_statistics(self, monkeypatch):
        monkeypatch.setattr("reservoir.estimators._reservoir.BLOCK_SIZE", 64 * 32)
        quiet = np.vstack([np.zeros((300, 2)), 1e3 * X])
        y = np.vstack([np.zeros((300, 2)), Y])
        kw = {"alpha": 1e-10, "activation": "identity", "spectral_radius": 0.99}
        fitted = esn(**kw).fit(quiet, y)
        assert fitted._statistics.kind == "factor"
        parts = esn(**kw, predict_state="carry").partial_fit(quiet[:300], y[:300])
        assert parts._statistics.kind == "gram"
        parts.partial_fit(quiet[300:], y[300:])
        features = ESNTransformer(n_units=30, random_state=0, activation="identity",
                                  spectral_radius=0.99).fit_transform(quiet)  # fmt: skip
        for found in (fitted, parts):
            residual = features @ found.coef_.T + found.intercept_ - y
            coef, intercept = naive.ridge(features, y, 1e-10)
            best = features @ coef.T + intercept - y
            assert np.linalg.norm(residual) <= 1.0001 * np.linalg.norm(best)

    def test_memory_mapped_statistics_are_not_written_to(self, tmp_path):
        for parameters in ({"alpha": 1.0}, {"alpha": 1e-12}, {"readout": RecursiveLeastSquares()}):
            fitted = esn(**parameters).fit(X, Y)
            joblib.dump(fitted, tmp_path / "esn")
            mapped = joblib.load(tmp_path / "esn", mmap_mode="r")
            mapped.partial_fit(X, Y)
            np.testing.assert_allclose(mapped.predict(X), fitted.partial_fit(X, Y).predict(X))


class TestStateOverTime:
    def test_carry_continues_the_training_data(self):
        one_run = esn().fit(X[:200], Y[:200]).predict(X)[200:]
        carried = esn(predict_state="carry").fit(X[:200], Y[:200])
        np.testing.assert_allclose(carried.predict(X[200:]), one_run, atol=1e-12)
        np.testing.assert_allclose(carried.predict(X[200:]), one_run, atol=1e-12)
        rested = esn().fit(X[:200], Y[:200]).predict(X[200:])
        assert abs(rested - one_run).max() > 1e-3

    def test_carry_finds_sequences_by_name(self):
        fitted = esn(predict_state="carry").fit(X, Y, groups=GROUPS)
        more = RNG.uniform(-0.5, 0.5, (20, 2))
        names = np.repeat([2, 7], 10)
        found = fitted.predict(more, groups=names)
        expected = esn().fit(X, Y, groups=GROUPS)
        known = expected.predict(np.vstack([PARTS[2], more[:10]]))[-10:]
        np.testing.assert_allclose(found[:10], known, atol=1e-12)
        np.testing.assert_allclose(found[10:], expected.predict(more[10:]), atol=1e-12)

    def test_a_sequence_that_pauses_is_not_forgotten(self):
        fitted = esn(predict_state="carry", warmup=5)
        fitted.partial_fit(PARTS[0], Y_PARTS[0], groups=["a"] * 60)
        fitted.partial_fit(PARTS[1], Y_PARTS[1], groups=["b"] * 100)
        fitted.partial_fit(X[:3], Y[:3], groups=["a"] * 3)  # fewer rows than the warm-up
        joined = [np.vstack([PARTS[0], X[:3]]), PARTS[1]]
        whole = esn(warmup=5).fit(joined, [np.vstack([Y_PARTS[0], Y[:3]]), Y_PARTS[1]])
        np.testing.assert_allclose(fitted.coef_, whole.coef_, atol=1e-9)
        for name, before in zip("ab", joined, strict=True):
            np.testing.assert_allclose(
                fitted.predict(X[:5], groups=[name] * 5),
                whole.predict(np.vstack([before, X[:5]]))[-5:],
                atol=1e-9,
            )

    def test_carry_in_a_pipeline_of_states(self):
        pipe = make_pipeline(
            ESNTransformer(n_units=20, predict_state="carry", random_state=0), Ridge()
        )
        states = ESNTransformer(n_units=20, random_state=0).fit(X).transform(X)
        pipe.fit(X[:200], Y[:200])
        np.testing.assert_allclose(
            pipe.predict(X[200:]),
            Ridge().fit(states[:200], Y[:200]).predict(states[200:]),
            atol=1e-9,
        )

    @settings(max_examples=10, deadline=None)
    @given(st.integers(1, 299), st.booleans())
    def test_splitting_a_stream_changes_nothing(self, cut, feedback):
        fitted = esn(feedback=feedback).fit(X, Y)
        first, state = fitted.predict(X[:cut], return_state=True)
        rest = fitted.predict(X[cut:], initial_state=state)
        np.testing.assert_allclose(np.vstack([first, rest]), fitted.predict(X), atol=1e-9)

    def test_states_of_several_sequences(self):
        fitted = esn().fit(PARTS, Y_PARTS)
        _, states = fitted.predict(PARTS, return_state=True)
        assert states.shape == (3, 30)
        transformer = ESNTransformer(n_units=30, random_state=0).fit(PARTS)
        _, same = transformer.transform(PARTS, return_state=True)
        np.testing.assert_allclose(same, states)

    def test_predict_changes_nothing(self):
        fitted = esn(feedback=True, predict_state="carry").fit(X, Y)
        before = pickle.dumps(fitted)
        fitted.predict(X)
        fitted.generate(5, X_future=X[:5])
        assert pickle.dumps(fitted) == before

    def test_noise_while_fitting_only(self):
        shaken, still = esn(noise=1e-2).fit(X, Y), esn().fit(X, Y)
        assert abs(shaken.coef_ - still.coef_).max() > 1e-3
        np.testing.assert_array_equal(shaken.predict(X), shaken.predict(X))
        np.testing.assert_array_equal(shaken.coef_, esn(noise=1e-2).fit(X, Y).coef_)
        transformer = ESNTransformer(
            n_units=5, topology=np.zeros((5, 5)), noise=0.1, random_state=0
        )
        noise = transformer.fit_transform(X)[:, :5] - transformer.transform(X)[:, :5]
        assert 0.099 < noise.max() <= 0.1
        assert -0.1 <= noise.min() < -0.099
        assert np.std(noise) == pytest.approx(0.1 / np.sqrt(3), rel=0.05)
        assert abs(np.corrcoef(noise.T) - np.eye(5)).max() < 0.2

    @pytest.mark.parametrize("parameters", [{}, {"bidirectional": True}])
    def test_each_layer_has_noise_of_its_own(self, parameters, monkeypatch):
        parameters = {"n_units": 5, "n_layers": 2, "noise": 0.1, "random_state": 0} | parameters
        whole = ESNTransformer(**parameters).fit_transform(X)
        monkeypatch.setattr(*SMALL_BLOCKS)
        np.testing.assert_array_equal(ESNTransformer(**parameters).fit_transform(X), whole)
        unconnected = {"topology": np.zeros((5, 5)), "input_scaling": 0.0, "include_input": False}
        noise = ESNTransformer(**parameters, **unconnected).fit_transform(X)
        assert abs(np.corrcoef(noise.T) - np.eye(noise.shape[1])).max() < 0.25


class TestFeedback:
    def test_training_forces_the_target(self):
        fitted = esn(n_units=10, feedback=True, bias_scaling=0.2).fit(X, Y)
        states = naive.leaky_states(
            dense(fitted.recurrent_weights_), fitted.input_weights_, fitted.bias_, np.ones(10),
            "tanh", X, fitted.feedback_weights_, Y,
        )  # fmt: skip
        assert abs(fitted.feedback_weights_).min() > 0
        coef, intercept = naive.ridge(np.hstack([states, X]), Y, 1e-4)
        np.testing.assert_allclose(fitted.coef_, coef, atol=1e-8)
        np.testing.assert_allclose(fitted.intercept_, intercept, atol=1e-8)

    @pytest.mark.parametrize("include_input", [True, False])
    def test_prediction_closes_the_loop(self, include_input):
        fitted = esn(n_units=10, feedback=True, include_input=include_input).fit(X, Y)
        expected = naive.closed_loop(
            layers_of(fitted), "tanh", fitted.feedback_weights_,
            lambda features: fitted.coef_ @ features[: fitted.coef_.shape[1]] + fitted.intercept_,
            X, np.zeros(10), np.zeros(2),
        )  # fmt: skip
        np.testing.assert_allclose(fitted.predict(X), expected, atol=1e-9)

    @pytest.mark.parametrize("n_layers", [1, 2])
    def test_any_readout_closes_the_loop(self, n_layers):
        fitted = esn(n_units=10, n_layers=n_layers, feedback=True, readout=Ridge(1e-4)).fit(X, Y)
        expected = naive.closed_loop(
            layers_of(fitted), "tanh", fitted.feedback_weights_,
            lambda features: fitted.readout_.coef_ @ features + fitted.readout_.intercept_,
            X, np.zeros(10 * n_layers), np.zeros(2),
        )  # fmt: skip
        found, state = fitted.predict(X, return_state=True)
        np.testing.assert_allclose(found, expected, atol=1e-9)
        np.testing.assert_array_equal(state[-2:], found[-1])

    def test_compiled_and_stepwise_loops_agree(self):
        compiled = esn(feedback=True).fit(X, Y)
        stepwise = esn(feedback=True, readout=Ridge(1e-4)).fit(X, Y)
        found, state = compiled.predict(X[:50], return_state=True)
        again, same_state = stepwise.predict(X[:50], return_state=True)
        np.testing.assert_allclose(again, found, atol=1e-6)
        np.testing.assert_allclose(same_state, state, atol=1e-6)
        np.testing.assert_array_equal(state[-2:], found[-1])

    def test_generate_continues_on_the_own_output(self):
        fitted = esn(feedback=True).fit(X[:200], Y[:200])
        ahead = fitted.generate(50, X_future=X[200:250])
        again = fitted.generate(50, context=(X[:200], Y[:200]), X_future=X[200:250])
        np.testing.assert_allclose(again, ahead, atol=1e-10)

    @pytest.mark.parametrize("readout", [None, LogisticRegression()])
    def test_a_classifier_feeds_back_its_scores(self, readout):
        labels = np.where(X[:, 0] + np.roll(X[:, 1], 1) > 0, "up", "down")
        one_hot = (labels[:, None] == np.array(["down", "up"])).astype(float)
        fitted = ESNClassifier(
            n_units=10, feedback=True, readout=readout, alpha=1e-2, random_state=0
        ).fit(X, labels)
        forced = naive.deep_states(layers_of(fitted), "tanh", X, fitted.feedback_weights_, one_hot)
        features = np.hstack([forced, X])
        coef, intercept = naive.ridge(features, one_hot, 1e-2)
        logistic = LogisticRegression().fit(features, labels)

        def read(row):
            if readout is None:
                return coef @ row + intercept
            return logistic.predict_proba(row[None])[0]

        scores = naive.closed_loop(
            layers_of(fitted), "tanh", fitted.feedback_weights_, read, X, np.zeros(10), [0, 0]
        )
        positive = np.where(scores > 0, scores, 0)
        expected = positive / positive.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(fitted.predict_proba(X), expected, atol=1e-6)
        np.testing.assert_array_equal(fitted.predict(X) == "up", expected[:, 1] > 0.5)
        assert fitted.score(X, labels) > 0.8
        deaf = clone(fitted).set_params(feedback_scaling=0.0).fit(X, labels)
        assert abs(deaf.predict_proba(X) - expected).max() > 1e-3


class TestGenerate:
    WAVE = np.column_stack([np.sin(0.3 * np.arange(500)), np.cos(0.3 * np.arange(500))])

    @pytest.mark.parametrize("parameters", [{}, {"n_layers": 2}, {"readout": Ridge(1e-8)}])
    def test_outputs_become_inputs(self, parameters):
        wave = self.WAVE
        fitted = esn(alpha=1e-8, warmup=50, **parameters).fit(wave[:399], wave[1:400])
        ahead = fitted.generate(50, context=wave[300:400])
        np.testing.assert_allclose(ahead, wave[400:450], atol=0.05)
        by_hand, (output, state) = [], fitted.predict(wave[300:400], return_state=True)
        for _ in range(50):
            by_hand.append(output[-1])
            output, state = fitted.predict(output[-1:], initial_state=state, return_state=True)
        np.testing.assert_allclose(ahead, by_hand, atol=1e-8)

    def test_without_context_it_continues_the_training_data(self):
        wave = self.WAVE
        fitted = esn(alpha=1e-8, warmup=50).fit(wave[:399], wave[1:400])
        np.testing.assert_allclose(
            fitted.generate(20), fitted.generate(20, context=wave[:399]), atol=1e-10
        )

    def test_exogenous_columns_follow_those_of_the_series(self):
        wave = self.WAVE
        y, exogenous = wave[:, 0], wave[:, 1]
        rows = np.column_stack([y[:-1], exogenous[1:]])
        fitted = esn(alpha=1e-8, warmup=50).fit(rows[:399], y[1:400])
        ahead = fitted.generate(50, context=rows[300:399], X_future=exogenous[400:450, None])
        np.testing.assert_allclose(ahead, y[399:449], atol=0.05)
        by_hand, (output, state) = [], fitted.predict(rows[300:399], return_state=True)
        for value in exogenous[400:450]:
            by_hand.append(output[-1])
            row = [[output[-1], value]]
            output, state = fitted.predict(row, initial_state=state, return_state=True)
        np.testing.assert_allclose(ahead, by_hand, atol=1e-8)


class TestClassifier:
    def test_a_label_for_each_row(self):
        labels = np.where(np.roll(X[:, 0], 1) > 0, "up", "down")
        fitted = ESNClassifier(n_units=50, warmup=5, random_state=0).fit(X, labels)
        probabilities = fitted.predict_proba(X)
        assert fitted.score(X, labels) > 0.9
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        assert probabilities.min() >= 0
        np.testing.assert_array_equal(
            fitted.classes_[probabilities.argmax(axis=1)], fitted.predict(X)
        )

    def test_probabilities_of_noisy_labels(self):
        rng = np.random.default_rng(3)
        labels = np.where(X[:, 0] > 0, "up", rng.choice(["level", "down"], 300))
        alphas = [1e-9, 1e-3, 0.1, 1.0, 10.0, 100.0]
        fitted = ESNClassifier(n_units=40, alpha=alphas, random_state=0).fit(X, labels)
        one_hot = labels[:, None] == fitted.classes_
        apart = ESNRegressor(n_units=40, alpha=alphas, random_state=0).fit(X, one_hot)
        assert len(np.unique(apart.alpha_)) > 1  # on their own the classes would choose so
        assert len(np.unique(fitted.alpha_)) == 1
        for rows in (X, 1e3 * X):
            scores = rows_of_features(fitted, rows) @ fitted.coef_.T + fitted.intercept_
            np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)
            positive = np.where(scores > 0, scores, 0)
            assert (scores < 0).any()
            probabilities = fitted.predict_proba(rows)
            np.testing.assert_allclose(
                probabilities, positive / positive.sum(axis=1, keepdims=True), atol=1e-9
            )
            np.testing.assert_allclose(probabilities.sum(axis=1), 1)

    def test_the_score_of_interleaved_sequences(self):
        labels = np.where(np.roll(X[:, 0], 1) + X[:, 1] > 0, "up", "down")
        weight = np.random.default_rng(4).uniform(size=300)
        fitted = ESNClassifier(n_units=10, random_state=0).fit(X, labels, groups=MIXED)
        predicted = fitted.predict(X, groups=MIXED)
        expected = accuracy_score(labels, predicted, sample_weight=weight)
        assert 0.6 < expected < 1
        assert fitted.score(X, labels, groups=MIXED, sample_weight=weight) == pytest.approx(
            expected
        )

    def test_a_class_seen_only_within_the_warm_up(self):
        labels = np.where(X[:, 0] > 0, "up", "down").astype(object)
        labels[:5] = "rare"
        fitted = ESNClassifier(
            n_units=20, warmup=5, readout=LogisticRegression(), random_state=0
        ).fit(X, labels)
        assert list(fitted.classes_) == ["down", "rare", "up"]
        probabilities = fitted.predict_proba(X)
        assert not probabilities[:, 1].any()
        np.testing.assert_allclose(
            probabilities[:, [0, 2]],
            fitted.readout_.predict_proba(rows_of_features(fitted, X)),
        )
        np.testing.assert_array_equal(
            fitted.classes_[probabilities.argmax(axis=1)], fitted.predict(X)
        )
        looped = clone(fitted).set_params(feedback=True).fit(X, labels)
        assert looped.predict_proba(X).shape == (300, 3)
        assert "rare" not in looped.predict(X)

    def test_a_label_for_each_row_of_a_panel(self):
        labels = (X.reshape(3, 100, 2) > 0).any(axis=2, keepdims=True)
        fitted = ESNClassifier(n_units=20, random_state=0).fit(X.reshape(3, 100, 2), labels)
        assert fitted.predict(X.reshape(3, 100, 2)).shape == (3, 100)
        assert fitted.predict_proba(X.reshape(3, 100, 2)).shape == (3, 100, 2)

    def test_other_classifiers(self):
        labels = (X[:, 0] > 0).astype(int)
        fitted = ESNClassifier(n_units=20, readout=LogisticRegression(), random_state=0)
        assert fitted.fit(X, labels).score(X, labels) > 0.9
        assert fitted.predict_proba(X).shape == (300, 2)
        without = ESNClassifier(n_units=20, readout=SGDClassifier(), random_state=0)
        assert not hasattr(without, "predict_proba")

    def test_partial_fit(self):
        labels = (X[:, 0] > 0).astype(int)
        parts = ESNClassifier(n_units=20, random_state=0)
        parts.partial_fit(X[:10], labels[:10] * 0, classes=[0, 1])
        parts.partial_fit(X[10:], labels[10:])
        assert parts.score(X, labels) > 0.9
        other = ESNClassifier(n_units=20, readout=SGDClassifier(random_state=0), random_state=0)
        other.partial_fit(X, labels).partial_fit(X, labels)
        assert other.score(X, labels) > 0.8
        with pytest.raises(ValueError, match="name all classes in the first partial_fit"):
            parts.partial_fit(X, labels + 1)
        with pytest.raises(ValueError, match="classes must be those of the first call"):
            parts.partial_fit(X, labels, classes=[0, 1, 2])


class TestInScikitLearn:
    def test_grid_search_with_time_ordered_folds(self):
        grid = {"esnregressor__spectral_radius": [0.5, 0.9], "esnregressor__alpha": [1e-6, 1e-2]}
        search = GridSearchCV(
            make_pipeline(StandardScaler(), esn()), grid, cv=TimeSeriesSplit(3), n_jobs=2
        ).fit(X, Y)
        by_hand = []
        for found in search.cv_results_["params"]:
            parameters = {name.partition("__")[2]: value for name, value in found.items()}
            scores = []
            for train, test in TimeSeriesSplit(3).split(X):
                scaler = StandardScaler().fit(X[train])
                fitted = esn(**parameters).fit(scaler.transform(X[train]), Y[train])
                scores.append(r2_score(Y[test], fitted.predict(scaler.transform(X[test]))))
            by_hand.append(np.mean(scores))
        np.testing.assert_allclose(search.cv_results_["mean_test_score"], by_hand, atol=1e-6)
        assert search.best_index_ == np.argmax(by_hand)

    def test_named_scorer_with_sequences_in_a_multiindex(self):
        scaler = StandardScaler().set_output(transform="pandas")
        scores = cross_val_score(
            make_pipeline(scaler, esn()), panel(), Y[:, 0], groups=GROUPS, cv=GroupKFold(3),
            scoring="neg_mean_absolute_error",
        )  # fmt: skip
        by_hand = []
        for _, test in GroupKFold(3).split(X, groups=GROUPS):
            left_out = GROUPS[test[0]]
            others = [i for i in range(3) if i != left_out]
            scaled = StandardScaler().fit(np.vstack([PARTS[i] for i in others])).transform
            fitted = esn().fit(
                [scaled(PARTS[i]) for i in others], [Y_PARTS[i][:, 0] for i in others]
            )
            predicted = fitted.predict(scaled(PARTS[left_out]))
            by_hand.append(-mean_absolute_error(Y_PARTS[left_out][:, 0], predicted))
        np.testing.assert_allclose(scores, by_hand, atol=1e-9)

    def test_lists_in_cross_validation(self):
        scores = cross_val_score(esn(), [*PARTS, *PARTS], [*Y_PARTS, *Y_PARTS], cv=3)
        by_hand = []
        for test in ((0, 1), (2, 0), (1, 2)):  # of 0 1 2 0 1 2, two after two
            train = [i for pair in ((0, 1), (2, 0), (1, 2)) if pair != test for i in pair]
            fitted = esn().fit(
                np.vstack([PARTS[i] for i in train]),
                np.vstack([Y_PARTS[i] for i in train]),
                groups=np.repeat(range(4), [LENGTHS[i] for i in train]),
            )
            predicted = np.vstack([fitted.predict(PARTS[i]) for i in test])
            by_hand.append(r2_score(np.vstack([Y_PARTS[i] for i in test]), predicted))
        np.testing.assert_allclose(scores, by_hand, atol=1e-9)

    def test_cross_val_predict(self):
        predicted = cross_val_predict(esn(), X, Y, cv=3)
        of_sequences = cross_val_predict(esn(), panel(), Y, groups=GROUPS, cv=GroupKFold(3))
        for train, test in KFold(3).split(X):
            fitted = esn().fit(X[train], Y[train])
            np.testing.assert_allclose(predicted[test], fitted.predict(X[test]), atol=1e-9)
        for left_out in range(3):
            others = [i for i in range(3) if i != left_out]
            fitted = esn().fit([PARTS[i] for i in others], [Y_PARTS[i] for i in others])
            expected = fitted.predict(PARTS[left_out])
            np.testing.assert_allclose(of_sequences[left_out == GROUPS], expected, atol=1e-9)

    def test_column_transformer_and_target_transformer(self):
        frame = pd.DataFrame(X, columns=["a", "b"])
        columns = ColumnTransformer(
            [("states", ESNTransformer(n_units=4, random_state=0), ["a"])], remainder="passthrough"
        ).set_output(transform="pandas")
        out = columns.fit_transform(frame)
        assert list(out.columns) == [
            *(f"states__unit{i}" for i in range(4)), "states__a", "remainder__b",
        ]  # fmt: skip
        wrapped = TransformedTargetRegressor(esn(), transformer=StandardScaler())
        assert wrapped.fit(X, Y[:, 0]).predict(X).shape == (300,)

    def test_set_output_keeps_the_index(self):
        frame = pd.DataFrame(X, columns=["a", "b"], index=pd.date_range("2020", periods=300))
        out = ESNTransformer(n_units=3).set_output(transform="pandas").fit_transform(frame)
        assert out.index.equals(frame.index)
        assert list(out.columns) == ["unit0", "unit1", "unit2", "a", "b"]

    def test_feature_names_of_stacks(self):
        names = ESNTransformer(n_units=1, n_layers=2, bidirectional=True).fit(X)
        assert list(names.get_feature_names_out()) == [
            "layer0_unit0", "layer1_unit0", "backward_layer0_unit0", "backward_layer1_unit0",
            "x0", "x1",
        ]  # fmt: skip

    def test_groups_are_routed(self):
        with config_context(enable_metadata_routing=True):
            model = esn().set_fit_request(groups=True).set_predict_request(groups=True)
            pipe = make_pipeline(StandardScaler(), model).fit(X, Y, groups=GROUPS)
            routed = pipe.predict(X, groups=GROUPS)
        scaled = StandardScaler().fit_transform(X)
        direct = esn().fit(scaled, Y, groups=GROUPS).predict(scaled, groups=GROUPS)
        np.testing.assert_allclose(routed, direct, atol=1e-10)

    def test_copies_predict_the_same(self):
        fitted = esn(alpha=[1e-6, 1e-2]).fit(X, Y)
        for twin in (copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted))):
            np.testing.assert_array_equal(twin.predict(X), fitted.predict(X))
        np.testing.assert_array_equal(clone(fitted).fit(X, Y).coef_, fitted.coef_)

    @pytest.mark.parametrize("backend", ["loky", "threading"])
    def test_in_joblib(self, backend):
        fits = Parallel(n_jobs=2, backend=backend)(
            delayed(esn(random_state=seed).fit)(X, Y) for seed in range(4)
        )
        for seed, fitted in enumerate(fits):
            np.testing.assert_allclose(
                fitted.coef_, esn(random_state=seed).fit(X, Y).coef_, atol=1e-12
            )

    def test_progress_is_shown(self, capsys):
        esn(verbose=True).fit(X, Y)
        assert "300/300" in capsys.readouterr().err


def diverging():
    return esn(activation="identity", spectral_radius=3.0)


def long_walk(rows=2000):
    return RNG.normal(size=(rows, 2))


FRAME = pd.DataFrame({"y": Y[:, 0], "a": X[:, 0], "b": X[:, 1]})
BAD_FITS = {
    "features": (lambda: esn().fit(X, Y).predict(X[:, :1]), "X has 1 features, but ESNRegressor"),
    "strings": (
        lambda: esn().fit(pd.DataFrame({"a": list("xy"), "b": [1, 2]}), [1, 2]),
        r"got column\(s\) a of another type",
    ),
    "infinite": (lambda: esn().fit(np.where(X > 0.49, np.inf, X), Y), "X contains infinity"),
    "nan": (lambda: esn().fit(np.where(X > 0.49, np.nan, X), Y), "X contains NaN"),
    "all targets nan": (lambda: esn().fit(X, np.full(300, np.nan)), "no rows to fit"),
    "warmup": (lambda: esn(warmup=60).fit(PARTS, Y_PARTS), "got warmup=60 and a sequence of 60"),
    "empty": (lambda: esn().fit(np.empty((0, 2)), []), "0 sample"),
    "empty list": (lambda: esn().fit([], []), "got an empty list"),
    "one row": (lambda: esn().fit(X[:1], Y[:1]), "1 sample"),
    "one dimension": (lambda: esn().fit(X[:, 0], Y), "Expected 2D array"),
    "lengths": (lambda: esn().fit(X, Y[:-1]), "y has 299, X has 300 rows"),
    "groups": (lambda: esn().fit(X, Y, groups=[1, 2]), "groups must name the sequence"),
    "weights": (lambda: esn().fit(X, Y, sample_weight=[1, 2]), r"expected \(300,\)"),
    "negative weights": (lambda: esn().fit(X, Y, sample_weight=-np.ones(300)), "[Nn]egative"),
    "alpha": (lambda: esn(alpha=-1).fit(X, Y), "alpha"),
    "alphas": (lambda: esn(alpha=[1, -1]).fit(X, Y), "alpha"),
    "alpha array": (lambda: esn(alpha=np.ones(3)).fit(X, Y), "list"),
    "complex": (lambda: esn().fit(X + 1j, Y), "^Complex data not supported: .*as columns.$"),
    "text in an array": (
        lambda: esn().fit(np.array([["1", "x"]] * 9, object), Y[:9]), "'x'; encode or drop"
    ),
    "where nan": (lambda: esn().fit(np.where(X[7, 1] == X, np.nan, X), Y), "row 7, column 1;"),
    "where infinite": (lambda: esn().fit(np.where(X[7, 1] == X, np.inf, X), Y), "row 7, column 1;"),
    "too large": (lambda: esn(dtype="float32").fit(X * 1e300, Y), "too large for float32, first"),
    "leak": (lambda: esn(leak_rate=np.ones(3)).fit(X, Y), r"shape \(n_units,\) = \(30,\)"),
    "leak range": (lambda: esn(leak_rate=np.zeros(30)).fit(X, Y), r"must lie in \(0, 1\]"),
    "nilpotent": (lambda: esn(topology="delay_line").fit(X, Y), "spectral_radius=None"),
    "matrix": (lambda: esn(topology=np.eye(3)).fit(X, Y), "30"),
    "input matrix": (lambda: esn(input_weights=np.eye(3)).fit(X, Y), r"\(30, 2\)"),
    "misspelt": (lambda: esn(topology="ring").fit(X, Y), "'topology' parameter of ESNRegressor"),
    "type": (lambda: esn(n_units=1.5).fit(X, Y), "'n_units' parameter"),
    "bidirectional carry": (
        lambda: esn(bidirectional=True, predict_state="carry").fit(X, Y),
        "bidirectional must be False with predict_state='carry'",
    ),
    "bidirectional feedback": (
        lambda: esn(bidirectional=True, feedback=True).fit(X, Y),
        "bidirectional must be False with feedback=True",
    ),
    "bidirectional state": (
        lambda: esn(bidirectional=True).fit(X, Y).predict(X, initial_state=np.zeros(30)),
        "initial_state must be None",
    ),
    "bidirectional generate": (
        lambda: esn(bidirectional=True).fit(X, X).generate(3), "bidirectional=False"
    ),
    "feedback nan": (
        lambda: esn(feedback=True).fit(X, np.where(Y > 0.4, np.nan, Y)), "every target is fed back"
    ),
    "feedback per sequence": (
        lambda: esn(feedback=True).fit(PARTS, [1, 2, 3]), "feedback must be False"
    ),
    "state": (
        lambda: esn().fit(X, Y).predict(X, initial_state=np.zeros(3)), r"n_state\) = \(1, 30\)"
    ),
    "carry": (
        lambda: esn(predict_state="carry").fit(PARTS, Y_PARTS).predict(X), "3 sequence.* got 1"
    ),
    "partial outputs": (
        lambda: esn().fit(X, Y).partial_fit(X, Y[:, 0]), r"2 output\(s\) as in fit, got 1"
    ),
    "partial kind": (
        lambda: esn().fit(PARTS, [1, 2, 3]).partial_fit(X, Y[:, 0]), "y must be given as before"
    ),
    "partial readout": (
        lambda: esn(readout=Ridge()).partial_fit(X, Y), "has no attribute 'partial_fit'"
    ),
    "merge": (lambda: esn().fit(X, Y).merge(esn(random_state=1).fit(X, Y)), "same weights"),
    "merge readout": (
        lambda: esn(readout=Ridge()).fit(X, Y).merge(esn().fit(X, Y)), "readout=None"
    ),
    "merge type": (
        lambda: esn().fit(X, Y).merge(ESNClassifier().fit(X, X[:, 0] > 0)),
        "other must be another ESNRegressor, got ESNClassifier",
    ),
    "merge rows and sequences": (
        lambda: esn().fit(X, Y[:, 0]).merge(esn().fit(PARTS, [1, 2, 3])),
        "targets of the same kind",
    ),
    "merge outputs": (
        lambda: esn().fit(X, Y).merge(esn().fit(X, Y[:, 0])), "targets of the same kind"
    ),
    "merge classes": (
        lambda: ESNClassifier(n_units=9, random_state=0).fit(X, X[:, 0] > 0).merge(
            ESNClassifier(n_units=9, random_state=0).fit(X, np.where(X[:, 0] > 0, "a", "b"))
        ),
        "with the same outputs or classes",
    ),
    "weights of a list": (
        lambda: esn().fit(PARTS, Y_PARTS, sample_weight=[np.ones(n) for n in (60, 100, 139)]),
        r"sample_weight must have .* got lengths 60, 100, 139 for sequences of lengths 60",
    ),
    "weights of too few sequences": (
        lambda: esn().fit(PARTS, Y_PARTS, sample_weight=[np.ones(n) for n in LENGTHS[:2]]),
        r"sample_weight must have .* got lengths 60, 100 for sequences of lengths 60",
    ),
    "swapped columns to come": (
        lambda: esn().fit(FRAME, FRAME["y"]).generate(3, X_future=FRAME[["b", "a"]][:3]),
        r"X_future must have the columns \['a', 'b'\] in this order, got \['b', 'a'\]",
    ),
    "swapped columns to come with feedback": (
        lambda: esn(feedback=True).fit(FRAME[["a", "b"]], FRAME["y"]).generate(
            3, X_future=FRAME[["b", "a"]][:3]
        ),
        "Feature names must be in the same order",
    ),
    "pandas output of a list": (
        lambda: ESNTransformer().set_output(transform="pandas").fit_transform(PARTS),
        "needs rows, got a list or a 3-D array",
    ),
    "pandas output of a list later": (
        lambda: ESNTransformer().set_output(transform="pandas").fit(PARTS).transform(PARTS),
        "needs rows, got a list or a 3-D array",
    ),
    "carry too late": (
        lambda: ESNTransformer().fit(X).set_params(predict_state="carry").transform(X),
        "predict_state='carry' must be set before fit",
    ),
    "generate steps": (lambda: esn().fit(X, X).generate(0), "n_steps must be a positive integer"),
    "generate outputs": (
        lambda: esn().fit(X[:, :1], Y).generate(3), "the outputs among the inputs"
    ),
    "generate future": (lambda: esn().fit(X, Y[:, 0]).generate(3), "X_future must hold the 1"),
    "generate future shape": (
        lambda: esn().fit(X, Y[:, 0]).generate(3, X_future=[[1.0]]), r"got \(1, 1\)"
    ),
    "generate context": (lambda: esn().fit(PARTS, Y_PARTS).generate(3), "context must be given"),
    "generate sequences": (
        lambda: esn().fit(X, X).generate(3, context=PARTS), "context must be one sequence"
    ),
    "generate pair": (
        lambda: esn(feedback=True).fit(X, Y).generate(3, context=X, X_future=X[:3]),
        "must be a pair",
    ),
    "generate pair shape": (
        lambda: esn(feedback=True).fit(X, Y).generate(3, context=(X, Y[:5]), X_future=X[:3]),
        r"must have shape \(300, 2\)",
    ),
    "one class": (lambda: ESNClassifier().fit(X, np.zeros(300)), "1 class"),
    "classes": (lambda: ESNClassifier().fit(X, Y[:, 0]), "Unknown label type"),
    "no target": (lambda: esn().fit(X, None), "requires y to be passed"),
    "no labels": (lambda: ESNClassifier().fit(X, None), "requires y to be passed"),
    "readout weights": (
        lambda: esn(readout=_NoWeights()).fit(X, Y, sample_weight=np.ones(300)), "takes none"
    ),
}  # fmt: skip


class _NoWeights:
    def fit(self, X, y):
        return self

    def predict(self, X):
        return X[:, 0]

    def get_params(self, deep=True):
        return {}


@pytest.mark.parametrize("case", BAD_FITS)
def test_refusals(case):
    action, message = BAD_FITS[case]
    with pytest.raises((ValueError, TypeError, AttributeError), match=message):
        action()


def test_unfitted():
    for action in (
        lambda: esn().predict(X),
        lambda: esn().generate(3),
        lambda: ESNTransformer().transform(X),
        lambda: ESNClassifier().predict_proba(X),
        lambda: esn().recurrent_weights_,
    ):
        with pytest.raises(NotFittedError, match="not fitted yet"):
            action()


def test_divergence_is_named():
    with pytest.raises(FloatingPointError, match="left the finite numbers at step 6"):
        diverging().fit(long_walk(), np.zeros(2000))
    fitted = esn(activation="identity", spectral_radius=0.5).fit(X[:-1], 3 * X[1:] + X[:-1])
    fitted.coef_ = fitted.coef_ * 0 + 5.0
    with pytest.raises(FloatingPointError, match=r"closed loop diverged.* at step [0-9]+ of 3000"):
        fitted.generate(3000)


def test_divergence_with_feedback_is_named():
    fitted = esn(activation="identity", feedback=True).fit(X, Y)
    fitted.coef_ = fitted.coef_ * 0 + 5.0
    with pytest.raises(FloatingPointError, match="closed loop diverged"):
        fitted.predict(long_walk(3000))


class TestWarnings:
    def of(self, action):
        """Return the warnings of an action, all of which must point into this file."""
        with warnings.catch_warnings(record=True) as record:
            warnings.simplefilter("always")
            action()
        assert {warning.filename for warning in record} <= {__file__}
        return [str(warning.message) for warning in record]

    def test_a_single_row_from_rest(self):
        fitted = esn().fit(X, Y)
        for rest in (fitted.predict, make_pipeline(fitted).predict):
            (message,) = self.of(lambda rest=rest: rest(X[:1]))
            assert message.startswith("A single row is predicted from rest")
        (message,) = self.of(
            lambda: ESNClassifier(n_units=5).fit(X, X[:, 0] > 0).predict_proba(X[:1])
        )
        assert message.startswith("A single row is predicted from rest")

    @pytest.mark.parametrize(
        "action",
        [
            lambda: esn().fit(X, Y).predict(X[:1], return_state=True),
            lambda: esn().fit(X, Y).predict(X[:1], initial_state=np.zeros(30)),
            lambda: esn(predict_state="carry").fit(X, Y).predict(X[:1]),
            lambda: esn().fit(X, Y).predict([X[:1]]),
            lambda: esn().fit(X, Y).predict(X[:2]),
        ],
    )
    def test_a_single_row_with_a_memory(self, action):
        assert self.of(action) == []

    def test_unknown_targets(self):
        unknown = np.where(np.arange(300) < 7, np.nan, X[:, 0])
        pipe = make_pipeline(StandardScaler(), esn())
        for model in (esn(), esn(readout=Ridge()), pipe):
            (message,) = self.of(lambda model=model: model.fit(X, unknown))
            assert message.startswith("7 of 300 targets are NaN")
        (message,) = self.of(lambda: esn().partial_fit(X, unknown))
        assert message.startswith("7 of 300 targets are NaN")


class TestMemory:
    """Features of a row take 1600 bytes and more; what a row costs must stay far below."""

    N_UNITS = 200

    def of_a_row(self, action):
        """Return by how many bytes the peak of an action grows with each further row."""
        action(X[:, :1])  # imports and compiles
        peaks = []
        for n_rows in (4_000, 12_000):
            inputs = np.random.default_rng(0).uniform(-0.5, 0.5, (n_rows, 1))
            tracemalloc.start()
            action(inputs)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        return (peaks[1] - peaks[0]) / 8_000

    @pytest.fixture(autouse=True)
    def _small_blocks(self, monkeypatch):
        monkeypatch.setattr(*SMALL_BLOCKS)

    @pytest.mark.parametrize(
        "parameters", [{"alpha": 1.0}, {"alpha": 1e-13}, {"feedback": True}, {"n_layers": 2}]
    )
    def test_a_fit(self, parameters):
        model = esn(n_units=self.N_UNITS, **parameters)
        assert self.of_a_row(lambda inputs: model.fit(inputs, inputs)) < 200

    def test_a_fit_to_one_target_for_each_sequence(self):
        model = esn(n_units=self.N_UNITS)
        assert self.of_a_row(lambda inputs: model.fit(inputs.reshape(4, -1, 1), range(4))) < 200

    @pytest.mark.parametrize("feedback", [False, True])
    def test_a_prediction(self, feedback):
        model = esn(n_units=self.N_UNITS, feedback=feedback).fit(X[:, :1], Y[:, 0])
        assert self.of_a_row(model.predict) < 200

    def test_the_measure_can_fail(self):
        transformer = ESNTransformer(n_units=self.N_UNITS, random_state=0).fit(X[:, :1])
        assert self.of_a_row(transformer.transform) > 1600


class TestBlocks:
    """A series that comes in blocks: from a generator, a memory map, a reader of a file."""

    def test_a_series_in_chunks_of_a_file(self, tmp_path):
        table = pd.DataFrame(np.column_stack([X, Y[:, 0]]), columns=["a", "b", "y"])
        path = tmp_path / "series.csv"
        table.to_csv(path, index=False)
        fitted = esn(predict_state="carry", warmup=30)
        with pd.read_csv(path, chunksize=70) as chunks:
            for chunk in chunks:
                fitted.partial_fit(chunk[["a", "b"]].to_numpy(), chunk["y"])
        whole = esn(predict_state="carry", warmup=30).fit(X, Y[:, 0])
        np.testing.assert_allclose(fitted.coef_, whole.coef_, atol=1e-8)

    def test_a_memory_map(self, tmp_path):
        np.save(tmp_path / "series.npy", X)
        mapped = np.load(tmp_path / "series.npy", mmap_mode="r")
        whole = esn().fit(mapped, Y)
        np.testing.assert_array_equal(whole.coef_, esn().fit(X, Y).coef_)
        parts = esn(predict_state="carry")
        for start in range(0, 300, 60):
            parts.partial_fit(mapped[start : start + 60], Y[start : start + 60])
        np.testing.assert_allclose(parts.coef_, whole.coef_, atol=1e-8)

    def test_memory_does_not_grow_with_the_series(self, monkeypatch):
        monkeypatch.setattr("reservoir.estimators._reservoir.BLOCK_SIZE", 2**18)
        peaks = []
        for n_rows in (20_000, 100_000):
            rows = np.random.default_rng(0).uniform(-1, 1, (n_rows, 1))
            tracemalloc.start()
            esn(n_units=100).fit(rows, rows[:, 0])
            peaks.append(tracemalloc.get_traced_memory()[1] - 40 * n_rows)
            tracemalloc.stop()
        assert peaks[1] < 1.2 * peaks[0] + 2**20
