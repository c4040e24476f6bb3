"""Networks trained by gradient, as estimators."""

import os
import pickle
import signal
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reservoir import LSTMClassifier, LSTMRegressor, RNNClassifier, RNNRegressor
from reservoir.cells import LSTM, Elman
from reservoir.training._bptt import batch_gradient
from reservoir.training._trees import views
from reservoir.training.losses import Quantile
from tests.naive_cells import TWINS
from tests.test_cells import differences

WAVE = np.sin(0.3 * np.arange(400.0))[:, None]
X, Y = WAVE[:-1], WAVE[1:, 0]


def small(estimator=RNNRegressor, **settings):
    return estimator(**{"n_units": 6, "max_iter": 3, "random_state": 0, **settings})


def sequences(n=12, seed=0, shortest=4, longest=15):
    rng = np.random.default_rng(seed)
    X = [rng.normal(size=(k, 2)) for k in rng.integers(shortest, longest, n)]
    return X, [x.cumsum(0)[:, :1] for x in X]


def weights_of(estimator):
    return estimator._vector


@pytest.mark.parametrize("cell", ["elman", "jordan", "fully_recurrent", "leaky", "gru", "lstm"])
def test_every_cell_learns_a_wave(cell):
    rnn = RNNRegressor(cell=cell, n_units=12, max_iter=60, random_state=0).fit(X[:300], Y[:300])
    assert rnn.score(X, Y) > 0.95
    assert rnn.loss_curve_[-1] < rnn.loss_curve_[0] / 5
    assert rnn.n_iter_ == len(rnn.loss_curve_) <= 60


@pytest.mark.parametrize("form", ["list", "array", "groups", "frame"])
def test_forms_of_sequences_give_the_same(form):
    parts, targets = sequences(6, shortest=8, longest=9)
    expected = small().fit(parts, targets)
    predicted = np.concatenate(expected.predict(parts))
    names = np.repeat(range(6), 8)
    given_X, given_y, kw = {
        "list": (parts, targets, {}),
        "array": (np.stack(parts), np.stack(targets), {}),
        "groups": (np.concatenate(parts), np.concatenate(targets), {"groups": names}),
        "frame": (
            pd.DataFrame(
                np.concatenate(parts), columns=["a", "b"],
                index=pd.MultiIndex.from_arrays([names, np.tile(range(8), 6)]),
            ),
            np.concatenate(targets),
            {},
        ),
    }[form]  # fmt: skip
    rnn = small().fit(given_X, given_y, **kw)
    np.testing.assert_array_equal(weights_of(rnn), weights_of(expected))
    found = rnn.predict(given_X, **kw)
    assert len(found) == len(given_X)
    np.testing.assert_array_equal(np.reshape(np.concatenate(list(found)), -1), predicted[:, 0])


def test_sequences_of_different_lengths_do_not_see_each_other():
    parts, targets = sequences()
    rnn = small(bidirectional=True, n_layers=2).fit(parts, targets)
    together = rnn.predict(parts)
    for part, whole in zip(parts, together, strict=True):
        np.testing.assert_allclose(rnn.predict([part])[0], whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("pooling", ["last", "mean"])
def test_one_target_for_each_sequence(pooling):
    parts, targets = sequences(60)
    y = np.array([t[-1, 0] for t in targets])
    rnn = small(pooling=pooling, n_units=16, max_iter=150, cell="gru").fit(parts, y)
    assert rnn.predict(parts).shape == (60,)
    assert rnn.score(parts, y) > (0.9 if pooling == "last" else 0.7)


def test_a_delayed_sequence():
    rng = np.random.default_rng(0)
    u = rng.uniform(-1, 1, (1500, 1))
    ahead = np.r_[u[3:, 0], 0, 0, 0]  # what is to come: only a delay makes it known
    rnn = small(delay=3, n_units=16, max_iter=60, learning_rate_init=0.01).fit(u, ahead)
    assert rnn.score(u, ahead) > 0.9
    assert rnn.predict(u).shape == (1500,)
    assert small(n_units=16, max_iter=60).fit(u, ahead).score(u, ahead) < 0.2


def test_a_sequence_from_one_input():
    inputs = np.linspace(0.5, 1.5, 8)[:, None]
    waves = np.stack([np.sin(0.3 * a * np.arange(20))[:, None] for a in inputs[:, 0]])
    rnn = small(
        cell="gru", n_units=24, max_iter=800, learning_rate_init=0.01, learning_rate="cosine",
        tol=0, n_iter_no_change=800,
    )  # fmt: skip
    rnn.fit(inputs, waves)
    assert rnn.predict(inputs).shape == (8, 20, 1)
    assert np.mean((rnn.predict(inputs) - waves) ** 2) < 0.1 * waves.var()
    assert rnn.predict(inputs[:2], n_steps=7).shape == (2, 7, 1)
    with pytest.raises(ValueError, match="one row for each sequence of y, got 7 rows for 8"):
        rnn.fit(inputs[:7], waves)


def test_sequences_of_different_lengths_from_one_input():
    rows = np.linspace(-1, 1, 12)[:, None]
    targets = [np.outer(np.linspace(1, 0, 3 + i % 4), x) for i, x in enumerate(rows)]
    rnn = small(max_iter=80, learning_rate_init=0.02).fit(rows, targets)
    lengths = [len(each) for each in targets]
    found = rnn.predict(rows, n_steps=lengths)
    assert [each.shape for each in found] == [(n, 1) for n in lengths]
    np.testing.assert_allclose(
        np.concatenate([each[:n] for each, n in zip(rnn.predict(rows), lengths, strict=True)]),
        np.concatenate(found),
        atol=1e-6,
    )
    y, p = np.concatenate(targets), np.concatenate(found)
    assert rnn.score(rows, targets) == pytest.approx(1 - np.mean((y - p) ** 2) / np.var(y))
    for wrong in (0, -1, 1.5, [3, 4], True):
        with pytest.raises(ValueError, match="n_steps must be a positive integer, or one for each"):
            rnn.predict(rows, n_steps=wrong)
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        rnn.predict(rows[:, 0])
    with pytest.raises(ValueError, match="without groups or a MultiIndex where a sequence is made"):
        rnn.predict(rows, groups=np.arange(12))
    with pytest.raises(ValueError, match="sequences of one row at least, got none at position 1"):
        small().fit(rows[:2], [targets[0], targets[0][:0]])
    frame = pd.DataFrame(np.hstack([rows, -rows]), columns=["a", "b"])
    named = small().fit(frame, targets)
    assert named.feature_names_in_.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="feature names"):
        named.predict(frame[["b", "a"]])
    assert len(named.partial_fit(frame[:2], targets[:2]).predict(frame[:1])[0]) == 6


@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_what_grows_behind_a_short_sequence_does_no_harm(activation):
    parts, targets = [np.ones((3, 1)), np.zeros((400, 1))], [np.zeros((3, 1)), np.zeros((400, 1))]
    settings = {"max_iter": 1, "batch_size": 2, "bptt_steps": None, "learning_rate_init": 1e-6}
    rnn = small(cell=Elman(activation), n_units=1, warm_start=True, **settings)
    rnn.fit(parts, targets)
    rnn._vector[:] = 3  # each step that sees ones makes the state three times as large
    weights = views(rnn._template, rnn._vector)
    for silent in (weights.layers[0][0].cell.bias, weights.output.bias):
        silent[:] = 0  # the long sequence stays at rest
    weights.layers[0][0].initial_state[:] = 0
    rnn.fit(parts, targets)
    assert np.isfinite(rnn.loss_)
    assert np.isfinite(weights_of(rnn)).all()


def test_the_loop_is_closed_by_generate():
    wave = np.sin(0.3 * np.arange(600.0))[:, None]
    lstm = LSTMRegressor(n_units=8, max_iter=60, learning_rate="cosine", random_state=0)
    lstm.fit(wave[:499], wave[1:500])
    ahead = lstm.generate(30, context=wave[:500])
    assert ahead.shape == (30, 1)
    rows = wave[:500]
    for value in ahead:  # the same by predictions alone
        np.testing.assert_allclose(lstm.predict(rows)[-1], value, atol=1e-4)
        rows = np.vstack([rows, value])
    season = np.cos(0.3 * np.arange(600.0))[:, None]
    frame = pd.DataFrame(np.hstack([wave, season]), columns=["wave", "season"])
    both = LSTMRegressor(n_units=8, max_iter=60, random_state=0)
    both.fit(frame[:499], wave[1:500, 0])
    future = frame[["season"]][500:530]
    assert both.generate(30, context=frame[:500], X_future=future).shape == (30,)
    with pytest.raises(ValueError, match="X_future must hold the 1 input column"):
        both.generate(30, context=frame[:500])
    with pytest.raises(ValueError, match=r"X_future must have the columns \['season'\]"):
        both.generate(30, context=frame[:500], X_future=frame[["wave"]][:30])
    with pytest.raises(ValueError, match="X_future must have shape"):
        both.generate(30, context=frame[:500], X_future=future[:9])
    with pytest.raises(ValueError, match="n_steps must be a positive integer, got 0"):
        lstm.generate(0, context=wave)
    with pytest.raises(ValueError, match="context must hold the rows before the first step"):
        lstm.generate(3)
    with pytest.raises(ValueError, match="got logits; fit with another loss"):
        small(loss="binary_cross_entropy").fit(X**2, X[:, 0] ** 2).generate(3, context=X)
    with pytest.raises(ValueError, match="context must be one sequence"):
        lstm.generate(3, context=[wave, wave])
    with pytest.raises(ValueError, match="got 'jordan', with which predict closes the loop"):
        small(cell="jordan").fit(X, Y).generate(3, context=X)
    with pytest.raises(ValueError, match="needs the outputs among the inputs, got 2"):
        small().fit(X, np.c_[Y, Y]).generate(3, context=X)
    with pytest.raises(ValueError, match="generate needs an output at each step"):
        small(delay=1).fit(X, Y).generate(3, context=X)
    wild = small(cell=Elman("identity")).fit(X, Y)
    wild._vector[:] = 30
    with pytest.raises(FloatingPointError, match=r"closed loop diverged: .* at step \d+ of 500"):
        wild.generate(500, context=X[:2])


def test_both_directions_see_what_is_to_come():
    rng = np.random.default_rng(0)
    parts = [rng.uniform(-1, 1, (20, 1)) for _ in range(40)]
    targets = [np.r_[x[1:], [[0]]] for x in parts]
    truth = np.concatenate(targets)
    both = small(bidirectional=True, n_units=8, max_iter=120, learning_rate_init=0.01)
    one = clone(both).set_params(bidirectional=False, n_units=16)
    errors = [
        np.mean((np.concatenate(model.fit(parts, targets).predict(parts)) - truth) ** 2)
        for model in (both, one)
    ]
    assert errors[0] < errors[1] / 4


def test_classes_probabilities_and_weights():
    t = np.arange(30)
    parts = [np.sin(w * t + p)[:, None] for w in (0.2, 0.5, 0.9) for p in range(8)]
    labels = np.repeat(["slow", "middle", "fast"], 8)
    for estimator in (RNNClassifier, LSTMClassifier):
        model = small(estimator, n_units=12, max_iter=120, class_weight="balanced")
        model.fit(parts, labels)
        assert model.score(parts, labels) > 0.9
        probability = model.predict_proba(parts)
        np.testing.assert_allclose(probability.sum(1), 1)
        assert (model.classes_[probability.argmax(1)] == model.predict(parts)).all()
    two = small(RNNClassifier, max_iter=80).fit(parts[:16], labels[:16] == "slow")
    assert two.predict_proba(parts).shape == (24, 2)
    assert two.predict(parts).dtype == bool


def test_class_weights_and_sample_weights_are_the_same_thing():
    parts, _ = sequences(20)
    labels = np.array([0, 1, 1, 1] * 5)
    by_class = small(LSTMClassifier, class_weight={0: 3.0, 1: 1.0}).fit(parts, labels)
    by_sample = small(LSTMClassifier).fit(parts, labels, sample_weight=np.where(labels, 1.0, 3.0))
    np.testing.assert_array_equal(weights_of(by_class), weights_of(by_sample))
    balanced = small(LSTMClassifier, class_weight="balanced").fit(parts, labels)
    np.testing.assert_allclose(weights_of(balanced), weights_of(by_sample), atol=1e-5)


def test_rows_without_weight_or_target_do_not_count():
    y = Y.copy()
    y[50:80] = 1e6
    weight = np.ones(len(y))
    weight[50:80] = 0
    weighted = small().fit(X, y, sample_weight=weight)
    y[50:80] = np.nan
    with pytest.warns(UserWarning, match="30 of 399 targets are NaN"):
        unknown = small().fit(X, y)
    np.testing.assert_array_equal(weights_of(weighted), weights_of(unknown))


def test_state_goes_on_where_it_ended():
    for cell in ("elman", "lstm", "jordan"):
        rnn = small(cell=cell).fit(X, Y)
        first, state = rnn.predict(X[:100], return_state=True)
        rest = rnn.predict(X[100:], initial_state=state)
        np.testing.assert_allclose(np.r_[first, rest], rnn.predict(X), atol=1e-6)
        step = rnn.stream()
        streamed = [step(row)[0] for row in X]
        np.testing.assert_allclose(streamed, rnn.predict(X), atol=1e-5)


@pytest.mark.parametrize("cell", ["elman", "jordan", "fully_recurrent", "leaky", "gru", "lstm"])
def test_a_stream_gives_what_predict_gives(cell):
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    layers = {} if cell in ("jordan", "fully_recurrent") else {"n_layers": 2}
    rnn = small(cell=cell, dtype="float64", **layers).fit(inputs, targets)
    step = rnn.stream()
    streamed = np.array([step(row) for row in inputs])
    np.testing.assert_allclose(streamed, rnn.predict(inputs), rtol=1e-12, atol=1e-13)
    with pytest.raises(ValueError, match=r"a row must hold 3 feature\(s\) as in fit, got 2"):
        step(inputs[0, :2])


@pytest.mark.parametrize("form", ["per step", "last", "both directions"])
def test_outputs_do_not_depend_on_threads(form, monkeypatch):
    parts, targets = sequences(40)
    if form == "last":
        targets = np.array([target[-1, 0] for target in targets])
    rnn = small(LSTMRegressor, bidirectional=form == "both directions").fit(parts, targets)
    found = []
    for n in (1, 2, 5):
        monkeypatch.setattr("reservoir.kernels._threads.n_threads", lambda n=n: n)
        found.append(np.concatenate([np.ravel(each) for each in rnn.predict(parts)]))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    alone = np.concatenate([np.ravel(rnn.predict([part])[0]) for part in parts])
    np.testing.assert_allclose(found[0], alone, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_units", 7),
        ("n_layers", 2),
        ("bidirectional", True),
        ("cell", "gru"),
        ("dtype", "float64"),
    ],
)
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_network_that_goes_on_stays_what_it_is(name, value, method):
    rnn = small(warm_start=True).fit(X, Y)
    weights = weights_of(rnn)
    rnn.set_params(**{name: value})
    with pytest.raises(ValueError, match=f"{name} must stay .* set warm_start=False"):
        getattr(rnn, method)(X, Y)
    np.testing.assert_array_equal(weights_of(rnn), weights)
    rnn.set_params(warm_start=False).fit(X, Y)


def test_early_stopping_needs_something_to_be_judged_by():
    y = Y.copy()
    y[-60:] = np.nan
    with (
        pytest.warns(UserWarning, match="60 of 399 targets are NaN"),
        pytest.raises(ValueError, match="early_stopping must leave targets to be judged by"),
    ):
        small(early_stopping=True).fit(X, y)
    with pytest.raises(ValueError, match="early_stopping must leave targets to be judged by"):
        small(early_stopping=True).fit([X], [1.0])


def test_weights_count_between_batches():
    weight = np.where(np.arange(len(X)) < 200, 1.0, 1000.0)
    settings = {"bptt_steps": 50, "batch_size": 1, "shuffle": False}
    plain, weighted = small(**settings).fit(X, Y), small(**settings).fit(X, Y, sample_weight=weight)
    assert np.abs(plain.predict(X) - weighted.predict(X)).max() > 1e-3
    equal = small(**settings).fit(X, Y, sample_weight=np.full(len(X), 3.0))
    np.testing.assert_array_equal(weights_of(equal), weights_of(plain))


def test_weights_that_failed_are_not_kept():
    rnn = small(
        activation="identity", n_units=9, bptt_steps=None, clip_norm=None, solver="sgd",
        learning_rate_init=0.2, max_iter=200, n_iter_no_change=1000,
    )  # fmt: skip
    with pytest.raises(FloatingPointError, match="the last weights for which it was finite"):
        rnn.fit(X, Y)
    assert rnn.n_iter_ > 0
    assert np.isfinite(rnn.predict(X)).all()


def test_the_rows_of_the_warmup_do_not_count_however_late_the_output():
    y = Y.copy()
    y[:5] = 10
    kept, changed = (small(delay=5, warmup=5).fit(X, target) for target in (Y, y))
    np.testing.assert_array_equal(weights_of(kept), weights_of(changed))
    parts, targets = sequences(6, shortest=9)
    changed_targets = [np.r_[target[:3] + 5, target[3:]] for target in targets]
    settings = {"early_stopping": True, "warmup": 3, "validation_fraction": 0.4}
    kept, changed = (small(**settings).fit(parts, some) for some in (targets, changed_targets))
    assert kept.validation_scores_ == changed.validation_scores_


def test_class_weights_of_classes_that_are_not_there():
    parts, _ = sequences(9)
    labels = np.array(["a", "b", "c"] * 3)
    rnn = small(RNNClassifier, class_weight={"a": 2.0, "b": 3.0}).fit(parts, labels)
    rnn.partial_fit([parts[0], parts[2]], labels[[0, 2]])


SAME_BITS = """
import hashlib
import numpy as np
from reservoir import LSTMRegressor

X = np.random.default_rng(0).normal(size=(60, 3))
lstm = LSTMRegressor(n_units=37, max_iter=2, random_state=0).fit(X, X[:, 0])
print(hashlib.sha1(lstm._vector.tobytes()).hexdigest())
"""


@pytest.mark.slow
def test_what_was_compiled_just_now_gives_the_bits_of_the_cache(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", SAME_BITS]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, env=environment, check=True).stdout
        for _ in range(2)
    )
    assert first == second


@pytest.mark.parametrize("wrong", [{"cell": LSTM}, {"loss": Quantile}])
def test_a_class_is_not_taken_for_an_object(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"{name} must be a name or an object, got the class"):
        small(**wrong).fit(X, Y)


def test_windows_do_not_count_where_whole_sequences_are_read():
    rng = np.random.default_rng(0)
    long, targets = rng.normal(size=(20, 300, 1)), rng.normal(size=20)
    auto = small(max_iter=1, bptt_steps="auto").fit(long, targets)
    whole = small(max_iter=1, bptt_steps=None).fit(long, targets)
    np.testing.assert_array_equal(weights_of(auto), weights_of(whole))
    small(max_iter=1, bptt_steps=50, bidirectional=True).fit(long, targets)


def test_large_targets_are_named():
    with pytest.warns(UserWarning, match=r"y reaches 200, .* scale it"):
        small().fit(X, 100 + 100 * Y)


def test_a_stream_begins_again():
    rnn = small(LSTMRegressor, n_layers=2, learn_initial_state=True).fit(X, Y)
    step = rnn.stream()
    first = [step(row)[0] for row in X[:5]]
    step.reset()
    assert [step(row)[0] for row in X[:5]] == first
    copy = pickle.loads(pickle.dumps(step))
    _, state = rnn.predict(X[:5], return_state=True)
    np.testing.assert_allclose(step.state, state, atol=1e-6)
    goes_on = rnn.stream(initial_state=step.state)
    expected = [step(row)[0] for row in X[5:9]]
    assert [copy(row)[0] for row in X[5:9]] == expected
    assert [goes_on(row)[0] for row in X[5:9]] == expected
    with pytest.raises(ValueError, match="initial_state must be finite and of shape"):
        rnn.stream(initial_state=[0.0])
    with pytest.raises(ValueError, match=r"state must be finite and of shape \(24,\), got"):
        step.reset([0.0])
    with pytest.raises(ValueError, match="stream needs an output at each step"):
        small(bidirectional=True).fit(X, Y).stream()


def test_same_seed_same_weights_and_other_things_of_scikit_learn():
    one, two = small(LSTMRegressor).fit(X, Y), small(LSTMRegressor).fit(X, Y)
    np.testing.assert_array_equal(weights_of(one), weights_of(two))
    assert weights_of(one).dtype == np.float32
    other = small(LSTMRegressor, random_state=1).fit(X, Y)
    assert (weights_of(one) != weights_of(other)).any()
    back = pickle.loads(pickle.dumps(one))
    np.testing.assert_array_equal(back.predict(X), one.predict(X))
    pipe = make_pipeline(StandardScaler(), small(cell=LSTM(peepholes=True), max_iter=1))
    search = GridSearchCV(pipe, {"rnnregressor__n_units": [2, 4]}, cv=TimeSeriesSplit(2))
    assert search.fit(X, Y).best_params_["rnnregressor__n_units"] in (2, 4)


def test_parameters_are_a_tree_of_copies():
    lstm = small(LSTMRegressor, n_layers=2, bidirectional=True).fit(*sequences())
    tree = lstm.parameters_
    assert len(tree.layers) == 2
    assert len(tree.layers[0]) == 2
    assert tree.layers[1][0].cell.input_weights.shape == (12, 24)
    assert tree.output.weights.shape == (12, 1)
    tree.output.weights[:] = 0
    assert lstm.parameters_.output.weights.any()


def test_a_quantile_is_above_its_share():
    rng = np.random.default_rng(0)
    u = rng.normal(size=(3000, 1))
    y = rng.exponential(size=3000)
    high = small(loss=Quantile(0.9), max_iter=40).fit(u, y)
    assert abs(np.mean(y < high.predict(u)) - 0.9) < 0.03
    with pytest.raises(ValueError, match="y must lie between 0 and 1"):
        small(loss="binary_cross_entropy").fit(u, y)


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "sgd", "learning_rate_init": 0.05},
        {"solver": "sgd", "learning_rate_init": 0.05, "nesterovs_momentum": False},
        {"solver": "rmsprop"},
        {"solver": "adamw", "alpha": 0.01},
        {"alpha": 1e-3},
        {"learning_rate": "cosine"},
        {"learning_rate": "adaptive"},
        {"learning_rate": "invscaling", "learning_rate_init": 0.1},
        {"learning_rate": lambda epoch: 0.9**epoch},
        {"vanishing_penalty": 0.01},
        {"carry_state": False, "bptt_steps": 20, "batch_size": 4},
        {"clip_norm": None},
        {"learn_initial_state": True, "bptt_steps": None},
        {"dtype": "float64"},
    ],
    ids=str,
)
def test_every_way_of_training_learns(settings):
    rnn = small(n_units=8, max_iter=40, tol=0, **settings).fit(X, Y)
    assert rnn.score(X, Y) > 0.9


def test_penalties_make_weights_small_and_initial_states_are_learned_when_asked():
    plain, drawn = (small(max_iter=30, alpha=a).fit(X, Y).parameters_ for a in (0.0, 0.1))
    size = [np.sum(p.layers[0][0].cell.recurrent_weights ** 2) for p in (plain, drawn)]
    assert size[1] < size[0]
    assert not plain.layers[0][0].initial_state.any()
    learned = small(learn_initial_state=True).fit(X, Y)
    assert learned.parameters_.layers[0][0].initial_state.any()


def test_teacher_forcing_with_a_falling_share():
    forced = small(cell="jordan", max_iter=30, teacher_forcing=1.0).fit(X, Y)
    falling = small(cell="jordan", max_iter=30, teacher_forcing=(1.0, 0.0)).fit(X, Y)
    free = small(cell="jordan", max_iter=30, teacher_forcing=0.0).fit(X, Y)
    assert len({weights_of(m).tobytes() for m in (forced, falling, free)}) == 3
    assert free.score(X, Y) > 0.9


def test_early_stopping_keeps_the_best_weights():
    rng = np.random.default_rng(0)
    y = Y + rng.normal(0, 0.3, len(Y))
    rnn = small(early_stopping=True, validation_fraction=0.25, max_iter=60, n_iter_no_change=5)
    rnn.fit(X, y)
    assert len(rnn.validation_scores_) == rnn.n_iter_ <= 60
    assert rnn.best_validation_score_ == max(rnn.validation_scores_)
    assert rnn.best_loss_ is None
    start = round(len(X) * 0.75) + (len(X) - round(len(X) * 0.25) - round(len(X) * 0.75))
    held = slice(start, None)
    from sklearn.metrics import r2_score

    assert r2_score(y[held], rnn.predict(X)[held]) == pytest.approx(
        rnn.best_validation_score_, abs=1e-5
    )
    parts, targets = sequences()
    last = small(early_stopping=True, validation_fraction=0.2).fit(parts, targets)
    changed = [*targets[:10], *(t + 100 for t in targets[10:])]  # the last two are held back
    np.testing.assert_array_equal(
        weights_of(small(max_iter=last.n_iter_).fit(parts[:10], changed[:10])).shape,
        weights_of(last).shape,
    )


def test_warm_start_and_partial_fit_go_on():
    whole = small(max_iter=4, shuffle=False, solver="sgd", momentum=0.0).fit(X, Y)
    warm = small(max_iter=2, shuffle=False, solver="sgd", momentum=0.0, warm_start=True)
    warm.fit(X, Y).fit(X, Y)
    np.testing.assert_allclose(weights_of(warm), weights_of(whole), rtol=1e-5, atol=1e-6)
    parts = small(shuffle=False, solver="adam")
    for _ in range(3):
        parts.partial_fit(X, Y)
    np.testing.assert_array_equal(
        weights_of(parts), weights_of(small(shuffle=False, max_iter=3).fit(X, Y))
    )
    assert parts.n_iter_ == len(parts.loss_curve_) == 3


@pytest.mark.parametrize("rate", ["cosine", "invscaling", "adaptive", lambda n: 0.5**n])
def test_partial_fit_follows_the_schedule(rate):
    patience = 1 if rate == "adaptive" else 9
    settings = {"learning_rate": rate, "n_iter_no_change": patience, "tol": 0.5, "max_iter": 5}
    whole, parts = small(**settings).fit(X, Y), small(**settings)
    for _ in range(5):
        parts.partial_fit(X, Y)
    np.testing.assert_array_equal(weights_of(parts), weights_of(whole))
    assert parts.loss_curve_ == whole.loss_curve_
    assert parts.best_loss_ == whole.best_loss_
    before = weights_of(parts).copy()
    parts.partial_fit(X, Y)  # beyond the end of the schedule
    assert (weights_of(parts) != before).any()
    before = weights_of(whole).copy()
    whole.partial_fit(X, Y)  # after a fit it begins anew
    assert np.abs(weights_of(whole) - before).max() > 1e-3


def test_partial_fit_takes_other_parameters_of_the_solver():
    model = small(max_iter=5).fit(X, Y)
    size = np.linalg.norm(weights_of(model))
    for solver in ("adamw", "sgd", "adamw"):
        model.set_params(solver=solver, alpha=5.0, learning_rate_init=0.01).partial_fit(X, Y)
    assert np.linalg.norm(weights_of(model)) < 0.8 * size


def test_warm_starts_do_not_take_the_checkpoint_of_other_weights(tmp_path):
    model = small(warm_start=True, checkpoint=tmp_path / "file").fit(X, Y)
    model.partial_fit(X, Y)
    with pytest.raises(ValueError, match="belongs to a training on other data"):
        model.fit(X, Y)


def test_checkpoints_want_functions_with_a_name(tmp_path):
    with pytest.raises(ValueError, match="another process would not know again"):
        small(learning_rate=lambda n: 1.0, checkpoint=tmp_path / "file").fit(X, Y)


def test_a_checkpoint_goes_on_with_the_same_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr("reservoir.estimators._fitting.SAVE_EVERY", 0.0)
    settings = {"n_layers": 2, "dropout": 0.3, "max_iter": 6, "early_stopping": True}
    expected = small(LSTMRegressor, **settings).fit(X, Y)
    path = tmp_path / "training.npz"
    stopped = small(LSTMRegressor, **settings, checkpoint=path)
    calls = 0

    def fail(*arguments, **keywords):
        nonlocal calls
        calls += 1
        if calls > 40:
            raise RuntimeError("the machine is gone")
        return batch_gradient(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr("reservoir.training._trainer.batch_gradient", fail)
        with pytest.raises(RuntimeError):
            stopped.fit(X, Y)
    resumed = small(LSTMRegressor, **settings, checkpoint=str(path)).fit(X, Y)
    np.testing.assert_array_equal(weights_of(resumed), weights_of(expected))
    assert resumed.loss_curve_ == expected.loss_curve_
    assert resumed.validation_scores_ == expected.validation_scores_
    again = small(LSTMRegressor, **settings, checkpoint=path).fit(X, Y)  # nothing left to do
    np.testing.assert_array_equal(weights_of(again), weights_of(expected))
    longer = small(LSTMRegressor, **settings | {"max_iter": 8}, checkpoint=path).fit(X, Y)
    assert longer.n_iter_ == 8
    with pytest.raises(ValueError, match="max_iter must be at least the 8 epochs that checkpoint"):
        small(LSTMRegressor, **settings, checkpoint=path).fit(X, Y)
    belongs = "belongs to a training on other data or with other parameters"
    with pytest.raises(ValueError, match=belongs):
        small(LSTMRegressor, **settings, checkpoint=path).fit(X[1:], Y[1:])
    with pytest.raises(ValueError, match=belongs):
        small(LSTMRegressor, **settings | {"n_units": 7}, checkpoint=path).fit(X, Y)
    held_back = np.r_[Y[:-1], 0.0]  # another target among those that are not learned
    with pytest.raises(ValueError, match=belongs):
        small(LSTMRegressor, **settings, checkpoint=path).fit(X, held_back)
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="none or is damaged; delete it"):
        small(LSTMRegressor, **settings, checkpoint=path).fit(X, Y)
    with pytest.raises(ValueError, match="must be in a folder that exists"):
        small(checkpoint=tmp_path / "nowhere" / "file").fit(X, Y)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_control_c_keeps_what_was_learned(control_c, monkeypatch, early_stopping):
    calls = 0

    def interrupted(*arguments, **keywords):
        nonlocal calls
        calls += 1
        if calls == 60:
            signal.raise_signal(signal.SIGINT)
        return batch_gradient(*arguments, **keywords)

    monkeypatch.setattr("reservoir.training._trainer.batch_gradient", interrupted)
    rnn = small(max_iter=100, early_stopping=early_stopping)
    with (
        pytest.warns(UserWarning, match=r"Interrupted in epoch \d+ of 100: the weights"),
        pytest.raises(KeyboardInterrupt),
    ):
        rnn.fit(X, Y)
    assert 0 < rnn.n_iter_ < 100
    assert rnn.predict(X).shape == Y.shape


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_a_rate_that_explodes_is_named():
    rnn = small(
        activation="identity", solver="sgd", learning_rate_init=1e6, clip_norm=None, max_iter=50
    )
    with pytest.raises(
        FloatingPointError, match=r"in epoch \d+, batch \d+; the last weights .* are kept"
    ):
        rnn.fit(X, Y)
    assert np.isfinite(weights_of(rnn)).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bptt_steps": 0}, "The 'bptt_steps' parameter of RNNRegressor must be"),
        ({"batch_size": 0}, "The 'batch_size' parameter of RNNRegressor must be"),
        ({"learning_rate_init": 0}, "The 'learning_rate_init' parameter"),
        ({"cell": "elmann"}, "The 'cell' parameter of RNNRegressor must be"),
        ({"cell": "gru", "activation": "relu"}, "activation must be None with cell='gru'"),
        ({"cell": Elman(), "activation": "relu"}, "activation must be None with a cell that is"),
        ({"cell": "jordan", "n_layers": 2}, "'jordan' feeds its output back .* n_layers=1"),
        ({"cell": "jordan", "bidirectional": True}, "needs bidirectional=False"),
        ({"cell": "lstm", "vanishing_penalty": 1}, "vanishing_penalty must be 0 with cell 'lstm'"),
        ({"teacher_forcing": (1, 2)}, "teacher_forcing must be a share between 0 and 1"),
        ({"delay": 399}, "delay must be smaller than the length of every sequence, got delay=399"),
        ({"warmup": 500}, "warmup must be smaller than the length of every sequence"),
        ({"bidirectional": True, "bptt_steps": 20}, "bptt_steps must be None with bidirectional"),
    ],
    ids=str,
)
def test_wrong_settings_are_named(settings, message):
    with pytest.raises(ValueError, match=message):
        small(**settings).fit(X, Y)


def test_wrong_data_are_named():
    parts, targets = sequences()
    with pytest.warns(UserWarning, match="batch_size=99 is larger than the 12 sequences"):
        small(batch_size=99).fit(parts, targets)
    with pytest.raises(ValueError, match="y must hold numbers, got strings"):
        small().fit(X, np.full(len(X), "a"))
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(20)])
    panel, labels = pd.DataFrame({"x": X[:60, 0]}, index), pd.Series([1, 0, 1], ["a", "b", "c"])
    scaled = make_pipeline(StandardScaler(), small(RNNClassifier))
    with pytest.raises(ValueError, match=r"y has 3, X has 60 rows; .* set_output\(transform='pand"):
        scaled.fit(panel, labels)
    scaled.set_output(transform="pandas").fit(panel, labels)
    with pytest.raises(ValueError, match="all targets are NaN"):
        small().fit(X, np.full(len(X), np.nan))
    with pytest.raises(ValueError, match="at least 2 classes, got 1 class"):
        small(RNNClassifier).fit(X, np.zeros(len(X)))
    with pytest.raises(ValueError, match="cell must not be 'jordan' for a classifier"):
        small(RNNClassifier, cell="jordan").fit(X, Y > 0)
    model = small(RNNClassifier).partial_fit(X, Y > 0)
    with pytest.raises(ValueError, match=r"labels of the classes .* name all classes in the first"):
        model.partial_fit(X, np.where(Y > 0, 2, 3))
    with pytest.raises(ValueError, match="Input X contains NaN, first in row 3"):
        small().fit(np.where(np.arange(399)[:, None] == 3, np.nan, X), Y)
    with pytest.raises(ValueError, match="delay must be 0 where there is one target for each seq"):
        small(delay=2).fit(parts, np.zeros(12) + np.arange(12))
    with pytest.raises(ValueError, match=r"learning_rate must be a function .* got -1 after 2 ep"):
        small(learning_rate=lambda n: 1 - n).fit(X, Y)
    with pytest.warns(UserWarning, match="teacher_forcing=0.5 changes nothing with cell 'elman'"):
        small(teacher_forcing=0.5).fit(X, Y)
    with pytest.warns(UserWarning, match="dropout=0.5 changes nothing with n_layers=1"):
        small(dropout=0.5).fit(X, Y)
    for missing in (None, np.nan, pd.NA):
        labels = [missing, *["a", "b"] * 199]
        for given in (labels, np.array(labels, object), pd.Series(labels)):
            with pytest.raises(ValueError, match=r"a label everywhere, got .* at pos"):
                small(RNNClassifier).fit(X, given)
    with pytest.raises(ValueError, match="n_steps must be None"):
        small().fit(X, Y).predict(X, n_steps=4)
    with pytest.raises(ValueError, match="initial_state must be finite and of shape"):
        small().fit(X, Y).predict(X, initial_state=[0.0])
    with pytest.raises(ValueError, match="return_state must be False with bidirectional"):
        small(bidirectional=True).fit(X, Y).predict(X, return_state=True)


@pytest.mark.parametrize("labels", [[0, 1], [True, False], ["a", "b"], [1.0, 2.0]])
def test_labels_of_any_type(labels):
    y = np.array(labels)[(Y > 0).astype(int)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        model = small(RNNClassifier, max_iter=30).fit(X, y)
    assert model.predict(X).dtype == y.dtype
    assert np.mean(model.predict(X) == y) > 0.9
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))


class Doubling(Elman):
    """A cell of somebody else's: Elman's, that sees its input twice as large."""

    def project(self, p, x):
        return super().project(p, 2 * x)

    def gradients(self, p, x, before, after, kept):
        return super().gradients(p, 2 * x, before, after, kept)

    def input_errors(self, p, kept):
        return 2 * super().input_errors(p, kept)


def test_a_cell_from_elsewhere():
    own = small(cell=Doubling(), n_layers=2, max_iter=20).fit(X, Y)
    assert own.score(X, Y) > 0.9
    assert clone(own).cell == Doubling()
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(own)).predict(X), own.predict(X))


def test_progress_is_shown(capsys):
    small(verbose=True, early_stopping=True).fit(X, Y)
    shown = capsys.readouterr().err
    assert "loss=" in shown
    assert "validation=" in shown
    assert "3/3" in shown


def gradient_by_hand(rnn, x, target):
    """Return dE/dh after each row of one sequence by an Elman network, from the chain rule."""
    (part,), output = rnn.parameters_.layers[0], rnn.parameters_.output
    p = part.cell._replace(**{k: v.astype(float) for k, v in part.cell._asdict().items()})
    path = TWINS["elman"](Elman(), p, x, np.zeros(rnn.n_units))
    V = output.weights.astype(float)
    errors = 2 * (path @ V + output.bias - target) / V.shape[1] @ V.T
    found = errors.copy()
    for t in range(len(x) - 2, -1, -1):  # Pascanu et al., eq. 5
        found[t] += (found[t + 1] * (1 - path[t + 1] ** 2)) @ p.recurrent_weights.T
    return found


@pytest.mark.parametrize("form", ["list", "groups"])
def test_gradient_norms_are_those_of_the_chain_rule(form):
    parts, targets = sequences()
    targets = [np.hstack([y, -y]) for y in targets]
    rnn = small(dtype="float64", learn_initial_state=False).fit(parts, targets)
    expected = [
        np.linalg.norm(gradient_by_hand(rnn, x, y), axis=1)
        for x, y in zip(parts, targets, strict=True)
    ]
    if form == "list":
        found = rnn.gradient_norms(parts, targets)
        assert [len(each) for each in found] == [len(each) for each in parts]
    else:
        names = np.repeat(np.arange(len(parts)), [len(each) for each in parts])
        shuffled = np.random.default_rng(0).permutation(len(names)).argsort(kind="stable")
        order = np.argsort(names[shuffled], kind="stable")
        rows = shuffled.copy()
        rows[order] = np.arange(len(names))  # rows of a sequence in order, sequences mixed
        together = rnn.gradient_norms(
            np.concatenate(parts)[rows], np.concatenate(targets)[rows], groups=names[rows]
        )
        found = [together[names[rows] == name] for name in range(len(parts))]
    for each, norms in zip(found, expected, strict=True):
        np.testing.assert_allclose(each, norms, rtol=1e-9)


@pytest.mark.parametrize(
    ("cell", "whole"),
    [("elman", True), ("elman", False), ("jordan", False), ("lstm", True), ("lstm", False)],
)
def test_gradient_norms_are_slopes_in_the_state(cell, whole):
    """The gradient in a state is the slope of what is still to come, of its own target too."""
    parts, targets = sequences(shortest=6, longest=7)
    if whole:
        targets = np.array([y[-1, 0] for y in targets])
    rnn = small(cell=cell, n_units=2, dtype="float64").fit(parts, targets)
    x, y = parts[0], targets[0]
    norms = rnn.gradient_norms(parts, targets)[0]
    _, state = rnn.predict([x[:3]], return_state=True)
    slopes = differences(lambda s: later_loss(rnn, x[3:], y if whole else y[3:], s), state[0])
    if not whole:
        error = 2 * float(rnn.predict([x[:3]])[0][-1, 0] - y[2, 0])
        output = rnn.parameters_.output
        slopes[-1 if cell == "jordan" else slice(0, 2)] += error * (
            output.weights[:, 0] if output else 1
        )
    assert norms[2] == pytest.approx(np.linalg.norm(slopes), rel=1e-6)


def later_loss(rnn, x, y, state):
    outputs = rnn.predict([x], initial_state=state)
    return float(np.sum((np.asarray(outputs[0]) - y) ** 2))


def test_gradient_norms_of_layers_directions_and_labels():
    parts, targets = sequences()
    labels = [int(y[-1, 0] > 0) for y in targets]
    rnn = small(RNNClassifier, n_layers=2, bidirectional=True, dtype="float64").fit(parts, labels)
    found = rnn.gradient_norms(parts, labels)
    for x, label, norms in zip(parts, labels, found, strict=True):
        assert norms.shape == (len(x),)
        assert (norms > 0).all()
        alone = rnn.gradient_norms([x, x], [label, label])
        np.testing.assert_allclose(alone[1], norms, rtol=1e-9)


def test_gradient_norms_count_what_fit_counts():
    rnn = small(warmup=5, delay=3).fit(X, Y)
    norms = rnn.gradient_norms(X, Y)
    assert norms.shape == (len(X),)
    unknown = Y.copy()
    unknown[100:] = np.nan
    rnn = small(warmup=5).fit(X, Y)
    with pytest.warns(UserWarning, match="targets are NaN"):
        norms = rnn.gradient_norms(X, unknown)
    assert (norms[100:] == 0).all()
    assert (norms[:100] > 0).all()
    before = pickle.dumps(rnn)
    rnn.gradient_norms(X, Y)
    assert pickle.dumps(rnn) == before
    y = np.random.default_rng(0).normal(size=(9, 7, 2))  # whole sequences from one row each
    made = small(max_iter=1).fit(y[:, 0], y)
    assert made.gradient_norms(y[:, 0], y).shape == (9, 7)


def test_gradient_norms_hold_numbers_far_beyond_squares():
    parts = np.ones((8, 400, 1))
    rnn = small(activation="identity", dtype="float64").fit(parts[:, :3], np.ones(8))
    W, U, b = np.split(rnn._vector[: 6 + 36 + 6], [6, 42])  # views of the weights
    W[:], b[:] = 0, 0
    for scale, last in [(0.1, 0.0), (10.0, np.inf)]:
        U[:] = scale * np.eye(6).ravel()
        back = rnn.gradient_norms(parts, np.ones(8))[0, ::-1]
        np.testing.assert_allclose(back[1:290] / back[:289], scale, rtol=1e-6)
        assert back[-1] == last
    b[:] = 1
    with pytest.raises(FloatingPointError, match="network diverges on this input"):
        rnn.gradient_norms(parts, np.ones(8))


def test_wrong_input_of_gradient_norms_is_named():
    with pytest.raises(NotFittedError):
        small().gradient_norms(X, Y)
    rnn = small().fit(X, Y)
    with pytest.raises(ValueError, match="y has 5, X has 399 rows"):
        rnn.gradient_norms(X, Y[:5])
    with pytest.raises(ValueError, match="requires y to be passed"):
        rnn.gradient_norms(X, None)
    with pytest.raises(ValueError, match="one target for each row, got one for each sequence"):
        rnn.gradient_norms(np.ones((3, 4, 1)), np.ones(3))
    with pytest.raises(ValueError, match="must have 1 output"):
        rnn.gradient_norms(X, np.ones((399, 2)))
    with pytest.raises(ValueError, match="features"):
        rnn.gradient_norms(np.ones((4, 2)), np.ones(4))


def test_a_single_row_is_warned_of():
    lstm = LSTMRegressor(n_units=4, max_iter=1, random_state=0).fit(np.eye(4), np.arange(4.0))
    with pytest.warns(UserWarning, match="A single row is predicted from rest.*stream"):
        lstm.predict(np.eye(4)[:1])
    lstm.predict(np.eye(4)[:1], return_state=True)  # that of a stream


def test_series_of_different_lengths_from_one_input_each():
    y = [np.sin(np.arange(n)) for n in (5, 9)]
    lstm = LSTMRegressor(n_units=4, max_iter=1, random_state=0).fit(np.eye(2), y)
    assert [len(part) for part in lstm.predict(np.eye(2), n_steps=[5, 9])] == [5, 9]


def test_targets_beyond_single_precision_are_named():
    with pytest.raises(ValueError, match="y must fit into float32"):
        LSTMRegressor().fit(np.eye(4), 1e39 * np.arange(4.0))


def test_early_stopping_leaves_two_classes():
    sequences = [np.zeros((3, 1))] * 20
    with pytest.raises(ValueError, match="must leave two classes at least"):
        LSTMClassifier(early_stopping=True).fit(sequences, ["a"] * 18 + ["b"] * 2)
