"""What a first use compiles, what the next process finds, and where that is kept."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
from numba.core import config

import reservoir
from reservoir import _cli_warmup, _warmup
from reservoir.cli import main
from reservoir.kernels import _cache, _jit
from reservoir.kernels._activations import activate
from reservoir.kernels._jit import jit

USE = """
import sys
import numpy as np
from reservoir import (
    ESNClassifier, ESNRegressor, ESNTransformer, RecursiveLeastSquares, RNNClassifier, RNNRegressor
)

RecursiveLeastSquares().fit(*np.ones((2, 9, 1)))
series = np.sin(np.arange(3001.0))[:, None]
X, y = series[:-1], series[1:, 0]
read_only = X.copy()
read_only.flags.writeable = False
for dtype in ("float64", "float32"):
    for topology in ("random", "dense"):
        some = {"n_units": 19, "topology": topology, "dtype": dtype, "random_state": 0}
        for n_rows in (100, 3000):
            esn = ESNRegressor(**some, alpha=1e-3).fit(X[:n_rows], y[:n_rows])
            esn.predict(X)
            outputs, state = esn.predict(read_only, return_state=True)
            esn.predict(X[:5].astype(np.float32), initial_state=state)
            esn.generate(9, context=X)
        esn.fit(X.reshape(30, 100, 1), y.reshape(30, 100, 1))
        esn.set_params(noise=1e-3, leak_rate=0.3, n_layers=2, bidirectional=True).fit(X, y)
        ESNRegressor(**some, feedback=True, alpha=1e-3).fit(X, y).generate(9, X_future=X[:9])
        ESNTransformer(**some, activation="sigmoid").fit(X).transform(np.asfortranarray(X))
        ESNClassifier(**some, alpha=1e-3).fit(X, y > 0).predict(X)
rnn = RNNRegressor(n_units=5, n_layers=2, bidirectional=True, max_iter=1).fit(X, y)
rnn.predict(X.reshape(30, 100, 1))
RNNRegressor(n_units=5, max_iter=1).fit(X, y).stream()(X[0])
RNNClassifier(n_units=5, max_iter=1).fit(X.reshape(30, 100, 1), np.arange(30) % 3)
kernels = {
    id(kernel): kernel
    for name, module in sys.modules.items()
    if name.startswith(("reservoir.kernels.", "reservoir.cells."))
    for kernel in vars(module).values()
    if hasattr(kernel, "stats")
}
stats = [kernel.stats for kernel in kernels.values()]
print(sum(map(len, (s.cache_hits for s in stats))), sum(map(len, (s.cache_misses for s in stats))))
"""
WARMUP = """
import reservoir
from reservoir import _warmup

_warmup.CELLS = ("elman",)  # the others alike, in half a minute
reservoir.warmup(verbose=False)
"""
FIT = """
import numpy as np
from reservoir import ESNRegressor

X = np.sin(np.arange(100.0))[:, None]
print(ESNRegressor(n_units=9, random_state=0, alpha=1e-3).fit(X[:-1], X[1:, 0]).coef_.shape)
"""


def in_a_process(code, **environment):
    command = [sys.executable, "-W", "error", "-c", code]
    environment = {**os.environ, **environment}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def add_one(x):
    return x + 1


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))
    return tmp_path / f"reservoir_{_cache.FINGERPRINT}"


def test_after_a_warmup_another_process_compiles_nothing(tmp_path):
    in_a_process(WARMUP, NUMBA_CACHE_DIR=str(tmp_path))
    (folder,) = tmp_path.iterdir()
    kept = {path.name for path in folder.iterdir()}
    n_loaded, n_compiled = map(int, in_a_process(USE, NUMBA_CACHE_DIR=str(tmp_path)).split())
    assert n_loaded > 0
    assert n_compiled == 0
    assert {path.name for path in folder.iterdir()} == kept


def test_a_fit_needs_no_cache_folder(tmp_path):
    (tmp_path / "file").touch()
    nowhere = str(tmp_path / "file" / "below")
    environment = {"NUMBA_CACHE_DIR": "", "HOME": nowhere, "XDG_CACHE_HOME": nowhere}
    assert in_a_process(FIT, **environment).strip() == "(10,)"


def test_what_was_compiled_is_kept_for_the_next(cache):
    first, second = jit(add_one), jit(add_one)
    assert first(1) == second(1) == 2
    assert first.stats.cache_path == str(cache)
    assert (len(first.stats.cache_misses), len(second.stats.cache_hits)) == (1, 1)


@pytest.mark.parametrize("damage", [b"", b"not what numba has written"])
@pytest.mark.parametrize("files", ["*.nbi", "*.nbc"])
def test_a_damaged_cache_is_no_error(cache, damage, files):
    jit(add_one)(1)
    (path,) = cache.glob(files)
    path.write_bytes(damage)
    assert jit(add_one)(1) == 2
    healed = jit(add_one)
    assert healed(1) == 2
    assert len(healed.stats.cache_hits) == 1


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "file" / "below"))
    assert jit(add_one)(1) == 2


@pytest.mark.parametrize("works", [True, False])
def test_where_numba_has_changed_the_cache_is_left_to_it(works, monkeypatch):
    if not works:
        monkeypatch.setattr("numba.core.caching.CacheImpl._locator_classes", [])
    monkeypatch.setattr(_jit, "KernelCache", None)
    kernel = jit(add_one)
    assert kernel(1) == 2
    assert (kernel.stats.cache_path is not None) == works


def test_every_state_of_the_kernels_has_a_folder_of_its_own(tmp_path):
    copied = shutil.copytree(_cache.KERNELS, tmp_path / "kernels")
    assert _cache.fingerprint(copied) == _cache.FINGERPRINT
    with (copied / "_activations.py").open("a") as file:
        file.write("#")
    assert _cache.fingerprint(copied) != _cache.FINGERPRINT
    with pytest.raises(ImportError, match="no sources"):
        _cache.fingerprint(tmp_path)


def test_a_warmup_in_vain_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_warmup, "DTYPES", ("float64",))
    monkeypatch.setattr(_warmup, "TOPOLOGIES", ("random",))
    monkeypatch.setattr(_warmup, "CELLS", ("elman",))
    monkeypatch.setattr(activate._cache, "_cache_path", str(tmp_path / "missing"))
    with pytest.warns(UserWarning, match="missing cannot be written; set .* NUMBA_CACHE_DIR"):
        reservoir.warmup()
    assert "Compiling: 100%" in capsys.readouterr().err


@pytest.mark.usefixtures("control_c")
def test_a_warmup_ends_after_the_step_that_control_c_fell_into(monkeypatch):
    def steps():
        yield
        signal.raise_signal(signal.SIGINT)
        yield
        raise AssertionError("one step too many")

    monkeypatch.setattr(_warmup, "_uses", steps)
    with pytest.raises(KeyboardInterrupt):
        reservoir.warmup(verbose=False)


@pytest.mark.parametrize(("options", "verbose"), [([], True), (["--quiet"], False)])
def test_the_command(options, verbose, monkeypatch):
    called = []
    monkeypatch.setattr(_cli_warmup, "warmup", lambda **arguments: called.append(arguments))
    assert main(["warmup", *options]) == 0
    assert called == [{"verbose": verbose}]


def test_the_command_fails_where_nothing_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_warmup, "_uses", lambda: iter([]))
    monkeypatch.setattr(activate._cache, "_cache_path", str(tmp_path / "missing"))
    assert main(["warmup", "--quiet"]) == 2
    assert capsys.readouterr().err.startswith("reservoir warmup: What was compiled is lost")
