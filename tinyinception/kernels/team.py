"""Work dealt to threads: what Numba's `prange` does, for a kernel whose body is a function of its own.

`prange` compiles its body twice over, with a wrapper that grows with every argument, and wakes all threads for however
little. Here the body is compiled once, its arguments pass through memory as they are, and one thread alone is a call.
The threads are Numba's: `numba_parallel_for`, which its own parallel code calls too. Each takes one unit of work after
the other, so that a thread whose core is wanted elsewhere holds up the others by one unit, not by its share of all. It
begins with those of its own share: what the same thread wrote a kernel ago lies in the caches of its core.
"""

from __future__ import annotations

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.vectors import CACHE_LINE

LEAST = 1 << 15  # numbers that are worth waking a second thread
PIECES = 32  # units of work, where it can be cut anywhere

SHARES = 16  # at most; more threads than that begin in pairs
SPACING = CACHE_LINE // 8  # whole numbers from one share's count to the next: no two threads write to one line
BYTES, INT = ir.IntType(8).as_pointer(), ir.IntType(64)
FAILED = 4  # of what all threads see: arguments, units, workers, taken, whether one failed


def workers(numbers: int, least: int = LEAST) -> int:
    """Threads for a kernel that reads and writes so many numbers; of less than `least`, one."""
    return 1 if numbers < least else numba.get_num_threads()


@intrinsic
def _count_up(typingctx, numbers, at):
    """The number at an index from an address on, which is counted up at once: each caller gets another one."""

    def codegen(context, builder, signature, args):
        pointer = builder.gep(builder.inttoptr(args[0], INT.as_pointer()), [args[1]])
        return builder.atomic_rmw("add", pointer, INT(1), "monotonic")

    return types.int64(types.int64, types.int64), codegen


@kernel(parallel=False)
def take(taken, units, workers, me):
    """The next unit of work for worker `me` of so many, of its own share or of another's; `units` where all are taken.

    taken: address of SHARES * SPACING whole numbers, zeros at first: how many of each share are taken.
    """
    shares = min(workers, SHARES)
    for k in range(shares):
        share = (me + k) % shares
        begin, end = units * share // shares, units * (share + 1) // shares
        if begin < end:
            unit = begin + _count_up(taken, share * SPACING)
            if unit < end:
                return unit
    return units


@intrinsic
def deal(typingctx, body, units, workers, arguments):
    """body(unit, *arguments) for each unit of work from 0 on, by so many threads; body is a kernel without a result.

    Raises MemoryError where a body could not go on.
    """
    typed = typingctx.resolve_function_type(body, (types.int64, *arguments.types), {})

    def codegen(context, builder, signature, values):
        _, units, workers, arguments = values
        taken = cgutils.alloca_once_value(builder, ir.Constant(ir.ArrayType(INT, SHARES * SPACING), None))
        fields = [arguments, units, workers, builder.ptrtoint(taken, INT), INT(0)]
        shared = cgutils.alloca_once_value(builder, cgutils.pack_struct(builder, fields))
        share = _share(context, builder.module, body.dispatcher.get_compile_result(typed), shared.type)
        data, nothing = builder.bitcast(shared, BYTES), ir.Constant(BYTES, None)
        me = cgutils.alloca_once_value(builder, nothing)  # an array that is nowhere, of bytes: worker i is at address i
        with builder.if_else(builder.icmp_signed("<=", workers, INT(1))) as (alone, together):
            with alone:
                builder.call(share, [builder.bitcast(me, BYTES), nothing, nothing, data])
            with together:
                launch = cgutils.get_or_insert_function(
                    builder.module, ir.FunctionType(ir.VoidType(), [BYTES] * 5 + [INT] * 3), "numba_parallel_for"
                )
                sizes, steps = (
                    builder.bitcast(cgutils.alloca_once_value(builder, value), BYTES) for value in (workers, INT(1))
                )
                arrays, function = builder.bitcast(me, BYTES), builder.bitcast(share, BYTES)
                builder.call(launch, [function, arrays, sizes, steps, data, INT(0), INT(1), workers])
        failed = builder.load(cgutils.gep_inbounds(builder, shared, 0, FAILED))
        with cgutils.if_unlikely(builder, cgutils.is_true(builder, failed)):
            context.call_conv.return_user_exc(builder, MemoryError, ("a kernel had not enough memory",))
        return context.get_dummy_value()

    return types.void(body, types.int64, types.int64, arguments), codegen


def _share(context, module, compiled, shared):
    """A function that takes units of work until there is none: what each thread calls, in the form of a NumPy ufunc."""
    of_take = (types.int64,) * 4
    take.compile(of_take)
    taking = take.overloads[of_take]
    for part in compiled, taking:
        context.active_code_library.add_linking_library(part.library)
    kind = ir.FunctionType(ir.VoidType(), [BYTES] * 4)
    function = ir.Function(module, kind, module.get_unique_name(f"share.{compiled.fndesc.mangled_name}"))
    function.linkage = "internal"
    start, again, work, end = (function.append_basic_block() for _ in range(4))
    builder = ir.IRBuilder(start)
    data = builder.bitcast(function.args[3], shared)
    me = builder.ptrtoint(builder.load(builder.bitcast(function.args[0], BYTES.as_pointer())), INT)
    fields = [cgutils.gep_inbounds(builder, data, 0, field) for field in range(5)]
    (arguments, units, workers, taken), failed = (builder.load(field) for field in fields[:4]), fields[FAILED]
    values = [builder.extract_value(arguments, i) for i in range(len(arguments.type.elements))]
    builder.branch(again)
    builder.position_at_end(again)
    unit = _call(context, builder, taking, (taken, units, workers, me))[1]
    builder.cbranch(builder.icmp_signed("<", unit, units), work, end)
    builder.position_at_end(work)
    status, _ = _call(context, builder, compiled, (unit, *values))
    with cgutils.if_unlikely(builder, status.is_error):
        builder.store(INT(1), failed)
    builder.branch(again)
    builder.position_at_end(end)
    builder.ret_void()
    return function


def _call(context, builder, compiled, values):
    """(status, result) of a compiled kernel."""
    of = compiled.fndesc
    function = context.declare_function(builder.module, of)
    return context.call_conv.call_function(builder, function, of.restype, of.argtypes, values)
