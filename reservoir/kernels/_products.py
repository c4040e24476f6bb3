"""Products of a batch of rows and a matrix, added in place: what recurs in every step of a cell.

The matrix is laid out once (`columns_of`), in groups of as many columns as 64 bytes hold, so that
a group passes through the nearest cache from its first row to its last. Four rows of the batch are
multiplied together, eight rows by two groups where there are registers for as many sums (AVX-512),
or four or eight groups of columns for a single row: enough independent sums to hide the latency of
a multiply-add. Each sum runs over the rows of the matrix in their order, so a result depends
neither on the size of the batch nor on the number of threads.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from reservoir.kernels._jit import jit
from reservoir.kernels._vectors import aligned

Floats = NDArray[np.floating]

GROUP_BYTES = 64
ROWS_AT_ONCE = 4
MANY_REGISTERS = bool(get_host_cpu_features().get("avx512f"))  # 32 of 64 bytes, else 16 of 32
TALL, PAIR = (8, 2) if MANY_REGISTERS else (ROWS_AT_ONCE, 1)
GROUPS_AT_ONCE = 8 if MANY_REGISTERS else 4  # for a single row
FEW_INPUTS = 16  # from here on the product of BLAS is faster
INT64 = ir.IntType(64)


class Columns(NamedTuple):
    """A matrix in groups of columns: (n_groups, n_rows, lanes), filled up with zeros."""

    groups: Floats


class Affine(NamedTuple):
    """A matrix and a bias."""

    matrix: Columns
    bias: Floats


def columns_of(matrix: Floats) -> Columns:
    """Lay a matrix (n_rows, n_columns) out for `add_product`."""
    n_rows, n_columns = matrix.shape
    lanes = GROUP_BYTES // matrix.itemsize
    n_groups = -(-n_columns // lanes)
    if n_columns % lanes:
        filled = np.zeros((n_rows, n_groups * lanes), matrix.dtype)
        filled[:, :n_columns] = matrix
        matrix = filled
    groups = aligned((n_groups, n_rows, lanes), matrix.dtype)
    groups[:] = matrix.reshape(n_rows, n_groups, lanes).transpose(1, 0, 2)
    return Columns(groups)


def _tile(n_rows: int, n_groups: int) -> Any:
    """Return an intrinsic that multiplies some rows by some groups of columns.

    ``out[row + r, column + lane] += sum(x[row + r, first + k] * groups[group, k, lane])``, with
    the groups one after the other.
    """

    @intrinsic
    def multiply(typingctx, x, row, first, groups, group, out, to_row, column):  # type: ignore[no-untyped-def]
        def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kinds = signature.args
            element = context.get_value_type(groups.dtype)
            size = groups.dtype.bitwidth // 8
            lanes = GROUP_BYTES // size
            vector = ir.VectorType(element, lanes)
            arrays = {
                i: context.make_array(kinds[i])(context, builder, arguments[i]) for i in (0, 3, 5)
            }
            name = f"llvm.fmuladd.v{lanes}f{8 * size}"
            fma = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(vector, [vector] * 3), name
            )

            def width(i: int) -> Any:
                return builder.extract_value(arrays[i].shape, 1)

            def place(pointer: Any, index: Any) -> Any:
                return builder.bitcast(builder.gep(pointer, [index]), vector.as_pointer())

            def load_vector(pointer: Any, index: Any) -> Any:
                loaded = builder.load(place(pointer, index))
                loaded.align = size
                return loaded

            def times(a: Any, b: int) -> Any:
                return builder.mul(a, ir.Constant(INT64, b))

            n = width(3)  # rows of the matrix
            _, row, first, _, group, _, to_row, column = arguments
            rows, targets, begins = [], [], []
            for r in range(n_rows):
                shifted = builder.add(row, ir.Constant(INT64, r))
                rows.append(builder.add(builder.mul(shifted, width(0)), first))
                shifted = builder.add(to_row, ir.Constant(INT64, r))
                targets.append(builder.add(builder.mul(shifted, width(5)), column))
            for g in range(n_groups):
                shifted = builder.add(group, ir.Constant(INT64, g))
                begins.append(times(builder.mul(shifted, n), lanes))
            ends = [
                builder.add(target, ir.Constant(INT64, g * lanes))
                for target in targets
                for g in range(n_groups)
            ]
            sums = [load_vector(arrays[5].data, end) for end in ends]

            before = builder.block
            head, body, end = (builder.append_basic_block(x) for x in ("head", "body", "end"))
            builder.branch(head)
            builder.position_at_end(head)
            k = builder.phi(INT64)
            k.add_incoming(ir.Constant(INT64, 0), before)
            carried = []
            for value in sums:
                phi = builder.phi(vector)
                phi.add_incoming(value, before)
                carried.append(phi)
            builder.cbranch(builder.icmp_signed("<", k, n), body, end)
            builder.position_at_end(body)
            weights = [
                load_vector(arrays[3].data, builder.add(begin, times(k, lanes))) for begin in begins
            ]
            nothing = ir.Constant(vector, ir.Undefined)
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
            renewed = []
            for r in range(n_rows):
                number = builder.load(builder.gep(arrays[0].data, [builder.add(rows[r], k)]))
                one = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
                repeated = builder.shuffle_vector(one, nothing, zeros)
                for g in range(n_groups):
                    total = carried[r * n_groups + g]
                    renewed.append(builder.call(fma, [weights[g], repeated, total]))
            k.add_incoming(builder.add(k, ir.Constant(INT64, 1)), builder.block)
            for phi, value in zip(carried, renewed, strict=True):
                phi.add_incoming(value, builder.block)
            builder.branch(head)
            builder.position_at_end(end)
            for value, index in zip(carried, ends, strict=True):
                builder.store(value, place(arrays[5].data, index)).align = size
            return context.get_dummy_value()

        i64 = types.int64
        return types.void(x, i64, i64, groups, i64, out, i64, i64), codegen

    return multiply


_block = _tile(TALL, PAIR)
_tall = _tile(TALL, 1)
_many_rows = _tile(ROWS_AT_ONCE, 1)
_many_groups = _tile(1, GROUPS_AT_ONCE)
_two = _tile(1, 2)
_one = _tile(1, 1)


@jit
def add_product(x, first, matrix, out, column, n_columns):  # type: ignore[no-untyped-def]
    """Add the product of some columns of x and a matrix to some columns of out.

    Parameters
    ----------
    x : ndarray of shape (n_batch, n), C-ordered
        Its columns from `first` on are multiplied, as many as the matrix has rows.
    first : int
    matrix : Columns
    out : ndarray of shape (n_batch, m), C-ordered
        Its columns from `column` on are added to.
    column : int
    n_columns : int
        Of the matrix.
    """
    groups = matrix.groups
    lanes = groups.shape[2]
    n_whole = n_columns // lanes
    n_batch = x.shape[0]
    together, tall = n_batch - n_batch % ROWS_AT_ONCE, n_batch - n_batch % TALL
    paired = n_whole - n_whole % PAIR
    for g in range(0, paired, PAIR):
        for row in range(0, tall, TALL):
            _block(x, row, first, groups, g, out, row, column + g * lanes)
    for g in range(paired, n_whole):
        for row in range(0, tall, TALL):
            _tall(x, row, first, groups, g, out, row, column + g * lanes)
    for g in range(n_whole):
        for row in range(tall, together, ROWS_AT_ONCE):
            _many_rows(x, row, first, groups, g, out, row, column + g * lanes)
    for row in range(together, n_batch):
        many = n_whole - n_whole % GROUPS_AT_ONCE
        for g in range(0, many, GROUPS_AT_ONCE):
            _many_groups(x, row, first, groups, g, out, row, column + g * lanes)
        for g in range(many, n_whole - 1, 2):
            _two(x, row, first, groups, g, out, row, column + g * lanes)
        if n_whole % 2:
            _one(x, row, first, groups, n_whole - 1, out, row, column + (n_whole - 1) * lanes)
    rest = n_columns - n_whole * lanes
    if rest == 0:
        return
    begin = column + n_whole * lanes
    buffer = np.zeros((ROWS_AT_ONCE, lanes), out.dtype)
    for row in range(0, together, ROWS_AT_ONCE):
        for r in range(ROWS_AT_ONCE):
            for j in range(rest):
                buffer[r, j] = out[row + r, begin + j]
        _many_rows(x, row, first, groups, n_whole, buffer, 0, 0)
        for r in range(ROWS_AT_ONCE):
            for j in range(rest):
                out[row + r, begin + j] = buffer[r, j]
    for row in range(together, n_batch):
        for j in range(rest):
            buffer[0, j] = out[row, begin + j]
        _one(x, row, first, groups, n_whole, buffer, 0, 0)
        for j in range(rest):
            out[row, begin + j] = buffer[0, j]


@jit
def copy(x, out):  # type: ignore[no-untyped-def]
    """Copy an array of two axes; an assignment would compile what numba says of wrong shapes."""
    for b in range(x.shape[0]):
        for i in range(x.shape[1]):
            out[b, i] = x[b, i]


@jit
def fill(out, value):  # type: ignore[no-untyped-def]
    """Set all of an array of two axes."""
    for b in range(out.shape[0]):
        for i in range(out.shape[1]):
            out[b, i] = value


@jit
def read_out(x, first, matrix, bias, out):  # type: ignore[no-untyped-def]
    """Write the product of some columns of x, from `first` on, and a matrix, plus a bias."""
    for b in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[b, j] = bias[j]
    add_product(x, first, matrix, out, 0, out.shape[1])


def affine(x: Floats, matrix: Floats, bias: Floats) -> Floats:
    """Return the product of rows (n_rows, n_inputs) and a matrix, plus a bias."""
    out = aligned((len(x), len(bias)), np.result_type(x, matrix))
    if len(matrix) < FEW_INPUTS:
        read_out(np.ascontiguousarray(x), 0, columns_of(matrix), bias, out)
    else:
        np.matmul(x, matrix, out=out)
        out += bias
    return out
