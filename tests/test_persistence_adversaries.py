"""Files that are cut, changed, foreign, newer or ill-meant: one sentence, and no code is run."""

import io
import os
import pickle
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats
from sklearn.linear_model import Ridge

import reservoir
from reservoir import ESNRegressor, RNNRegressor
from reservoir.persistence import _file, load, save
from reservoir.persistence._file import Content

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (60, 1))
ESN = ESNRegressor(n_units=3, connectivity=2, random_state=0).fit(X, X)
DAMAGED = "path must be a file that reservoir.save has written, and .* is none or is damaged; .*"
VERSIONS = {"reservoir": reservoir.__version__, "scikit-learn": sklearn.__version__}
CLASSES = ("reservoir.estimators._regressor", "ESNRegressor")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "estimator"
    save(ESN, path)
    return path


def craft(path, *nodes, root=(0,), arrays=()):
    """Write a file whose digest is right."""
    _file.write(path, Content(VERSIONS, list(root), list(nodes), list(arrays)))


def around(*node):
    """Return the nodes of an estimator one of whose parameters is a node."""
    return ["object", *CLASSES, "topology", [1]], list(node)


def seal(path, content, number=_file.FORMAT):
    """Write a zip archive and give it the right digest."""
    archive = zipfile.ZipFile(content, "a")
    archive.comment = _file.MARK.format(number).encode() + b"0" * _file.DIGEST
    archive.close()
    data = content.getvalue()[: -_file.DIGEST]
    path.write_bytes(data + _file._digest(io.BytesIO(data), len(data)))


def test_a_changed_byte_is_noticed_wherever_it_is(path):
    data = path.read_bytes()
    ends = {*range(60), *range(len(data) - 400, len(data))}
    for i in sorted(ends | set(range(0, len(data), 23))):
        changed = bytearray(data)
        changed[i] ^= 1 << (i % 8)
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=DAMAGED):
            load(path)


def test_a_cut_or_longer_file_is_noticed(path):
    data = path.read_bytes()
    lengths = {*range(0, len(data), 97), *range(len(data) - 200, len(data))}
    for other in [*(data[:n] for n in lengths), data + b"\0", b"\0" + data, data + data[:50]]:
        path.write_bytes(other)
        with pytest.raises(ValueError, match=DAMAGED):
            load(path)


def test_foreign_files_are_refused(path):
    npz = io.BytesIO()
    np.savez(npz, coef=X)
    for other in (b"", b"{}", RNG.bytes(5000), npz.getvalue(), pickle.dumps(ESN)):
        path.write_bytes(other)
        with pytest.raises(ValueError, match=DAMAGED):
            load(path)
    with pytest.raises(FileNotFoundError):
        load(path.with_name("none"))


def test_a_newer_format_says_so(path):
    seal(path, io.BytesIO(path.read_bytes()), 2)
    with pytest.raises(ValueError, match=r"of format 1, and .* is of format 2; load it with"):
        load(path)


def archive(*members, **options):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name, data in members:
            file.writestr(name, data, **options)
    return content


def array_file(shape, dtype="<f8", data=b"", magic=b"\x93NUMPY\x02\x00"):
    header = f"{{'descr': {dtype!r}, 'fortran_order': False, 'shape': {shape!r}, }}\n".encode()
    return magic + len(header).to_bytes(4, "little") + header + data


MANIFEST = (
    "manifest.json",
    '{"versions": {"reservoir": "", "scikit-learn": ""}, "root": [0], "nodes": [["array", 0]]}',
)
ARCHIVES = {
    "size 8000000000000 of 8": archive(MANIFEST, ("0.npy", array_file((10**12,), data=b"8" * 8))),
    "size overflows": archive(MANIFEST, ("0.npy", array_file((2**62, 2**62), data=b"8" * 8))),
    "negative size": archive(MANIFEST, ("0.npy", array_file((-1,), data=b"8" * 8))),
    "objects": archive(MANIFEST, ("0.npy", array_file((1,), "|O", b"8" * 8))),
    "pickle": archive(MANIFEST, ("0.npy", pickle.dumps(os.getcwd))),
    "old array": archive(MANIFEST, ("0.npy", array_file((1,), magic=b"\x93NUMPY\x01\x00"))),
    "code": archive(MANIFEST, ("0.npy", array_file("__import__('os').getcwd()", data=b"8" * 8))),
    "bomb": archive(MANIFEST, ("0.npy", b"0" * 10**7), compress_type=zipfile.ZIP_DEFLATED),
    "no manifest": archive(("0.npy", array_file((1,), data=b"8" * 8))),
    "other names": archive(MANIFEST, ("../0.npy", b"")),
    "twice": archive(MANIFEST, ("0.npy", array_file((1,), data=b"8" * 8)), ("1.txt", b"")),
    "no json": archive(("manifest.json", "[1,")),
    "other json": archive(("manifest.json", "[1, 2, 3]")),
    "no versions": archive(("manifest.json", '{"versions": {}, "root": 1, "nodes": []}')),
    "no nodes": archive(
        ("manifest.json", MANIFEST[1].replace('"nodes": [["array", 0]]', '"nodes": 3'))
    ),
}


@pytest.mark.parametrize("name", ARCHIVES)
def test_strange_archives_are_refused_before_they_are_unpacked(path, name):
    seal(path, io.BytesIO(ARCHIVES[name].getvalue()))
    with pytest.raises(ValueError, match=r"is not as reservoir\.save has written it \(.*\); save"):
        load(path)


def test_members_that_share_their_bytes_are_refused(path):
    """A directory of many members in one place is larger than the file."""
    array = array_file((10**5,), data=b"8" * 8 * 10**5)
    content = archive(MANIFEST, ("0.npy", array))
    with zipfile.ZipFile(content, "a") as file:
        for i in range(1, 50):
            info = zipfile.ZipInfo(f"{i}.npy")
            first = file.infolist()[1]
            for each in ("header_offset", "CRC", "compress_size", "file_size"):
                setattr(info, each, getattr(first, each))
            file.filelist.append(info)
        file._didModify = True
    seal(path, io.BytesIO(content.getvalue()))
    with pytest.raises(ValueError, match="members are larger than the file"):
        load(path)


NO_CLASSES = [
    ("os", "system"),
    ("subprocess", "Popen"),
    ("builtins", "eval"),
    ("numpy", "load"),
    ("numpy.lib.npyio", "NpzFile"),
    ("reservoir", "ESNRegressor"),
    ("reservoir.cli", "main"),
    ("reservoir._cli_forecast", "main"),
    ("reservoir.__main__", "main"),
    ("reservoir.persistence", "load"),
    ("reservoir.persistence._graph", "Packer"),
    ("reservoir.kernels._team", "Team"),
    ("reservoir.metrics", "nrmse"),
    ("reservoir.weights", "np.load"),
    ("reservoir.estimators._regressor", "np.ndarray"),
    ("reservoir.estimators._regressor", "ESNRegressor.__init__"),
    ("reservoir.estimators._regressor", "ESNRegressor.fit"),
    ("reservoir.estimators", "ESNRegressor"),  # not where it is defined
    ("reservoir.estimators._stream", "Stream"),  # has its own way to be pickled
    ("reservoir.forecasting", "TooFewRowsError"),
    ("reservoir.tests.test_persistence", "OwnCell"),
    ("reservoir...tests", "OwnCell"),
    ("reservoir/estimators/_regressor", "ESNRegressor"),
    ("reservoir.none", "None"),
    ("", ""),
    ("sklearn", "clone"),
    ("sklearn.base", "clone"),
    ("sklearn.conftest", "pytest"),
    ("sklearn.externals._packaging.version", "Version"),
    ("sklearn.datasets", "fetch_openml"),
    ("sklearn.tree._tree", "Tree"),
    ("sklearn.utils", "Bunch"),
    ("sklearn.utils._joblib", "joblib"),
    ("sklearn.linear_model._ridge.os", "system"),
]


@pytest.mark.parametrize(("module", "name"), NO_CLASSES, ids=".".join)
@pytest.mark.parametrize("form", ["object", "record", "class", "function"])
def test_only_known_classes_are_looked_up(path, module, name, form, monkeypatch):
    if form == "function" and (module, name) == ("reservoir.metrics", "nrmse"):
        return
    known = set(sys.modules)

    def called(*_, **__):
        raise AssertionError("called")

    monkeypatch.setattr(os, "system", called)
    monkeypatch.setattr(subprocess, "Popen", called)
    craft(path, *around(form, module, name))
    with pytest.raises(
        ValueError, match=r"names .*, which is no (class|function) that may be|Error"
    ):
        load(path)
    new = {each.split(".")[0] for each in set(sys.modules) - known}
    assert new <= {"reservoir", "sklearn", "scipy"}
    assert not {"reservoir.cli", "sklearn.conftest"} & (set(sys.modules) - known)


def test_nothing_is_imported_but_the_two_packages():
    """In a process that has imported neither."""
    code = (
        "import sys; from reservoir.persistence._names import class_of, FileError\n"
        "for module in sys.argv[1:]:\n"
        "    try: class_of(module, 'main')\n"
        "    except FileError: pass\n"
        "print(sorted(each for each in sys.argv[1:] if each in sys.modules))"
    )
    names = "antigravity", "this", "reservoir.cli", "reservoir.plotting", "sklearn.conftest"
    done = subprocess.run(
        [sys.executable, "-c", code, *names],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


STRANGE = [
    around("function", "numpy", "frompyfunc"),
    around("function", "os", "system"),
    around("function", "sklearn.metrics", "os"),
    around("class", "builtins", "eval"),
    around("class", "numpy", "memmap"),
    around("unknown", 1),
    around("array", 0),
    around("array", -1),
    around("tuple", [1]),
    around("tuple", [-1]),
    around("tuple", [True]),
    around("tuple", {"a": 1}),
    around("list", [[1]]),
    around("int", "0x" + "g" * 10),
    around("dict", 1),
    around("set", [0], {}),
    around("zone", "../../etc/passwd"),
    around("pytz", "dateutil//etc/passwd"),
    around("path", 3),
    around("scalar", "f8", "00"),
    around("seed_sequence", [2], [2]),
    around("bit_generator", None, None),
    around("distribution", "norm", 1, 2, 3),
    around("distribution", "gaussian_kde", None, None, None),
    around("offset", "x"),
    around("object", "reservoir.cells._cell", "Cell"),  # abstract
    around("object", "reservoir.estimators._reservoir", "Layer", "bias", 1),  # fields are missing
    around("record", "reservoir.training._network", "Part", 1),
    around("object", "reservoir.training._network", "Part", "cell", 1),
    around("object", *CLASSES, 3, 4),
    around("object", *CLASSES, "a"),
    (["list", 1],),
    (["object", "reservoir.cells._lstm", "LSTM"],),
    (["class", *CLASSES],),
    (3,),
    (),
]


@pytest.mark.parametrize("nodes", STRANGE, ids=lambda nodes: str(nodes[1:] or nodes))
def test_parts_that_do_not_fit_are_refused(path, nodes):
    craft(path, *nodes)
    with pytest.raises(
        ValueError, match=r"estimator .*; (load it with reservoir .*|save .* anew)\.$"
    ):
        load(path)


def test_indices_out_of_bounds_are_refused(path):
    """Compiled products would read, or write, memory that is not theirs."""
    for form in ("csr", "csc", "coo", "bsr"):
        matrix = sparse.eye_array(4, format=form)
        name = "coords" if form == "coo" else "indices"
        indices = np.full(4, 10**6, np.int32)
        setattr(matrix, name, (indices, indices) if form == "coo" else indices)
        save(ESNRegressor(topology=matrix), path)
        with pytest.raises(ValueError, match="parts that do not fit together"):
            load(path)


def test_a_pool_too_large_is_refused(path):
    seed = [["tuple", name, value] for name, value in zip("ab", (1, 2), strict=True)]
    seed[1][1:] = "pool_size", 2**40
    craft(path, *around("seed_sequence", [2], [3]), *seed)
    with pytest.raises(ValueError, match="holds a seed sequence that is too large"):
        load(path)


@pytest.mark.parametrize("bits", [np.random.MT19937(0), np.random.Philox(0)])
def test_places_out_of_bounds_are_refused(path, bits):
    for value in (np.random.Generator(bits), np.random.RandomState(bits)):
        save(ESNRegressor(topology=value), path)
        content = _file.read(path)
        for node in content.nodes:
            for i, part in enumerate(node[:-1]):
                if part in ("pos", "buffer_pos"):
                    node[i + 1] = 10**5
        _file.write(path, content)
        with pytest.raises(ValueError, match="random numbers that are not from NumPy"):
            load(path)


def rich():
    """Return an estimator that holds most kinds."""
    index = pd.date_range("2024", periods=3, freq="D", tz="Europe/Berlin")
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", None, "z"]}, index=index)
    kept = [
        *(frame, pd.MultiIndex.from_product([["a", "b"], [1, 2]]), index[0], slice(1), {1, 2}),
        *(stats.uniform(0, 1), np.random.default_rng(0), np.random.RandomState(0), np.float32(1)),
        *(pd.CategoricalIndex(["a"]), pd.period_range("2024", periods=2, freq="M"), 2**80, 1j),
        *(np.array([1, None], object), sparse.eye_array(3, format="csr"), {"a": (1, b"2")}),
    ]
    return ESNRegressor(n_units=3, readout=Ridge(), topology=kept)


RICH = rich()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 400) | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=1)
    ),
    max_leaves=4,
).filter(lambda value: value == value)
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 10**4),
        st.integers(0, 10**4),
        JSON | st.tuples(st.integers(0, 150)).map(list),
    ),
    min_size=1,
    max_size=3,
)


@settings(deadline=None, max_examples=60)
@given(CHANGES)
def test_any_other_nodes_make_an_estimator_or_one_error(tmp_path_factory, changes):
    path = tmp_path_factory.getbasetemp() / "changed"
    save(RICH, path)
    content = _file.read(path)
    for i, j, value in changes:
        node = content.nodes[i % len(content.nodes)]
        node[j % len(node)] = value
    try:
        _file.write(path, content)
    except ValueError:  # infinity is no JSON
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas speaks of what it is given
        try:
            assert isinstance(load(path), sklearn.base.BaseEstimator)
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017


def test_other_versions_are_told_of(path, monkeypatch):
    monkeypatch.setattr(reservoir, "__version__", "0.0.9")
    save(ESN, path)
    monkeypatch.undo()
    with pytest.warns(
        UserWarning, match=r"was written with reservoir 0\.0\.9, and this is"
    ) as told:
        load(path)
    assert len(told) == 1
    assert told[0].filename == __file__


def test_another_scikit_learn_matters_where_its_estimators_are_inside(path, monkeypatch):
    inside = ESNRegressor(n_units=3, readout=Ridge()).fit(X, X)
    plain = RNNRegressor(n_units=3)
    for module in (sklearn, sklearn.base):
        monkeypatch.setattr(module, "__version__", "1.0")
    save(plain, path.with_name("plain"))
    save(inside, path)
    monkeypatch.undo()
    load(path.with_name("plain"))
    with pytest.warns(UserWarning, match=r"was written with scikit-learn 1\.0, and this") as told:
        load(path)
    assert len(told) == 1


def test_a_class_of_another_version_names_that(path, monkeypatch):
    monkeypatch.setitem(VERSIONS, "reservoir", "7.1")
    craft(path, *around("object", "reservoir.estimators._quantum", "QuantumReservoir"))
    with pytest.raises(ValueError, match=r"names .*QuantumReservoir, .* with reservoir 7\.1"):
        load(path)
