"""Networks that differ by their seeds, and answer together."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reservoir import (
    EnsembleClassifier,
    EnsembleRegressor,
    ESNClassifier,
    ESNRegressor,
    LSTMRegressor,
    RNNClassifier,
    RNNRegressor,
)
from reservoir.datasets import make_narma

ESN = ESNRegressor(n_units=40, input_scaling=0.1, warmup=50, predict_state="carry")


@pytest.fixture(scope="module")
def narma():
    return make_narma(900, random_state=0)


def test_the_mean_of_networks_that_differ(narma):
    X, y = narma
    ensemble = EnsembleRegressor(ESN, 8, random_state=0).fit(X[:700], y[:700])
    members = ensemble.predict_members(X[700:])
    assert members.shape == (8, 200)
    mean, std = ensemble.predict(X[700:], return_std=True)
    np.testing.assert_allclose(mean, members.mean(axis=0))
    np.testing.assert_allclose(std, members.std(axis=0))
    assert (std > 0).all()
    single = np.mean([each.score(X[700:], y[700:]) for each in ensemble.estimators_])
    assert ensemble.score(X[700:], y[700:]) > single
    again = EnsembleRegressor(ESN, 8, random_state=0).fit(X[:700], y[:700])
    np.testing.assert_array_equal(again.predict(X[700:]), mean)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(ensemble)).predict(X[700:]), mean)


def test_a_member_is_what_a_fit_alone_would_be(narma):
    X, y = narma
    ensemble = EnsembleRegressor(ESN, 3, random_state=0).fit(X, y)
    for member in ensemble.estimators_:
        alone = clone(member).fit(X, y)
        np.testing.assert_array_equal(alone.predict(X), member.predict(X))


def test_reservoirs_share_their_links_and_nothing_else(narma):
    first, second = EnsembleRegressor(ESN, 2, random_state=0).fit(*narma).estimators_
    assert (first.recurrent_weights_ != second.recurrent_weights_).nnz == 0
    assert not np.array_equal(first.input_weights_, second.input_weights_)


@pytest.mark.parametrize(
    "settings", [{"n_layers": 2}, {"topology": "dense"}, {"topology": np.eye(40) / 2}]
)
def test_other_reservoirs_make_ensembles_too(settings, narma):
    network = clone(ESN).set_params(**settings)
    ensemble = EnsembleRegressor(network, 2, random_state=0).fit(*narma)
    assert ensemble.score(*narma) > 0.3


@pytest.mark.parametrize("form", ["list", "array", "groups"])
def test_forms_of_sequences(form):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(6, 30, 2))
    y = X.cumsum(axis=1)[:, :, :1] / 5
    ensemble = EnsembleRegressor(ESNRegressor(n_units=20, random_state=0), 3, random_state=0)
    groups = {}
    if form == "list":
        X, y = list(X), list(y)
    elif form == "groups":
        X, y = (each.transpose(1, 0, 2).reshape(6 * 30, -1) for each in (X, y))
        groups = {"groups": np.tile(np.arange(6)[::-1], 30)}  # rows of all sequences in turn
    ensemble.fit(X, y, **groups)
    found = ensemble.predict(X, **groups)
    assert [np.shape(each) for each in found] == [np.shape(each) for each in y]
    weight = np.ones(6 * 30) if form == "groups" else np.ones(6)
    score = ensemble.score(X, y, sample_weight=weight, **groups)
    flat = np.concatenate(list(found)) if form != "groups" else found
    target = np.concatenate(list(y)) if form != "groups" else y
    assert score == pytest.approx(1 - np.mean((flat - target) ** 2) / np.var(target))
    mean, std = ensemble.predict(X, return_std=True, **groups)
    assert [np.shape(each) for each in std] == [np.shape(each) for each in mean]


def test_labels_of_rows_and_of_sequences():
    rng = np.random.default_rng(1)
    X = [rng.normal(size=(n, 2)) + 3 * (n % 2) for n in range(20, 40)]
    labels = ["odd" if len(x) % 2 else "even" for x in X]
    for network in (
        ESNClassifier(n_units=20, bias_scaling=0.5),
        RNNClassifier(n_units=4, max_iter=60),
    ):
        ensemble = EnsembleClassifier(network, 3, random_state=0).fit(X, labels)
        assert ensemble.classes_.tolist() == ["even", "odd"]
        probabilities = ensemble.predict_proba(X)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        right = np.mean(ensemble.predict(X) == labels)
        assert ensemble.score(X, labels) == pytest.approx(right)
        assert right > 0.8
        rows = [[label] * len(x) for label, x in zip(labels, X, strict=True)]
        rows = [np.array(each) for each in rows]
        by_row = clone(ensemble).fit(X, rows)
        found = by_row.predict(X)
        right = np.mean(np.concatenate(found) == np.concatenate(rows))
        assert by_row.score(X, rows) == pytest.approx(right)
        np.testing.assert_allclose(
            np.exp(by_row.predict_log_proba(X)[0]), by_row.predict_proba(X)[0]
        )


def test_labels_of_rows_of_sequences_in_turn():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(5, 30, 1)).cumsum(axis=1)
    y = X[:, :, 0] > 0
    ensemble = EnsembleClassifier(ESNClassifier(n_units=20, bias_scaling=0.5), 2, random_state=0)
    one_by_one = ensemble.fit(list(X), list(y)).predict_proba(list(X))
    in_turn = X.transpose(1, 0, 2).reshape(150, 1), y.T.ravel()
    groups = np.tile(np.arange(5), 30)
    again = clone(ensemble).fit(*in_turn, groups=groups)
    np.testing.assert_allclose(
        again.predict_proba(in_turn[0], groups=groups).reshape(30, 5, 2).transpose(1, 0, 2),
        np.array(one_by_one),
        atol=1e-8,
    )
    right = np.mean(again.predict(in_turn[0], groups=groups) == in_turn[1])
    assert again.score(*in_turn, groups=groups) == pytest.approx(right)
    assert clone(ensemble).fit(X, y[:, :, None]).score(X, y[:, :, None]) == pytest.approx(right)


def test_more_data(narma):
    X, y = narma
    network = clone(ESN).set_params(alpha=1e-3)
    whole = EnsembleRegressor(network, 2, random_state=0).fit(X, y)
    parts = EnsembleRegressor(network, 2, random_state=0)
    parts.partial_fit(X[:500], y[:500]).partial_fit(X[500:], y[500:])
    for one, other in zip(whole.estimators_, parts.estimators_, strict=True):
        np.testing.assert_allclose(one.coef_, other.coef_, rtol=1e-6, atol=1e-9)
    labels = (y > np.median(y)).astype(int)
    classifier = EnsembleClassifier(ESNClassifier(n_units=20), 2, random_state=0)
    classifier.partial_fit(X[:500], labels[:500], [0, 1, 2]).partial_fit(X[500:], labels[500:])
    assert classifier.classes_.tolist() == [0, 1, 2]


def test_closed_loops_run_each_for_itself():
    wave = np.sin(0.3 * np.arange(600.0))[:, None]
    network = ESNRegressor(n_units=30, warmup=50, alpha=1e-8)
    ensemble = EnsembleRegressor(network, 4, random_state=0).fit(wave[:499], wave[1:500, 0])
    ahead, std = ensemble.generate(60, context=wave[:500], return_std=True)
    assert abs(ahead - wave[500:560, 0]).max() < 0.1
    assert std.shape == (60,)
    each = [member.generate(60, context=wave[:500]) for member in ensemble.estimators_]
    np.testing.assert_allclose(ahead, np.mean(each, axis=0))


def test_trained_networks_and_whole_sequences_of_different_lengths():
    X = np.linspace(-1, 1, 12)[:, None]
    y = [np.outer(np.linspace(1, 0, 3 + i % 4), x) for i, x in enumerate(X)]
    network = RNNRegressor(n_units=8, max_iter=60, learning_rate_init=0.02)
    ensemble = EnsembleRegressor(network, 2, random_state=0).fit(X, y)
    assert ensemble.score(X, y) > 0.8


def test_in_pipelines_and_searches(narma):
    X, y = narma
    ensemble = EnsembleRegressor(ESN, 2, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), ensemble),
        {"ensembleregressor__estimator__spectral_radius": [0.1, 0.9]},
        cv=TimeSeriesSplit(2),
    ).fit(X, y)
    assert search.best_score_ > 0


def test_control_c_keeps_the_networks_that_are_done(narma, monkeypatch):
    done = []
    fit = ESNRegressor.fit

    def interrupted(self, *arguments, **named):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(self)
        return fit(self, *arguments, **named)

    monkeypatch.setattr(ESNRegressor, "fit", interrupted)
    ensemble = EnsembleRegressor(ESN, 5, random_state=0)
    with pytest.warns(UserWarning, match="the first 2 of 5"), pytest.raises(KeyboardInterrupt):
        ensemble.fit(*narma)
    assert ensemble.predict_members(narma[0]).shape == (2, 900)


def test_a_network_that_diverges_does_not_cost_the_others(narma, monkeypatch):
    X, y = narma
    fit = ESNRegressor.fit
    ensemble = EnsembleRegressor(clone(ESN).set_params(alpha=1e-3), 3, random_state=0).fit(X, y)
    before = ensemble.predict(X)
    seeds = [member.random_state for member in ensemble.estimators_]

    def diverges(self, *arguments, **named):
        if self.random_state == seeds[1]:
            raise FloatingPointError("The reservoir diverged")
        return fit(self, *arguments, **named)

    monkeypatch.setattr(ESNRegressor, "fit", diverges)
    monkeypatch.setattr(ESNRegressor, "partial_fit", diverges)
    with pytest.raises(FloatingPointError):
        ensemble.partial_fit(X, y)  # all learn it, or none
    np.testing.assert_array_equal(ensemble.predict(X), before)
    with (
        pytest.warns(UserWarning, match="the first 1 of 3"),
        pytest.raises(FloatingPointError),
    ):
        ensemble.fit(X, y)
    assert len(ensemble.estimators_) == 1


def test_each_network_has_a_checkpoint_of_its_own(narma, tmp_path):
    X, y = narma
    network = RNNRegressor(n_units=4, max_iter=2, checkpoint=tmp_path / "training.npz")
    EnsembleRegressor(network, 2, random_state=0).fit(X, y)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["training.npz.0", "training.npz.1"]


def test_progress_is_shown(narma, capsys):
    EnsembleRegressor(ESN, 2, random_state=0, verbose=True).fit(*narma)
    assert "2/2" in capsys.readouterr().err


def test_wrong_input_is_named(narma):
    X, y = narma
    with pytest.raises(
        ValueError, match="must be an echo state network or one trained by gradient"
    ):
        EnsembleRegressor(Ridge()).fit(X, y)
    with pytest.raises(ValueError, match="a pipeline goes around"):
        EnsembleRegressor(make_pipeline(StandardScaler(), ESN)).fit(X, y)
    with pytest.raises(ValueError, match="of this package"):
        EnsembleClassifier(LSTMRegressor()).fit(X, y)
    given = {"topology": np.eye(40) / 2, "input_weights": np.ones((40, 1))}
    with pytest.raises(ValueError, match="must leave something to be drawn"):
        EnsembleRegressor(clone(ESN).set_params(**given)).fit(X, y)
    with pytest.raises(ValueError, match="n_layers"):
        EnsembleRegressor(clone(ESN).set_params(n_layers=None)).fit(X, y)
    with pytest.raises(ValueError, match="estimator must have predict_proba"):
        EnsembleClassifier(ESNClassifier(readout=RidgeClassifier())).fit(X, y > 0.4)
    with pytest.raises(ValueError, match="n_estimators"):
        EnsembleRegressor(ESN, 0).fit(X, y)
    with pytest.raises(ValueError, match="NaN"):
        EnsembleRegressor(ESN, 2).fit(np.full_like(X, np.nan), y)
    with pytest.raises(ValueError, match="spectral_radius"):
        EnsembleRegressor(clone(ESN).set_params(spectral_radius=-1), 2).fit(X, y)
    ensemble = EnsembleRegressor(ESN, 2)
    assert not hasattr(ensemble, "n_features_in_")
    with pytest.raises(ValueError, match="not fitted"):
        ensemble.predict(X)
