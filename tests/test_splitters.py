"""Folds of one series and of panels, and networks that carry their state into them."""

import copy
from itertools import chain

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import (
    GridSearchCV,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reservoir import (
    CTRNNClassifier,
    CTRNNRegressor,
    EnsembleClassifier,
    EnsembleRegressor,
    ESNClassifier,
    ESNRegressor,
)
from reservoir.model_selection import ESNSearchCV, PanelSplit, WindowSplit

COUNTS = st.integers(1, 4)
ROWS = np.zeros((40, 1))


class TestWindows:
    @settings(max_examples=50, deadline=None)
    @given(COUNTS, COUNTS, st.integers(0, 3), st.none() | COUNTS, st.none() | COUNTS)
    def test_windows_end_with_the_series(self, n_windows, horizon, gap, stride, train_size):
        cv = WindowSplit(n_windows, horizon, gap=gap, stride=stride, train_size=train_size)
        folds = list(cv.split(ROWS))
        assert len(folds) == n_windows == cv.get_n_splits(ROWS)
        assert folds[-1][1][-1] == len(ROWS) - 1
        assert {len(test) for _, test in folds} == {horizon}
        starts = [test[0] for _, test in folds]
        assert set(np.diff(starts)) <= {stride or horizon}
        for train, test in folds:
            assert test[0] - train[-1] - 1 == gap
            assert len(train) == train_size or (train_size is None and train[0] == 0)
            np.testing.assert_array_equal(np.diff(train), 1)
            np.testing.assert_array_equal(np.diff(test), 1)
        fewest = len(ROWS) - len(folds[0][0]) + (train_size or 1)
        if train_size is not None:
            fewest = len(ROWS) - folds[0][0][0]
        assert len(next(cv.split(ROWS[:fewest]))[0]) == (train_size or 1)
        with pytest.raises(ValueError, match=f"at least {fewest} rows .* got {fewest - 1};"):
            next(cv.split(ROWS[: fewest - 1]))

    @given(st.integers(2, 4), COUNTS, st.integers(0, 3))
    def test_windows_in_a_row_are_those_of_scikit_learn(self, n_windows, horizon, gap):
        ours = WindowSplit(n_windows, horizon, gap=gap).split(ROWS)
        theirs = TimeSeriesSplit(n_windows, test_size=horizon, gap=gap).split(ROWS)
        for one, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(np.concatenate(one), np.concatenate(other))

    @pytest.mark.parametrize(
        "X", [np.arange(9.0), list(range(9)), pd.Series(range(9)), pd.DataFrame({"a": ["x"] * 9})]
    )
    def test_only_the_number_of_rows_matters(self, X):
        train, test = next(WindowSplit(1).split(X))
        assert (len(train), test.tolist()) == (8, [8])


def frame_of(lengths, n_features=1):
    """Return a panel whose series, named by letters, stand in reverse order."""
    names = list("abcdefgh"[: len(lengths)])
    index = [(k, t) for k, n in zip(names, lengths, strict=True) for t in range(n)]
    index = pd.MultiIndex.from_tuples(index[::-1]).sort_values()
    frame = pd.DataFrame(np.zeros((len(index), n_features)), index=index)
    return frame.loc[names[::-1]]


def naive_folds(by, names, n_splits, horizon, gap):
    """The folds of a panel, from their definition: lists of rows."""
    rows = {k: [i for i, name in enumerate(names) if name == k] for k in sorted(set(names))}
    h = {k: horizon or (len(r) - gap) // (n_splits + 1) for k, r in rows.items()}
    if by == "time":
        for i in range(n_splits):
            stops = {k: len(r) - (n_splits - 1 - i) * h[k] for k, r in rows.items()}
            yield (
                [row for k, r in rows.items() for row in r[: stops[k] - h[k] - gap]],
                [row for k, r in rows.items() for row in r[stops[k] - h[k] : stops[k]]],
            )
        return
    for part in np.array_split(list(rows), n_splits):
        held = [rows[k] if by == "series" else rows[k][-h[k] :] for k in part]
        others = [
            r if by == "series" else r[: len(r) - h[k] - gap]
            for k, r in rows.items()
            if k not in part
        ]
        yield list(chain(*others)), list(chain(*held))


class TestPanels:
    @settings(max_examples=80, deadline=None)
    @given(
        st.sampled_from(["series", "time", "both"]),
        st.lists(st.integers(1, 20), min_size=2, max_size=5),
        st.integers(1, 4),
        st.none() | COUNTS,
        st.integers(0, 3),
        st.randoms(use_true_random=False),
    )
    def test_folds_are_those_of_the_definition(self, by, lengths, n_splits, horizon, gap, random):
        assume(by == "time" or 2 <= n_splits <= len(lengths))
        needed = gap + (n_splits + 1 if horizon is None else horizon + 1)
        if by == "time" and horizon is not None:
            needed = gap + horizon * n_splits + 1
        if by == "series":
            needed, horizon, gap = 1, None, 0
        cv = PanelSplit(by, n_splits, horizon=horizon, gap=gap)
        names = [k for k, n in zip("cadbe", lengths, strict=False) for _ in range(n)]
        random.shuffle(names)  # rows of all series in turn
        X = np.zeros((len(names), 1))
        if min(lengths) < needed:
            with pytest.raises(ValueError, match=f"at least {needed} rows .* '[a-e]' has"):
                next(cv.split(X, groups=names))
            return
        folds = list(cv.split(X, groups=names))
        assert len(folds) == cv.get_n_splits(X)
        expected = naive_folds(by, names, n_splits, horizon, gap)
        for (train, test), (their_train, their_test) in zip(folds, expected, strict=True):
            assert len(train) > 0 < len(test)
            np.testing.assert_array_equal(train, sorted(their_train))
            np.testing.assert_array_equal(test, sorted(their_test))

    @pytest.mark.parametrize("by", ["series", "time", "both"])
    def test_names_come_from_the_index_or_from_groups(self, by):
        frame = frame_of([9, 7, 12])
        cv = PanelSplit(by, 2)
        names = frame.index.get_level_values(0)
        for one, other in zip(cv.split(frame), cv.split(frame.to_numpy(), groups=names)):  # noqa: B905
            np.testing.assert_array_equal(np.concatenate(one), np.concatenate(other))
        text = frame.assign(text="any")  # columns are not looked at
        assert len(list(cv.split(text))) == 2

    def test_no_series_is_dealt_twice_and_the_seed_tells_how(self):
        X, names = np.zeros((60, 1)), np.repeat(np.arange(12), 5)

        def parts(seed):
            cv = PanelSplit("series", 4, shuffle=True, random_state=seed)
            return [names[test][::5].tolist() for _, test in cv.split(X, groups=names)]

        assert sorted(chain(*parts(0))) == list(range(12))
        assert parts(0) == parts(0) != parts(1)

    def test_whole_series_of_lists_and_arrays(self):
        rng = np.random.default_rng(0)
        X = [rng.normal(size=(n, 1)).cumsum(axis=0) for n in range(20, 32)]
        labels = np.array(["up" if x[-1, 0] > 0 else "down" for x in X])
        classifier = ESNClassifier(n_units=10, bias_scaling=0.2, pooling="last", random_state=0)
        assert cross_val_score(classifier, X, labels, cv=PanelSplit(n_splits=3)).mean() > 0.5
        esn = ESNRegressor(n_units=10, random_state=0)
        cut = np.stack([x[:20] for x in X])
        scores = cross_val_score(esn, cut, cut, cv=PanelSplit(n_splits=3))
        in_list = cross_val_score(esn, list(cut), list(cut), cv=PanelSplit(n_splits=3))
        assert scores.min() > 0.99
        np.testing.assert_allclose(in_list, scores)


NAMES = np.repeat(["a", "b"], [30, 10])


@pytest.mark.parametrize(
    ("cv", "X", "groups", "words"),
    [
        (WindowSplit(0), ROWS, None, "n_windows"),
        (WindowSplit(horizon=2.5), ROWS, None, "horizon"),
        (WindowSplit(gap=-1), ROWS, None, "gap"),
        (WindowSplit(stride=0), ROWS, None, "stride"),
        (WindowSplit(train_size=0), ROWS, None, "train_size"),
        (WindowSplit(), ROWS, NAMES, r"one series of rows, got 2 sequence\(s\); use PanelSplit"),
        (WindowSplit(), [ROWS, ROWS], None, "use PanelSplit"),
        (WindowSplit(), frame_of([9, 9]), None, "use PanelSplit"),
        (WindowSplit(), None, None, "X must hold rows"),
        (PanelSplit("rows"), ROWS, NAMES, "by"),
        (PanelSplit("time", horizon=0), ROWS, NAMES, "horizon"),
        (PanelSplit(), ROWS, None, "several series, got rows without bounds; .* WindowSplit"),
        (PanelSplit("time"), ROWS[:, 0], None, "without bounds"),
        (PanelSplit("time"), [ROWS, ROWS], None, "by='time', got a list,"),
        (PanelSplit("both"), np.zeros((5, 9, 1)), None, "by='both', got a 3-D array,"),
        (PanelSplit(), ROWS, NAMES, "at most the number of series, got 5 and 2 series"),
        (PanelSplit(n_splits=1), ROWS, NAMES, "n_splits must be at least 2"),
        (PanelSplit("time", horizon=2), ROWS, NAMES, "at least 11 rows .* but 'b' has 10"),
        (PanelSplit("both", 2, horizon=12), ROWS, NAMES, "at least 13 rows .* but 'b' has 10"),
        (PanelSplit("series", 2, horizon=3), ROWS, NAMES, "horizon must be None .* got horizon=3"),
        (PanelSplit("series", 2, gap=1), ROWS, NAMES, "gap 0"),
        (PanelSplit("time", shuffle=True), ROWS, NAMES, "shuffle must be False with by='time'"),
        (PanelSplit("both", random_state=0), ROWS, NAMES, "random_state must be None .* got 0"),
        (PanelSplit("time"), frame_of([9, 9])[::-1], None, "sort_index"),
    ],
)
def test_what_cannot_be_split(cv, X, groups, words):
    with pytest.raises(ValueError, match=words):
        next(cv.split(X, groups=groups))


def test_parameters_are_kept_and_shown():
    shown = repr(PanelSplit("both", 3, horizon=2))
    for name, value in {"by": "'both'", "n_splits": 3, "horizon": 2, "shuffle": False}.items():
        assert f"{name}={value}" in shown
    assert repr(WindowSplit()).startswith("WindowSplit(gap=0, horizon=1, n_windows=5, ")
    assert WindowSplit(n_windows="five").n_windows == "five"  # until it is used


SMALL = {"n_units": 12, "random_state": 0, "predict_state": "carry"}
ESN = ESNRegressor(**SMALL, alpha=1e-3, warmup=5)
NETWORKS = {
    "echo state": ESN,
    "layers": ESNRegressor(**SMALL, n_layers=2, leak_rate=0.3, bias_scaling=0.2),
    "labels": ESNClassifier(**SMALL, alpha=1e-3),
    "continuous": CTRNNRegressor(**SMALL, time_constants=(1, 20)),
    "linear input": CTRNNRegressor(**SMALL, time_constants=(1, 20), interpolation="linear"),
    "continuous labels": CTRNNClassifier(**SMALL, time_constants=(1, 20)),
    "ensemble": EnsembleRegressor(ESN, 2, random_state=0),
    "ensemble of labels": EnsembleClassifier(ESNClassifier(**SMALL), 2, random_state=0),
}
every_network = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (200, 2))
DAYS = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.cumsum(RNG.uniform(0.5, 2, 200)), unit="D")
Y = np.convolve(X[:, 0], 0.8 ** np.arange(20))[:200]


def targets_for(network, y):
    return np.where(y > 0, "up", "down") if hasattr(network, "predict_proba") else y


def answers(network, X, **named):
    predict = getattr(network, "predict_proba", network.predict)
    return np.asarray(predict(X, **named))


def from_rest(fitted):
    """The same network, weights and readout, that begins each sequence at rest."""
    twin = copy.deepcopy(fitted)
    for each in getattr(twin, "estimators_", [twin]):
        each.predict_state = "reset"
        if hasattr(each, "network_"):
            each.network_.predict_state = "reset"
    return twin


def assert_same(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


class TestCarriedOn:
    @every_network
    @settings(max_examples=8, deadline=None)
    @given(cut=st.integers(30, 199), dated=st.booleans())
    def test_a_fold_continues_the_run_over_its_training_rows(self, network, cut, dated):
        rows = X
        if dated:  # irregular, for those who see when rows happen
            rows = pd.DataFrame(X, index=DAYS)
        y = targets_for(network, Y)
        fitted = sklearn.clone(network).fit(rows[:cut], y[:cut])
        assert_same(answers(fitted, rows[cut:]), answers(from_rest(fitted), rows)[cut:])

    @every_network
    def test_so_do_the_folds_of_scikit_learn(self, network):
        y = targets_for(network, Y)
        for train_size in (None, 90):
            cv = WindowSplit(3, 20, stride=15, train_size=train_size)
            done = cross_validate(network, X, y, cv=cv, return_estimator=True, error_score="raise")
            for fitted, score, (train, test) in zip(
                done["estimator"], done["test_score"], cv.split(X), strict=True
            ):
                run = np.r_[train, test]
                expected = answers(from_rest(fitted), X[run])[-20:]
                assert_same(answers(fitted, X[test]), expected)
                if expected.ndim == 2:
                    expected = fitted.classes_[expected.argmax(axis=1)]
                    assert score == np.mean(expected == y[test])
                else:
                    error = np.sum((expected - y[test]) ** 2)
                    total = np.sum((y[test] - y[test].mean()) ** 2)
                    assert score == pytest.approx(1 - error / total, abs=1e-10)
                rested = answers(from_rest(fitted), X[test])
                assert abs(rested - answers(fitted, X[test])).max() > 1e-5

    def test_the_shared_search_scores_the_same_windows(self):
        grid = {"spectral_radius": [0.5, 0.9]}
        for stride in (None, 4, 30):
            cv = WindowSplit(3, 20, stride=stride)
            ours = ESNSearchCV(ESN, grid, cv=cv).fit(X, Y).cv_results_
            theirs = GridSearchCV(ESN, grid, cv=cv).fit(X, Y).cv_results_
            assert_same(ours["mean_test_score"], theirs["mean_test_score"])

    def test_a_state_carried_over_a_gap_is_stale(self):
        ((train, test),) = WindowSplit(1, 30, gap=20).split(X)
        fitted = sklearn.clone(ESN).fit(X[train], Y[train])
        rest = from_rest(fitted)
        found, true = fitted.predict(X[test]), rest.predict(X)[test]
        assert_same(found, rest.predict(X[np.r_[train, test]])[len(train) :])
        error = abs(found - true)
        assert error[0] > 1e-3
        assert error[-5:].max() < 0.1 * error[:5].max()  # and forgets

    def test_times_tell_how_long_the_gap_was(self):
        ((train, test),) = WindowSplit(1, 30, gap=20).split(X)
        times = np.arange(200.0)
        fitted = sklearn.clone(NETWORKS["continuous"]).fit(X[train], Y[train], times=times[train])
        run = np.r_[train, test]
        found = fitted.predict(X[test], times=times[test])
        assert_same(found, from_rest(fitted).predict(X[run], times=times[run])[len(train) :])
        held = X.copy()
        held[train[-1] + 1 : test[0]] = X[test[0]]  # the input of the row after the gap
        assert_same(found, from_rest(fitted).predict(held, times=times)[test])
        assert abs(found - fitted.predict(X[test], times=times[: len(test)] + len(train)))[0] > 1e-3


def panel_of(lengths):
    index = pd.MultiIndex.from_tuples(
        [(name, t) for name, n in lengths.items() for t in range(n)], names=["name", "time"]
    )
    frame = pd.DataFrame(RNG.uniform(-1, 1, (len(index), 2)), index, columns=["u", "v"])
    return frame, frame["u"].groupby("name").transform(lambda u: u.ewm(alpha=0.3).mean())


PANEL, PANEL_Y = panel_of({"c": 70, "a": 50, "d": 60, "b": 80})


class TestCarriedOnInPanels:
    @every_network
    @settings(max_examples=8, deadline=None)
    @given(
        cut=st.integers(20, 49),
        present=st.lists(st.sampled_from("abcd"), min_size=1, unique=True),
        named_by=st.sampled_from(["index", "groups"]),
        random=st.randoms(use_true_random=False),
    )
    def test_each_series_goes_on_by_its_name(self, network, cut, present, named_by, random):
        place = PANEL.groupby("name").cumcount().to_numpy()
        before = (place < cut) & (PANEL.index.get_level_values("name") != "d")  # which is new
        fitted = sklearn.clone(network).fit(PANEL[before], targets_for(network, PANEL_Y)[before])
        rest = from_rest(fitted)
        expected = {
            name: answers(rest, PANEL.loc[[name]])[cut if name != "d" else 0 :] for name in present
        }
        new = {name: PANEL.loc[[name]].iloc[cut if name != "d" else 0 :] for name in present}
        names = [name for name in present for _ in range(len(new[name]))]
        random.shuffle(names)  # rows of all series in turn, each in its own order
        turn = {name: iter(range(len(new[name]))) for name in present}
        rows = pd.concat([new[name].iloc[[next(turn[name])]] for name in names])
        if named_by == "index":
            found = answers(fitted, rows)
        else:
            found = answers(fitted, rows.droplevel("name"), groups=names)
        for name in present:
            assert_same(found[np.array(names) == name], expected[name])

    @every_network
    @pytest.mark.parametrize("form", [list, np.stack])
    def test_without_names_they_go_on_in_order(self, network, form):
        parts, y = np.split(X, 4), np.split(targets_for(network, Y), 4)
        first, targets = form([p[:30] for p in parts]), form([t[:30, None] for t in y])
        fitted = sklearn.clone(network).fit(first, targets)
        found = answers(fitted, form([p[30:] for p in parts]))
        whole = answers(from_rest(fitted), form(parts))
        assert_same(found, whole[:, 30:])
        with pytest.raises(
            ValueError, match=r"4 sequence\(s\) of the training data .* got 3; name"
        ):
            answers(fitted, form([p[30:] for p in parts[:3]]))

    @pytest.mark.parametrize("network", [ESN, NETWORKS["ensemble"], NETWORKS["continuous"]])
    @pytest.mark.parametrize("by", ["series", "time", "both"])
    def test_folds_of_a_search(self, network, by):
        horizon = None if by == "series" else 10
        cv = PanelSplit(by, 2, horizon=horizon)
        done = cross_validate(network, PANEL, PANEL_Y, cv=cv, return_estimator=True)
        for fitted, score, (train, test) in zip(
            done["estimator"], done["test_score"], cv.split(PANEL), strict=True
        ):
            rows = PANEL.iloc[np.sort(np.r_[train, test])] if by == "time" else PANEL.iloc[test]
            run = pd.Series(from_rest(fitted).predict(rows), rows.index)
            assert_same(fitted.predict(PANEL.iloc[test]), run[PANEL.index[test]])
            y = PANEL_Y.iloc[test]
            error = np.mean((run[y.index] - y) ** 2) / np.var(y)
            assert score == pytest.approx(1 - error, abs=1e-10)

    def test_a_search_in_a_pipeline(self):
        scaler = StandardScaler().set_output(transform="pandas")
        pipe = make_pipeline(scaler, ESN)
        grid = {"esnregressor__leak_rate": [0.3, 1.0]}
        for by in ("series", "time", "both"):
            cv = PanelSplit(by, 2)
            search = GridSearchCV(pipe, grid, cv=cv, scoring="r2", error_score="raise")
            assert search.fit(PANEL, PANEL_Y).best_score_ > 0.5
        cv = PanelSplit("series", 2)
        out_of_fold = cross_val_predict(pipe, PANEL, PANEL_Y, cv=cv)
        pipe.set_params(esnregressor__predict_state="reset")
        assert_same(out_of_fold, cross_val_predict(pipe, PANEL, PANEL_Y, cv=cv))

    def test_groups_reach_splitter_and_network_where_they_are_routed(self):
        cv, grid = PanelSplit("time", 2), {"leak_rate": [0.3, 1.0]}
        expected = GridSearchCV(ESN, grid, cv=cv).fit(PANEL, PANEL_Y)
        names = PANEL.index.get_level_values("name").to_numpy()
        with sklearn.config_context(enable_metadata_routing=True):
            asks = sklearn.clone(ESN).set_fit_request(groups=True).set_score_request(groups=True)
            found = GridSearchCV(asks, grid, cv=cv).fit(
                PANEL.to_numpy(), PANEL_Y.to_numpy(), groups=names
            )
        for key in ("split0_test_score", "split1_test_score"):
            assert_same(found.cv_results_[key], expected.cv_results_[key])
