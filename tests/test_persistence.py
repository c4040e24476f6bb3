"""Whatever is saved comes back to the last bit, and goes on as it would have."""

import datetime
import os
import pickle
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse, stats
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

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
    ReservoirForecaster,
    RNNClassifier,
    RNNRegressor,
)
from reservoir.cells import CELLS, LSTM, MTRNN, Elman
from reservoir.metrics import nrmse
from reservoir.model_selection import ESNSearchCV
from reservoir.persistence import load, save

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (160, 2))
Y = np.convolve(X[:, 0], [0.5, 0.3, 0.2])[:160] + 2
LABELS = np.where(Y > 2, "up", "down")
SMALL = {"n_units": 12, "random_state": 0}
BRIEF = {"n_units": 4, "max_iter": 2, "random_state": 0}


def same(one, two):
    """Return whether two objects are alike in every type, dtype, order and bit."""
    if type(one) is not type(two) or one is two:
        return one is two
    if isinstance(one, float | complex):
        return np.array(one).tobytes() == np.array(two).tobytes()
    if isinstance(one, np.ndarray):
        if (one.shape, one.dtype) != (two.shape, two.dtype):
            return False
        one, two = (each if each.flags.forc else each.copy(order="C") for each in (one, two))
        if one.flags.f_contiguous != two.flags.f_contiguous:
            return False
        if one.dtype == object:
            return all(map(same, one.ravel(), two.ravel()))
        return one.tobytes() == two.tobytes()
    if isinstance(one, np.generic):
        return one.dtype == two.dtype and one.tobytes() == two.tobytes()
    if isinstance(one, np.random.BitGenerator):
        return same(one.state, two.state)  # seeds may differ after a deepcopy by NumPy 1
    if isinstance(one, np.random.SeedSequence):
        return same(one.state, two.state)
    if isinstance(one, np.random.Generator):
        return same(one.bit_generator, two.bit_generator)
    if isinstance(one, np.random.RandomState):
        return same(one.get_state(legacy=False), two.get_state(legacy=False))
    if isinstance(one, pd.Index):
        times = isinstance(one, pd.DatetimeIndex | pd.TimedeltaIndex)
        alike = (
            one.equals(two) and one.dtype == two.dtype and same(list(one.names), list(two.names))
        )
        return alike and (not times or (one.freq, one.unit) == (two.freq, two.unit))
    if isinstance(one, pd.Series | pd.DataFrame):
        if isinstance(one, pd.DataFrame) and not same(one.columns, two.columns):
            return False
        return one.equals(two) and same(one.index, two.index) and one.attrs == two.attrs
    if isinstance(one, dict):
        return all(
            same(a, c) and same(b, d)
            for (a, b), (c, d) in zip(one.items(), two.items(), strict=True)
        )
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, sparse.sparray | sparse.spmatrix):
        return one.shape == two.shape and same(held(one), held(two))
    if isinstance(one, stats.distributions.rv_frozen):
        return (one.dist.name, one.args, one.kwds) == (two.dist.name, two.args, two.kwds)
    if type(one).__module__.split(".")[0] in ("reservoir", "sklearn"):
        return same(one.__getstate__(), two.__getstate__())
    return one == two


def held(matrix):
    names = ("data", "indices", "indptr", "offsets", "coords")
    return {name: getattr(matrix, name) for name in names if hasattr(matrix, name)}


@pytest.fixture
def again(tmp_path):
    """Return what saves an estimator and loads it."""

    def again(estimator):
        path = tmp_path / "estimator"
        save(estimator, path)
        first = path.read_bytes()
        loaded = load(path)
        save(loaded, path)
        assert path.read_bytes() == first  # equal estimators make equal files
        return loaded

    return again


def wave(index, **columns):
    t = np.arange(len(index))
    return pd.Series(np.sin(t / 4) + t / 50, index=index, **columns)


def panel(n=80):
    index = pd.date_range("2024-01-01", periods=n, freq="h", tz="Europe/Berlin")
    return pd.DataFrame({("load", 1): wave(index), ("load", 2): wave(index) ** 2})


def forecaster(**more):
    esn = ESNRegressor(n_units=8, warmup=5, alpha=[1e-4, 1e-2])
    return ReservoirForecaster(esn, n_estimators=2, **more)


ECHO = [
    ESNRegressor(**SMALL),
    ESNRegressor(n_layers=2, bidirectional=True, dtype="float32", **SMALL),
    ESNRegressor(feedback=True, noise=1e-3, warmup=5, predict_state="carry", **SMALL),
    ESNRegressor(alpha=[1e-8, 1e-2], leak_rate=np.linspace(0.1, 1, 12), **SMALL),
    ESNRegressor(alpha=1e-14, **SMALL),  # from a triangular factor
    ESNRegressor(topology=sparse.random_array((12, 12), rng=0).tocsr(), **SMALL),
    ESNRegressor(topology="dense", n_units=12, random_state=np.random.RandomState(3)),
    ESNRegressor(readout=Ridge(solver="svd"), **SMALL),
    ESNRegressor(
        readout=MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, tol=1e9, random_state=1), **SMALL
    ),
    ESNRegressor(
        readout=TransformedTargetRegressor(Ridge(), func=np.log, inverse_func=np.exp), **SMALL
    ),
    EnsembleRegressor(ESNRegressor(n_units=6), 3, random_state=0),
    CTRNNRegressor(n_units=8, random_state=0),
    CTRNNRegressor(n_units=8, integrator="dormand_prince", interpolation="linear", random_state=0),
    RecursiveLeastSquares(forgetting=0.99),
]
TRAINED = [
    *(RNNRegressor(cell=cell, learn_initial_state=True, **BRIEF) for cell in sorted(CELLS)),
    RNNRegressor(cell=MTRNN(((3, 1.0), (1, 6.0))), **BRIEF),
    RNNRegressor(solver="sgd", n_layers=2, dropout=0.5, **BRIEF),
    RNNRegressor(solver="adamw", alpha=0.1, bidirectional=True, **BRIEF),
    RNNRegressor(solver="rmsprop", early_stopping=True, learning_rate="adaptive", **BRIEF),
    LSTMRegressor(peepholes=True, learn_initial_state=True, **BRIEF),
    CTRNNRegressor(training="bptt", **BRIEF),
    CTRNNRegressor(training="evolution", **BRIEF),
]
CLASSIFIERS = [
    ESNClassifier(**SMALL),
    ESNClassifier(readout=make_pipeline(StandardScaler(), LogisticRegression()), **SMALL),
    EnsembleClassifier(ESNClassifier(n_units=6), 2, random_state=0),
    CTRNNClassifier(n_units=8, random_state=0),
    CTRNNClassifier(training="bptt", **BRIEF),
    RNNClassifier(**BRIEF),
    LSTMClassifier(**BRIEF),
]
ALL = [(each, Y) for each in (*ECHO, *TRAINED)] + [(each, LABELS) for each in CLASSIFIERS]
GOES_ON = [
    (each, y)
    for each, y in ALL
    if hasattr(each, "partial_fit")
    and getattr(each, "readout", None) is None
    and getattr(each, "training", None) != "evolution"
]


def name(each):
    return "" if isinstance(each, np.ndarray) else f"{each!r:.80}"


def fitted(estimator, y):
    return pickle.loads(pickle.dumps(estimator)).fit(X, y)


@pytest.mark.parametrize(("estimator", "y"), ALL, ids=name)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_estimator_comes_back_to_the_last_bit(estimator, y, again):
    assert same(again(estimator), estimator)
    known = fitted(estimator, y)
    loaded = again(known)
    assert same(loaded, known)
    np.testing.assert_array_equal(loaded.predict(X), known.predict(X))


@pytest.mark.parametrize(("estimator", "y"), GOES_ON, ids=name)
def test_learning_goes_on_with_the_same_numbers(estimator, y, again):
    known = fitted(estimator, y)
    more = X[::-1].copy(), y[::-1].copy()
    before = known.predict(X)
    loaded = again(known).partial_fit(*more)
    known.partial_fit(*more)
    assert same(loaded, known)
    np.testing.assert_array_equal(loaded.predict(X), known.predict(X))
    assert (loaded.predict(X) != before).any() or y is LABELS


@pytest.mark.parametrize("estimator", TRAINED, ids=name)
def test_a_warm_start_goes_on_with_the_same_numbers(estimator, again):
    known = fitted(estimator, Y).set_params(warm_start=True, max_iter=4)
    loaded = again(known).fit(X, Y)
    assert same(loaded, known.fit(X, Y))
    assert loaded.n_iter_ > 2


def test_initial_states_of_each_sequence_and_tables_come_back(again):
    names = pd.MultiIndex.from_product([["a", "b"], range(80)], names=["run", "t"])
    frame = pd.DataFrame(X, index=names, columns=["u", "v"])
    rnn = RNNRegressor(learn_initial_state="each", **BRIEF).fit(frame, Y)
    for known in (rnn, ESNRegressor(predict_state="carry", **SMALL).fit(frame, Y)):
        loaded = again(known)
        assert same(loaded, known)
        pd.testing.assert_series_equal(
            pd.Series(loaded.predict(frame)), pd.Series(known.predict(frame))
        )


def test_a_transformer_comes_back(again):
    known = ESNTransformer(n_layers=2, **SMALL).set_output(transform="pandas").fit(X)
    loaded = again(known)
    assert same(loaded, known)
    pd.testing.assert_frame_equal(loaded.transform(X), known.transform(X))


SERIES = [
    wave(pd.period_range("2000-01", periods=90, freq="M", name="month"), name="sales"),
    wave(pd.date_range("2024-01-01", periods=90, freq="D", tz="UTC")),
    wave(pd.date_range("2024-01-01", periods=90, freq="B"), name=("a", 1)),
    wave(pd.RangeIndex(3, 93)),
    panel(),
]


@pytest.mark.parametrize("y", SERIES, ids=lambda y: f"{y.index.dtype}-{y.index.nlevels}")
def test_a_forecaster_comes_back(y, again):
    exogenous = pd.DataFrame({"u": np.cos(np.arange(len(y)))}, index=y.index)
    known = forecaster().fit(y[:70], exogenous[:70])
    assert same(again(forecaster()), forecaster())
    loaded = again(known)
    assert same(loaded, known)
    assert same(loaded.predict(5, exogenous[70:75]), known.predict(5, exogenous[70:75]))


def test_searches_and_pipelines_come_back(again):
    esn = ESNRegressor(predict_state="carry", warmup=10, **SMALL)
    found = {"spectral_radius": stats.uniform(0.5, scale=0.5), "alpha": [1e-6, 1e-3]}
    scoring = make_scorer(nrmse, greater_is_better=False)
    own = ESNSearchCV(esn, found, n_iter=3, cv=TimeSeriesSplit(2), scoring=scoring, random_state=0)
    grid = {"esn__alpha": [1e-6, 1e-3], "esn__leak_rate": [0.5, 1.0]}
    scaled = ColumnTransformer([("one", MinMaxScaler(), slice(0, 1))], remainder="passthrough")
    pipeline = make_pipeline(scaled, StandardScaler()).set_output(transform="pandas")
    pipeline.steps.append(("esn", esn))
    full = GridSearchCV(pipeline, grid, cv=TimeSeriesSplit(2))
    for search in (own, full, pipeline):
        assert same(again(search).get_params(), search.get_params())
        known = search.fit(X, Y)
        loaded = again(known)
        assert same(loaded, known)
        np.testing.assert_array_equal(loaded.predict(X), known.predict(X))
    assert again(own).fit(X, Y).best_params_ == own.best_params_


def test_what_is_one_object_stays_one(again):
    shared = np.arange(3.0)
    pair = [shared]
    pair.append(pair)
    inside = (pair, {"a": shared}, shared[1:])
    loaded = again(ESNRegressor(topology=inside)).topology
    assert loaded[0][1] is loaded[0]
    assert loaded[1]["a"] is loaded[0][0]
    assert loaded[2].base is not shared
    loaded[0][0][:] = 7  # arrays can be written to
    rng = np.random.default_rng(0)
    one, two = again(ESNRegressor(topology=[rng, rng], random_state=0)).topology
    assert one is two
    assert one.random() == rng.random()
    assert same(one.spawn(1), rng.spawn(1))


INDEXES = [
    pd.RangeIndex(5, 50, 3, name="n"),
    pd.Index([1.5, np.nan]),
    pd.Index(["a", None, "b"]),
    pd.Index(["a", pd.NA], dtype="string"),
    pd.Index([1, "a", None, (2, 3)], dtype=object, name=("x", 1)),
    pd.Index([1, None, 3], dtype="Int8"),
    pd.Index([True, None], dtype="boolean"),
    pd.Index([1.5, None], dtype="Float32"),
    pd.CategoricalIndex(["b", "a", None], ["b", "a"], ordered=True),
    pd.IntervalIndex.from_breaks([0.0, 1.0, 2.5], closed="left"),
    pd.DatetimeIndex(["2024-01-01", None, "2025"]).as_unit("s"),
    pd.date_range("2024-10-26 23:00", periods=60, freq="30min", tz="Europe/Berlin", name="t"),
    pd.date_range("2024", periods=3, freq="2ME", tz=datetime.timezone(datetime.timedelta(hours=2))),
    pd.timedelta_range("1h", periods=4, freq="3h"),
    pd.period_range("2024", periods=4, freq="Q-NOV"),
    pd.MultiIndex.from_product([["a", "b"], pd.period_range("2024", periods=2, freq="D")]),
]


@pytest.mark.parametrize(
    "index", INDEXES, ids=lambda index: f"{type(index).__name__}-{index.dtype}"
)
def test_pandas_comes_back(index, tmp_path):
    series = pd.Series(index, name=index[0]) if index.nlevels == 1 else pd.Series(1, index=index)
    frame = pd.DataFrame({"x": series, "y": np.float32(2)})
    frame.columns = ["x", "x"]
    frame.attrs = {"unit": "K"}
    kept = [index, series, frame, index[0], index[1:2], series.iloc[:0], frame.iloc[:, :0]]
    save(ESNRegressor(topology=kept), tmp_path / "estimator")  # pandas shares parts as it likes
    assert same(load(tmp_path / "estimator").topology, kept)


def sparse_matrices():
    full = sparse.random_array((4, 6), density=0.4, rng=0)
    for form in ("csr", "csc", "coo", "dia", "bsr"):
        yield full.asformat(form)
        yield getattr(sparse, f"{form}_matrix")(full)
    wide = full.tocsr()
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    yield wide


OTHERS = [
    *sparse_matrices(),
    *(np.random.Generator(bits(5)) for bits in (np.random.MT19937, np.random.Philox)),
    *(bits(5) for bits in (np.random.SFC64, np.random.PCG64DXSM)),
    np.random.SeedSequence([1, 2**80], spawn_key=(3,)),
    np.random.RandomState(4),
    np.ma.masked_array([1.0, 2.0], [True, False], fill_value=9),
    np.ma.masked_array(np.array([None, "a"]), [True, False]),
    np.array([(1, 2.5)], [("a", "<i2"), ("b", ">f8", (2,))]),
    np.array([np.arange(3), [1, {"a": 2}], None, np.array(5)], object),
    np.asfortranarray(np.array([[1, "a"], [None, (2,)]], object)),
    np.arange(24).reshape(2, 3, 4)[:, ::2, ::-1],
    np.ndarray((3,), "S0"),
    np.zeros((0, 3), "M8[us]"),
    np.arange(6.0).reshape(2, 3).T,
    *(pd.offsets.MonthEnd(3), pd.offsets.BDay(), pd.NaT, pd.NA),
    *pd.date_range("2024-10-27 00:30", periods=2, freq="h", tz="UTC").tz_convert("Europe/Berlin"),
    *(pd.Timedelta("3s"), pd.Period("2024-02", "M"), Path("a") / "b", ZoneInfo("Asia/Tokyo")),
    *(datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC)),
    *(np.dtype("<M8[h]"), np.dtype(object), np.dtype([("a", "i4")]), np.float32, int, np.tanh),
    *(nrmse, Elman, LSTM(forget_gate=False), range(3, 9, 2), slice(None, 4), -(2**4000)),
    *(float("nan"), -float("inf"), -0.0, 5e-324, complex(-0.0, float("nan")), b"\0\xff", "\ud800"),
    *({3, "a", (1, 2)}, frozenset({1.5, None}), np.longdouble("0.1"), np.str_("a\0"), np.False_),
]


@pytest.mark.parametrize("value", OTHERS, ids=lambda value: type(value).__name__)
def test_other_kinds_come_back(value, again):
    assert same(again(ESNRegressor(topology=value)).topology, value)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(codec=None))
    | st.binary()
    | hnp.scalar_dtypes().flatmap(hnp.from_dtype)
)
NAMES = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1)
FIELDS = st.lists(
    st.tuples(NAMES, hnp.scalar_dtypes()), min_size=1, max_size=3, unique_by=lambda field: field[0]
)
ARRAYS = hnp.arrays(
    hnp.scalar_dtypes() | FIELDS.map(np.dtype),
    hnp.array_shapes(min_dims=0, min_side=0, max_side=3),
)
KEYS = st.integers() | st.text() | st.tuples(st.integers(), st.binary())
NESTED = st.recursive(
    SCALARS | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
        | hnp.arrays(object, hnp.array_shapes(max_dims=2, max_side=2), elements=inner)
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=60)
@given(NESTED)
def test_nested_values_come_back(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "nested"
    save(ESNRegressor(topology=value), path)
    assert same(load(path).topology, value)


class OwnCell(Elman):
    pass


class OwnRegressor(ESNRegressor):
    pass


REFUSED = [
    (ESNRegressor(topology=lambda n, rng: np.eye(n)), r"ESNRegressor\.topology is the function .*"),
    (ESNRegressor(topology=[{"a": os.system}]), r"ESNRegressor\.topology\[0\]\['a'\] is .*system"),
    (RNNRegressor(cell=OwnCell()), r"RNNRegressor\.cell is an object of .*OwnCell"),
    (OwnRegressor(), r"OwnRegressor is an object of .*OwnRegressor"),
    (ESNRegressor(topology=sparse.eye_array(3).tolil()), r"ESNRegressor\.topology is .*lil_array"),
    (ESNRegressor(topology=pd.DateOffset(months=1)), r"topology is an object of .*DateOffset"),
    (ESNRegressor(topology=OwnCell), r"topology is the class .*OwnCell"),
    (ESNRegressor(topology=(1, open)), r"topology\[1\] is the function .*open"),
    (ESNRegressor(topology=np.array([(1,)], [("a", object)])), r"topology is an array of ndarray"),
]


@pytest.mark.parametrize(("estimator", "message"), REFUSED, ids=lambda each: f"{each!r:.60}")
def test_what_cannot_be_saved_is_named(estimator, message, tmp_path):
    with pytest.raises(ValueError, match=f"{message}.*, which cannot be saved without pickle; use"):
        save(estimator, tmp_path / "estimator")
    assert not list(tmp_path.iterdir())


def test_trees_are_refused_by_their_place(tmp_path):
    forest = RandomForestRegressor(2, max_depth=2)
    known = ESNRegressor(readout=forest, **SMALL).fit(X, Y)
    with pytest.raises(ValueError, match=r"^ESNRegressor\.readout_\.\w+(\[0\])?\.tree_ is an"):
        save(known, tmp_path / "estimator")


def test_what_is_no_estimator_is_refused(tmp_path):
    for value in ({"a": 1}, ESNRegressor, LSTM()):
        with pytest.raises(TypeError, match="estimator must be an estimator of"):
            save(value, tmp_path / "estimator")
    with pytest.raises(ValueError, match=r"path must be in a folder that exists, got .*; make"):
        save(ESNRegressor(), tmp_path / "none" / "estimator")
    deep = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        save(ESNRegressor(topology=deep), tmp_path / "estimator")


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_old_file_stays_until_the_new_one_is_whole(error, tmp_path, monkeypatch):
    path = tmp_path / "estimator"
    save(ESNRegressor(n_units=5), path)

    def stop(*_):
        raise error

    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, stop)
            with pytest.raises(error):
                save(ESNRegressor(n_units=6), path)
        assert [each.name for each in tmp_path.iterdir()] == ["estimator"]
        assert load(path).n_units == 5
    (tmp_path / "link").symlink_to(path)
    save(ESNRegressor(n_units=7), tmp_path / "link")
    assert load(path).n_units == 7


def test_skops_needs_few_trusted_types(tmp_path):
    skops = pytest.importorskip("skops.io")
    known = ESNRegressor(**SMALL).fit(X, Y)
    skops.dump(known, tmp_path / "esn.skops")
    trusted = [
        "reservoir._statistics.GramStatistics",
        "reservoir.estimators._regressor.ESNRegressor",
        "reservoir.estimators._reservoir.Layer",
        "reservoir.estimators._reservoir.Reservoir",
        "scipy.sparse._csr.csr_array",
    ]
    assert skops.get_untrusted_types(file=tmp_path / "esn.skops") == trusted
    loaded = skops.load(tmp_path / "esn.skops", trusted=trusted)
    np.testing.assert_array_equal(loaded.predict(X), known.predict(X))
    assert same(loaded.partial_fit(X, Y), known.partial_fit(X, Y))
