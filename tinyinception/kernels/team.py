"""Work dealt to threads: what Numba's `prange` does, for a kernel whose body is a function of its own.

`prange` compiles its body twice over, with a wrapper that grows with every argument, and wakes all threads for however
little. Here the body is compiled once, its arguments pass through memory as they are, and one thread alone is a call.
The threads are Numba's: `numba_parallel_for`, which its own parallel code calls too. Each takes one unit of work after
the other, so that a thread whose core is wanted elsewhere holds up the others by one unit, not by its share of all.
"""

from __future__ import annotations

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LEAST = 1 << 15  # numbers that are worth waking a second thread
PIECES = 32  # units of work, where it can be cut anywhere

BYTES, INT = ir.IntType(8).as_pointer(), ir.IntType(64)
ARGUMENTS, UNITS, TAKEN, FAILED = range(4)  # what all threads see


def workers(numbers: int, least: int = LEAST) -> int:
    """Threads for a kernel that reads and writes so many numbers; of less than `least`, one."""
    return 1 if numbers < least else numba.get_num_threads()


@intrinsic
def deal(typingctx, body, units, workers, arguments):
    """body(unit, *arguments) for each unit of work from 0 on, by so many threads; body is a kernel without a result.

    Raises MemoryError where a body could not go on.
    """
    typed = typingctx.resolve_function_type(body, (types.int64, *arguments.types), {})

    def codegen(context, builder, signature, values):
        _, units, workers, arguments = values
        shared = cgutils.pack_struct(builder, [arguments, units, INT(0), INT(0)])
        shared = cgutils.alloca_once_value(builder, shared)
        share = _share(context, builder.module, body.dispatcher.get_compile_result(typed), shared.type)
        data, nothing = builder.bitcast(shared, BYTES), ir.Constant(BYTES, None)
        with builder.if_else(builder.icmp_signed("<=", workers, INT(1))) as (alone, together):
            with alone:
                builder.call(share, [nothing, nothing, nothing, data])
            with together:
                launch = cgutils.get_or_insert_function(
                    builder.module, ir.FunctionType(ir.VoidType(), [BYTES] * 5 + [INT] * 3), "numba_parallel_for"
                )
                sizes = builder.bitcast(cgutils.alloca_once_value(builder, workers), BYTES)
                function = builder.bitcast(share, BYTES)
                builder.call(launch, [function, nothing, sizes, nothing, data, INT(0), INT(0), workers])
        failed = builder.load(cgutils.gep_inbounds(builder, shared, 0, FAILED))
        with cgutils.if_unlikely(builder, cgutils.is_true(builder, failed)):
            context.call_conv.return_user_exc(builder, MemoryError, ("a kernel had not enough memory",))
        return context.get_dummy_value()

    return types.void(body, types.int64, types.int64, arguments), codegen


def _share(context, module, compiled, shared):
    """A function that takes units of work until there is none: what each thread calls, in the form of a NumPy ufunc."""
    context.active_code_library.add_linking_library(compiled.library)
    kind = ir.FunctionType(ir.VoidType(), [BYTES] * 4)
    function = ir.Function(module, kind, module.get_unique_name(f"share.{compiled.fndesc.mangled_name}"))
    function.linkage = "internal"
    start, again, work, end = (function.append_basic_block() for _ in range(4))
    builder = ir.IRBuilder(start)
    data = builder.bitcast(function.args[3], shared)
    arguments, units, taken, failed = (cgutils.gep_inbounds(builder, data, 0, field) for field in range(4))
    arguments, units = builder.load(arguments), builder.load(units)
    values = [builder.extract_value(arguments, i) for i in range(len(arguments.type.elements))]
    builder.branch(again)
    builder.position_at_end(again)
    unit = builder.atomic_rmw("add", taken, INT(1), "monotonic")
    builder.cbranch(builder.icmp_signed("<", unit, units), work, end)
    builder.position_at_end(work)
    body, of = context.declare_function(module, compiled.fndesc), compiled.fndesc
    status, _ = context.call_conv.call_function(builder, body, of.restype, of.argtypes, [unit, *values])
    with cgutils.if_unlikely(builder, status.is_error):
        builder.store(INT(1), failed)
    builder.branch(again)
    builder.position_at_end(end)
    builder.ret_void()
    return function
