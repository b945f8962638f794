"""Vector instructions for this machine's registers, emitted with LLVM: what `tiles` and Winograd's transforms are made
of.
"""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir
from numba import types
from numba.core import cgutils, codegen, config
from numba.extending import intrinsic


def _machine() -> tuple[int, int, int, int]:
    """(bytes in a vector register, pixels, vectors, channels): pixels x vectors sums must fit the registers, and so
    must channels x vectors, where the weights' gradient is summed.

    Asked is what Numba compiles for, which NUMBA_CPU_NAME and NUMBA_CPU_FEATURES may have changed.
    """
    asked = config.CPU_FEATURES  # type: ignore[attr-defined]
    features = (asked if asked is not None else codegen.get_host_cpu_features()).split(",")
    if "+avx512f" in features:
        return 64, 8, 3, 8  # 24 of 32 registers
    if "+avx" in features:
        return 32, 6, 2, 4  # 12 of 16
    if "+neon" in features:
        return 16, 8, 3, 8  # 24 of 32
    return 16, 4, 2, 4


VECTOR_BYTES, ROWS, VECTORS, CHANNELS = _machine()
CACHE_LINE = 64  # bytes


class Code:
    """Emits LLVM instructions on vectors of one dtype. Bases are integers that hold addresses, offsets count elements.

    No compiler keeps a block of sums in registers reliably where it is written as loops; hence explicit instructions.
    """

    def __init__(self, context, builder, dtype):
        self.builder, self.bytes = builder, dtype.bitwidth // 8
        self.lanes = VECTOR_BYTES // self.bytes
        self.scalar = context.get_value_type(dtype)
        self.vector = ir.VectorType(self.scalar, self.lanes)
        # fused where the machine has an instruction for it: `llvm.fma` would call a function where it has not
        self._fma = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(self.vector, [self.vector] * 3),
            f"llvm.fmuladd.v{self.lanes}f{dtype.bitwidth}",
        )

    def number(self, n: int):
        return ir.Constant(ir.IntType(64), n)

    def _pointer(self, base, offset, kind=None):
        pointer = self.builder.gep(self.builder.inttoptr(base, (kind or self.scalar).as_pointer()), [offset])
        return pointer if kind else self.builder.bitcast(pointer, self.vector.as_pointer())

    def address(self, base, offset):
        """The address that a table of them holds."""
        return self.builder.load(self._pointer(base, offset, ir.IntType(64)))

    def load(self, base, offset):
        return self.builder.load(self._pointer(base, offset), align=self.bytes)

    def prefetch(self, base, offset, vectors):
        """Fetch the cache lines of so many vectors early; prefetching past the end of an array is harmless."""
        i32, byte = ir.IntType(32), ir.IntType(8).as_pointer()
        ask = self.builder.module.declare_intrinsic(
            "llvm.prefetch", [byte], ir.FunctionType(ir.VoidType(), [byte, i32, i32, i32])
        )
        for v in range(0, vectors, max(1, CACHE_LINE // VECTOR_BYTES)):
            line = self._pointer(base, self.builder.add(offset, self.number(v * self.lanes)))
            how = [ir.Constant(i32, n) for n in (0, 3, 1)]  # to read, to keep near, data
            self.builder.call(ask, [self.builder.bitcast(line, byte), *how])

    def store(self, value, base, offset):
        self.builder.store(value, self._pointer(base, offset), align=self.bytes)

    def put(self, values: list, places: list, add):
        """Store each at its place, (base, offset); where `add`, a number, is not 0, add it to what is there already.

        Where it is 0, what is there is not read: a product would wait for memory that it only writes.
        """
        values = self.where(
            add,
            values,
            lambda new: [self.builder.fadd(self.load(*place), value) for value, place in zip(new, places, strict=True)],
        )
        for value, place in zip(values, places, strict=True):
            self.store(value, *place)

    def splat(self, base, offset):
        """The number at an offset, in all lanes."""
        return self.spread(self.builder.load(self._pointer(base, offset, self.scalar)))

    def spread(self, value):
        """One number in all lanes."""
        none, i32 = ir.Constant(self.vector, ir.Undefined), ir.IntType(32)
        one = self.builder.insert_element(none, value, ir.Constant(i32, 0))
        return self.builder.shuffle_vector(one, none, ir.Constant(ir.VectorType(i32, self.lanes), [0] * self.lanes))

    def outer(self, left: list, right: list, sums: list) -> list:
        """sums[i, v] + left[i] * right[v]."""
        return [
            self.builder.call(self._fma, [left[s // len(right)], right[s % len(right)], total])
            for s, total in enumerate(sums)
        ]

    def times(self, factor: float, value):
        """factor * value."""
        return self.builder.fmul(ir.Constant(self.vector, [factor] * self.lanes), value)

    def scaled(self, factor: float, value, plus):
        """factor * value + plus."""
        return self.builder.call(self._fma, [ir.Constant(self.vector, [factor] * self.lanes), value, plus])

    def affine(self, value, anchor, scale, offset, floor):
        """(value - anchor) * scale + offset, but at least `floor`, one number; none where that is NaN."""
        least = self.spread(floor)
        value = self.builder.call(self._fma, [self.builder.fsub(value, anchor), scale, offset])
        return self.builder.select(self.builder.fcmp_ordered("<", value, least), least, value)

    def where(self, wanted, values: list, change: Callable) -> list:
        """change(values) where `wanted`, a number, is not 0, else the values themselves."""
        before = self.builder.block
        with self.builder.if_then(self.builder.icmp_signed("!=", wanted, self.number(0))):
            changed, inside = change(values), self.builder.block
        results = [self.builder.phi(value.type) for value in values]
        for result, old, new in zip(results, values, changed, strict=True):
            result.add_incoming(old, before)
            result.add_incoming(new, inside)
        return results

    def loop(self, count, carried: list, body: Callable) -> list:
        """for k in range(count): carried = body(k, carried); count is at least 1."""
        before, start, done = self.builder.block, *(self.builder.append_basic_block() for _ in range(2))
        self.builder.branch(start)
        self.builder.position_at_end(start)
        k, *phis = (self.builder.phi(value.type) for value in (self.number(0), *carried))
        results = body(k, phis)
        after = self.builder.add(k, self.number(1))
        for phi, first, next_ in zip((k, *phis), (self.number(0), *carried), (after, *results), strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(next_, self.builder.block)
        self.builder.cbranch(self.builder.icmp_signed("<", after, count), start, done)
        self.builder.position_at_end(done)
        return results


@intrinsic
def address(typingctx, array):
    """Where an array's first number is. Numba frees an array after its last mention: keep it in sight while in use."""

    def codegen(context, builder, signature, args):
        return builder.ptrtoint(context.make_array(signature.args[0])(context, builder, args[0]).data, ir.IntType(64))

    return types.int64(array), codegen


@intrinsic
def copy(typingctx, target, source, size):
    """memcpy of `size` bytes between two addresses: a loop over array elements would check every index for its sign."""

    def codegen(context, builder, signature, args):
        target, source = (builder.inttoptr(a, ir.IntType(8).as_pointer()) for a in args[:2])
        cgutils.raw_memcpy(builder, target, source, args[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), codegen
