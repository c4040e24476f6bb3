"""Activation functions of a reservoir, written so that LLVM turns their loops into vectors.

Neither has a branch or calls a library. With ``y = k ln 2 + r``, ``|r| <= ln 2 / 2``, and a
polynomial for ``expm1(r)`` (Chebyshev interpolation of ``(expm1(r) - r) / r²``, relative error
5e-19 in double and 5e-10 in single precision),

- ``expm1(y) = 2^k expm1(r) + (2^k - 1)`` has all its digits near 0 too, and
  ``tanh(x) = expm1(2|x|) / (expm1(2|x|) + 2)`` with the sign of x;
- ``exp(-|x|) = 2^k (1 + expm1(r))`` gives ``sigmoid(x) = 1 / (1 + exp(-|x|))``, times
  ``exp(-|x|)`` for negative x.

k is found by adding 1.5 times the power of two at which the spacing of floats is 1, which leaves
it in the last bits; ``2^k`` is those bits moved to where the exponent stands. Adding and
subtracting such a constant must not be simplified, so "reassoc" is not among the flags here.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from reservoir.kernels._jit import EXACT, jit
from reservoir.kernels._vectors import wide_vectors

ACTIVATIONS = {"tanh": 0, "identity": 1, "relu": 2, "sigmoid": 3}


def code_of(activation: str) -> int:
    """Return what kernels call an activation, or raise ValueError if there is none of that name."""
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {sorted(ACTIVATIONS)}, got {activation!r}.")
    return ACTIVATIONS[activation]


class Precision(NamedTuple):
    """Constants of one type of float."""

    number: Any
    log2_e: Any
    ln2_high: Any  # few bits, so that k times this is exact
    ln2_low: Any
    round: Any
    polynomial: tuple[Any, ...]
    tanh_limit: Any  # from here on tanh(y / 2) is 1
    exp_limit: Any  # from here on exp(-y) is 0
    bias: Any  # of the exponent
    shift: Any  # of the exponent


DOUBLE = Precision(
    np.float64,
    np.float64(1 / np.log(2)),
    np.float64(float.fromhex("0x1.62e42fefa0000p-1")),
    np.float64(float.fromhex("0x1.cf79abc9e3b39p-40")),
    np.float64(1.5 * 2.0**52),
    (
        0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326136,
        0.0013888888888883748, 0.00019841269874820627, 2.4801587325547743e-05,
        2.7557255400206422e-06, 2.75572736431103e-07, 2.5105217004720745e-08,
        2.0914686968086876e-09,
    ),
    np.float64(44),
    np.float64(746),
    np.int64(1023),
    np.int64(52),
)  # fmt: skip
SINGLE = Precision(
    np.float32,
    np.float32(1 / np.log(2)),
    np.float32(float.fromhex("0x1.62e4p-1")),
    np.float32(float.fromhex("0x1.7f7d1cp-20")),
    np.float32(1.5 * 2.0**23),
    (
        0.5, 0.16666666681623232, 0.041666464925285904, 0.0083333109254809,
        0.0013933649996309251, 0.00019890990824673654,
    ),
    np.float32(18),
    np.float32(104),
    np.int32(127),
    np.int32(23),
)  # fmt: skip


@jit
def activate(code: int, x: NDArray[np.floating]) -> None:
    """Replace each element of a contiguous vector by f(x); NaN stays NaN."""
    wide_vectors()
    if code == 0:
        tanh_all(x)
    elif code == 2:
        for i in range(x.shape[0]):
            if x[i] < 0:
                x[i] = 0
    elif code == 3:
        sigmoid_all(x)


@jit(fastmath=EXACT)
def times_slope(code, y, error):  # type: ignore[no-untyped-def]
    """Multiply the gradient in ``y = f(x)``, two arrays of two axes, by f'(x), which y tells."""
    for b in range(y.shape[0]):
        if code == 0:
            for i in range(y.shape[1]):
                error[b, i] *= 1 - y[b, i] * y[b, i]
        elif code == 2:
            for i in range(y.shape[1]):
                if y[b, i] <= 0:
                    error[b, i] = 0
        elif code == 3:
            for i in range(y.shape[1]):
                error[b, i] *= y[b, i] * (1 - y[b, i])


@jit(fastmath=EXACT)
def tanh_all(x: NDArray[np.floating]) -> None:
    """Replace each element of a contiguous vector by its hyperbolic tangent."""
    wide_vectors()
    for i in range(x.shape[0]):
        x[i] = _tanh(x[i])


@jit(fastmath=EXACT)
def sigmoid_all(x: NDArray[np.floating]) -> None:
    """Replace each element of a contiguous vector by its logistic sigmoid."""
    wide_vectors()
    for i in range(x.shape[0]):
        x[i] = _sigmoid(x[i])


def _tanh(x: Any) -> Any:
    raise TypeError("only for use inside kernels")


def _sigmoid(x: Any) -> Any:
    raise TypeError("only for use inside kernels")


def _reduce(y: Any) -> Any:
    """Return k, shifted for `_power_of_two`, and expm1(r) for y = k ln 2 + r."""
    raise TypeError("only for use inside kernels")


def _power_of_two(shifted: Any) -> Any:
    """Return 2^k for a whole number k that the constant for rounding has been added to."""
    raise TypeError("only for use inside kernels")


def _with_sign_of(x: Any, size: Any) -> Any:
    """Return a number that is not negative with the sign of x."""
    raise TypeError("only for use inside kernels")


@overload(_tanh, jit_options={"fastmath": EXACT})
def _tanh_of(x: Any) -> Any:
    c = SINGLE if x == types.float32 else DOUBLE
    one, two, limit = c.number(1), c.number(2), c.tanh_limit

    def tanh(x: Any) -> Any:
        y = two * abs(x)
        y = limit if y > limit else y  # NaN passes
        shifted, fraction = _reduce(y)
        power = _power_of_two(shifted)
        e = power * fraction + (power - one)
        return _with_sign_of(x, e / (e + two))

    return tanh


@overload(_sigmoid, jit_options={"fastmath": EXACT})
def _sigmoid_of(x: Any) -> Any:
    c = SINGLE if x == types.float32 else DOUBLE
    zero, one, half, limit = c.number(0), c.number(1), c.number(0.5), c.exp_limit
    nearest = c.round

    def sigmoid(x: Any) -> Any:
        y = abs(x)
        y = limit if y > limit else y  # NaN passes
        shifted, fraction = _reduce(-y)
        k = shifted - nearest
        first = k * half + nearest  # 2^k may be too small for one step
        rest = (k - (first - nearest)) + nearest
        e = (one + fraction) * _power_of_two(first) * _power_of_two(rest)
        positive = one / (one + e)
        return e * positive if x < zero else positive

    return sigmoid


@overload(_reduce, jit_options={"fastmath": EXACT})
def _reduce_of(y: Any) -> Any:
    single = y == types.float32
    c = SINGLE if single else DOUBLE
    log2_e, ln2_high, ln2_low, nearest = c.log2_e, c.ln2_high, c.ln2_low, c.round
    coefficients = tuple(c.number(value) for value in c.polynomial)

    def polynomial(r: Any, r2: Any) -> Any:  # in few steps that wait for each other (Estrin)
        a = coefficients
        r4 = r2 * r2
        low = (a[3] * r + a[2]) * r2 + (a[1] * r + a[0])
        middle = a[5] * r + a[4]
        if not single:
            middle = (a[7] * r + a[6]) * r2 + middle
            middle = (a[10] * r2 + (a[9] * r + a[8])) * r4 + middle
        return middle * r4 + low

    polynomial = jit(fastmath=EXACT)(polynomial)

    def reduce(y: Any) -> Any:
        shifted = y * log2_e + nearest
        k = shifted - nearest
        r = (y - k * ln2_high) - k * ln2_low
        r2 = r * r
        return shifted, r + r2 * polynomial(r, r2)

    return reduce


@overload(_power_of_two, jit_options={"fastmath": EXACT})
def _power_of_two_of(shifted: Any) -> Any:
    single = shifted == types.float32
    c = SINGLE if single else DOUBLE
    as_integer, as_float = (_as_int32, _as_float32) if single else (_as_int64, _as_float64)
    bias, shift = c.bias, c.shift

    def power_of_two(shifted: Any) -> Any:
        return as_float((as_integer(shifted) + bias) << shift)

    return power_of_two


@overload(_with_sign_of, jit_options={"fastmath": EXACT})
def _with_sign_of_overload(x: Any, size: Any) -> Any:
    single = x == types.float32
    as_integer, as_float = (_as_int32, _as_float32) if single else (_as_int64, _as_float64)
    sign = np.int32(-(2**31)) if single else np.int64(-(2**63))

    def with_sign_of(x: Any, size: Any) -> Any:
        return as_float(as_integer(size) | (as_integer(x) & sign))

    return with_sign_of


def _bits(source: Any, target: Any, target_ir: Any) -> Any:
    """Return an intrinsic that reads the bits of one type as another."""

    @intrinsic
    def cast(typingctx: Any, x: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            value = context.cast(builder, arguments[0], signature.args[0], source)
            return builder.bitcast(value, target_ir)

        return target(x), codegen

    return cast


_as_int64 = _bits(types.float64, types.int64, ir.IntType(64))
_as_float64 = _bits(types.int64, types.float64, ir.DoubleType())
_as_int32 = _bits(types.float32, types.int32, ir.IntType(32))
_as_float32 = _bits(types.int32, types.float32, ir.FloatType())
