"""Losses, optimisers, batches and the trainer."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reservoir.cells import LSTM, Elman, FullyRecurrent
from reservoir.training._batches import Examples, Plan, make_batch
from reservoir.training._bptt import Objective, batch_gradient, slices_of
from reservoir.training._network import Network
from reservoir.training._run import run_network
from reservoir.training._trees import flat, leaves, views
from reservoir.training.losses import (
    AbsoluteError,
    BinaryCrossEntropy,
    Huber,
    Quantile,
    SoftmaxCrossEntropy,
    SquaredError,
)
from reservoir.training.optimisers import SGD, Adam, AdamW, RMSprop, clip
from tests.test_cells import differences

ALL_LOSSES = [
    SquaredError(), AbsoluteError(), Huber(0.5), Quantile(0.8), SoftmaxCrossEntropy(),
    BinaryCrossEntropy(),
]  # fmt: skip


@pytest.mark.parametrize("loss", ALL_LOSSES, ids=repr)
def test_gradients_of_losses(loss):
    rng = np.random.default_rng(0)
    outputs = rng.normal(size=(6, 3))
    targets = rng.dirichlet(np.ones(3), 6)
    _, gradient = loss(outputs, targets)
    numeric = differences(lambda x: float(loss(x, targets)[0].sum()), outputs)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-8)


def test_losses_against_scikit_learn():
    from sklearn.metrics import log_loss, mean_pinball_loss, mean_squared_error

    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(2, 40, 1))
    assert SquaredError()(outputs, targets)[0].mean() == pytest.approx(
        mean_squared_error(targets, outputs)
    )
    assert Quantile(0.2)(outputs, targets)[0].mean() == pytest.approx(
        mean_pinball_loss(targets, outputs, alpha=0.2)
    )
    labels = rng.integers(0, 2, (40, 1)).astype(float)
    probability = 1 / (1 + np.exp(-outputs[:, 0]))
    assert BinaryCrossEntropy()(outputs, labels)[0].mean() == pytest.approx(
        log_loss(labels[:, 0], probability)
    )
    logits, classes = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    softmax = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert SoftmaxCrossEntropy()(logits, np.eye(3)[classes])[0].mean() == pytest.approx(
        log_loss(classes, softmax)
    )


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), BinaryCrossEntropy()], ids=repr)
def test_cross_entropy_of_large_outputs_is_finite(loss):
    outputs = np.array([[1e4, -1e4], [-1e4, 1e4]], np.float32)
    value, gradient = loss(outputs, np.eye(2, dtype=np.float32))
    assert (value == 0).all()
    assert np.isfinite(loss(outputs[::-1], np.eye(2, dtype=np.float32))[0]).all()
    assert (gradient == 0).all()


def test_wrong_losses_are_named():
    with pytest.raises(ValueError, match="quantile must be between 0 and 1, got 1"):
        Quantile(1)
    with pytest.raises(ValueError, match="delta must be above 0, got 0"):
        Huber(0)


def test_optimisers_take_the_steps_of_their_papers():
    gradients = np.array([[1.0, -2.0], [0.5, 0.0], [-1.0, 4.0]])
    rate = 0.1
    w, v = np.zeros(2), np.zeros(2)
    for g in gradients:  # Sutskever et al., eq. 1 and 2
        v = 0.9 * v - rate * g
        w = w + v
    assert_reaches(SGD(0.9, nesterov=False), gradients, rate, w)
    # eq. 3 and 4 with the gradient at w + μ v, which is where the kept weights stand
    w, v = np.zeros(2), np.zeros(2)
    for g in gradients:
        v = 0.9 * v - rate * g
        w = w + v
    assert_reaches(SGD(0.9, nesterov=True), gradients, rate, w + 0.9 * v)
    w, s = np.zeros(2), np.zeros(2)
    for g in gradients:
        s = 0.99 * s + 0.01 * g**2
        w = w - rate * g / (np.sqrt(s) + 1e-8)
    assert_reaches(RMSprop(), gradients, rate, w)
    for decay in (0.0, 0.5):
        w, m, s = np.ones(2), np.zeros(2), np.zeros(2)
        for t, g in enumerate(gradients, 1):  # Kingma and Ba, algorithm 1
            m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
            step = m / (1 - 0.9**t) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
            w = w - rate * step - rate * decay * w
        optimiser = AdamW(decay) if decay else Adam()
        assert_reaches(optimiser, gradients, rate, w, start=1.0)


def test_clipping_keeps_the_direction():
    for norm, expected in [(None, [3.0, 4.0]), (10.0, [3.0, 4.0]), (2.5, [1.5, 2.0])]:
        gradient = np.array([3.0, 4.0])
        clip(gradient, norm)
        np.testing.assert_allclose(gradient, expected)
    gradient = np.array([3e30, 4e30], np.float32)  # its square is beyond the type
    clip(gradient, 5.0)
    np.testing.assert_allclose(gradient, [3.0, 4.0], rtol=1e-6)


def assert_reaches(optimiser, gradients, rate, expected, start=0.0):
    w = np.full(2, start)
    for g in gradients:
        optimiser.update(w, g, rate)
    np.testing.assert_allclose(w, expected, rtol=1e-12, atol=1e-15)


def examples_of(lengths, n_outputs=2, seed=0, per_sequence=False):
    rng = np.random.default_rng(seed)
    bounds = np.r_[0, np.cumsum(lengths)]
    n = len(lengths) if per_sequence else bounds[-1]
    return Examples(
        rng.normal(size=(bounds[-1], 3)), bounds, rng.normal(size=(n, n_outputs)), np.ones(n),
        per_sequence,
    )  # fmt: skip


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_an_epoch_counts_every_row_once(data):
    lengths = np.array(data.draw(st.lists(st.integers(1, 60), min_size=1, max_size=8)))
    plan = Plan(
        data.draw(st.integers(1, 9)),
        data.draw(st.sampled_from([None, 1, 3, 10, 50])),
        data.draw(st.booleans()),
        data.draw(st.booleans()),
        0,
        True,
    )
    rows = np.arange(float(lengths.sum()))[:, None]
    examples = Examples(rows, np.r_[0, np.cumsum(lengths)], rows, np.ones(len(rows)), False)
    seen = np.zeros(len(rows))
    starts = set(examples.bounds[:-1])
    before = np.zeros(0)
    for batch in plan.epoch(examples, np.random.default_rng(data.draw(st.integers(0, 9)))):
        np.add.at(seen, batch.x[..., 0].astype(int).ravel(), batch.weight.ravel())
        np.testing.assert_array_equal(batch.x, batch.targets)
        first = batch.x[0, :, 0]
        np.testing.assert_array_equal(first[~batch.fresh], before + 1)  # goes on where it was
        last = batch.x[batch.lengths - 1, np.arange(len(first)), 0]
        before = last[batch.stays]
        for column, begin in enumerate(first):
            assert batch.has_teacher[0, column] == (begin not in starts)
            if begin not in starts:
                assert batch.teacher[0, column, 0] == begin - 1
    np.testing.assert_array_equal(seen, 1)


def network_and_weights(cell, n_layers=1, bidirectional=False, pooling=None, seed=0):
    rng = np.random.default_rng(seed)
    network = Network(cell, 3, 6, 2, n_layers, bidirectional, pooling)
    template = network.init(rng)
    vector = flat(template, np.float64) + rng.normal(0, 0.2, sum(x.size for x in leaves(template)))
    return network, template, vector


@pytest.mark.parametrize(
    ("n_layers", "bidirectional", "pooling"),
    [(1, False, None), (2, True, None), (2, True, "mean"), (2, True, "last"), (3, False, "last")],
)
@pytest.mark.parametrize("cell", [Elman(), LSTM()], ids=repr)
def test_gradient_of_compositions(cell, n_layers, bidirectional, pooling):
    network, template, vector = network_and_weights(cell, n_layers, bidirectional, pooling)
    lengths = np.array([5, 2, 7])
    examples = examples_of(lengths, per_sequence=bool(pooling))
    batch = make_batch(examples, np.arange(3), 0 * lengths, lengths, fresh=True, stays=False)
    rng = np.random.default_rng(1)
    masks = [rng.uniform(size=(7, 3, 6 * (1 + bidirectional))) for _ in range(n_layers - 1)]

    def gradient(v):
        weights = views(template, v)
        states = network.begin(weights, 3)
        return batch_gradient(
            Objective(network, SquaredError()), weights, batch, states, masks=masks
        )

    some = rng.choice(len(vector), min(150, len(vector)), replace=False)
    found = gradient(vector).gradient[some]

    def loss(values):
        moved = vector.copy()
        moved[some] = values
        return gradient(moved).loss

    numeric = differences(loss, vector[some])
    np.testing.assert_allclose(found, numeric, rtol=1e-5, atol=1e-7)


def test_gradient_with_forced_teacher_and_vanishing_penalty():
    network, template, vector = network_and_weights(FullyRecurrent())
    lengths = np.array([5, 2, 7])
    batch = make_batch(
        examples_of(lengths), np.arange(3), 0 * lengths, lengths, fresh=True, stays=False,
        wants_teacher=True,
    )  # fmt: skip
    share = np.random.default_rng(0).choice([0.0, 1.0], batch.has_teacher.shape)

    def gradient(v):
        weights = views(template, v)
        return batch_gradient(
            Objective(network, SquaredError()), weights, batch, network.begin(weights, 3),
            share=share,
        )  # fmt: skip

    numeric = differences(lambda v: gradient(v).loss, vector)
    np.testing.assert_allclose(gradient(vector).gradient, numeric, rtol=1e-5, atol=1e-7)


def test_slices_of_a_batch_change_only_rounding():
    network, template, vector = network_and_weights(LSTM())
    lengths = np.random.default_rng(0).integers(1, 9, 37)
    examples = examples_of(lengths)
    weights = views(template, vector)
    batch = make_batch(examples, np.arange(37), 0 * lengths, lengths, fresh=True, stays=False)
    objective = Objective(network, SquaredError())
    whole = batch_gradient(objective, weights, batch, network.begin(weights, 37))
    total = np.zeros_like(vector)
    for i, n in enumerate(lengths):
        alone = make_batch(
            examples, np.array([i]), np.array([0]), np.array([n]), fresh=True, stays=False
        )
        found = batch_gradient(objective, weights, alone, network.begin(weights, 1))
        total += found.gradient * n / lengths.sum()
    np.testing.assert_allclose(whole.gradient, total, rtol=1e-9, atol=1e-12)
    for n_batch in range(1, 70):
        parts = slices_of(n_batch)
        assert [i for part in parts for i in range(part.start, part.stop)] == list(range(n_batch))


def test_windows_that_carry_the_state_are_the_whole():
    network, template, vector = network_and_weights(LSTM(), n_layers=2)
    examples = examples_of(np.array([40, 23]))
    weights = views(template, vector)
    objective = Objective(network, SquaredError())
    whole, _ = run_network(
        network, weights, examples.rows, examples.bounds, network.begin(weights, 2)
    )
    loss, states = 0.0, network.begin(weights, 2)
    for batch in Plan(2, 7, True, False, 0, False).epoch(examples, np.random.default_rng(0)):
        found = batch_gradient(objective, weights, batch, states)
        loss += found.loss * found.total
        states = tuple(tuple(each[batch.stays] for each in layer) for layer in found.ends)
    expected = SquaredError()(whole, examples.targets)[0].sum()
    assert loss == pytest.approx(expected, rel=1e-12)


def test_running_in_blocks_changes_nothing(monkeypatch):
    network, template, vector = network_and_weights(LSTM(), n_layers=2)
    examples = examples_of(np.array([40, 3, 23]))
    weights = views(template, vector)
    begin = network.begin(weights, 3)
    whole, ends = run_network(network, weights, examples.rows, examples.bounds, begin)
    monkeypatch.setattr("reservoir.training._run.BLOCK_SIZE", 200)
    monkeypatch.setattr("reservoir.training._run.TOGETHER", 2)
    parts, part_ends = run_network(network, weights, examples.rows, examples.bounds, begin)
    np.testing.assert_array_equal(whole, parts)
    for a, b in zip(leaves(ends), leaves(part_ends), strict=True):
        np.testing.assert_array_equal(a, b)


CODE = """
import hashlib, numpy as np
from reservoir import LSTMRegressor
rng = np.random.default_rng(0)
X = [rng.normal(size=(n, 2)) for n in rng.integers(5, 30, 40)]
y = [x.cumsum(0) for x in X]
lstm = LSTMRegressor(n_units=9, n_layers=2, dropout=0.2, batch_size=24, max_iter=3, random_state=0)
print(hashlib.sha256(lstm.fit(X, y)._vector.tobytes()).hexdigest())
"""


def test_same_weights_whatever_the_number_of_threads():
    digests = set()
    for n in ("1", "2", "3"):
        names = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        done = subprocess.run(
            [sys.executable, "-c", CODE], capture_output=True, text=True, check=True,
            env=os.environ | dict.fromkeys(names, n),
        )  # fmt: skip
        digests.add(done.stdout.strip())
    assert len(digests) == 1
