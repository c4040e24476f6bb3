"""scikit-learn's own checks, on every estimator."""

import inspect

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from reservoir import (
    CTRNNClassifier,
    CTRNNRegressor,
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
    CTRNNRegressor: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    CTRNNClassifier: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    RNNRegressor: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    RNNClassifier: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    LSTMRegressor: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
    LSTMClassifier: ROWS_ARE_TIME | WEIGHTLESS_ROWS_DRIVE,
}


TOO_FEW_GENERATIONS = {
    "check_regressors_train": "two generations learn nothing",
    "check_classifiers_train": "two generations learn nothing",
}


def expected_to_fail(estimator):
    expected = EXPECTED[type(estimator)]
    if getattr(estimator, "training", "") == "evolution":
        kind = "regressor" if isinstance(estimator, CTRNNRegressor) else "classifier"
        expected = expected | {k: v for k, v in TOO_FEW_GENERATIONS.items() if kind in k}
    return expected


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
        CTRNNRegressor(n_units=40),
        CTRNNClassifier(n_units=40, alpha=1.0),
        CTRNNRegressor(n_units=8, time_constants=1.0, training="bptt", max_iter=40),
        CTRNNClassifier(n_units=8, time_constants=1.0, training="bptt", max_iter=40),
        CTRNNRegressor(n_units=2, training="evolution", max_iter=2),
        CTRNNClassifier(n_units=2, training="evolution", max_iter=2),
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
