"""3x3 convolutions of stride 1 with 16 multiplications for 36: Winograd's F(2x2, 3x3).

The idea. A row of 2 outputs of a kernel of 3 taps needs 4 inputs d and 6 multiplications. But with

    V = (d0 - d2, d1 + d2, d2 - d1, d1 - d3)   and   U = (g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2)

they are M0 + M1 + M2 and M1 - M2 - M3 of the 4 products M = U V. The same in both directions makes 16 products for 2x2
outputs. Over channels the products are added up before the last step, so each of the 16 is a matrix product, by
`window_tile`. Nothing is approximated; the sums round in another order.

    for each tile of WINDOWS windows of 4x4 pixels:        in parallel
        V of each window and channel, in the cache
        16 matrix products: V by U, which was made once
        2x2 outputs of each window, with what `products` also does at the end

Backward to the input is the same with the kernel turned round. Backward to the weights goes through the steps in
reverse: what each of the 16 products gets back from a window's 2x2 gradients, times V, summed over windows, and of that
the 3x3 taps.

See Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016).
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.packing import panel
from tinyinception.kernels.plan import DEEP, WINDOWS
from tinyinception.kernels.products import NO, ONE, ZERO, windows_of
from tinyinception.kernels.team import PIECES, SHARES, SPACING, deal, take
from tinyinception.kernels.tiles import moments_tile, weight_tile, window_tile
from tinyinception.kernels.vectors import CHANNELS, ROWS, VECTOR_BYTES, VECTORS, Code, address


def _inputs(code, d):
    """V of a row of 4."""
    minus, plus = code.builder.fsub, code.builder.fadd
    return [minus(d[0], d[2]), plus(d[1], d[2]), minus(d[2], d[1]), minus(d[1], d[3])]


def _outputs(code, m):
    """The outputs from 4 products."""
    minus, plus = code.builder.fsub, code.builder.fadd
    return [plus(plus(m[0], m[1]), m[2]), minus(minus(m[1], m[2]), m[3])]


def _both_ways(step, code, square, size):
    """A step along each row of a square of size x size, then along each column of what came of it."""
    rows = [step(code, square[size * i : size * (i + 1)]) for i in range(size)]
    columns = [step(code, list(column)) for column in zip(*rows, strict=True)]
    return [value for row in zip(*columns, strict=True) for value in row]


def _gradients(code, y):
    """What each of 4 products gets back from the gradients of 2 outputs."""
    minus, plus, zero = code.builder.fsub, code.builder.fadd, ir.Constant(code.vector, None)
    return [y[0], plus(y[0], y[1]), minus(y[0], y[1]), minus(zero, y[1])]


def _make_transform(step, size):
    """target[plane * i:] = number i of 16 that `step` makes of size x size pixels, for channels from `start` on.

    pixels: their addresses, in a table.
    """

    @intrinsic
    def transform(typingctx, like, pixels, start, vectors, target, plane):
        def codegen(context, builder, signature, args):
            _, pixels, start, vectors, target, plane = args
            code = Code(context, builder, like.dtype)
            places = [code.address(pixels, code.number(i)) for i in range(size * size)]

            def channels(v, nothing):
                at = builder.mul(v, code.number(code.lanes))
                here = builder.add(start, at)
                square = _both_ways(step, code, [code.load(place, here) for place in places], size)
                for i, value in enumerate(square):
                    code.store(value, target, builder.add(at, builder.mul(plane, code.number(i))))
                return nothing

            code.loop(vectors, [], channels)
            return context.get_dummy_value()

        return types.void(like, *[types.int64] * 5), codegen

    return transform


_transform_in, _transform_grad = _make_transform(_inputs, 4), _make_transform(_gradients, 2)


@intrinsic
def _transform_out(typingctx, like, floor, source, plane, vectors, numbers, wide, finish, outs, add):
    """outs[i] = the 4 outputs of a window from source[plane * i:], and what `_make_window_tile` does at the end."""

    def codegen(context, builder, signature, args):
        _, floor, source, plane, vectors, numbers, wide, finish, outs, add = args
        code = Code(context, builder, like.dtype)
        places = [code.address(outs, code.number(i)) for i in range(4)]

        def channels(v, nothing):
            at = builder.mul(v, code.number(code.lanes))
            products = [code.load(source, builder.add(at, builder.mul(plane, code.number(i)))) for i in range(16)]
            start, *norm = (code.load(numbers, builder.add(at, builder.mul(wide, code.number(i)))) for i in range(4))
            sums = [builder.fadd(start, value) for value in _both_ways(_outputs, code, products, 4)]
            sums = code.where(finish, sums, lambda sums: [code.affine(total, *norm, floor) for total in sums])
            code.put(sums, [(place, at) for place in places], add)
            return nothing

        code.loop(vectors, [], channels)
        return context.get_dummy_value()

    return types.void(like, like.dtype, *[types.int64] * 8), codegen


@kernel(parallel=False)
def _along(a, b, c, half):
    """U of 3 taps."""
    return a, half * (a + b + c), half * (a - b + c), c


@kernel(parallel=False)
def _transform_rows(unit, units, w, flip, u):
    half, (_, panels, rows, apart) = w.dtype.type(0.5), u.shape
    lanes, columns = apart // VECTORS, w.shape[2] if flip else w.shape[3]
    first, last = (2, 0) if flip else (0, 2)
    for r in range(rows * unit // units, rows * (unit + 1) // units):
        for p in range(panels):
            begin, mine = panel(p, columns // lanes)
            for k in range(lanes * mine):
                s = lanes * begin + k
                c, f = (s, r) if flip else (r, s)
                left = _along(w[first, first, c, f], w[1, first, c, f], w[last, first, c, f], half)
                middle = _along(w[first, 1, c, f], w[1, 1, c, f], w[last, 1, c, f], half)
                right = _along(w[first, last, c, f], w[1, last, c, f], w[last, last, c, f], half)
                for i in range(4):
                    row = _along(left[i], middle[i], right[i], half)
                    for j in range(4):
                        u[4 * i + j, p, r, k] = row[j]


@kernel(parallel=False)
def transform_weights(w, flip, u, workers):
    """u[:, p, c, k], 16 numbers: U of w, 3 x 3 x C x F, along both directions, of the output channel k of panel p.

    flip: of the kernel turned round, with C for F.
    """
    deal(_transform_rows, PIECES, workers, (PIECES, w, flip, u))


@kernel(parallel=False)
def _winograd_tiles(me, windows, u, finish, places, add, moments, sizes, workers, taken):
    """One thread's share of `winograd_product`: tiles, until none is left."""
    x, size, (_, panels, channels, apart) = windows.x, windows.x.itemsize, u.shape
    lanes, wide = VECTOR_BYTES // size, places.channels
    vectors, rows = wide // lanes, x.shape[0] * windows.grid[0] * windows.grid[1]
    tiles = (rows + WINDOWS - 1) // WINDOWS
    zeros, none = np.zeros(channels, x.dtype), np.zeros((4, wide), x.dtype)
    all_taps = np.zeros(1, np.int64)
    table, ends = np.empty((WINDOWS, 16), np.int64), np.empty((WINDOWS, 4), np.int64)
    inputs, products = np.empty((16, WINDOWS, channels), x.dtype), np.empty((16, WINDOWS, wide), x.dtype)
    left, right = np.empty((16, WINDOWS), np.int64), np.empty((16, WINDOWS), np.int64)
    for i in range(16):
        for row in range(WINDOWS):
            left[i, row] = address(inputs) + size * channels * (i * WINDOWS + row)
            right[i, row] = address(products) + size * wide * (i * WINDOWS + row)
    spare, real = np.empty(wide, x.dtype), np.empty(4 * WINDOWS, np.int64)
    while True:
        tile = take(address(taken), tiles, workers, me)
        if tile == tiles:
            break
        row_from, row_to = tile * WINDOWS, min((tile + 1) * WINDOWS, rows)
        windows_of(windows, ONE, row_from, row_to, address(zeros), table)
        windows_of(places, ONE, row_from, row_to, address(spare), ends)
        for row in range(row_to - row_from):
            # `inputs` and `products` have to be named here: Numba frees an array after its last mention
            _transform_in(
                x,
                address(table) + 128 * row,
                ZERO,
                channels // lanes,
                address(inputs) + size * channels * row,
                WINDOWS * channels,
            )
        for i in range(16):
            for p in range(panels):
                first, mine = panel(p, vectors)
                at = lanes * first
                b = address(u) + size * (i * panels + p) * channels * apart
                for r in range(0, row_to - row_from, ROWS):
                    here, there = address(left) + 8 * (WINDOWS * i + r), address(right) + 8 * (WINDOWS * i + r)
                    window_tile(
                        mine,
                        finish.floor,
                        here,
                        ONE,
                        address(all_taps),
                        ONE,
                        channels,
                        b,
                        apart,
                        address(none),
                        wide,
                        NO,
                        there,
                        ONE,
                        at,
                        NO,
                    )
        for row in range(row_to - row_from):
            _transform_out(
                x,
                finish.floor,
                address(products) + size * wide * row,
                WINDOWS * wide,
                vectors,
                address(finish.numbers),
                wide,
                finish.wanted,
                address(ends) + 32 * row,
                add,
            )
        if moments.shape[0] > 0:
            count = 0
            for row in range(row_to - row_from):
                for i in range(4):
                    if ends[row, i] != address(spare):
                        real[count] = ends[row, i]
                        count += 1
            sizes[tile] = count
            for f in range(0, wide, lanes):
                found = address(moments) + size * (2 * tile * wide + f)
                moments_tile(x, address(real), f, count, found, found + size * wide)


@kernel(parallel=False)
def winograd_product(windows, u, finish, places, add, moments, sizes, workers):
    """What `window_product` does, for taps of 4x4 windows two pixels apart; u is of `transform_weights`.

    places: the 2x2 outputs of each window. Channels are whole vectors, in and out. sizes: how many pixels the moments
    of each tile are of.
    """
    taken = np.zeros(SHARES * SPACING, np.int64)
    deal(_winograd_tiles, workers, workers, (windows, u, finish, places, add, moments, sizes, workers, taken))


@kernel(parallel=False)
def _winograd_parts(me, windows, grads, sums, workers, taken):
    """One thread's share of `winograd_weight_product`: parts, until none is left.

    Channels are kept in groups, and gradients in panels, so that the rows that a product passes lie side by side: a
    row of all channels is a power of two long, as a rule, and such rows would drive each other out of the cache.
    """
    x, size, (parts, _, channels, wide) = windows.x, windows.x.itemsize, sums.shape
    lanes = VECTOR_BYTES // size
    vectors, rows = wide // lanes, x.shape[0] * windows.grid[0] * windows.grid[1]
    group, broad, panels = max(lanes, CHANNELS), VECTORS * lanes, (vectors + VECTORS - 1) // VECTORS
    groups, zeros, zero = channels // group, np.zeros(max(channels, wide), x.dtype), x.dtype.type(0)
    table, places = np.empty((DEEP, 16), np.int64), np.empty((DEEP, 4), np.int64)
    inputs, given = np.empty((16, groups, DEEP, group), x.dtype), np.empty((16, panels, DEEP, broad), x.dtype)
    left, right = np.empty(DEEP, np.int64), np.empty(DEEP, np.int64)
    for row in range(DEEP):
        left[row], right[row] = address(inputs) + size * group * row, address(given) + size * broad * row
    while True:
        part = take(address(taken), parts, workers, me)
        if part == parts:
            break
        begin, end = rows * part // parts, rows * (part + 1) // parts
        for row_from in range(begin, end, DEEP):
            count = min(DEEP, end - row_from)
            windows_of(windows, ONE, row_from, row_from + count, address(zeros), table)
            windows_of(grads, ONE, row_from, row_from + count, address(zeros), places)
            for row in range(count):  # `inputs` and `given` have to be named here, as above
                for g in range(groups):
                    there = address(inputs) + size * group * (DEEP * g + row)
                    _transform_in(
                        x, address(table) + 128 * row, group * g, group // lanes, there, groups * DEEP * group
                    )
                for p in range(panels):
                    first, mine = panel(p, vectors)
                    there = address(given) + size * broad * (DEEP * p + row)
                    _transform_grad(x, address(places) + 32 * row, lanes * first, mine, there, panels * DEEP * broad)
            for i in range(16):
                for c in range(0, channels, CHANNELS):
                    channel = (i * groups + c // group) * DEEP * group + c % group
                    for p in range(panels):
                        first, mine = panel(p, vectors)
                        column, at = (i * panels + p) * DEEP * broad, lanes * first
                        out = address(sums) + size * (((part * 16 + i) * channels + c) * wide + at)
                        weight_tile(
                            mine,
                            zero,
                            address(left),
                            channel,
                            count,
                            address(right),
                            column,
                            out,
                            wide,
                            row_from - begin,
                        )


@kernel(parallel=False)
def winograd_weight_product(windows, grads, sums, workers):
    """sums[part, i, c, f] = sum over a part's windows of V_i[c] times what product i gets back for f from grad."""
    taken = np.zeros(SHARES * SPACING, np.int64)
    deal(_winograd_parts, workers, workers, (windows, grads, sums, workers, taken))


@kernel(parallel=False)
def _back(a, b, c, d, half):
    """3 taps from what the 4 of U get back."""
    even = half * (b + c)
    return a + even, half * (b - c), even + d


@kernel(parallel=False)
def _taps_of_channel(c, sums, taps):
    half, (parts, _, _, wide) = sums.dtype.type(0.5), sums.shape
    m = np.empty((16, wide), sums.dtype)
    for i in range(16):
        for f in range(wide):
            m[i, f] = sums[0, i, c, f]
        for part in range(1, parts):
            for f in range(wide):
                m[i, f] += sums[part, i, c, f]
    for f in range(wide):
        one = _back(m[0, f], m[4, f], m[8, f], m[12, f], half)
        two = _back(m[1, f], m[5, f], m[9, f], m[13, f], half)
        three = _back(m[2, f], m[6, f], m[10, f], m[14, f], half)
        four = _back(m[3, f], m[7, f], m[11, f], m[15, f], half)
        for i in range(3):
            taps[i, 0, c, f], taps[i, 1, c, f], taps[i, 2, c, f] = _back(one[i], two[i], three[i], four[i], half)


@kernel(parallel=False)
def taps_of_products(sums, taps, workers):
    """taps, 3 x 3 x C x F, from parts x 16 x C x F, added first to last: the transpose of `transform_weights`."""
    deal(_taps_of_channel, sums.shape[2], workers, (sums, taps))
