"""Where compiled kernels wait for the next process.

Numba takes what it has compiled as current while the file of the kernel itself is unchanged,
whatever has become of the functions called there, and keeps it beside the sources, where pip
leaves it behind. Here it is kept in the user's cache folder for numba, or in NUMBA_CACHE_DIR, in
a folder for each state of all kernels. A folder that cannot be written, read or understood is no
error: the kernel is compiled anew.

This rests on parts of numba that it documents for developers only; they have stayed the same from
0.60 on. Where they are not there, `jit` leaves the cache to numba.
"""

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numba
from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.misc.appdirs import AppDirs

KERNELS = Path(__file__).parent


def fingerprint(folder: Path = KERNELS) -> str:
    """Return a hash of all kernels and of numba's version."""
    digest = hashlib.sha256(numba.__version__.encode())
    sources = sorted(folder.glob("*.py"))
    if not sources:
        raise ImportError(f"no sources in {folder}")
    for source in sources:
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


FINGERPRINT = fingerprint()


class _Locator(_CacheLocator):
    def __init__(self, function: Any, file: str) -> None:
        self._py_file = file  # is named in a warning of numba's
        self._line = function.__code__.co_firstlineno

    @classmethod
    def from_function(cls, function: Any, file: str) -> "_Locator":
        return cls(function, file)

    def get_cache_path(self) -> str:
        given = config.CACHE_DIR  # type: ignore[attr-defined]
        root = given or AppDirs("numba", appauthor=False).user_cache_dir
        return os.path.join(root, f"reservoir_{FINGERPRINT}")

    def get_source_stamp(self) -> Any:
        with suppress(OSError):  # cells stand in other folders, those of users anywhere
            return FINGERPRINT, hashlib.sha256(Path(self._py_file).read_bytes()).hexdigest()
        return FINGERPRINT

    def get_disambiguator(self) -> str:
        return str(self._line)


class _Files(CompileResultCacheImpl):
    _locator_classes = [_Locator]  # noqa: RUF012


class KernelCache(FunctionCache):
    """The compiled forms of one kernel on disk."""

    _impl_class = _Files

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return what was compiled for a signature, None if that is not to be had."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            with suppress(OSError):
                self.flush()  # what is damaged is not read again
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep what was compiled, if the disk allows it."""
        with suppress(OSError):
            super().save_overload(sig, data)
