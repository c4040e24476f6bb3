"""Compiled kernels of these sources, and of no others, serve the tests.

Numba does not notice when a function called by a cached one changes, so the cache folder is
named by a hash of the sources. It must be set before numba is imported.
"""

import hashlib
import os
import signal
import tempfile
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "reservoir"


def _hash_of_sources() -> str:
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


os.environ["NUMBA_CACHE_DIR"] = str(
    Path(tempfile.gettempdir()) / f"reservoir-kernels-{_hash_of_sources()}"
)
os.environ["MPLBACKEND"] = "Agg"


@pytest.fixture
def control_c():
    """Ctrl-C as in a terminal; a process in the background may be started with it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
