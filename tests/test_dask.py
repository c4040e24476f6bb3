"""Beyond one machine: statistics merged in a tree, and grid searches, on two worker processes."""

import copy
import os
import signal

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from reservoir import ESNClassifier, ESNRegressor

distributed = pytest.importorskip("distributed")

REGRESSOR = ESNRegressor(n_units=40, bias_scaling=0.3, alpha=0.01, warmup=5, random_state=0)
CLASSIFIER = ESNClassifier(n_units=40, bias_scaling=0.3, alpha=0.01, random_state=0)
PATIENCE = 120  # seconds, rather than for ever if a task is lost


@pytest.fixture(scope="module")
def client():
    fit_alone(REGRESSOR, make_partitions(REGRESSOR)[0])  # compiles once what all processes use
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def make_partitions(network, n_partitions=6):
    """Return pairs (X, y) of lists of sequences of many lengths, with arguments for each fit."""
    rng = np.random.default_rng(0)
    partitions, arguments = [], {}
    for k in range(n_partitions):
        X = [rng.normal(size=(n, 2)) for n in rng.integers(10, 80, size=3 + k % 3)]
        if isinstance(network, ESNClassifier):
            y = ["abc"[(k + i) % 3] for i in range(len(X) - 2)] + ["abc"[k % 3]] * 2
            arguments = {"classes": list("abc")}  # no partition needs to hold all of them
        else:
            y = [np.column_stack([x[:, 0].cumsum(), x[:, 1] ** 2]) for x in X]
        partitions.append((X, y))
    return partitions, arguments


def fit_alone(network, partitions):
    X, y = ([one for part in parts for one in part] for parts in zip(*partitions, strict=True))
    return clone(network).fit(X, y)


def fit_in_tree(client, network, partitions, arguments, *, dies_in=None, marker=None):
    """Return futures of all levels of the tree.

    The first worker that comes to one chosen task, of fitting or of merging, kills itself. The
    functions stand in here for Dask to send them: a worker cannot import a module of tests.
    """

    def die_once(here):
        if here and not marker.exists():
            marker.write_text(str(os.getpid()))
            os.kill(os.getpid(), signal.SIGKILL)

    def fit(k):
        die_once(dies_in == "fit" and k == len(partitions) - 1)
        return clone(network).partial_fit(*partitions[k], **arguments)

    def merge(first, second, is_last):
        die_once(dies_in == "merge" and is_last)
        return copy.copy(first).merge(second)

    levels = [client.map(fit, range(len(partitions)), pure=False)]
    while len(level := levels[-1]) > 1:
        merged = [
            client.submit(merge, first, second, len(level) == 2, pure=False)
            for first, second in zip(level[::2], level[1::2], strict=False)
        ]
        levels.append(merged + level[len(level) - len(level) % 2 :])
    return levels


def assert_same_readout(merged, alone):
    scale = np.abs(alone.coef_).max()
    np.testing.assert_allclose(merged.coef_, alone.coef_, rtol=1e-9, atol=1e-9 * scale)
    np.testing.assert_allclose(merged.intercept_, alone.intercept_, rtol=1e-9, atol=1e-9 * scale)


@pytest.mark.parametrize("network", [REGRESSOR, CLASSIFIER], ids=["regressor", "classifier"])
def test_tree_of_merges_equals_one_fit(client, network):
    partitions, arguments = make_partitions(network)
    levels = fit_in_tree(client, network, partitions, arguments)
    merged = levels[-1][0].result(PATIENCE)
    alone = fit_alone(network, partitions)
    assert_same_readout(merged, alone)
    X = partitions[0][0]
    for one, other in zip(merged.predict(X), alone.predict(X), strict=True):
        if network is CLASSIFIER:
            assert one == other
        else:
            np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-8)
    for leaf, partition in zip(levels[0], partitions, strict=True):  # merging has changed none
        as_was = clone(network).partial_fit(*partition, **arguments)
        assert_same_readout(leaf.result(PATIENCE), as_was)


@pytest.mark.parametrize("dies_in", ["fit", "merge"])
def test_worker_killed_in_the_middle_loses_and_doubles_nothing(client, tmp_path, dies_in):
    client.wait_for_workers(2, PATIENCE)
    before = set(client.run(os.getpid).values())
    partitions, arguments = make_partitions(REGRESSOR)
    marker = tmp_path / "killed"
    levels = fit_in_tree(client, REGRESSOR, partitions, arguments, dies_in=dies_in, marker=marker)
    merged = levels[-1][0].result(PATIENCE)
    client.wait_for_workers(2, PATIENCE)
    killed = int(marker.read_text())
    assert killed in before
    assert killed not in client.run(os.getpid).values()
    assert_same_readout(merged, fit_alone(REGRESSOR, partitions))
    without_one = fit_alone(REGRESSOR, partitions[:-1])
    assert np.abs(merged.coef_ - without_one.coef_).max() > 1e-4  # what a loss would look like


@pytest.mark.parametrize("network", [REGRESSOR, CLASSIFIER], ids=["regressor", "classifier"])
def test_grid_search_on_dask_equals_the_plain_one(client, network):
    partitions, _ = make_partitions(network)
    X, y = ([one for part in parts for one in part] for parts in zip(*partitions, strict=True))
    grid = {"spectral_radius": [0.5, 0.9], "alpha": [0.01, [0.1, 1.0]]}
    plain = GridSearchCV(network, grid, cv=3).fit(X, y)
    with joblib.parallel_config("dask", scatter=[X, y]):
        on_dask = GridSearchCV(network, grid, cv=3).fit(X, y)
    assert on_dask.best_params_ == plain.best_params_
    assert on_dask.cv_results_["params"] == plain.cv_results_["params"]
    for name in ("mean_test_score", "split0_test_score", "rank_test_score"):
        np.testing.assert_allclose(on_dask.cv_results_[name], plain.cv_results_[name], rtol=1e-9)
    assert_same_readout(on_dask.best_estimator_, plain.best_estimator_)
