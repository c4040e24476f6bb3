"""Continuous-time networks as estimators."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import solve_ivp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from reservoir import CTRNNClassifier, CTRNNRegressor, ESNClassifier, ESNRegressor
from reservoir.datasets import make_mackey_glass
from reservoir.metrics import nrmse

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (500, 2))
Y = 0.5 * np.roll(X[:, 0], 3) + X[:, 1]
T = np.cumsum(RNG.uniform(0.3, 1.7, 500))
WAVE = np.sin(0.3 * np.arange(500.0))[:, None]
SMALL = {"n_units": 30, "time_constants": (1.0, 20.0), "random_state": 0}
INTEGRATORS = ["euler", "exponential_euler", "heun", "rk4", "dormand_prince"]


def small(**parameters):
    return CTRNNRegressor(**SMALL | parameters)


def test_euler_in_steps_of_one_is_the_leaky_echo_state_network():
    leaky = {"n_units": 60, "bias_scaling": 0.2, "warmup": 20, "random_state": 0}
    esn = ESNRegressor(leak_rate=0.4, **leaky)
    ctrnn = CTRNNRegressor(dynamics="jaeger", integrator="euler", time_constants=2.5, **leaky)
    np.testing.assert_allclose(esn.fit(X, Y).coef_, ctrnn.fit(X, Y).coef_, atol=1e-10)
    np.testing.assert_allclose(esn.predict(X), ctrnn.predict(X), atol=1e-11)
    esn.fit(WAVE[:-1], WAVE[1:, 0])
    ctrnn.fit(WAVE[:-1], WAVE[1:, 0])
    np.testing.assert_allclose(esn.generate(20), ctrnn.generate(20), atol=1e-9)
    labels = np.where(X[:, 0] > 0, "a", "b")
    of_labels = ESNClassifier(leak_rate=0.4, **leaky).fit(X, labels)
    same = CTRNNClassifier(dynamics="jaeger", integrator="euler", time_constants=2.5, **leaky).fit(
        X, labels
    )
    np.testing.assert_allclose(of_labels.predict_proba(X), same.predict_proba(X), atol=1e-10)


@pytest.mark.parametrize("dynamics", ["beer", "jaeger"])
@pytest.mark.parametrize("integrator", INTEGRATORS)
@pytest.mark.parametrize("interpolation", ["hold", "linear"])
def test_a_stream_goes_on_at_irregular_times(dynamics, integrator, interpolation):
    ctrnn = small(
        dynamics=dynamics, integrator=integrator, interpolation=interpolation, step=0.5
    ).fit(X, Y, times=T)
    whole = ctrnn.predict(X, times=T)
    first, state = ctrnn.predict(X[:200], times=T[:200], return_state=True)
    rest = ctrnn.predict(X[200:], times=T[200:], initial_state=state)
    np.testing.assert_allclose(np.r_[first, rest], whole, atol=1e-12)
    again = pickle.loads(pickle.dumps(ctrnn))
    np.testing.assert_array_equal(again.predict(X, times=T), whole)


@pytest.mark.parametrize("interpolation", ["hold", "linear"])
def test_a_stream_of_a_trained_network_goes_on(interpolation):
    ctrnn = small(training="bptt", interpolation=interpolation, max_iter=2, step=0.6)
    ctrnn.fit(X, Y, times=T)
    whole = ctrnn.predict(X, times=T)
    first, state = ctrnn.predict(X[:200], times=T[:200], return_state=True)
    rest = ctrnn.predict(X[200:], times=T[200:], initial_state=state)
    np.testing.assert_allclose(np.r_[first, rest], whole, atol=1e-12)


def test_states_solve_the_equation():
    """A readout of identity: what is predicted is what scipy integrates."""
    ctrnn = small(n_units=5, integrator="rk4", step=0.02, include_input=False).fit(X, Y, times=T)
    W, W_in = np.asarray(ctrnn.recurrent_weights_), ctrnn.input_weights_
    theta, tau = ctrnn.bias_, ctrnn.time_constants_
    x, states, before = np.zeros(5), [], T[0] - ctrnn.interval_
    for u, t in zip(X[:40], T[:40], strict=True):
        x = solve_ivp(
            lambda _, x, u=u: (W @ np.tanh(x + theta) + W_in @ u - x) / tau,
            (before, t), x, rtol=1e-10, atol=1e-12,
        ).y[:, -1]  # fmt: skip
        before = t
        states.append(x)
    expected = np.array(states) @ ctrnn.coef_ + ctrnn.intercept_
    found = ctrnn.predict(X[:40], times=T[:40])
    np.testing.assert_allclose(found, expected, atol=1e-6 * abs(ctrnn.coef_).sum())


def test_states_are_those_that_are_read():
    ctrnn = small(include_input=False).fit(X, Y, times=T)
    states = ctrnn.states(X, times=T)
    assert states.shape == (500, 30)
    np.testing.assert_allclose(states @ ctrnn.coef_ + ctrnn.intercept_, ctrnn.predict(X, times=T))
    assert [len(part) for part in ctrnn.states([X[:9], X[9:20]], times=[T[:9], T[9:20]])] == [9, 11]
    with pytest.raises(AttributeError, match="states"):
        small(training="bptt").states(X)


def test_dates_are_numbers_of_their_unit():
    index = pd.Timestamp("2020-01-01") + pd.to_timedelta(T, unit="h")
    frame = pd.DataFrame(X, index=index, columns=["a", "b"])
    dated = small(time_unit="1h").fit(frame, Y)
    numbered = small().fit(X, Y, times=T)
    np.testing.assert_allclose(dated.predict(frame), numbered.predict(X, times=T), atol=1e-8)
    assert dated.interval_ == pytest.approx(np.median(np.diff(T)))
    a_day = small(time_constants=(1 / 24, 20 / 24), time_unit="1D").fit(frame, Y)
    np.testing.assert_allclose(a_day.predict(frame), dated.predict(frame), atol=1e-8)


def test_outputs_at_times_of_ones_own():
    ctrnn = small().fit(X, Y, times=T)
    at_rows = ctrnn.predict(X, times=T, at=T)
    np.testing.assert_array_equal(at_rows, ctrnn.predict(X, times=T))
    at = np.array([T[100] + 0.2, T[3] + 0.1, T[-1] + 50.0])  # in any order
    found = ctrnn.predict(X, times=T, at=at)
    for moment, output in zip(at, found, strict=True):
        n = np.searchsorted(T, moment, side="right")
        held = np.vstack([X[:n], X[n - 1]])
        alone = ctrnn.predict(held, times=np.r_[T[:n], moment])[-1]
        np.testing.assert_allclose(output, alone, atol=1e-9)
    parts = [slice(0, 200), slice(200, 500)]
    lists = ctrnn.predict(
        [X[p] for p in parts], times=[T[p] for p in parts], at=[T[:3], T[200:205]]
    )
    assert [len(part) for part in lists] == [3, 5]
    both, state = ctrnn.predict(X, times=T, at=at, return_state=True)
    np.testing.assert_array_equal(both, found)
    assert state[-1] == T[-1]


def test_outputs_that_are_due_later():
    ctrnn = small().fit(X, Y, times=T, ahead=0.7)
    assert ctrnn.coef_.shape == (2 * 30 + 2,)  # the states at both times, and the input
    np.testing.assert_array_equal(
        ctrnn.predict(X, times=T), ctrnn.predict(X, times=T, ahead=np.full(500, 0.7))
    )
    np.testing.assert_allclose(
        ctrnn.predict(X, times=T, ahead=0.1), ctrnn.predict(X, times=T, at=T + 0.1), atol=1e-9
    )
    each = small().fit(X, Y, times=T, ahead=np.diff(T, append=T[-1] + 1))
    with pytest.raises(ValueError, match="ahead must be given as in fit"):
        each.predict(X, times=T)
    with pytest.raises(ValueError, match="ahead must be None where it was"):
        small().fit(X, Y).predict(X, ahead=1.0)


def test_outputs_of_lists_that_are_due_later():
    cuts = [slice(0, 300), slice(300, 500)]
    lists = {"times": [T[c] for c in cuts], "ahead": [np.full(c.stop - c.start, 0.7) for c in cuts]}
    each = small().fit([X[c] for c in cuts], [Y[c] for c in cuts], **lists)
    groups = np.repeat([0, 1], [300, 200])
    at_once = small().fit(X, Y, times=T, ahead=0.7, groups=groups)
    np.testing.assert_array_equal(each.coef_, at_once.coef_)


def test_half_of_the_samples_are_lost():
    """Mackey-Glass, each next sample, against an echo state network on the interpolated series.

    The latter runs freely from the row to the time of the next sample.
    """
    series = np.ravel(make_mackey_glass(6000, random_state=0))
    series = (series - series.mean()) / series.std()
    keep = np.sort(np.random.default_rng(0).choice(6000, 3000, replace=False))
    t, u, n = keep.astype(float), series[keep], 2000
    ctrnn = CTRNNRegressor(
        n_units=300, time_constants=(1, 5), input_scaling=0.5, bias_scaling=0.3, warmup=100,
        interpolation="linear", alpha=[1e-10, 1e-8, 1e-6, 1e-4], random_state=0,
    )  # fmt: skip
    gaps = np.diff(t)
    ctrnn.fit(u[:n, None], u[1 : n + 1], times=t[:n], ahead=gaps[:n])
    found = ctrnn.predict(u[:-1, None], times=t[:-1], ahead=gaps)[n:]
    error = nrmse(u[n + 1 :], found)
    grid = np.interp(np.arange(6000), t, u)[:, None]
    last = keep[n]
    errors = []
    for leak in (0.3, 0.5, 0.8):
        esn = ESNRegressor(
            n_units=300, leak_rate=leak, input_scaling=0.5, bias_scaling=0.3, warmup=100,
            alpha=[1e-10, 1e-8, 1e-6, 1e-4], random_state=0,
        ).fit(grid[: last - 1], grid[1:last, 0])  # fmt: skip
        # the state at each row of what was known then: gaps are filled when their end comes
        outputs = [
            esn.generate(int(gap), context=grid[max(0, k - 200) : k + 1])[-1]
            for k, gap in zip(keep[n:-1:5], gaps[n::5].astype(int), strict=True)
        ]
        errors.append(nrmse(u[n + 1 :: 5], np.array(outputs)))
    assert error < 0.7 * min(errors)
    assert error < 0.025


def test_both_ways_of_training_learn():
    for training, score in (("bptt", 0.99), ("evolution", 0.9)):
        ctrnn = CTRNNRegressor(
            n_units=20 if training == "bptt" else 4, training=training, time_constants=(1, 5),
            max_iter=40, random_state=0,
        ).fit(WAVE[:-1], WAVE[1:, 0])  # fmt: skip
        assert ctrnn.score(WAVE[:-1], WAVE[1:, 0]) > score
        assert (ctrnn.time_constants_ > 0).all()
        assert not np.allclose(
            ctrnn.time_constants_, np.geomspace(1, 5, len(ctrnn.time_constants_))
        )
        assert ctrnn.generate(5, context=WAVE[:100]).shape == (5,)
        assert len(ctrnn.loss_curve_) == ctrnn.n_iter_


def test_gradients_of_sequences_of_different_lengths_and_intervals():
    """Steps that only a longer sequence beside it takes count for nothing."""
    from reservoir.cells import CTRNN
    from reservoir.training._batches import Examples, make_batch
    from reservoir.training._bptt import Objective, batch_gradient
    from reservoir.training._network import Network
    from reservoir.training._trees import flat, views
    from reservoir.training.losses import SquaredError

    rng = np.random.default_rng(0)
    lengths = np.array([7, 3, 1, 5])
    bounds = np.r_[0, np.cumsum(lengths)]
    n = bounds[-1]
    rows = np.column_stack([rng.normal(size=(n, 2)), rng.uniform(0.1, 2.5, n)])
    examples = Examples(rows, bounds, rng.normal(size=(n, 1)), np.ones(n), False)
    for integrator in ("exponential_euler", "rk4"):
        cell = CTRNN(time_constants=(2.0, 9.0), integrator=integrator, step=0.6)
        network = Network(cell, 3, 5, 1)
        vector = flat(network.init(rng), np.float64)
        template = network.init(rng)
        starts = np.zeros(4, np.int64)
        batch = make_batch(examples, np.arange(4), starts, lengths, fresh=True, stays=False)

        def found(v, network=network, template=template, batch=batch):
            weights = views(template, v)
            start = network.begin(weights, 4)
            return batch_gradient(Objective(network, SquaredError()), weights, batch, start)

        expected = [
            (found(vector + step).loss - found(vector - step).loss) / 2e-6
            for step in 1e-6 * np.eye(len(vector))
        ]
        np.testing.assert_allclose(found(vector).gradient, expected, atol=1e-8)


def test_evolution_survives_what_an_integrator_does_not():
    ctrnn = CTRNNRegressor(
        n_units=4, training="evolution", integrator="rk4", time_constants=(2, 20), max_iter=3,
        random_state=0,
    ).fit(X, Y)  # fmt: skip
    assert np.isfinite(ctrnn.predict(X)).all()
    penalised = clone(ctrnn).set_params(alpha=10.0).fit(X, Y)
    assert penalised.loss_ > ctrnn.loss_


@pytest.mark.parametrize("training", ["bptt", "evolution"])
def test_a_list_of_sequences_is_trained_on(training):
    cuts = [slice(0, 80), slice(80, 130), slice(130, 200)]
    ctrnn = small(n_units=4, training=training, max_iter=2).fit(
        [X[c] for c in cuts], [Y[c] for c in cuts], times=[T[c] for c in cuts]
    )
    assert [len(p) for p in ctrnn.predict([X[c] for c in cuts], times=[T[c] for c in cuts])] == [
        80,
        50,
        70,
    ]


def test_a_long_gap_costs_a_prediction_no_memory():
    times = np.r_[np.arange(400.0), 1e5 + np.arange(100.0)]
    assert np.isfinite(small(training="bptt", max_iter=1).fit(X, Y).predict(X, times=times)).all()
    with pytest.raises(ValueError, match=r"an interval of .* takes"):
        small(training="bptt", max_iter=1).fit(X, Y, times=np.r_[T[:-1], 1e9])


def test_what_has_no_times_goes_on_at_the_usual_interval():
    carried = small(predict_state="carry").fit(X[:300], Y[:300])
    plain = carried.predict(X[300:])
    np.testing.assert_allclose(carried.predict(X[300:], times=np.arange(300.0, 500)), plain)
    _, state = carried.predict(X[:300], initial_state=np.zeros(33), return_state=True)
    assert np.isnan(state[-1])
    carried.predict(X[300:], initial_state=state)


def test_dates_with_and_without_a_zone_do_not_mix():
    index = pd.Timestamp("2024-07-01", tz="Europe/Vienna") + pd.to_timedelta(T, unit="h")
    zoned = pd.DataFrame(X, index=index)
    ctrnn = small(predict_state="carry").fit(zoned[:300], Y[:300])
    same = ctrnn.predict(zoned[300:])
    np.testing.assert_allclose(ctrnn.predict(zoned[300:].tz_convert("Asia/Tokyo")), same)
    with pytest.raises(ValueError, match="dates with a time zone as in fit, got dates without"):
        ctrnn.predict(zoned[300:].tz_localize(None))
    with pytest.raises(ValueError, match="at must be dates with a time zone"):
        ctrnn.predict(zoned[300:], at=index[300:].tz_localize(None))
    as_text = zoned.tz_convert("UTC").tz_localize(None)
    dated = small().fit(as_text, Y)
    as_text.index = as_text.index.astype(str)
    np.testing.assert_allclose(small().fit(as_text, Y).predict(as_text), dated.predict(as_text))


def test_weights_of_classes():
    labels = np.where(X[:, 0] + RNG.normal(0, 1, 500) > 1.0, "rare", "usual")
    settings = {"n_units": 20, "time_constants": (1, 5), "alpha": 1e-2, "random_state": 0}
    plain = CTRNNClassifier(**settings).fit(X, labels)
    weighted = CTRNNClassifier(class_weight="balanced", **settings).fit(X, labels)
    in_parts = CTRNNClassifier(class_weight="balanced", **settings).partial_fit(X, labels)
    assert (weighted.predict(X) == "rare").mean() > 2 * (plain.predict(X) == "rare").mean()
    np.testing.assert_allclose(in_parts.coef_, weighted.coef_)
    names = np.repeat(["b", "a", "c"], [200, 200, 100])
    of_names = pd.Series(["x", "y", "y"], index=["b", "a", "c"])
    one, other = (
        CTRNNClassifier(class_weight={"x": 5.0, "y": 1.0}, **settings).fit(X, y, groups=names)
        for y in (of_names, of_names.sort_index())
    )
    np.testing.assert_allclose(one.intercept_, other.intercept_)
    CTRNNClassifier(class_weight="balanced", **settings).fit(
        X, of_names, groups=names, sample_weight=[1.0, 2.0, 1.0]
    )


def test_the_loop_begins_one_interval_on_whatever_the_last_row_aimed_at():
    ahead = np.ones(499)
    ahead[-1] = 7
    y = np.sin(0.3 * (np.arange(499) + ahead))
    ctrnn = small(time_constants=(1, 5), interpolation="linear").fit(WAVE[:499], y, ahead=ahead)
    np.testing.assert_allclose(ctrnn.generate(3), ctrnn.generate(3, context=WAVE[:499]), atol=1e-9)


def test_later_parameters_count():
    ctrnn = small().fit(X, Y).set_params(alpha=1e3)
    assert ctrnn.partial_fit(X, Y).alpha_ == 1e3


def test_evolution_is_the_same_for_the_same_seed_and_never_worse_than_its_start():
    runs = [
        CTRNNRegressor(n_units=3, training="evolution", max_iter=5, random_state=0).fit(X, Y)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(runs[0].predict(X), runs[1].predict(X))
    assert (np.diff(runs[0].loss_curve_) <= 0).all()


def test_labels_of_irregular_sequences():
    times = [np.cumsum(RNG.uniform(0.2, 1.8, 50)) for _ in range(20)]
    waves = [np.sin((0.2 + 0.2 * (i % 2)) * t)[:, None] for i, t in enumerate(times)]
    labels = np.array(["slow", "fast"] * 10)
    for training in ("readout", "bptt"):
        ctrnn = CTRNNClassifier(
            n_units=40, time_constants=(1, 10), training=training, random_state=0
        ).fit(waves[:14], labels[:14], times=times[:14])
        assert ctrnn.score(waves[14:], labels[14:], times=times[14:]) == 1.0
        probabilities = ctrnn.predict_proba(waves[14:], times=times[14:])
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_partial_fit_is_fit_in_blocks():
    times = np.cumsum(np.tile([1.0, 1.0, 1.0, 2.5], 125))  # each block tells the same of them
    carried = small(predict_state="carry", alpha=1e-2)
    for rows in (slice(0, 200), slice(200, 352), slice(352, 500)):
        carried.partial_fit(X[rows], Y[rows], times=times[rows])
    at_once = small(alpha=1e-2).fit(X, Y, times=times)
    np.testing.assert_allclose(carried.coef_, at_once.coef_, atol=1e-9)
    trained = small(training="bptt", max_iter=1).partial_fit(X, Y).partial_fit(X, Y)
    assert trained.n_iter_ == 2
    with pytest.raises(AttributeError, match="partial_fit"):
        small(training="evolution").partial_fit(X, Y)


def test_in_pipelines_and_searches():
    frame = pd.DataFrame(X, index=T, columns=["a", "b"])
    scaler = StandardScaler().set_output(transform="pandas")  # keeps the times
    pipe = make_pipeline(scaler, small(predict_state="carry", step=1.0))
    grid = {"ctrnnregressor__time_constants": [(1, 5), (1, 50)]}
    search = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(3), error_score="raise").fit(frame, Y)
    assert search.best_score_ > 0.5
    assert clone(search.best_estimator_[-1]).get_params()["step"] == 1.0


@pytest.mark.parametrize("training", ["readout", "bptt"])
def test_single_precision_is_close(training):
    settings = {"training": training, "max_iter": 3}
    double = small(**settings).fit(X, Y, times=T).predict(X, times=T)
    single = small(dtype="float32", **settings).fit(X, Y, times=T).predict(X, times=T)
    assert abs(double - single).max() < 0.01


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"time_constants": (5, 1)}, "the shortest, then the longest"),
        ({"time_constants": [1.0, 2.0]}, r"shape \(n_units,\) = \(30,\)"),
        ({"time_constants": (0, 1)}, "finite and positive"),
        ({"time_constants": -1.0}, "time_constants"),
        ({"integrator": "euler", "time_constants": 0.3}, "step must be at most 0.6 .*steps of 1"),
        ({"integrator": "rk4", "step": 3.0}, "step must be at most 2.785"),
        ({"training": "bptt", "integrator": "dormand_prince"}, "fixed number"),
        ({"training": "bptt", "alpha": [1.0]}, "alpha must be a number"),
        ({"time_unit": "1h"}, "time_unit must be None"),
        ({"integrator": "simpson"}, "integrator"),
        ({"n_units": 0}, "n_units"),
    ],
)
def test_wrong_parameters(parameters, words):
    index = np.arange(0, 6 * len(X), 6) if parameters.get("step") else None
    with pytest.raises(ValueError, match=words):
        small(**parameters).fit(X, Y, times=index)


@pytest.mark.parametrize("training", ["readout", "bptt", "evolution"])
def test_messages_name_the_estimator_that_is_used(training):
    ctrnn = small(n_units=3, training=training, max_iter=1).fit(X, Y)
    with pytest.raises(ValueError, match="but CTRNNRegressor is expecting 2 features"):
        ctrnn.predict(X[:, :1])
    with pytest.raises(ValueError, match="CTRNNRegressor requires y"):
        ctrnn.fit(X, None)


def test_wrong_use():
    with pytest.raises(NotFittedError):
        small().predict(X)
    ctrnn = small().fit(X, Y, times=T)
    _, state = ctrnn.predict(X, times=T, return_state=True)
    with pytest.raises(ValueError, match="times must follow those that led"):
        ctrnn.predict(X, times=T, initial_state=state)
    with pytest.raises(ValueError, match="at must not lie before the first row"):
        ctrnn.predict(X, times=T, at=[T[0] - 1])
    with pytest.raises(ValueError, match="at needs times"):
        small().fit(X, Y).predict(X, at=[3.0])
    with pytest.raises(ValueError, match="initial_state must be finite"):
        ctrnn.predict(X, times=T, initial_state=state[:-1])
    with pytest.raises(AttributeError, match="'CTRNNRegressor' object has no attribute 'loss_'"):
        _ = small().loss_
    trained = small(training="bptt", max_iter=1).fit(X, Y)
    with pytest.raises(ValueError, match="at must be None where all weights are trained"):
        trained.predict(X, at=[3.0])
    with pytest.raises(ValueError, match="ahead must be None where all weights are trained"):
        small(training="bptt").fit(X, Y, ahead=1.0)


def test_a_gap_is_no_error_and_forgets():
    times = np.r_[np.arange(250.0), 1e4 + np.arange(250.0)]
    ctrnn = small().fit(X, Y, times=times)
    after = ctrnn.predict(X[250:], times=times[250:])
    whole = ctrnn.predict(X, times=times)
    assert np.isfinite(whole).all()
    assert abs(whole[251:] - after[1:]).max() < 0.2  # rest, or all but rest


def test_divergence_is_named():
    with pytest.raises(FloatingPointError, match="diverged"):
        small(activation="identity", spectral_radius=9.0, time_constants=1.0).fit(
            np.tile(X, (4, 1)), np.tile(Y, 4)
        )
    with pytest.raises(FloatingPointError, match=r"no step was short enough|diverged"):
        small(
            activation="relu", spectral_radius=60.0, time_constants=0.01,
            integrator="dormand_prince",
        ).fit(X, Y)  # fmt: skip
