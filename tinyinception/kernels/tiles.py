"""Register tiles: the innermost loops of the products, in explicit vector instructions.

A block of sums stays in registers while taps, channels or pixels pass. What is read and written is found by addresses,
so a tile knows nothing of images.
"""

from __future__ import annotations

from functools import reduce
from itertools import product

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.vectors import CHANNELS, ROWS, Code

AHEAD = 16  # rows of weights fetched early: the hardware prefetcher stops at a page boundary, after few rows
CHAINS = 4  # sums of a tile's rows, at once


def _make_window_tile(vectors: int):
    """outs[i][column:] = sum over taps t, channels k of windows[i, t][k] * b[t, k, :vectors], for ROWS pixels.

    windows: table of addresses, pixels x taps; seen: the taps that count, `seeing` of them. b: row (t, k) begins
    b_row * (t * channels + k) numbers after its start. numbers: four rows of `wide`, start, anchor, scale and offset, a
    column per output channel. The sum begins at start; where `finish` is set, the result is
    max((sum - anchor) * scale + offset, floor). outs: table of addresses, pixels x phases. floor: in the dtype
    of all.
    """

    @intrinsic
    def tile(
        typingctx,
        floor,
        windows,
        taps,
        seen,
        seeing,
        channels,
        b,
        b_row,
        numbers,
        wide,
        finish,
        outs,
        phases,
        column,
        add,
    ):
        def codegen(context, builder, signature, args):
            floor, windows, taps, seen, seeing, channels, b, b_row, numbers, wide, finish, outs, phases, column, add = (
                args
            )
            code = Code(context, builder, signature.args[0])

            def tap(at, sums):
                t = code.address(seen, at)
                pixels = [code.address(windows, builder.add(builder.mul(code.number(i), taps), t)) for i in range(ROWS)]
                row = builder.mul(t, channels)

                def depth(k, sums):
                    at = builder.mul(builder.add(row, k), b_row)
                    right = [code.load(b, builder.add(at, code.number(v * code.lanes))) for v in range(vectors)]
                    code.prefetch(b, builder.add(at, builder.mul(b_row, code.number(AHEAD))), vectors)
                    return code.outer([code.splat(pixel, k) for pixel in pixels], right, sums)

                return code.loop(channels, sums, depth)

            def per_channel(row):
                at = builder.add(builder.mul(wide, code.number(row)), column)
                return [code.load(numbers, builder.add(at, code.number(v * code.lanes))) for v in range(vectors)]

            def finished(sums):
                anchor, scale, offset = (per_channel(row) for row in (1, 2, 3))
                return [
                    code.affine(total, anchor[s % vectors], scale[s % vectors], offset[s % vectors], floor)
                    for s, total in enumerate(sums)
                ]

            sums = code.where(finish, code.loop(seeing, per_channel(0) * ROWS, tap), finished)
            rows = [code.address(outs, builder.mul(code.number(i), phases)) for i in range(ROWS)]
            columns = [builder.add(column, code.number(v * code.lanes)) for v in range(vectors)]
            code.put(sums, list(product(rows, columns)), add)
            return context.get_dummy_value()

        return types.void(floor, *[types.int64] * 14), codegen

    return tile


def _make_weight_tile(vectors: int):
    """out[i, :vectors] (+)= sum over pixels p of windows[p][channel + i] * grads[p][column:], i < CHANNELS.

    windows, grads: tables of addresses. zero: in the dtype of all.
    """

    @intrinsic
    def tile(typingctx, zero, windows, channel, pixels, grads, column, out, out_row, add):
        def codegen(context, builder, signature, args):
            _, windows, channel, pixels, grads, column, out, out_row, add = args
            code = Code(context, builder, signature.args[0])

            def pixel(p, sums):
                window, grad = code.address(windows, p), code.address(grads, p)
                left = [code.splat(window, builder.add(channel, code.number(i))) for i in range(CHANNELS)]
                right = [code.load(grad, builder.add(column, code.number(v * code.lanes))) for v in range(vectors)]
                return code.outer(left, right, sums)

            sums = code.loop(pixels, [ir.Constant(code.vector, None)] * (CHANNELS * vectors), pixel)
            at = [
                builder.add(builder.mul(out_row, code.number(i)), code.number(v * code.lanes))
                for i, v in product(range(CHANNELS), range(vectors))
            ]
            code.put(sums, [(out, offset) for offset in at], add)
            return context.get_dummy_value()

        return types.void(zero, *[types.int64] * 8), codegen

    return tile


@intrinsic
def moments_tile(typingctx, like, outs, column, rows, means, squares):
    """means: of outs[r][column:] over the rows r; squares: summed, of deviations from them. outs: of addresses.

    Row r goes to sum r % CHAINS: one sum alone would wait for each of its additions before the next.
    """

    def codegen(context, builder, signature, args):
        _, outs, column, rows, means, squares = args
        code = Code(context, builder, like.dtype)
        zeros, nowhere = [ir.Constant(code.vector, None)] * CHAINS, code.number(0)

        def over_rows(term):
            """term(row, sum), over all rows; of those beyond the last, the sums stay as they are."""

            def some(k, sums):
                first, changed = builder.mul(k, code.number(CHAINS)), []
                for i, total in enumerate(sums):
                    r = builder.add(first, code.number(i))
                    real = builder.icmp_signed("<", r, rows)
                    row = code.load(code.address(outs, builder.select(real, r, nowhere)), column)
                    changed.append(builder.select(real, term(row, total), total))
                return changed

            count = builder.sdiv(builder.add(rows, code.number(CHAINS - 1)), code.number(CHAINS))
            return reduce(builder.fadd, code.loop(count, zeros, some))

        total = over_rows(lambda row, total: builder.fadd(total, row))
        mean = builder.fdiv(total, code.spread(builder.sitofp(rows, code.scalar)))

        def deviation(row, total):
            d = builder.fsub(row, mean)
            return code.outer([d], [d], [total])[0]

        code.store(over_rows(deviation), squares, nowhere)
        code.store(mean, means, nowhere)
        return context.get_dummy_value()

    return types.void(like, *[types.int64] * 5), codegen


_window1, _window2, _window3 = (_make_window_tile(vectors) for vectors in (1, 2, 3))
_weight1, _weight2, _weight3 = (_make_weight_tile(vectors) for vectors in (1, 2, 3))


@kernel(parallel=False)
def window_tile(
    vectors, floor, windows, taps, seen, seeing, channels, b, b_row, numbers, wide, finish, outs, phases, column, add
):
    """`_make_window_tile` for that many vectors: compiled once, for all kernels that need it."""
    if vectors == 3:
        _window3(
            floor, windows, taps, seen, seeing, channels, b, b_row, numbers, wide, finish, outs, phases, column, add
        )
    elif vectors == 2:
        _window2(
            floor, windows, taps, seen, seeing, channels, b, b_row, numbers, wide, finish, outs, phases, column, add
        )
    else:
        _window1(
            floor, windows, taps, seen, seeing, channels, b, b_row, numbers, wide, finish, outs, phases, column, add
        )


@kernel(parallel=False)
def weight_tile(vectors, zero, windows, channel, pixels, grads, column, out, out_row, add):
    """`_make_weight_tile` for that many vectors."""
    if vectors == 3:
        _weight3(zero, windows, channel, pixels, grads, column, out, out_row, add)
    elif vectors == 2:
        _weight2(zero, windows, channel, pixels, grads, column, out, out_row, add)
    else:
        _weight1(zero, windows, channel, pixels, grads, column, out, out_row, add)
