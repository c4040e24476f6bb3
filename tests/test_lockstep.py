"""Networks in lockstep against the slow twin and against the sequential loop."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joblib import Parallel, delayed
from scipy import sparse

from reservoir import ESNRegressor, ESNTransformer
from reservoir.kernels import _lockstep, _threads
from reservoir.kernels._harvest import as_kernel_matrix, harvest
from reservoir.kernels._lockstep import cut, harvest_together, make_network, plans, whole
from tests import naive

RNG = np.random.default_rng(0)
LONG = RNG.uniform(-1, 1, (6000, 1))


def network(n_units, n_inputs, density, seed=0, radius=0.9):
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(n_units, n_units)) * (rng.uniform(size=(n_units, n_units)) < density)
    W *= radius / max(1e-9, np.abs(np.linalg.eigvals(W)).max())
    W_in, b = rng.uniform(-1, 1, (n_units, n_inputs)), rng.uniform(-0.3, 0.3, n_units)
    return W, W_in, b, rng.uniform(0.3, 1, n_units)


def together(W, W_in, b, a, activation, inputs, pieces, begin, dtype="float64", out=None):
    net = make_network(W, W_in, b, a.astype(dtype), activation)
    states = begin.astype(dtype)
    out = np.full((len(inputs), len(a)), np.nan, dtype) if out is None else out
    failed = harvest_together(
        net, np.ascontiguousarray(inputs, dtype), [whole(pieces)], states, out, 0, lambda: False
    )
    return out, states, failed


def alone(W, W_in, b, a, activation, inputs, state):
    return harvest(as_kernel_matrix(W, float), inputs @ W_in.T + b, state, a, activation)


class TestSequences:
    @pytest.mark.parametrize("activation", ["tanh", "identity", "relu", "sigmoid"])
    @pytest.mark.parametrize("layout", [np.asarray, sparse.csr_array])
    @pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 2e-5)])
    @pytest.mark.parametrize("n_units", [1, 2, 5, 19])
    def test_equal_the_slow_twin(self, activation, layout, dtype, tolerance, n_units):
        W, W_in, b, a = network(n_units, 2, 0.6)
        lengths = np.random.default_rng(1).integers(1, 12, 37)
        stops = np.cumsum(lengths)
        pieces = list(zip(stops - lengths, stops, strict=True))
        inputs = np.random.default_rng(2).normal(size=(stops[-1], 2))
        begin = np.random.default_rng(3).uniform(-1, 1, (37, n_units))
        out, ends, failed = together(
            layout(W), W_in, b, a, activation, inputs, pieces, begin, dtype
        )
        assert not len(failed)
        for (start, stop), state, end in zip(pieces, begin, ends, strict=True):
            expected = naive.leaky_states(
                W, W_in, b, a, activation, inputs[start:stop], state=state
            )
            np.testing.assert_allclose(out[start:stop], expected, atol=tolerance)
            np.testing.assert_array_equal(end, out[stop - 1])

    @pytest.mark.parametrize("n_inputs", [0, 1, 300, 600])
    @pytest.mark.parametrize("n_units", [3, 300])
    def test_any_number_of_inputs_and_blocks_of_columns(self, n_inputs, n_units):
        W, W_in, b, a = network(n_units, n_inputs, 1.0)
        inputs = np.random.default_rng(2).normal(size=(40, n_inputs)) / 30
        pieces, begin = [(0, 15), (15, 40)], np.zeros((2, n_units))
        out, _, _ = together(W, W_in, b, a, "tanh", inputs, pieces, begin)
        for start, stop in pieces:
            expected = alone(W, W_in, b, a, "tanh", inputs[start:stop], begin[0])
            np.testing.assert_allclose(out[start:stop], expected, atol=1e-12)

    def test_only_their_own_columns_are_written(self):
        W, W_in, b, a = network(6, 1, 0.5)
        wide = np.full((20, 9), 7.0)
        net = make_network(sparse.csr_array(W), W_in, b, a, "tanh")
        harvest_together(
            net, LONG[:20], [whole([(0, 20)])], np.zeros((1, 6)), wide, 2, lambda: True
        )
        assert (wide[:, [0, 1, 8]] == 7).all()
        expected = alone(W, W_in, b, a, "tanh", LONG[:20], np.zeros(6))
        np.testing.assert_allclose(wide[:, 2:8], expected, atol=1e-13)

    def test_what_leaves_the_finite_numbers_is_left_to_the_sequential_loop(self):
        W, W_in, b, a = 1e9 * np.eye(3), np.ones((3, 1)), np.zeros(3), np.ones(3)
        begin = np.zeros((20, 3))
        pieces = [(100 * i, 100 * i + 100) for i in range(20)]
        _, ends, failed = together(W, W_in, b, a, "identity", LONG[:2000], pieces, begin)
        assert len(failed) == 20
        np.testing.assert_array_equal(ends, begin)

    def test_no_links_at_all(self):
        W = sparse.csr_array((4, 4))
        pieces = [(0, 10), (10, 30)]
        out, _, _ = together(
            W, *network(4, 1, 1.0)[1:], "tanh", LONG[:30], pieces, np.zeros((2, 4))
        )
        expected = naive.leaky_states(np.zeros((4, 4)), *network(4, 1, 1.0)[1:], "tanh", LONG[:10])
        np.testing.assert_allclose(out[:10], expected, atol=1e-13)


NETWORKS = {
    "forgets": {"spectral_radius": 0.5},
    "usual": {"spectral_radius": 0.9},
    "leaky": {"spectral_radius": 0.9, "leak_rate": 0.3},
    "leak per unit": {"leak_rate": np.linspace(0.05, 1, 40)},
    "slow": {"spectral_radius": 0.99, "leak_rate": 0.02},
    "dense": {"topology": "dense"},
    "cycle": {"topology": "cycle"},
    "jumps": {"topology": "cycle_jumps"},
    "delay line": {"topology": "delay_line", "spectral_radius": None},
    "above one": {"spectral_radius": 1.2, "input_scaling": 0.5},
    "chaotic": {"spectral_radius": 1.6, "input_scaling": 0.05},
    "unitary": {"topology": "orthogonal", "spectral_radius": 1.0, "activation": "identity"},
    "linear": {"spectral_radius": 0.9, "activation": "identity"},
    "relu": {"spectral_radius": 0.8, "activation": "relu", "bias_scaling": 0.2},
    "sigmoid": {"spectral_radius": 3.0, "activation": "sigmoid"},
    "bistable": {"topology": np.diag(np.linspace(0.5, 2.0, 40))},
    "growing": {"topology": np.triu(np.full((40, 40), 3.0), 1) + 0.5 * np.eye(40)},
}
SIGNALS = {
    "noise": LONG,
    "switched off": np.where(np.arange(6000)[:, None] < 2500, 3 * LONG, 0.0),
    "now and then": LONG * (np.arange(6000)[:, None] // 500 % 2) * 3,
    "sine": np.sin(np.arange(6000.0) / 5)[:, None],
    "silence": np.zeros((6000, 1)),
}


class TestOneLongSeries:
    @pytest.mark.parametrize("signal", SIGNALS)
    @pytest.mark.parametrize("kind", NETWORKS)
    def test_equals_the_sequential_loop(self, kind, signal, monkeypatch):
        """Whatever the network does, and wherever it does not forget where it started."""
        options = {"n_units": 40, "random_state": 1, "include_input": False} | NETWORKS[kind]
        transformer = ESNTransformer(**options).fit(SIGNALS[signal])
        parallel = transformer.transform(SIGNALS[signal])
        monkeypatch.setattr(_lockstep, "plans", lambda *_: [])
        expected = transformer.transform(SIGNALS[signal])
        scale = max(1.0, np.abs(expected).max())
        np.testing.assert_allclose(parallel / scale, expected / scale, rtol=0, atol=1e-10)

    @settings(max_examples=30, deadline=None)
    @given(
        st.integers(1, 30),
        st.integers(4000, 6000),
        st.floats(0.1, 1.7),
        st.floats(0.02, 1.0),
        st.floats(0.0, 2.0),
        st.sampled_from(["tanh", "sigmoid"]),
        st.integers(0, 1000),
    )
    def test_of_any_network(self, n_units, n_rows, radius, leak, scale, activation, seed):
        transformer = ESNTransformer(
            n_units=n_units, connectivity=min(5, n_units), leak_rate=leak, input_scaling=scale,
            topology=lambda n, rng: rng.normal(size=(n, n)), spectral_radius=radius,
            activation=activation, bias_scaling=0.1, include_input=False, random_state=seed,
        ).fit(LONG[:2])  # fmt: skip
        layer = transformer._reservoir.layers[0]
        expected = layer.run(LONG[:n_rows], np.zeros(n_units))
        found = transformer.transform(LONG[:n_rows])
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)

    def test_single_precision(self):
        transformer = ESNTransformer(n_units=60, dtype="float32", random_state=0).fit(LONG)
        layer = transformer._reservoir.layers[0]
        expected = layer.run(LONG.astype("float32"), np.zeros(60, "float32"))
        found = transformer.transform(LONG)[:, :60]
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=2e-5)

    def test_it_runs_in_parts_where_it_forgets_and_not_where_it_does_not(self, monkeypatch):
        calls = []
        run = _lockstep.harvest_together

        def noting(*arguments):
            failed = run(*arguments)
            calls.append(len(failed))
            return failed

        monkeypatch.setattr(_lockstep, "harvest_together", noting)
        for kind, failures in (("usual", 0), ("leaky", 0), ("chaotic", 1), ("unitary", 1)):
            calls.clear()
            ESNTransformer(n_units=40, random_state=1, **NETWORKS[kind]).fit_transform(LONG)
            assert calls == [failures], kind
        calls.clear()
        ESNTransformer(n_units=40, noise=1e-3, random_state=1).fit_transform(LONG)
        ESNTransformer(n_units=40, random_state=1).fit_transform(LONG[:500])
        assert not calls

    def test_a_state_given_and_a_state_returned(self):
        esn = ESNRegressor(n_units=30, alpha=1e-3, random_state=0).fit(LONG, LONG[:, 0])
        whole, end = esn.predict(LONG, return_state=True)
        first, middle = esn.predict(LONG[:2500], return_state=True)
        rest, last = esn.predict(LONG[2500:], initial_state=middle, return_state=True)
        np.testing.assert_allclose(np.r_[first, rest], whole, atol=1e-10)
        np.testing.assert_allclose(last, end, atol=1e-10)


class TestThreads:
    @pytest.mark.parametrize("options", [{}, {"dtype": "float32"}, {"topology": "dense"}])
    def test_their_number_changes_no_bit(self, options, monkeypatch):
        parts = np.split(LONG, [10, 40, 1000, 1010, 3000])
        found = []
        for n in (1, 2, 3, 8):
            monkeypatch.setattr(_threads, "n_threads", lambda n=n: n)
            transformer = ESNTransformer(n_units=50, random_state=0, **options).fit(LONG)
            found.append(np.vstack([transformer.transform(LONG), *transformer.transform(parts)]))
        for other in found[1:]:
            np.testing.assert_array_equal(other, found[0])

    def test_many_fits_at_once(self):
        esn = ESNRegressor(n_units=30, alpha=1e-3, random_state=0)
        fits = Parallel(n_jobs=4, backend="threading")(
            delayed(lambda: esn.__class__(**esn.get_params()).fit(LONG, LONG[:, 0]).coef_)()
            for _ in range(8)
        )
        for other in fits[1:]:
            np.testing.assert_allclose(other, fits[0], atol=1e-12)


class TestParts:
    @given(st.lists(st.integers(1, 20_000), min_size=1, max_size=80), st.sampled_from([16, 32]))
    def test_they_tile_the_sequences(self, lengths, lanes):
        stops = np.cumsum(lengths)
        pieces = list(zip((stops - lengths).tolist(), stops.tolist(), strict=True))
        parts = cut(pieces, lanes)
        assert (parts.n_steps > 0).all()
        np.testing.assert_array_equal(parts.start, np.cumsum(parts.n_steps) - parts.n_steps)
        assert parts.n_steps.sum() == stops[-1]
        np.testing.assert_array_equal(parts.start[parts.is_head], stops - lengths)
        np.testing.assert_array_equal(np.diff(parts.piece, prepend=-1) > 0, parts.is_head)

    @pytest.mark.parametrize(
        ("lengths", "ways"),
        [
            ([300], ""),
            ([2200], ""),
            ([4400], "cut"),
            ([10_000], "cut"),
            ([100, 100], ""),
            ([100] * 30, "whole"),
            ([500] * 16, "whole cut"),
            ([10_000] * 3, "cut"),
            ([10_000] * 10, "cut whole"),
            ([10_000 // 16] + [1] * 15, ""),
        ],
    )
    def test_which_ways_pay(self, lengths, ways):
        stops = np.cumsum(lengths)
        pieces = list(zip((stops - lengths).tolist(), stops.tolist(), strict=True))
        found = ["whole" if parts.is_head.all() else "cut" for parts in plans(pieces, 16)]
        assert " ".join(dict.fromkeys(found)) == ways


BITS = """
import hashlib
import numpy as np
from reservoir import ESNTransformer
rng = np.random.default_rng(0)
digest = hashlib.sha256()
for n_units in (1, 31, 70, 301):
    for n_inputs in (1, 5):
        X = [rng.uniform(-1, 1, (int(n), n_inputs)) for n in rng.integers(1, 60, 37)]
        for topology in ("random", "dense"):
            for dtype in ("float64", "float32"):
                transformer = ESNTransformer(
                    n_units=n_units, topology=topology, dtype=dtype, spectral_radius=None,
                    connectivity=0.3, leak_rate=rng.uniform(0.1, 1, n_units),
                    bias_scaling=0.2, random_state=0,
                ).fit(X)
                for part in transformer.transform(X):
                    digest.update(part.tobytes())
print(digest.hexdigest())
"""


class TestBits:
    """A sequence has the same states alone and among others, to the last bit."""

    @pytest.mark.parametrize("activation", ["tanh", "identity", "relu", "sigmoid"])
    @pytest.mark.parametrize("topology", ["random", "dense"])
    @pytest.mark.parametrize("dtype", ["float64", "float32"])
    @pytest.mark.parametrize(("n_units", "n_inputs"), [(1, 1), (31, 3), (70, 1), (301, 20)])
    def test_of_any_network(self, n_units, n_inputs, dtype, topology, activation):
        rng = np.random.default_rng(0)
        X = [rng.uniform(-1, 1, (int(n), n_inputs)) for n in rng.integers(1, 60, 37)]
        transformer = ESNTransformer(
            n_units=n_units, topology=topology, connectivity=0.3, activation=activation,
            spectral_radius=1.5 if topology == "dense" else None, bias_scaling=0.2,
            leak_rate=rng.uniform(0.1, 1, n_units), n_layers=2, bidirectional=True,
            dtype=dtype, random_state=0,
        ).fit(X)  # fmt: skip
        assert plans([(0, 60)] * 37, 16)
        for some, together in zip(X, transformer.transform(X), strict=True):
            np.testing.assert_array_equal(transformer.transform(some), together)

    @pytest.mark.parametrize("dtype", ["float64", "float32"])
    @pytest.mark.parametrize("topology", ["random", "dense"])
    def test_with_feedback(self, topology, dtype):
        X = np.random.default_rng(0).uniform(-1, 1, (30, 50, 2))
        layer = (
            ESNRegressor(n_units=45, topology=topology, feedback=True, dtype=dtype, random_state=0)
            .fit(X, X[:, :, :1])
            ._reservoir.layers[0]
        )
        inputs = X.reshape(1500, 2).astype(dtype)
        feedback = np.ascontiguousarray(inputs[:, 1:])
        pieces = [slice(start, start + 50) for start in range(0, 1500, 50)]
        begin, out = np.zeros((30, 45), dtype), np.empty((1500, 45), dtype)
        outcome = layer.run_pieces(inputs, feedback, pieces, begin, out, 0, None, True)
        assert outcome == (True, False)
        for piece in pieces:
            alone = layer.run(inputs[piece], np.zeros(45, dtype), feedback[piece])
            np.testing.assert_array_equal(out[piece], alone)

    def test_whatever_the_threads(self):
        found = set()
        for n in ("1", "2"):
            names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS")
            environment = {**os.environ, **dict.fromkeys(names, n)}
            command = [sys.executable, "-c", BITS]
            found.add(subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True
            ).stdout)  # fmt: skip
        assert len(found) == 1
