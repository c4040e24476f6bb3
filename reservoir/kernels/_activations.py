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

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload
from numpy.typing import NDArray

from reservoir.kernels._jit import EXACT, jit

ACTIVATIONS = {"tanh": 0, "identity": 1, "relu": 2, "sigmoid": 3}

f32 = np.float32

LOG2_E = 1 / np.log(2)
LN2_HIGH = float.fromhex("0x1.62e42fefa0000p-1")  # k times this is exact
LN2_LOW = float.fromhex("0x1.cf79abc9e3b39p-40")
ROUND = 1.5 * 2.0**52
P = (
    0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326136, 0.0013888888888883748,
    0.00019841269874820627, 2.4801587325547743e-05, 2.7557255400206422e-06,
    2.75572736431103e-07, 2.5105217004720745e-08, 2.0914686968086876e-09,
)  # fmt: skip

LOG2_E_32 = f32(LOG2_E)
LN2_HIGH_32 = f32(float.fromhex("0x1.62e4p-1"))
LN2_LOW_32 = f32(float.fromhex("0x1.7f7d1cp-20"))
ROUND_32 = f32(1.5 * 2.0**23)
P_32 = tuple(
    f32(c)
    for c in (
        0.5, 0.16666666681623232, 0.041666464925285904, 0.0083333109254809,
        0.0013933649996309251, 0.00019890990824673654,
    )
)  # fmt: skip


@jit
def activate(code: int, x: NDArray[np.floating]) -> None:
    """Replace each element of a contiguous vector by f(x); NaN stays NaN."""
    if code == 0:
        _tanh_all(x)
    elif code == 2:
        for i in range(x.shape[0]):
            if x[i] < 0:
                x[i] = 0
    elif code == 3:
        _sigmoid_all(x)


@jit(fastmath=EXACT)
def _tanh_all(x: NDArray[np.floating]) -> None:
    for i in range(x.shape[0]):
        x[i] = _tanh(x[i])


@jit(fastmath=EXACT)
def _sigmoid_all(x: NDArray[np.floating]) -> None:
    for i in range(x.shape[0]):
        x[i] = _sigmoid(x[i])


def _tanh(x: Any) -> Any:
    raise TypeError("only for use inside kernels")


def _sigmoid(x: Any) -> Any:
    raise TypeError("only for use inside kernels")


@overload(_tanh, jit_options={"fastmath": EXACT})
def _tanh_of(x: Any) -> Any:
    if x == types.float32:

        def tanh32(x: Any) -> Any:
            y = f32(2) * abs(x)
            y = f32(18) if y > f32(18) else y  # from here on the result is 1; NaN passes
            t = y * LOG2_E_32 + ROUND_32
            k = t - ROUND_32
            r = (y - k * LN2_HIGH_32) - k * LN2_LOW_32
            p = P_32[5]
            p = p * r + P_32[4]
            p = p * r + P_32[3]
            p = p * r + P_32[2]
            p = p * r + P_32[1]
            p = p * r + P_32[0]
            power = _as_float32((_as_int32(t) + np.int32(127)) << np.int32(23))
            e = power * (r + r * r * p) + (power - f32(1))
            result = e / (e + f32(2))
            return -result if x < f32(0) else result

        return tanh32

    def tanh64(x: Any) -> Any:
        y = 2.0 * abs(x)
        y = 44.0 if y > 44.0 else y  # from here on the result is 1; NaN passes
        t = y * LOG2_E + ROUND
        k = t - ROUND
        r = (y - k * LN2_HIGH) - k * LN2_LOW
        p = P[10]
        p = p * r + P[9]
        p = p * r + P[8]
        p = p * r + P[7]
        p = p * r + P[6]
        p = p * r + P[5]
        p = p * r + P[4]
        p = p * r + P[3]
        p = p * r + P[2]
        p = p * r + P[1]
        p = p * r + P[0]
        power = _as_float64((_as_int64(t) + 1023) << 52)
        e = power * (r + r * r * p) + (power - 1.0)
        result = e / (e + 2.0)
        return -result if x < 0.0 else result

    return tanh64


@overload(_sigmoid, jit_options={"fastmath": EXACT})
def _sigmoid_of(x: Any) -> Any:
    if x == types.float32:

        def sigmoid32(x: Any) -> Any:
            y = -abs(x)
            y = f32(-104) if y < f32(-104) else y  # from here on the result is 0; NaN passes
            t = y * LOG2_E_32 + ROUND_32
            k = t - ROUND_32
            r = (y - k * LN2_HIGH_32) - k * LN2_LOW_32
            p = P_32[5]
            p = p * r + P_32[4]
            p = p * r + P_32[3]
            p = p * r + P_32[2]
            p = p * r + P_32[1]
            p = p * r + P_32[0]
            # 2^k in two steps, since it may be too small for one
            half = k * f32(0.5) + ROUND_32
            other = (k - (half - ROUND_32)) + ROUND_32
            power = _as_float32((_as_int32(half) + np.int32(127)) << np.int32(23))
            power_2 = _as_float32((_as_int32(other) + np.int32(127)) << np.int32(23))
            e = (f32(1) + (r + r * r * p)) * power * power_2
            positive = f32(1) / (f32(1) + e)
            return e * positive if x < f32(0) else positive

        return sigmoid32

    def sigmoid64(x: Any) -> Any:
        y = -abs(x)
        y = -746.0 if y < -746.0 else y  # from here on the result is 0; NaN passes
        t = y * LOG2_E + ROUND
        k = t - ROUND
        r = (y - k * LN2_HIGH) - k * LN2_LOW
        p = P[10]
        p = p * r + P[9]
        p = p * r + P[8]
        p = p * r + P[7]
        p = p * r + P[6]
        p = p * r + P[5]
        p = p * r + P[4]
        p = p * r + P[3]
        p = p * r + P[2]
        p = p * r + P[1]
        p = p * r + P[0]
        # 2^k in two steps, since it may be too small for one
        half = k * 0.5 + ROUND
        other = (k - (half - ROUND)) + ROUND
        power = _as_float64((_as_int64(half) + 1023) << 52)
        power_2 = _as_float64((_as_int64(other) + 1023) << 52)
        e = (1.0 + (r + r * r * p)) * power * power_2
        positive = 1.0 / (1.0 + e)
        return e * positive if x < 0.0 else positive

    return sigmoid64


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
