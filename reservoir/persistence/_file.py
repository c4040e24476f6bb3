"""The file: a zip archive of JSON and arrays that ends in the digest of all before it."""

import hashlib
import json
import math
import re
from pathlib import Path
from typing import IO, Any, NamedTuple
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from reservoir._checkpoint import replacing

FORMAT = 1
MANIFEST = "manifest.json"
MARK = "reservoir estimator, format {}, sha256 "
DIGEST = 64  # hexadecimal digits
TAIL = re.compile(rb"reservoir estimator, format (\d{1,9}), sha256 ([0-9a-f]{64})\Z")
CHUNK = 2**22  # bytes read at a time
LONGEST_HEADER = 10_000  # characters; of NumPy's own limit


class FileError(ValueError):
    """What is wrong with a file; the file's name goes before the message."""


class Content(NamedTuple):
    """What a file holds.

    Attributes
    ----------
    versions : dict of str
        Of the packages that have written it.
    root : object
        The estimator, and `nodes` what it is made of; see `reservoir.persistence._graph`.
    nodes : list
    arrays : list of ndarray
    """

    versions: dict[str, str]
    root: Any
    nodes: list[Any]
    arrays: list[NDArray[Any]]


def is_plain(dtype: np.dtype[Any]) -> bool:
    """Whether arrays of a dtype are numbers, texts or times whose form a header can tell."""
    if dtype.hasobject or dtype.isbuiltin == 2 or dtype.metadata or dtype.kind not in "biufcmMSUV":
        return False
    description = npy.dtype_to_descr(dtype)
    text = repr(description)
    return (
        text.isascii()
        and len(text) < LONGEST_HEADER - 1000  # leaves room for the shape
        and npy.descr_to_dtype(description) == dtype
    )


def write(path: Path, content: Content) -> None:
    """Replace a file by another content, at once."""
    manifest = content._asdict()
    arrays = manifest.pop("arrays")
    mark = MARK.format(FORMAT).encode()
    with replacing(path) as file:
        with ZipFile(file, "w", ZIP_STORED) as archive:
            archive.comment = mark + b"0" * DIGEST
            with archive.open(_entry(MANIFEST), "w", force_zip64=True) as member:
                member.write(json.dumps(manifest, allow_nan=False).encode())
            for i, array in enumerate(arrays):
                with archive.open(_entry(f"{i}.npy"), "w", force_zip64=True) as member:
                    npy.write_array(member, np.asarray(array), version=(2, 0), allow_pickle=False)
        length = file.seek(0, 2) - DIGEST
        digest = _digest(file, length)
        file.seek(length)
        file.write(digest)


def read(path: Path) -> Content:
    """Return the content of a file.

    Raises
    ------
    ValueError
        If the file is not one that `write` has made.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - len(MARK) - DIGEST - 9))
        found = TAIL.search(file.read())
        if found is None or _digest(file, size - DIGEST) != found[2]:
            raise ValueError(
                f"path must be a file that reservoir.save has written, and {path} is none or is "
                "damaged; save the estimator anew."
            )
        if int(found[1]) != FORMAT:
            raise ValueError(
                f"path must be a file of format {FORMAT}, and {path} is of format {int(found[1])};"
                " load it with the version of this package that has written it, or a newer one."
            )
        try:
            with ZipFile(file) as archive:
                return _members(archive, size)
        except MemoryError:
            raise
        except Exception as error:  # whatever a strange archive makes zipfile or JSON raise
            raise ValueError(
                f"{path} is not as reservoir.save has written it ({type(error).__name__}: "
                f"{error}); save the estimator anew."
            ) from None


def _entry(name: str) -> ZipInfo:
    return ZipInfo(name)  # its time is always the same, so that equal estimators make equal files


def _digest(file: IO[bytes], length: int) -> bytes:
    """Return the digest of the first so many bytes."""
    file.seek(0)
    digest = hashlib.sha256()
    while length > 0 and (some := file.read(min(length, CHUNK))):
        digest.update(some)
        length -= len(some)
    return digest.hexdigest().encode()


def _members(archive: ZipFile, size: int) -> Content:
    infos = archive.infolist()
    names = [MANIFEST, *(f"{i}.npy" for i in range(len(infos) - 1))]
    if [info.filename for info in infos] != names:
        raise FileError("its members have other names")
    if any(info.compress_type != ZIP_STORED for info in infos):
        raise FileError("a member is compressed")
    if sum(info.file_size for info in infos) > size:
        raise FileError("its members are larger than the file")
    with archive.open(infos[0]) as member:
        manifest = json.loads(member.read())
    versions, root, nodes = (manifest[name] for name in Content._fields[:3])
    if not (
        isinstance(versions, dict)
        and all(isinstance(versions.get(name), str) for name in ("reservoir", "scikit-learn"))
        and isinstance(nodes, list)
    ):
        raise FileError("its manifest has another form")
    return Content(versions, root, nodes, [_read_array(archive, info) for info in infos[1:]])


def _read_array(archive: ZipFile, info: ZipInfo) -> NDArray[Any]:
    with archive.open(info) as member:
        if npy.read_magic(member) != (2, 0):
            raise FileError("an array has another version")
        shape, is_fortran, dtype = npy.read_array_header_2_0(member, max_header_size=LONGEST_HEADER)
        n_bytes = math.prod(shape) * dtype.itemsize
        if not is_plain(dtype) or n_bytes != info.file_size - member.tell():
            raise FileError("an array has another size than its header says")
        array: NDArray[Any] = np.ndarray(shape[::-1] if is_fortran else shape, dtype)
        if n_bytes:
            buffer: Any = array.reshape(-1).view(np.uint8).data
            filled = 0
            while filled < n_bytes:
                some = member.read(min(CHUNK, n_bytes - filled))
                if not some:
                    raise FileError("an array is cut short")
                buffer[filled : filled + len(some)] = some
                filled += len(some)
        member.read()  # to its end, where zipfile compares checksums
    return array.T if is_fortran else array
