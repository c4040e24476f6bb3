"""The shared search against scikit-learn's, its bad inputs, and what an interrupt leaves."""

import json
import threading
import warnings

import numpy as np
import pytest
from scipy.stats import loguniform, uniform
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV, KFold, PredefinedSplit, TimeSeriesSplit

from reservoir import ESNRegressor
from reservoir.datasets import make_narma
from reservoir.estimators import _candidates
from reservoir.kernels import _threads
from reservoir.model_selection import ESNSearchCV

X, Y = make_narma(600, random_state=0)
GRID = {"spectral_radius": [0.5, 0.9], "leak_rate": [0.4, 1.0], "alpha": [1e-6, 1e-3]}


def esn(**parameters):
    settings = {"n_units": 20, "warmup": 20, "predict_state": "carry", "random_state": 0}
    return ESNRegressor(**settings | parameters)


def scores_by_params(results):
    """What each candidate scored on each fold, whatever their order."""
    splits = sorted(name for name in results if name.startswith("split"))
    table = np.column_stack([results[name] for name in splits])
    return {repr(sorted(p.items())): row for p, row in zip(results["params"], table, strict=True)}


def assert_same(shared, reference, tolerance=1e-7):
    found, expected = (scores_by_params(each.cv_results_) for each in (shared, reference))
    assert found.keys() == expected.keys()
    for params, row in expected.items():
        np.testing.assert_allclose(found[params], row, rtol=tolerance, atol=tolerance)
    assert shared.best_params_ == reference.best_params_
    assert shared.n_splits_ == reference.n_splits_


class TestSameAnswer:
    @pytest.mark.parametrize(
        ("settings", "grid"),
        [
            ({}, GRID),
            ({"bias_scaling": 0.3, "include_input": False}, GRID),
            ({"topology": "dense", "activation": "sigmoid"}, GRID),
            ({"topology": "cycle"}, {"input_scaling": [0.1, 0.3], "bias_scaling": [0.0, 0.5]}),
            ({}, {"alpha": [1e-9, 1e-7, 1e-5, 1e-3]}),
            ({}, [{"alpha": [1e-7, 1e-5]}, {"spectral_radius": [0.1, 0.2], "alpha": [1e-3]}]),
            ({"alpha": [1e-6, 1e-2]}, {"spectral_radius": [0.2, 0.8]}),
            ({}, {"n_units": [10, 15], "random_state": [1, 2, 3], "alpha": [1e-4]}),
            ({"spectral_radius": None}, {"input_scaling": [0.1, 0.5], "warmup": [0, 30]}),
            ({"leak_rate": np.linspace(0.1, 1, 20)}, {"spectral_radius": [0.5, 1.1]}),
            ({"input_weights": np.ones((20, 1))}, {"spectral_radius": [0.0, 0.5]}),
        ],
    )
    def test_as_grid_search(self, settings, grid):
        template = esn(**settings)
        shared = ESNSearchCV(template, grid, cv=3).fit(X, Y)
        assert_same(shared, GridSearchCV(template, grid, cv=TimeSeriesSplit(3)).fit(X, Y))

    def test_a_matrix_of_ones_own_is_never_rescaled(self):
        matrix = np.random.default_rng(0).normal(size=(20, 20)) / 10
        grid = {"topology": [matrix, matrix / 2], "spectral_radius": [0.3, 0.9]}
        shared = ESNSearchCV(esn(), grid, cv=2).fit(X, Y)
        scores = {(p["topology"] is matrix, p["spectral_radius"]): score for p, score in zip(
            shared.cv_results_["params"], shared.cv_results_["mean_test_score"], strict=True
        )}  # fmt: skip
        assert scores[True, 0.3] == scores[True, 0.9] != scores[False, 0.3] == scores[False, 0.9]

    def test_other_scorers_and_outputs(self):
        targets = np.column_stack([Y, np.roll(Y, 1)])
        for scoring in ("neg_mean_squared_error", make_scorer(mean_absolute_error)):
            arguments = {"param_grid": GRID, "cv": TimeSeriesSplit(3), "scoring": scoring}
            reference = GridSearchCV(esn(), **arguments).fit(X, targets)
            arguments["param_distributions"] = arguments.pop("param_grid")
            assert_same(ESNSearchCV(esn(), **arguments).fit(X, targets), reference)

    def test_single_precision(self):
        template = esn(dtype="float32", alpha=1e-3)
        grid = {"spectral_radius": [0.3, 0.6, 0.9], "input_scaling": [0.1, 0.2]}
        shared = ESNSearchCV(template, grid, cv=3).fit(X, Y)
        reference = GridSearchCV(template, grid, cv=TimeSeriesSplit(3)).fit(X, Y)
        assert_same(shared, reference, tolerance=1e-3)

    def test_unequal_folds(self):
        cv = [(np.arange(200), np.arange(200, 350)), (np.arange(300), np.arange(300, 600))]

        class Overlapping:
            def split(self, X, y=None, groups=None):
                return iter(cv)

            def get_n_splits(self, X=None, y=None, groups=None):
                return len(cv)

        shared = ESNSearchCV(esn(), GRID, cv=Overlapping()).fit(X, Y)
        assert_same(shared, GridSearchCV(esn(), GRID, cv=cv).fit(X, Y))

    def test_blocks_do_not_show(self, monkeypatch):
        whole = ESNSearchCV(esn(), GRID, cv=3, refit=False).fit(X, Y)
        monkeypatch.setattr(_candidates, "BLOCK_SIZE", 1)
        blocks = ESNSearchCV(esn(), GRID, cv=3, refit=False).fit(X, Y)
        assert_same(blocks, whole, tolerance=1e-9)

    def test_threads_do_not_show(self, monkeypatch):
        grid = {"spectral_radius": list(np.linspace(0.1, 0.9, 40)), "alpha": [1e-6]}
        found = []
        for n_jobs in (1, 2, 5):
            monkeypatch.setattr(_threads, "n_threads", lambda n=n_jobs: n)
            found.append(ESNSearchCV(esn(), grid, cv=2, n_jobs=n_jobs).fit(X, Y))
        for other in found[1:]:
            np.testing.assert_array_equal(
                other.cv_results_["mean_test_score"], found[0].cv_results_["mean_test_score"]
            )

    def test_missing_targets_are_left_out(self):
        gaps = Y.copy()
        gaps[::7] = np.nan
        shared = ESNSearchCV(esn(), GRID, cv=3, refit=False).fit(X, gaps)
        by_hand = []
        for train, test in TimeSeriesSplit(3).split(X):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)
                fitted = esn(**shared.best_params_).fit(X[train], gaps[train])
            by_hand.append(fitted.score(X[test], gaps[test]))
        assert shared.best_score_ == pytest.approx(np.mean(by_hand), abs=1e-8)


class TestCandidates:
    def test_drawn_from_distributions(self):
        distributions = {
            "spectral_radius": uniform(0.1, 0.8), "input_scaling": loguniform(0.01, 1),
            "alpha": loguniform(1e-6, 1e-2),
        }  # fmt: skip
        search = ESNSearchCV(esn(), distributions, n_iter=21, cv=2, random_state=3).fit(X, Y)
        again = clone(search).fit(X, Y)
        assert len(search.cv_results_["params"]) == 21
        assert search.cv_results_["params"] == again.cv_results_["params"]
        assert len(set(search.cv_results_["param_alpha"])) == 21

    def test_results_rank_and_refit(self):
        search = ESNSearchCV(esn(), GRID, cv=3).fit(X, Y)
        results = search.cv_results_
        assert len(results["params"]) == 8
        assert results["rank_test_score"].min() == 1
        assert results["mean_test_score"][search.best_index_] == search.best_score_
        assert search.best_score_ == results["mean_test_score"].max()
        refitted = esn(**search.best_params_).fit(X, Y)
        np.testing.assert_array_equal(search.predict(X), refitted.predict(X))
        assert search.score(X, Y) == pytest.approx(refitted.score(X, Y))
        assert search.n_features_in_ == 1

    def test_all_share_a_seed_where_none_is_given(self):
        search = ESNSearchCV(esn(random_state=None), GRID, cv=2, random_state=5).fit(X, Y)
        again = ESNSearchCV(esn(random_state=None), GRID, cv=2, random_state=5).fit(X, Y)
        assert isinstance(search.best_estimator_.random_state, int)
        np.testing.assert_array_equal(
            search.cv_results_["mean_test_score"], again.cv_results_["mean_test_score"]
        )

    def test_one_that_diverges_fails_alone(self):
        grid = {"spectral_radius": [0.5, 1e6, 0.6, 0.7, 0.8]}
        template = esn(activation="identity")
        with pytest.warns(FitFailedWarning, match="1 of 5 candidates failed"):
            search = ESNSearchCV(template, grid, cv=2).fit(X, Y)
        assert np.isnan(search.cv_results_["mean_test_score"]).sum() == 1
        assert search.cv_results_["rank_test_score"][1] == 5
        with pytest.raises(ValueError, match="All candidates failed"):
            ESNSearchCV(template, {"spectral_radius": [1e6]}, cv=2).fit(X, Y)


class TestInterrupt:
    @pytest.fixture
    def interrupted(self, monkeypatch):
        """A search that Ctrl-C ends after its first group, and what it evaluated later on."""
        evaluated = []
        evaluate = _candidates.evaluate
        lock = threading.Lock()

        def counting(layer, factors, *others):
            with lock:
                counting.over |= counting.interrupted and not evaluated
                evaluated.extend(factors)
                if len(evaluated) > 16 and not counting.over:  # whatever a thread has begun since
                    counting.interrupted = True
                    raise KeyboardInterrupt
            return evaluate(layer, factors, *others)

        counting.interrupted = counting.over = False
        monkeypatch.setattr("reservoir.model_selection._search.evaluate", counting)
        return evaluated

    @pytest.mark.parametrize("on_disk", [True, False])
    def test_it_goes_on_where_it_was(self, interrupted, on_disk, tmp_path):
        grid = {"spectral_radius": list(np.linspace(0.1, 0.9, 40))}
        path = tmp_path / "search.json" if on_disk else None
        search = ESNSearchCV(esn(), grid, cv=2, n_jobs=1, checkpoint=path)
        with (
            pytest.raises(KeyboardInterrupt),
            pytest.warns(UserWarning, match="16 of 40 candidates were tried"),
        ):
            search.fit(X, Y)
        assert len(search.cv_results_["params"]) == 16
        assert search.best_params_["spectral_radius"] in grid["spectral_radius"][:16]
        with pytest.raises(AttributeError, match="interrupt"):
            search.predict(X)
        interrupted.clear()
        other = clone(search) if on_disk else search
        other.fit(X, Y)
        assert len(interrupted) == 24
        whole = ESNSearchCV(esn(), grid, cv=2).fit(X, Y)
        np.testing.assert_array_equal(
            other.cv_results_["mean_test_score"], whole.cv_results_["mean_test_score"]
        )

    def test_functions_among_the_parameters(self, tmp_path):
        template = esn(topology=lambda n, rng: rng.normal(size=(n, n)))
        grid = {"spectral_radius": [0.3, 0.6], "topology": [lambda n, rng: np.eye(n), "cycle"]}
        for searched in ({"spectral_radius": [0.3, 0.6]}, grid):
            search = ESNSearchCV(template, searched, cv=2).fit(X, Y)
            reference = GridSearchCV(template, searched, cv=TimeSeriesSplit(2)).fit(X, Y)
            np.testing.assert_allclose(
                sorted(search.cv_results_["mean_test_score"]),
                sorted(reference.cv_results_["mean_test_score"]),
                rtol=1e-7,
            )
        with pytest.raises(ValueError, match="checkpoint must be None with functions"):
            ESNSearchCV(template, GRID, cv=2, checkpoint=tmp_path / "x.json").fit(X, Y)

    def test_nothing_done_is_nothing_learned(self, monkeypatch):
        def stop(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr("reservoir.model_selection._search.evaluate", stop)
        search = ESNSearchCV(esn(), GRID, cv=2)
        with (
            pytest.warns(UserWarning, match="no group of candidates was done"),
            pytest.raises(KeyboardInterrupt),
        ):
            search.fit(X, Y)
        assert not hasattr(search, "cv_results_")

    def test_a_foreign_file_is_refused(self, tmp_path):
        path = tmp_path / "search.json"
        ESNSearchCV(esn(), GRID, cv=2, checkpoint=path).fit(X, Y)
        content = json.loads(path.read_text())
        assert len(content["scores"]) == 4
        with pytest.raises(ValueError, match="belongs to a search over other data"):
            ESNSearchCV(esn(), GRID, cv=3, checkpoint=path).fit(X, Y)
        for damaged in (path.read_text()[:-20], "[]", '{"format": "other"}', ""):
            path.write_text(damaged)
            with pytest.raises(ValueError, match="is none or is damaged"):
                ESNSearchCV(esn(), GRID, cv=2, checkpoint=path).fit(X, Y)


class TestBadInput:
    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"n_layers": 2}, "must have n_layers=1"),
            ({"feedback": True}, "must have feedback=False"),
            ({"noise": 1e-3}, "must have noise=0.0"),
            ({"readout": Ridge()}, "must have readout=None"),
            ({"predict_state": "reset"}, "must have predict_state='carry'"),
            ({"bidirectional": True}, "must have bidirectional=False"),
            ({"warmup": 200}, "got warmup=200 and 200 training rows"),
            ({"n_units": 0}, "n_units"),
        ],
    )
    def test_networks_that_cannot_share(self, settings, message):
        with pytest.raises(ValueError, match=message):
            ESNSearchCV(esn(**settings), GRID, cv=2).fit(X, Y)

    @pytest.mark.parametrize(
        ("grid", "message"),
        [
            ({"radius": [1.0]}, r"must name parameters of the estimator, got \['radius'\]"),
            ({"noise": [0.0]}, "must have noise=0.0 in a shared search, got it among"),
            ({"spectral_radius": uniform(0, 1)}, "n_iter must say how many"),
            ({"spectral_radius": [-1.0]}, "spectral_radius"),
            ({"leak_rate": [0.5, 2.0]}, "leak_rate"),
            ({"alpha": [-1.0]}, "alpha must be finite and not negative"),
            ({"alpha": []}, "alpha must be finite and not negative"),
            ({"input_scaling": [np.ones(3)]}, "input scaling"),
        ],
    )
    def test_parameters(self, grid, message):
        with pytest.raises(ValueError, match=message):
            ESNSearchCV(esn(), grid, cv=2).fit(X, Y)

    @pytest.mark.parametrize(
        "cv", [KFold(3), TimeSeriesSplit(3, gap=2), TimeSeriesSplit(3, max_train_size=50),
               PredefinedSplit(np.repeat([0, 1], 300))]
    )  # fmt: skip
    def test_folds_that_are_not_in_time_order(self, cv):
        with pytest.raises(ValueError, match="cv must train on rows from the first on"):
            ESNSearchCV(esn(), GRID, cv=cv).fit(X, Y)

    def test_data(self):
        search = ESNSearchCV(esn(), GRID, cv=2)
        with pytest.raises(ValueError, match="one series of rows"):
            search.fit(np.zeros((3, 50, 1)), np.zeros((3, 50, 1)))
        with pytest.raises(ValueError, match="contains NaN"):
            search.fit(np.where(X[3] == X, np.nan, X), Y)
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            search.fit(X, Y[:-1])
        with pytest.raises(ValueError, match="must be an ESNRegressor, got Ridge"):
            ESNSearchCV(Ridge(), {"alpha": [1.0]}).fit(X, Y)
        with pytest.raises(NotFittedError):
            search.predict(X)
