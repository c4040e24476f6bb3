"""Kinds of NumPy and SciPy: scalars, arrays of objects, random numbers, sparse matrices."""

from numbers import Number
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from scipy import sparse, stats
from scipy.stats.distributions import rv_frozen

from reservoir.persistence._file import FileError, is_plain
from reservoir.persistence._kind import Kind, Parts, check, exactly

BIT_GENERATORS: dict[str, Any] = {
    each.__name__: each
    for each in (
        np.random.MT19937,
        np.random.PCG64,
        np.random.PCG64DXSM,
        np.random.Philox,
        np.random.SFC64,
    )
}
N_TWISTED, N_PHILOX = 624, 4  # numbers that MT19937 and Philox draw at once
LARGEST_POOL = 2**10  # numbers in a seed sequence
COMPRESSED = ("csr", "csc", "bsr")
SPARSE: dict[str, Any] = {
    name: getattr(sparse, name)
    for form in (*COMPRESSED, "coo", "dia")
    for name in (f"{form}_array", f"{form}_matrix")
}


def _scalar_parts(value: Any) -> Parts | None:
    """Return the dtype and the bytes of a scalar; texts themselves, which arrays would cut."""
    if isinstance(value, str):
        return "str_", str.__str__(value)
    if isinstance(value, bytes):
        return "bytes_", bytes(value).hex()
    dtype = value.dtype
    return (dtype, value.tobytes().hex()) if is_plain(dtype) else None


def _make_scalar(dtype: Any, text: str) -> Any:
    if dtype == "str_":
        return np.str_(text)
    if dtype == "bytes_":
        return np.bytes_(bytes.fromhex(text))
    content = bytes.fromhex(text)
    if not is_plain(check(dtype, np.dtype)) or len(content) != dtype.itemsize:
        raise FileError("holds a number of another size")
    scalar: NDArray[Any] = np.ndarray((), dtype, content)
    return scalar.copy()[()]


def _array_parts(array: NDArray[Any]) -> Parts:
    is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    return array.shape, is_fortran, *(array.T if is_fortran else array).ravel()


def _make_array(shape: tuple[int, ...], is_fortran: bool, *items: Any) -> NDArray[Any]:
    array: NDArray[Any] = np.empty(len(items), object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape, order="F" if is_fortran else "C")


def _masked_parts(array: Any) -> Parts:
    return array.data, np.ma.getmask(array), array.fill_value


def _seed_parts(seed: np.random.SeedSequence) -> Parts | None:
    state = seed.state
    return None if state["pool_size"] > LARGEST_POOL else tuple(state.items())


def _make_seed(*items: Any) -> np.random.SeedSequence:
    state = dict(items)
    if state["pool_size"] > LARGEST_POOL:
        raise FileError("holds a seed sequence that is too large")
    return np.random.SeedSequence(**state)


def _make_bits(seed: Any, state: dict[str, Any]) -> Any:
    bits = _bits_of(state, None if seed is None else check(seed, np.random.SeedSequence))
    bits.state = state
    return bits


def _make_random_state(state: dict[str, Any]) -> np.random.RandomState:
    random_state = np.random.RandomState(_bits_of(state, None))
    random_state.set_state(state)
    return random_state


def _bits_of(state: dict[str, Any], seed: Any) -> Any:
    """Return a bit generator that can take a state, whose places NumPy does not check."""
    inside, outside = state["state"].get("pos", 0), state.get("buffer_pos", 0)
    if not (0 <= inside <= N_TWISTED and 0 <= outside <= N_PHILOX):
        raise FileError("holds random numbers that are not from NumPy")
    return BIT_GENERATORS[state["bit_generator"]](seed)


def _sparse_parts(matrix: Any) -> Parts:
    name, shape = type(matrix).__name__, tuple(int(n) for n in matrix.shape)
    if name.startswith(COMPRESSED):
        return name, shape, matrix.data, matrix.indices, matrix.indptr
    if name.startswith("dia"):
        return name, shape, matrix.data, matrix.offsets
    return name, shape, matrix.data, *matrix.coords


def _make_sparse(name: str, shape: tuple[int, ...], data: Any, *places: Any) -> Any:
    """Return a matrix of these very arrays, checked: compiled products trust its indices."""
    for array in (data, *places):
        check(array, np.ndarray)
    if not all(array.dtype.kind in "iu" for array in places):
        raise FileError("holds a sparse matrix whose indices are no integers")
    if name.startswith(COMPRESSED):
        matrix = SPARSE[name]((data, *places), shape=shape)
        matrix.data, (matrix.indices, matrix.indptr) = data, places
        matrix.check_format(full_check=True)
    elif name.startswith("dia"):
        (offsets,) = places
        matrix = SPARSE[name]((data, offsets), shape=shape)
        matrix.data, matrix.offsets = data, offsets
    else:
        matrix = SPARSE[name]((data, places), shape=shape)
        matrix.data, matrix.coords = data, places
    return matrix


def _frozen_parts(frozen: Any) -> Parts | None:
    name, source = frozen.dist.name, getattr(stats, frozen.dist.name, None)
    if type(source) is not type(frozen.dist):
        return None
    own = frozen.random_state
    is_global = own is np.random.mtrand._rand
    return name, frozen.args, frozen.kwds, None if is_global else own


def _make_frozen(name: str, args: Any, kwds: dict[str, Any], random_state: Any) -> Any:
    source = getattr(stats, name)
    check(source, stats.rv_continuous, stats.rv_discrete)
    for each in (*args, *kwds.values()):
        if not isinstance(each, Number) and getattr(each, "dtype", np.dtype(object)).hasobject:
            raise FileError("holds a distribution whose parameters are no numbers")
    frozen = source(*args, **kwds)
    if random_state is not None:
        frozen.random_state = random_state
    return frozen


KINDS = {
    "dtype": Kind(
        lambda x: isinstance(x, np.dtype),
        lambda x: (npy.dtype_to_descr(x),) if is_plain(x) or x.kind == "O" else None,
        npy.descr_to_dtype,
    ),
    "scalar": Kind(lambda x: isinstance(x, np.generic), _scalar_parts, _make_scalar),
    "objects": Kind(
        lambda x: type(x) is np.ndarray and x.dtype == object,
        _array_parts,
        _make_array,
        label=lambda parts, i: f"[{i - 2}]",
    ),
    "masked": Kind(
        exactly(np.ma.MaskedArray),
        _masked_parts,
        lambda data, mask, fill: np.ma.MaskedArray(data, mask=mask, fill_value=fill),
    ),
    "seed_sequence": Kind(exactly(np.random.SeedSequence), _seed_parts, _make_seed),
    "bit_generator": Kind(
        lambda x: type(x) in BIT_GENERATORS.values(),
        lambda x: (x.seed_seq, x.state),
        _make_bits,
    ),
    "generator": Kind(
        exactly(np.random.Generator),
        lambda x: (x.bit_generator,),
        lambda bits: np.random.Generator(check(bits, *BIT_GENERATORS.values())),
    ),
    "random_state": Kind(
        exactly(np.random.RandomState),
        lambda x: (x.get_state(legacy=False),),
        _make_random_state,
    ),
    "sparse": Kind(lambda x: type(x) in SPARSE.values(), _sparse_parts, _make_sparse),
    "distribution": Kind(lambda x: isinstance(x, rv_frozen), _frozen_parts, _make_frozen),
}
