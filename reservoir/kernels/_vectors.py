"""Short vectors that LLVM keeps in registers: what numba's own loops cannot be trusted to do.

A *panel* is a C-ordered array (n_rows, lanes): row i holds one number of each of `lanes`
networks that run in step, 128 bytes in all. These intrinsics multiply a matrix by a panel, one
or two rows at a time, and write a panel out again with one row for each network. The products
are summed in the order in which the weights are stored, by fused multiply-adds, so that a
result depends on nothing but its operands.

None of them checks a bound.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

PANEL_BYTES = 128
ROWS_AT_ONCE = 2  # eight AVX registers of sums, and none is spilled
TILE = 4  # units that are written out together
STACKED_ROWS = 32  # of a dense matrix that are multiplied by one vector together
GATHERED_ROWS = 8  # of a sparse matrix that are multiplied by one vector together

INT64 = ir.IntType(64)


def aligned(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return an array of any content that begins where a line of the cache does.

    Else every other load of a vector, or each, touches two lines.
    """
    dtype = np.dtype(dtype)
    n_bytes = math.prod(shape) * dtype.itemsize
    memory = np.empty(n_bytes + PANEL_BYTES, np.uint8)
    first = -memory.ctypes.data % PANEL_BYTES
    return memory[first : first + n_bytes].view(dtype).reshape(shape)


def _inlined(codegen: Any) -> Any:
    return intrinsic(codegen)  # without the type that would ask for a typing context in calls


@_inlined
def wide_vectors(typingctx):  # type: ignore[no-untyped-def]
    """Let the calling function use the widest vectors there are, where LLVM prefers half of that.

    Only for loops over single elements: the order of a sum may depend on the width.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        set.add(builder.function.attributes, '"prefer-vector-width"="512"')  # llvmlite knows it not
        return context.get_dummy_value()

    return types.void(), codegen


def _int(value: int) -> Any:
    return ir.Constant(INT64, value)


class _Code:
    """What is written again and again when code is generated for arrays of one type of float."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        self.context, self.builder = context, builder
        self.types, self.arguments = signature.args, arguments
        number = next(t.dtype for t in signature.args if isinstance(t, types.Array))
        self.element = context.get_value_type(number)
        self.size = number.bitwidth // 8
        self.lanes = PANEL_BYTES // self.size

    def array(self, position: int) -> Any:
        kind = self.types[position]
        return self.context.make_array(kind)(self.context, self.builder, self.arguments[position])

    def data(self, position: int) -> Any:
        return self.array(position).data

    def load(self, pointer: Any, index: Any) -> Any:
        return self.builder.load(self.builder.gep(pointer, [index]))

    def _vector_at(self, pointer: Any, index: Any, length: int) -> Any:
        place = self.builder.gep(pointer, [index])
        return self.builder.bitcast(place, ir.VectorType(self.element, length).as_pointer())

    def load_vector(self, pointer: Any, index: Any, length: int) -> Any:
        vector = self.builder.load(self._vector_at(pointer, index, length))
        vector.align = self.size
        return vector

    def store_vector(self, vector: Any, pointer: Any, index: Any) -> None:
        place = self._vector_at(pointer, index, vector.type.count)
        self.builder.store(vector, place).align = self.size

    def gather(self, pointer: Any, indices: Any, first: Any, length: int) -> Any:
        """Load the numbers at these int32 places, one by one where the processor prefers that."""
        builder, int32 = self.builder, ir.IntType(32)
        kind, wide = ir.VectorType(self.element, length), ir.VectorType(INT64, length)
        place = builder.gep(indices, [first])
        places = builder.load(builder.bitcast(place, ir.VectorType(int32, length).as_pointer()))
        places.align = 4
        begin = builder.ptrtoint(pointer, INT64)
        one = builder.insert_element(ir.Constant(wide, ir.Undefined), begin, int32(0))
        addresses = builder.add(
            self.shuffle(one, one, [0] * length),
            builder.mul(builder.sext(places, wide), ir.Constant(wide, [self.size] * length)),
        )
        pointers = builder.inttoptr(addresses, ir.VectorType(pointer.type, length))
        mask_kind = ir.VectorType(ir.IntType(1), length)
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(kind, [pointers.type, int32, mask_kind, kind]),
            f"llvm.masked.gather.v{length}f{8 * self.size}.v{length}p0",
        )
        nothing = ir.Constant(kind, ir.Undefined)
        everywhere = ir.Constant(mask_kind, [1] * length)
        return builder.call(function, [pointers, int32(self.size), everywhere, nothing])

    def row(self, pointer: Any, index: Any) -> Any:
        return self.load_vector(pointer, self.times(index, self.lanes), self.lanes)

    def store_row(self, vector: Any, pointer: Any, index: Any) -> None:
        self.store_vector(vector, pointer, self.times(index, self.lanes))

    def plus(self, a: Any, b: Any) -> Any:
        return self.builder.add(a, _int(b) if isinstance(b, int) else b)

    def times(self, a: Any, b: Any) -> Any:
        return self.builder.mul(a, _int(b) if isinstance(b, int) else b)

    def shuffle(self, a: Any, b: Any, lanes: list[int]) -> Any:
        mask = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), lanes)
        return self.builder.shuffle_vector(a, b, mask)

    def repeat(self, number: Any) -> Any:
        """Return a vector that holds one number in every lane."""
        nothing = ir.Constant(ir.VectorType(self.element, self.lanes), ir.Undefined)
        first = self.builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
        return self.shuffle(first, nothing, [0] * self.lanes)

    def multiply_add(self, a: Any, b: Any, c: Any) -> Any:
        kind = a.type
        name = f"llvm.fmuladd.v{kind.count}f{8 * self.size}"
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(kind, [kind] * 3), name
        )
        return self.builder.call(function, [a, b, c])

    def sum_over(
        self, first: Any, last: Any, sums: list[Any], add: Callable[[Any, list[Any]], list[Any]]
    ) -> list[Any]:
        """Loop from `first` to `last` with `sums` in registers, renewed by ``add(k, sums)``."""
        builder, before = self.builder, self.builder.block
        head, body, end = (builder.append_basic_block(name) for name in ("head", "body", "end"))
        builder.branch(head)
        builder.position_at_end(head)
        k = builder.phi(INT64)
        k.add_incoming(first, before)
        carried = [builder.phi(value.type) for value in sums]
        for phi, value in zip(carried, sums, strict=True):
            phi.add_incoming(value, before)
        builder.cbranch(builder.icmp_signed("<", k, last), body, end)
        builder.position_at_end(body)
        renewed = add(k, carried)
        k.add_incoming(self.plus(k, 1), builder.block)
        for phi, value in zip(carried, renewed, strict=True):
            phi.add_incoming(value, builder.block)
        builder.branch(head)
        builder.position_at_end(end)
        return carried


@_inlined
def add_sparse_rows(  # type: ignore[no-untyped-def]
    typingctx, data, indices, first, middle, last, x, z, row
):
    """Add the products of two sparse rows and a panel to z[row] and z[row + 1].

    The first is ``sum(data[k] * x[indices[k]] for k in range(first, middle))``, the second goes
    on to `last`. They run side by side as far as both have links: one alone would wait for its
    own sums.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        code = _Code(context, builder, signature, arguments)
        data, indices, x, z = (code.data(i) for i in (0, 1, 5, 6))
        first, middle, last, row = (arguments[i] for i in (2, 3, 4, 7))

        def link(k: Any, total: Any) -> Any:
            weight = code.repeat(code.load(data, k))
            source = builder.sext(code.load(indices, k), INT64)
            return code.multiply_add(weight, code.row(x, source), total)

        def both(k: Any, sums: list[Any]) -> list[Any]:
            return [
                link(code.plus(start, k), total) for start, total in zip(starts, sums, strict=True)
            ]

        starts, ends, rows = [first, middle], [middle, last], [row, code.plus(row, 1)]
        counts = [builder.sub(end, start) for start, end in zip(starts, ends, strict=True)]
        shorter = builder.select(builder.icmp_signed("<", *counts), *counts)
        totals = code.sum_over(_int(0), shorter, [code.row(z, r) for r in rows], both)
        for start, end, total, r in zip(starts, ends, totals, rows, strict=True):
            rest = code.sum_over(
                code.plus(start, shorter), end, [total], lambda k, sums: [link(k, sums[0])]
            )
            code.store_row(rest[0], z, r)
        return context.get_dummy_value()

    i64 = types.int64
    return types.void(data, indices, i64, i64, i64, x, z, i64), codegen


@_inlined
def add_dense_rows(typingctx, weights, offset, n, x, start, z, row):  # type: ignore[no-untyped-def]
    """Add the product of `ROWS_AT_ONCE` rows of weights and n rows of a panel to rows of z.

    Row r is ``sum(weights[offset + ROWS_AT_ONCE * k + r] * x[start + k] for k in range(n))`` and
    is added to z[row + r].
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        code = _Code(context, builder, signature, arguments)
        weights, x, z = (code.data(i) for i in (0, 3, 5))
        offset, n, start, row = (arguments[i] for i in (1, 2, 4, 6))

        def add(k: Any, sums: list[Any]) -> list[Any]:
            signal = code.row(x, code.plus(start, k))
            first = code.plus(offset, code.times(k, ROWS_AT_ONCE))
            return [
                code.multiply_add(
                    code.repeat(code.load(weights, code.plus(first, r))), signal, total
                )
                for r, total in enumerate(sums)
            ]

        rows = [code.plus(row, r) for r in range(ROWS_AT_ONCE)]
        totals = code.sum_over(_int(0), n, [code.row(z, r) for r in rows], add)
        for total, r in zip(totals, rows, strict=True):
            code.store_row(total, z, r)
        return context.get_dummy_value()

    i64 = types.int64
    return types.void(weights, i64, i64, x, i64, z, i64), codegen


@_inlined
def store_tile(typingctx, x, unit, out, column, rows):  # type: ignore[no-untyped-def]
    """Write `TILE` panel rows as columns: ``out[rows[c], column + i] = x[unit + i, c]``."""

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        code = _Code(context, builder, signature, arguments)
        x, out, rows = code.data(0), code.array(2), code.data(4)
        unit, column = arguments[1], arguments[3]
        width = builder.extract_value(out.shape, 1)
        parts = [code.row(x, code.plus(unit, i)) for i in range(TILE)]
        group = 1
        while len(parts) > 1:  # interleave neighbours until the numbers of a lane stand together
            n = parts[0].type.count
            order = [
                lane
                for start in range(0, n, group)
                for lane in (*range(start, start + group), *range(n + start, n + start + group))
            ]
            parts = [
                code.shuffle(a, b, order) for a, b in zip(parts[::2], parts[1::2], strict=True)
            ]
            group *= 2
        for lane in range(code.lanes):
            tile = code.shuffle(parts[0], parts[0], [lane * TILE + i for i in range(TILE)])
            place = code.times(code.load(rows, _int(lane)), width)
            code.store_vector(tile, out.data, code.plus(place, column))
        return context.get_dummy_value()

    return types.void(x, types.int64, out, types.int64, rows), codegen


@_inlined
def add_stacked_rows(typingctx, weights, offset, n, x, z, row):  # type: ignore[no-untyped-def]
    """Add the product of `STACKED_ROWS` rows of weights and a vector of n numbers to z.

    Row r is ``sum(weights[offset + STACKED_ROWS * k + r] * x[k] for k in range(n))`` and is added
    to z[row + r].
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        code = _Code(context, builder, signature, arguments)
        code.lanes = STACKED_ROWS
        weights, x, z = (code.data(i) for i in (0, 3, 4))
        offset, n, row = (arguments[i] for i in (1, 2, 5))

        def add(k: Any, sums: list[Any]) -> list[Any]:
            first = code.plus(offset, code.times(k, STACKED_ROWS))
            column = code.load_vector(weights, first, STACKED_ROWS)
            return [code.multiply_add(column, code.repeat(code.load(x, k)), sums[0])]

        begin = code.load_vector(z, row, STACKED_ROWS)
        (total,) = code.sum_over(_int(0), n, [begin], add)
        code.store_vector(total, z, row)
        return context.get_dummy_value()

    i64 = types.int64
    return types.void(weights, i64, i64, x, z, i64), codegen


@_inlined
def add_group(  # type: ignore[no-untyped-def]
    typingctx, data, indices, first, last, x, order, group, z
):
    """Add the product of `GATHERED_ROWS` rows of a sparse matrix and a vector to z.

    Row r is ``sum(data[k, r] * x[indices[k, r]] for k in range(first, last))`` and is added to
    ``z[order[group, r]]``.
    """

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        code = _Code(context, builder, signature, arguments)
        data, indices, x, order, z = (code.data(i) for i in (0, 1, 4, 5, 7))
        first, last, group = arguments[2], arguments[3], arguments[6]
        kind = ir.VectorType(code.element, GATHERED_ROWS)
        lanes = [ir.Constant(ir.IntType(32), r) for r in range(GATHERED_ROWS)]

        def place(index: Any, r: int) -> Any:
            return code.plus(code.times(index, GATHERED_ROWS), r)

        def add(k: Any, sums: list[Any]) -> list[Any]:
            signal = code.gather(x, indices, place(k, 0), GATHERED_ROWS)
            weights = code.load_vector(data, place(k, 0), GATHERED_ROWS)
            return [code.multiply_add(weights, signal, sums[0])]

        begin = ir.Constant(kind, ir.Undefined)
        units = [builder.sext(code.load(order, place(group, r)), INT64) for r in range(len(lanes))]
        for unit, lane in zip(units, lanes, strict=True):
            begin = builder.insert_element(begin, code.load(z, unit), lane)
        (total,) = code.sum_over(first, last, [begin], add)
        for unit, lane in zip(units, lanes, strict=True):
            builder.store(builder.extract_element(total, lane), builder.gep(z, [unit]))
        return context.get_dummy_value()

    i64 = types.int64
    return types.void(data, indices, i64, i64, x, order, i64, z), codegen
