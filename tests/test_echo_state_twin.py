"""Echo state estimators against their slow twin, over random networks, sequences and targets.

Rows of named sequences stand interleaved, so that whatever belongs to a row has to find its way
to its sequence and back.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.metrics import accuracy_score, r2_score

from reservoir import ESNClassifier, ESNRegressor
from tests import naive

NAMES = np.array(["d", "a", "z", "c"])  # not in the order in which sequences stand


def dense(matrix):
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix


class Twin:
    """The equations of an estimator, run slowly over the weights that it has drawn."""

    def __init__(self, esn):
        matrices = [
            value if isinstance(value, list) else [value]
            for value in (esn.recurrent_weights_, esn.input_weights_, esn.bias_)
        ]
        leaks = np.tile(esn.leak_rate, (1 + esn.bidirectional, 1))
        layers = [(dense(W), W_in, b, a) for W, W_in, b, a in zip(*matrices, leaks, strict=True)]
        self.esn, self.W_fb = esn, getattr(esn, "feedback_weights_", None)
        self.forward, self.backward = layers[: esn.n_layers], layers[esn.n_layers :]

    def states(self, inputs, teacher=None):
        return naive.deep_states(self.forward, self.esn.activation, inputs, self.W_fb, teacher)

    def features(self, inputs, teacher=None):
        parts = [self.states(inputs, teacher)]
        if self.backward:
            parts.append(naive.deep_states(self.backward, self.esn.activation, inputs[::-1])[::-1])
        return np.hstack([*parts, inputs] if self.esn.include_input else parts)

    def closed_loop(self, coef, intercept, inputs, state=None, output=None):
        n_states = self.esn.n_layers * self.esn.n_units
        n_read = n_states + self.esn.include_input * inputs.shape[1]
        return naive.closed_loop(
            self.forward,
            self.esn.activation,
            self.W_fb,
            lambda features: coef @ features[:n_read] + intercept,
            inputs,
            np.zeros(n_states) if state is None else state,
            np.zeros(len(coef)) if output is None else output,
        )


def draw_network(rng, *, feedback, **others):
    n_units, n_layers = int(rng.integers(3, 8)), int(rng.integers(1, 3))
    bounded = ["tanh", "sigmoid"]
    return {
        "n_units": n_units,
        "n_layers": n_layers,
        "activation": str(rng.choice(bounded if feedback else [*bounded, "relu", "identity"])),
        "connectivity": 3,
        "spectral_radius": 0.7,
        "leak_rate": rng.uniform(0.1, 1, (n_layers, n_units)),
        "bias_scaling": 0.2,
        "feedback": feedback,
        "feedback_scaling": 0.3,
        "include_input": bool(rng.integers(2)),
        "pooling": str(rng.choice(["mean", "last"])),
        "warmup": int(rng.integers(0, 7)),
        "alpha": float(10 ** rng.uniform(-3, 1)),
        "random_state": int(rng.integers(1000)),
    } | others


def draw_readout(rng, alpha):
    return Ridge(alpha) if rng.integers(3) == 0 else None


def draw_block_size(rng, monkeypatch):
    """Blocks of 64 rows, the smallest there are, or of many more than the rows."""
    monkeypatch.setattr("reservoir.estimators._reservoir.BLOCK_SIZE", int(rng.choice([1, 2**19])))


def draw_names(rng, lengths):
    """Return the sequence of each row: NAMES[i] as often as lengths[i] says, in random order."""
    return rng.permutation(np.repeat(NAMES[: len(lengths)], lengths))


def rows_of_each(names):
    """Return the rows of each sequence, in the order of the sorted names."""
    return [np.flatnonzero(names == name) for name in np.unique(names)]


def draw_weights(rng, n_targets, n_sequences):
    """Weights of the targets, of the sequences, or None."""
    n = [n_targets, n_sequences, None][rng.integers(3)]
    return None if n is None else rng.uniform(0, 2, n) * (rng.uniform(size=n) > 0.1)


def weight_of_each_target(weights, names, n_targets):
    if weights is None:
        return np.ones(n_targets)
    return (
        weights if len(weights) == n_targets else weights[np.unique(names, return_inverse=True)[1]]
    )


@pytest.mark.parametrize("seed", range(30))
def test_regression_of_rows(seed, monkeypatch):
    rng = np.random.default_rng(seed)
    draw_block_size(rng, monkeypatch)
    network = draw_network(rng, feedback=bool(rng.integers(2)))
    if not network["feedback"]:
        network["bidirectional"] = bool(rng.integers(2))
    esn = ESNRegressor(**network, readout=draw_readout(rng, network["alpha"]))
    names = draw_names(rng, rng.integers(8, 120, rng.integers(1, 5)))
    X = rng.uniform(-1, 1, (len(names), rng.integers(1, 4)))
    y = rng.normal(size=(len(names), rng.integers(1, 3))) * 0.5
    sequences = rows_of_each(names)
    weights = draw_weights(rng, len(names), len(sequences))

    esn.fit(X, y, groups=names, sample_weight=weights)

    twin, weight = Twin(esn), weight_of_each_target(weights, names, len(names))
    features = [twin.features(X[rows], y[rows] if esn.feedback else None) for rows in sequences]
    kept = np.concatenate([rows[esn.warmup :] for rows in sequences])
    learned = np.vstack([part[esn.warmup :] for part in features])
    coef, intercept = naive.ridge(learned, y[kept], esn.alpha, weight[kept])
    expected = np.empty_like(y)
    for rows, part in zip(sequences, features, strict=True):
        if esn.feedback:
            expected[rows] = twin.closed_loop(coef, intercept, X[rows])
        else:
            expected[rows] = part @ coef.T + intercept
    assert_allclose(esn.predict(X, groups=names), expected, rtol=0, atol=1e-9)
    assert esn.score(X, y, groups=names, sample_weight=weights) == pytest.approx(
        r2_score(y, expected, sample_weight=weight), abs=1e-9
    )


@pytest.mark.parametrize("seed", range(10))
def test_regression_of_sequences(seed, monkeypatch):
    rng = np.random.default_rng(1000 + seed)
    draw_block_size(rng, monkeypatch)
    network = draw_network(rng, feedback=False, bidirectional=bool(rng.integers(2)))
    esn = ESNRegressor(**network, readout=draw_readout(rng, network["alpha"]))
    names = draw_names(rng, rng.integers(8, 120, rng.integers(2, 5)))
    X = rng.uniform(-1, 1, (len(names), rng.integers(1, 4)))
    sequences = rows_of_each(names)
    y = rng.normal(size=(len(sequences), 2))
    weights = draw_weights(rng, len(sequences), len(sequences))

    esn.fit(X, y, groups=names, sample_weight=weights)

    twin, weight = Twin(esn), weight_of_each_target(weights, names, len(sequences))
    pooled = np.array(
        [naive.pool(twin.features(X[rows]), esn.pooling, esn.warmup) for rows in sequences]
    )
    coef, intercept = naive.ridge(pooled, y, esn.alpha, weight)
    expected = pooled @ coef.T + intercept
    assert_allclose(esn.predict(X, groups=names), expected, rtol=0, atol=1e-9)
    assert esn.score(X, y, groups=names, sample_weight=weights) == pytest.approx(
        r2_score(y, expected, sample_weight=weight), abs=1e-9
    )


@pytest.mark.parametrize("seed", range(10))
def test_classification(seed, monkeypatch):
    rng = np.random.default_rng(2000 + seed)
    draw_block_size(rng, monkeypatch)
    esn = ESNClassifier(**draw_network(rng, feedback=False))
    names = draw_names(rng, rng.integers(20, 120, 4))
    X = rng.uniform(-1, 1, (len(names), 2))
    sequences = rows_of_each(names)
    per_sequence = bool(rng.integers(2))
    n_targets = len(sequences) if per_sequence else len(names)
    labels = rng.choice(["up", "down", "level"], n_targets)
    labels[:3] = ["up", "down", "level"]
    weights = draw_weights(rng, n_targets, len(sequences))

    esn.fit(X, labels, groups=names, sample_weight=weights)

    twin, weight = Twin(esn), weight_of_each_target(weights, names, n_targets)
    features = [twin.features(X[rows]) for rows in sequences]
    one_hot = (labels[:, None] == np.array(["down", "level", "up"])).astype(float)
    if per_sequence:
        read = np.array([naive.pool(part, esn.pooling, esn.warmup) for part in features])
        coef, intercept = naive.ridge(read, one_hot, esn.alpha, weight)
    else:
        kept = np.concatenate([rows[esn.warmup :] for rows in sequences])
        learned = np.vstack([part[esn.warmup :] for part in features])
        coef, intercept = naive.ridge(learned, one_hot[kept], esn.alpha, weight[kept])
        read = np.empty((len(names), learned.shape[1]))
        read[np.concatenate(sequences)] = np.vstack(features)
    scores = read @ coef.T + intercept
    expected = np.array(["down", "level", "up"])[scores.argmax(axis=1)]
    positive = np.where(scores > 0, scores, 0)
    assert_array_equal(esn.predict(X, groups=names), expected)
    assert_allclose(
        esn.predict_proba(X, groups=names),
        positive / positive.sum(axis=1, keepdims=True),
        atol=1e-9,
    )
    assert esn.score(X, labels, groups=names, sample_weight=weights) == pytest.approx(
        accuracy_score(labels, expected, sample_weight=weight)
    )


class Stream:
    """Named sequences that arrive in pieces, some of them in each call."""

    def __init__(self, rng, n_outputs):
        self.rng, self.n_outputs = rng, n_outputs
        self.X = {name: np.empty((0, 2)) for name in NAMES}
        self.y = {name: np.empty((0, n_outputs)) for name in NAMES}

    def pieces(self, present, shortest, longest=79):
        """Append rows to the sequences named, and return the rows of this call."""
        begins = {name: len(self.X[name]) for name in NAMES}
        lengths = [
            self.rng.integers(1 if begins[name] else shortest, longest + 1) * (name in present)
            for name in NAMES
        ]
        names = draw_names(self.rng, lengths)
        X = self.rng.uniform(-1, 1, (len(names), 2))
        y = self.rng.normal(size=(len(names), self.n_outputs)) * 0.5
        for name in present:
            self.X[name] = np.vstack([self.X[name], X[names == name]])
            self.y[name] = np.vstack([self.y[name], y[names == name]])
        return X, y, names, begins


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("feedback", [False, True])
def test_a_stream_of_rows_is_carried_on(seed, feedback, monkeypatch):
    rng = np.random.default_rng(3000 + seed)
    draw_block_size(rng, monkeypatch)
    esn = ESNRegressor(**draw_network(rng, feedback=feedback, predict_state="carry"))
    stream = Stream(rng, n_outputs=2)

    for present in (NAMES[:2], NAMES[1:3], NAMES[:2]):
        X, y, names, _ = stream.pieces(present, shortest=esn.warmup + 1)
        esn.partial_fit(X, y, groups=names)

    twin, known = Twin(esn), NAMES[:3]
    features = [twin.features(stream.X[k], stream.y[k] if feedback else None) for k in known]
    coef, intercept = naive.ridge(
        np.vstack([part[esn.warmup :] for part in features]),
        np.vstack([stream.y[k][esn.warmup :] for k in known]),
        esn.alpha,
    )
    assert_allclose(esn.coef_, coef, rtol=0, atol=1e-9)
    learned = {k: (stream.X[k].copy(), stream.y[k].copy()) for k in known}
    X, y, names, begins = stream.pieces(NAMES, shortest=1)
    predicted = esn.predict(X, groups=names)
    for k in NAMES:
        if feedback and k in known:
            end = twin.states(*learned[k])[-1], learned[k][1][-1]
            expected = twin.closed_loop(coef, intercept, X[names == k], *end)
        elif feedback:
            expected = twin.closed_loop(coef, intercept, X[names == k])
        else:
            expected = (twin.features(stream.X[k]) @ coef.T + intercept)[begins[k] :]
        assert_allclose(predicted[names == k], expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_a_stream_of_sequences_is_carried_on(seed, monkeypatch):
    rng = np.random.default_rng(4000 + seed)
    draw_block_size(rng, monkeypatch)
    network = draw_network(rng, feedback=False, predict_state="carry", warmup=6)
    esn, stream = ESNRegressor(**network), Stream(rng, n_outputs=1)
    pooled, targets = [], []

    def pool_piece(twin, name, begin):
        features = twin.features(stream.X[name])[begin:]
        return naive.pool(features, esn.pooling, max(0, esn.warmup - begin))

    for present in (NAMES[:2], NAMES[1:3], NAMES[:2]):
        X, _, names, begins = stream.pieces(present, shortest=esn.warmup + 1)
        y = rng.normal(size=len(present))
        esn.partial_fit(X, y, groups=names)
        twin = Twin(esn)
        pooled += [pool_piece(twin, name, begins[name]) for name in sorted(present)]
        targets += list(y)

    coef, intercept = naive.ridge(np.array(pooled), np.array(targets)[:, None], esn.alpha)
    assert_allclose(esn.coef_, coef[0], rtol=0, atol=1e-9)
    X, _, names, begins = stream.pieces(NAMES, shortest=1, longest=10)
    expected = [pool_piece(twin, name, begins[name]) @ coef[0] for name in sorted(NAMES)]
    assert_allclose(esn.predict(X, groups=names), expected + intercept, rtol=0, atol=1e-9)
