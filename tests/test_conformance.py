"""scikit-learn's own checks, on every estimator."""

import inspect

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from reservoir import (
    EnsembleClassifier,
    EnsembleRegressor,
    ESNClassifier,
    ESNRegressor,
    ESNTransformer,
    LSTMClassifier,
    LSTMRegressor,
    RecursiveLeastSquares,
    RNNClassifier,
    RNNRegressor,
)

ROWS_ARE_TIME = {
    "check_methods_sample_order_invariance": "rows are time steps, so their order matters",
    "check_methods_subset_invariance": "rows are time steps, so what came before matters",
}
WEIGHTLESS_ROWS_DRIVE = {
    "check_sample_weight_equivalence_on_dense_data": "a row of weight 0 still drives the state",
}
EXPECTED = {
    ESNTransformer: ROWS_ARE_TIME,
    ESNRegressor: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    ESNClassifier: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    EnsembleRegressor: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    EnsembleClassifier: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    RecursiveLeastSquares: {},
    RNNRegressor: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    RNNClassifier: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    LSTMRegressor: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    LSTMClassifier: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
}


def expected_to_fail(estimator):
    return EXPECTED[type(estimator)]


STRICT = "xfail_strict" in inspect.signature(parametrize_with_checks).parameters
OPTIONS = {"xfail_strict": True} if STRICT else {}


@pytest.mark.filterwarnings("ignore:y reaches")  # some checks learn large targets
@pytest.mark.filterwarnings("ignore:Can't check dok sparse matrix")
@parametrize_with_checks(
    [
        ESNRegressor(n_units=50),
        ESNClassifier(n_units=50),
        ESNTransformer(n_units=20),
        EnsembleRegressor(ESNRegressor(n_units=20), 3),
        EnsembleClassifier(ESNClassifier(n_units=20), 3),
        RecursiveLeastSquares(),
        RNNRegressor(n_units=8, max_iter=40),
        RNNClassifier(n_units=8, max_iter=40),
        LSTMRegressor(n_units=8, max_iter=40),
        LSTMClassifier(n_units=8, max_iter=40),
    ],
    expected_failed_checks=expected_to_fail,
    **OPTIONS,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
