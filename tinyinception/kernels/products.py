"""Convolution as a product with the im2col matrix, of which nothing but addresses is ever written down.

The idea. Row r of the im2col matrix is the window that output pixel r looks at: for each tap of the kernel, the
channels of one input pixel. Those lie side by side in memory already, so the kernels do not copy them but note where
they begin; a pixel in the padding begins at a row of zeros. Convolution is that matrix times the weights:

    for each tile of output pixels:                      in parallel; tiles depend on shapes only, so do the bits
        note the address of every tap of every pixel, and which taps a block of pixels sees more than padding through
        for each block of pixels, for each panel of output channels:
            `window_tile`: a block of the result stays in vector registers while all taps and channels pass
            if asked to, batch-norm by known statistics, and ReLU, while it is there
        if asked to: mean and squared deviations of the finished tile, still in the cache, for batch-norm

A block is the same pixel of several images, where there are several: then a tap in the padding is so for all of them,
and is left out. Where there are few tiles, panels are dealt to threads as well.

Backward to the input is the same with the roles of channels exchanged; with a stride, the input pixels fall into
stride x stride phases, which see the same windows of the gradient, but each through taps of its own. Backward to the
weights is a product over pixels, of the same windows with the incoming gradient: `weight_tile`.

See Dukhan, "The Indirect Convolution Algorithm" (2019); Chetlur et al., "cuDNN" (2014); Goto and van de Geijn, "Anatomy
of high-performance matrix multiplication" (2008).
"""

from __future__ import annotations

import numpy as np

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.packing import panel
from tinyinception.kernels.team import SHARES, SPACING, deal, take
from tinyinception.kernels.tiles import moments_tile, weight_tile, window_tile
from tinyinception.kernels.vectors import CHANNELS, ROWS, VECTOR_BYTES, VECTORS, address, copy

ZERO, ONE, NO = np.int64(0), np.int64(1), np.bool_(False)  # where Numba would compile a callee anew for a literal
BLOCK = 128  # pixels whose windows and gradients stay in the cache while all sums of the weights' gradient pass


@kernel(parallel=False)
def windows_of(windows, together, row_from, row_to, zeros, table):
    """table[row, tap]: address of the pixel that a tap sees from output pixel row_from + row, or of zeros outside.

    Rows go through `together` images at a time: pixel by pixel, and through all those images before the next pixel.
    They begin and end with the first and the last of them.
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
    image, away = size * height * width * depth, np.empty(last + 1, np.int64)
    for t in range(last + 1):
        away[t] = size * depth * (taps[t, 0] * width + taps[t, 1])
    row, pixel, count = 0, row_from // together, row_to - row_from
    while row < count:  # as much of a row of pixels as there is
        n, u, first = pixel // pixels * together, pixel % pixels // grid[1], pixel % grid[1]
        i, end = u * step[0], min(grid[1], first + (count - row) // together)
        tall, line = i + top >= 0 and i + bottom < height, (n * height + i) * width
        for v in range(first, end):
            j = v * step[1]
            base = address(x) + size * ((line + j) * depth + channel)
            inside = tall and j + left >= 0 and j + right < width
            all_inside = all_inside and inside
            for _ in range(together):
                if inside:
                    for t in range(last + 1):
                        table[row, t] = base + away[t]
                else:
                    for t in range(last + 1):
                        seen = 0 <= i + taps[t, 0] < height and 0 <= j + taps[t, 1] < width
                        table[row, t] = base + away[t] if seen else zeros
                row, base = row + 1, base + image
        pixel += end - first
    return all_inside


@kernel(parallel=False)
def _seen(table, row, zeros, begins, seen):
    """How many taps that have weights see more than padding from one of ROWS pixels, and in `seen` which.

    Where none does, one is named all the same, and adds zeros.
    """
    count = 0
    for t in range(table.shape[1]):
        if begins[t] >= 0:
            if count == 0:
                seen[0] = t
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
    size, wide, (phases, taps_count) = x.itemsize, finish.numbers.shape[1], weights.begins.shape
    lanes, channels, slices = VECTOR_BYTES // size, windows.channels, tiling.slices
    vectors, depth = wide // lanes, taps_count * channels
    panels = (vectors + VECTORS - 1) // VECTORS
    first_packed = panel(weights.in_place, vectors)[0] if weights.in_place < panels else vectors
    rows = x.shape[0] * windows.grid[0] * windows.grid[1]
    tiles = (rows + tile_rows - 1) // tile_rows
    zeros, exact = np.zeros(channels, x.dtype), wide == out_channels
    table, ends = np.empty((tile_rows, taps_count), np.int64), np.empty((tile_rows, phases), np.int64)
    outs, own = np.empty((tile_rows, phases), np.int64), np.empty((0 if exact else tile_rows * phases, wide), x.dtype)
    seen, nowhere = np.empty(taps_count, np.int64), np.empty(wide, x.dtype)
    while True:
        unit = take(address(taken), tiles * slices, workers, me)
        if unit == tiles * slices:
            break
        tile, piece = unit % tiles, unit // tiles
        row_from, row_to = tile * tile_rows, min((tile + 1) * tile_rows, rows)
        blocks = (row_to - row_from + ROWS - 1) // ROWS
        whole = windows_of(windows, tiling.together, row_from, row_to, address(zeros), table)
        windows_of(places, tiling.together, row_from, row_to, address(nowhere), ends)
        p_from, p_to = panels * piece // slices, panels * (piece + 1) // slices
        c_from, c_to = lanes * panel(p_from, vectors)[0], wide
        if p_to < panels:
            c_to = lanes * panel(p_to, vectors)[0]
        real = size * (min(c_to, out_channels) - c_from)
        for row in range(row_to - row_from, blocks * ROWS):  # the last block may be larger: compute in vain
            copy(address(table) + 8 * taps_count * row, address(table), 8 * taps_count)
            for q in range(phases):
                ends[row, q] = address(nowhere)
        if not exact:
            for row in range(row_to - row_from):
                for q in range(phases):
                    outs[row, q], ends[row, q] = ends[row, q], address(own) + size * wide * (row * phases + q)
                    if add:
                        copy(ends[row, q] + size * c_from, outs[row, q] + size * c_from, real)
        for q in range(phases):
            many = taps_count
            for block in range(blocks):
                r = block * ROWS
                here, there = address(table) + 8 * r * taps_count, address(ends) + 8 * (r * phases + q)
                if block == 0 or not whole:
                    many = _seen(table, r, address(zeros), weights.begins[q], seen)
                for p in range(p_from, p_to):
                    first, mine = panel(p, vectors)
                    at = lanes * first
                    b, b_row = address(weights.w) + size * at, weights.row
                    if p >= weights.in_place:
                        before = lanes * ((first - first_packed) * phases + mine * q) * depth
                        b, b_row = address(weights.packed) + size * before, mine * lanes
                    window_tile(
                        mine,
                        finish.floor,
                        here,
                        taps_count,
                        address(seen),
                        many,
                        channels,
                        b,
                        b_row,
                        address(finish.numbers),
                        wide,
                        finish.wanted,
                        there,
                        phases,
                        at,
                        add,
                    )
        if not exact:
            for row in range(row_to - row_from):
                for q in range(phases):
                    copy(outs[row, q] + size * c_from, ends[row, q] + size * c_from, real)
        if moments.shape[0] > 0:
            for f in range(c_from, c_to, lanes):
                found = address(moments) + size * (2 * tile * wide + f)
                moments_tile(x, address(ends), f, row_to - row_from, found, found + size * wide)


@kernel(parallel=False)
def window_product(windows, weights, finish, places, add, tiling, moments, workers):
    """out[place of p, q] = start + sum over taps t, channels c of x[n, step * p + t, c] w[q, t, c], or += it.

    The pixels p run over the windows' grid, the phases q over the weights that are used on each window. The panels of
    each tile are dealt to `tiling.slices` pieces of work. moments: empty, or tiles x 2 x channels rounded up to whole
    vectors, for the mean and the summed squares of deviations of each tile; of one phase.
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
    counts, zero = np.empty(taps_count, np.int64), x.dtype.type(0)
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
                    weight_tile(mine, zero, here, c, counts[t], there, at, out, wide, chunk - begin)


@kernel(parallel=False)
def weight_product(windows, grads, sums, slices, workers):
    """sums[part, tap, channel, output channel] = im2col(x)^T @ grad over a part's pixels, in whole register tiles.

    grads: the gradients as windows of one tap. Reads up to CHANNELS - 1 numbers past a window; the sums
    that they feed are discarded.
    """
    taken = np.zeros(SHARES * SPACING, np.int64)
    deal(_weight_parts, workers, workers, (windows, grads, sums, slices, workers, taken))
