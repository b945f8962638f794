"""Convolution as a product with the im2col matrix, of which nothing but addresses is ever written down.

The idea. Row r of the im2col matrix is the window that output pixel r looks at: for each tap of the kernel, the
channels of one input pixel. Those lie side by side in memory already, so the kernels do not copy them but note where
they begin; a pixel in the padding begins at a row of zeros. Convolution is that matrix times the weights:

    for each tile of output pixels:                      in parallel; tiles depend on shapes only, so do the bits
        note the address of every tap of every pixel, and which taps a block of pixels sees more than padding through
        for each block of pixels, for each panel of output channels:
            `_window_tile`: a block of the result stays in vector registers while all taps and channels pass
            if asked to, batch-norm by known statistics, and ReLU, while it is there
        if asked to: mean and squared deviations of the finished tile, still in the cache, for batch-norm

A block is the same pixel of several images, where there are several: then a tap in the padding is so for all of them,
and is left out. Where there are few tiles, panels are dealt to threads as well.

Backward to the input is the same with the roles of channels exchanged; with a stride, the input pixels fall into
stride x stride phases, each of which sees only its own taps and is a plain convolution. Backward to the weights is a
product over pixels, of the same windows with the incoming gradient: `_weight_tile`.

See Dukhan, "The Indirect Convolution Algorithm" (2019); Chetlur et al., "cuDNN" (2014); Goto and van de Geijn, "Anatomy
of high-performance matrix multiplication" (2008).
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.packing import panel
from tinyinception.kernels.team import SHARES, SPACING, deal, take
from tinyinception.kernels.vectors import CHANNELS, ROWS, VECTOR_BYTES, VECTORS, Code, address, copy

ZERO, ONE, NO = np.int64(0), np.int64(1), np.bool_(False)  # where Numba would compile a callee anew for a literal
AHEAD = 16  # rows of weights fetched early: the hardware prefetcher stops at a page boundary, after few rows
BLOCK = 128  # pixels whose windows and gradients stay in the cache while all sums of the weights' gradient pass


def _make_window_tile(vectors: int):
    """outs[i][column:] = sum over taps t, channels k of windows[i, t][k] * b[t, k, :vectors], for ROWS pixels.

    windows: table of addresses, pixels x taps; seen: the taps that count, `seeing` of them. b: row (t, k) begins
    b_row * (t * channels + k) numbers after its start. numbers: four rows of `wide`, start, anchor, scale and offset, a
    column per output channel. The sum begins at start; where `finish` is set, the result is
    max((sum - anchor) * scale + offset, floor). outs: addresses of results. All arguments but `like` and `floor` are
    addresses or numbers.
    """

    @intrinsic
    def tile(
        typingctx,
        like,
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
        column,
        add,
    ):
        def codegen(context, builder, signature, args):
            _, floor, windows, taps, seen, seeing, channels, b, b_row, numbers, wide, finish, outs, column, add = args
            code = Code(context, builder, like.dtype)

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
            for i in range(ROWS):
                out = code.address(outs, code.number(i))
                for v in range(vectors):
                    code.store(sums[i * vectors + v], out, builder.add(column, code.number(v * code.lanes)), add)
            return context.get_dummy_value()

        return types.void(like, like.dtype, *[types.int64] * 13), codegen

    return tile


def _make_weight_tile(vectors: int):
    """out[i, :vectors] (+)= sum over pixels p of windows[p][channel + i] * grads[p][column:], i < CHANNELS.

    windows, grads: tables of addresses.
    """

    @intrinsic
    def tile(typingctx, like, windows, channel, pixels, grads, column, out, out_row, add):
        def codegen(context, builder, signature, args):
            _, windows, channel, pixels, grads, column, out, out_row, add = args
            code = Code(context, builder, like.dtype)

            def pixel(p, sums):
                window, grad = code.address(windows, p), code.address(grads, p)
                left = [code.splat(window, builder.add(channel, code.number(i))) for i in range(CHANNELS)]
                right = [code.load(grad, builder.add(column, code.number(v * code.lanes))) for v in range(vectors)]
                return code.outer(left, right, sums)

            sums = code.loop(pixels, [ir.Constant(code.vector, None)] * (CHANNELS * vectors), pixel)
            for s, total in enumerate(sums):
                i, v = divmod(s, vectors)
                at = builder.add(builder.mul(out_row, code.number(i)), code.number(v * code.lanes))
                code.store(total, out, at, add)
            return context.get_dummy_value()

        return types.void(like, *[types.int64] * 8), codegen

    return tile


@intrinsic
def moments_tile(typingctx, like, outs, column, rows, means, squares):
    """means: of outs[r][column:] over the rows r; squares: summed, of deviations from them. outs: of addresses."""

    def codegen(context, builder, signature, args):
        _, outs, column, rows, means, squares = args
        code = Code(context, builder, like.dtype)
        zero, nowhere = ir.Constant(code.vector, None), code.number(0)
        [total] = code.loop(rows, [zero], lambda r, s: [builder.fadd(s[0], code.load(code.address(outs, r), column))])
        mean = builder.fdiv(total, code.spread(builder.sitofp(rows, code.scalar)))

        def deviation(r, s):
            d = builder.fsub(code.load(code.address(outs, r), column), mean)
            return code.outer([d], [d], s)

        code.store(code.loop(rows, [zero], deviation)[0], squares, nowhere)
        code.store(mean, means, nowhere)
        return context.get_dummy_value()

    return types.void(like, *[types.int64] * 5), codegen


_window1, _window2, _window3 = (_make_window_tile(vectors) for vectors in (1, 2, 3))
_weight1, _weight2, _weight3 = (_make_weight_tile(vectors) for vectors in (1, 2, 3))


@kernel(parallel=False)
def window_tile(
    vectors, like, floor, windows, taps, seen, seeing, channels, b, b_row, numbers, wide, finish, outs, column, add
):
    """`_make_window_tile` for that many vectors: compiled once, for all kernels that need it."""
    if vectors == 3:
        _window3(like, floor, windows, taps, seen, seeing, channels, b, b_row, numbers, wide, finish, outs, column, add)
    elif vectors == 2:
        _window2(like, floor, windows, taps, seen, seeing, channels, b, b_row, numbers, wide, finish, outs, column, add)
    else:
        _window1(like, floor, windows, taps, seen, seeing, channels, b, b_row, numbers, wide, finish, outs, column, add)


@kernel(parallel=False)
def weight_tile(vectors, like, windows, channel, pixels, grads, column, out, out_row, add):
    """`_make_weight_tile` for that many vectors."""
    if vectors == 3:
        _weight3(like, windows, channel, pixels, grads, column, out, out_row, add)
    elif vectors == 2:
        _weight2(like, windows, channel, pixels, grads, column, out, out_row, add)
    else:
        _weight1(like, windows, channel, pixels, grads, column, out, out_row, add)


@kernel(parallel=False)
def windows_of(windows, together, row_from, row_to, zeros, table):
    """table[row, tap]: address of the pixel that a tap sees from output pixel row_from + row, or of zeros outside.

    Rows go through `together` images at a time: pixel by pixel, and through all those images before the next pixel.
    Returns whether nothing was outside.
    """
    x, channel, _, taps, grid, step = windows
    _, height, width, depth = x.shape
    size, last, pixels, all_inside = x.itemsize, taps.shape[0] - 1, grid[0] * grid[1], True
    if (
        last == 0
        and taps[0, 0] == taps[0, 1] == 0
        and together == step[0] == step[1] == 1
        and grid[0] == height
        and grid[1] == width
    ):
        for row in range(row_to - row_from):  # pixel by pixel through memory
            table[row, 0] = address(x) + size * (depth * (row_from + row) + channel)
        return True
    top, left, bottom, right = taps[0, 0], taps[0, 1], taps[last, 0], taps[last, 1]
    m, n = row_from % together, row_from // (together * pixels) * together
    u, v = row_from // together % pixels // grid[1], row_from // together % pixels % grid[1]
    for row in range(row_to - row_from):
        i, j = u * step[0], v * step[1]
        inside = i + top >= 0 and i + bottom < height and j + left >= 0 and j + right < width
        all_inside = all_inside and inside
        if inside and v > 0 and j - step[1] + left >= 0 and row >= together:  # as that of the pixel to the left
            for t in range(last + 1):
                table[row, t] = table[row - together, t] + size * depth * step[1]
        else:
            base = address(x) + size * ((((n + m) * height + i) * width + j) * depth + channel)
            for t in range(last + 1):
                seen = inside or (0 <= i + taps[t, 0] < height and 0 <= j + taps[t, 1] < width)
                table[row, t] = base + size * depth * (taps[t, 0] * width + taps[t, 1]) if seen else zeros
        m += 1
        if m == together:
            m, v = 0, v + 1
            if v == grid[1]:
                v, u = 0, u + 1
                if u == grid[0]:
                    u, n = 0, n + together
    return all_inside


@kernel(parallel=False)
def _seen(table, row, zeros, seen):
    """How many taps see more than padding from one of ROWS pixels, and in `seen` which; at least one is named."""
    count, seen[0] = 0, 0
    for t in range(table.shape[1]):
        for i in range(ROWS):
            if table[row + i, t] != zeros:
                seen[count] = t
                count += 1
                break
    return max(count, 1)


@kernel(parallel=False)
def _window_tiles(me, windows, weights, finish, places, add, tiling, moments, workers, taken):
    """One thread's share of `window_product`: tiles, until none is left."""
    x, out_channels, tile_rows = windows.x, places.channels, tiling.rows
    size, taps_count, wide = x.itemsize, windows.taps.shape[0], finish.numbers.shape[1]
    lanes, channels, slices = VECTOR_BYTES // size, windows.channels, tiling.slices
    vectors, depth = wide // lanes, taps_count * channels
    panels = (vectors + VECTORS - 1) // VECTORS
    first_packed = panel(weights.in_place, vectors)[0] if weights.in_place < panels else vectors
    rows = x.shape[0] * windows.grid[0] * windows.grid[1]
    tiles = (rows + tile_rows - 1) // tile_rows
    zeros, exact = np.zeros(channels, x.dtype), wide == out_channels
    table, ends = np.empty((tile_rows, taps_count), np.int64), np.empty((tile_rows, 1), np.int64)
    outs, spare = np.empty(tile_rows, np.int64), np.empty((ROWS if exact else tile_rows) * wide, x.dtype)
    seen, seeing = np.empty((tile_rows // ROWS, taps_count), np.int64), np.empty(tile_rows // ROWS, np.int64)
    while True:
        unit = take(address(taken), tiles * slices, workers, me)
        if unit == tiles * slices:
            break
        tile, piece = unit % tiles, unit // tiles
        row_from, row_to = tile * tile_rows, min((tile + 1) * tile_rows, rows)
        blocks = (row_to - row_from + ROWS - 1) // ROWS
        whole = windows_of(windows, tiling.together, row_from, row_to, address(zeros), table)
        windows_of(places, tiling.together, row_from, row_to, ZERO, ends)
        p_from, p_to = panels * piece // slices, panels * (piece + 1) // slices
        c_from, c_to = lanes * panel(p_from, vectors)[0], wide
        if p_to < panels:
            c_to = lanes * panel(p_to, vectors)[0]
        real = size * (min(c_to, out_channels) - c_from)
        for row in range(row_to - row_from, blocks * ROWS):  # the last block may be larger: compute in vain
            copy(address(table) + 8 * taps_count * row, address(table), 8 * taps_count)
            ends[row, 0] = address(spare) + size * wide * (row if not exact else 0)
        if not exact:
            for row in range(row_to - row_from):
                outs[row], ends[row, 0] = ends[row, 0], address(spare) + size * wide * row
                if add:
                    copy(ends[row, 0] + size * c_from, outs[row] + size * c_from, real)
        for block in range(blocks):
            seeing[block] = taps_count
            if whole:
                for t in range(taps_count):
                    seen[block, t] = t
            else:
                seeing[block] = _seen(table, block * ROWS, address(zeros), seen[block])
        for block in range(blocks):
            r = block * ROWS
            here, there = address(table) + 8 * r * taps_count, address(ends) + 8 * r
            which, many = address(seen) + 8 * block * taps_count, seeing[block]
            for p in range(p_from, p_to):
                first, mine = panel(p, vectors)
                at = lanes * first
                b, b_row = address(weights.w) + size * at, weights.row
                if p >= weights.in_place:
                    b, b_row = address(weights.packed) + size * lanes * (first - first_packed) * depth, mine * lanes
                window_tile(
                    mine,
                    x,
                    finish.floor,
                    here,
                    taps_count,
                    which,
                    many,
                    channels,
                    b,
                    b_row,
                    address(finish.numbers),
                    wide,
                    finish.wanted,
                    there,
                    at,
                    add,
                )
        if not exact:
            for row in range(row_to - row_from):
                copy(outs[row] + size * c_from, ends[row, 0] + size * c_from, real)
        if moments.shape[0] > 0:
            for f in range(c_from, c_to, lanes):
                found = address(moments) + size * (2 * tile * wide + f)
                moments_tile(x, address(ends), f, row_to - row_from, found, found + size * wide)


@kernel(parallel=False)
def window_product(windows, weights, finish, places, add, tiling, moments, workers):
    """out[place of p] = start + sum over taps t, channels c of x[n, step * p + t, c] w[t, c], or += it.

    The pixels p run over the windows' grid. The panels of each tile are dealt to `tiling.slices` pieces of work.
    moments: empty, or tiles x 2 x channels rounded up to whole vectors, for the mean and the summed squares of
    deviations of each tile.
    """
    taken = np.zeros(SHARES * SPACING, np.int64)
    deal(_window_tiles, workers, workers, (windows, weights, finish, places, add, tiling, moments, workers, taken))


@kernel(parallel=False)
def _seeing(table, rows, whole, zeros, grad, grad_row, windows, grads, counts):
    """For each tap the pixels from which it sees more than padding: their windows and gradients, and how many.

    A tap that never does has one pixel, of zeros. whole: whether every tap always does.
    """
    for t in range(table.shape[1]):
        count, windows[t, 0], grads[t, 0] = 0, zeros, grad
        if whole:
            for row in range(rows):
                windows[t, row], grads[t, row] = table[row, t], grad + grad_row * row
            count = rows
        else:
            for row in range(rows):
                if table[row, t] != zeros:
                    windows[t, count], grads[t, count] = table[row, t], grad + grad_row * row
                    count += 1
        counts[t] = max(count, 1)


@kernel(parallel=False)
def _weight_parts(me, windows, grads, sums, slices, workers, taken):
    """One thread's share of `weight_product`: parts, until none is left."""
    x, grad, out_channels = windows.x, grads.x, grads.channels
    size, taps_count = x.itemsize, windows.taps.shape[0]
    lanes, (parts, _, deep, wide) = VECTOR_BYTES // size, sums.shape
    vectors, rows = wide // lanes, x.shape[0] * windows.grid[0] * windows.grid[1]
    rounds = taps_count * deep // CHANNELS
    exact, chunks, zeros = wide == out_channels, (rows + BLOCK - 1) // BLOCK, np.zeros(deep, x.dtype)
    table, right = np.empty((BLOCK, taps_count), np.int64), np.zeros(0 if exact else BLOCK * wide, x.dtype)
    seen, given = np.empty((taps_count, BLOCK), np.int64), np.empty((taps_count, BLOCK), np.int64)
    counts = np.empty(taps_count, np.int64)
    while True:
        unit = take(address(taken), parts * slices, workers, me)
        if unit == parts * slices:
            break
        part, piece = unit // slices, unit % slices
        begin, end = chunks * part // parts, chunks * (part + 1) // parts
        for chunk in range(begin, end):
            row_from, row_to = chunk * BLOCK, min((chunk + 1) * BLOCK, rows)
            whole = windows_of(windows, ONE, row_from, row_to, address(zeros), table)
            g, g_row = address(grad) + size * (row_from * grad.shape[3] + grads.channel), size * grad.shape[3]
            if not exact:
                for row in range(row_to - row_from):
                    copy(address(right) + size * wide * row, g + g_row * row, size * out_channels)
                g, g_row = address(right), size * wide
            _seeing(table, row_to - row_from, whole, address(zeros), g, g_row, seen, given, counts)
            for k in range(rounds * piece // slices, rounds * (piece + 1) // slices):
                t, c = k * CHANNELS // deep, k * CHANNELS % deep
                here, there = address(seen) + 8 * BLOCK * t, address(given) + 8 * BLOCK * t
                for p in range((vectors + VECTORS - 1) // VECTORS):
                    first, mine = panel(p, vectors)
                    at = lanes * first
                    out = address(sums) + size * ((part * rounds + k) * CHANNELS * wide + at)
                    weight_tile(mine, x, here, c, counts[t], there, at, out, wide, chunk - begin)


@kernel(parallel=False)
def weight_product(windows, grads, sums, slices, workers):
    """sums[part, tap, channel, output channel] = im2col(x)^T @ grad over a part's pixels, in whole register tiles.

    grads: the gradients as windows of one tap. Reads up to CHANNELS - 1 numbers past a window; the sums
    that they feed are discarded.
    """
    taken = np.zeros(SHARES * SPACING, np.int64)
    deal(_weight_parts, workers, workers, (windows, grads, sums, slices, workers, taken))
