"""3x3 convolutions of stride 1 with 36 multiplications for 144: Winograd's F(4x4, 3x3).

The idea. A row of 4 outputs of a kernel of 3 taps needs 6 inputs and 12 multiplications. The outputs are coefficients
of a product of polynomials, and a polynomial is known by its values at as many points: there, the product is 6
multiplications, of what the inputs become, V = B d, by what the taps become, U = G g. The same in both directions
makes 36 products for 4x4 outputs. Over channels the products are added up before the last step, A, so each of the 36 is
a matrix product, by `window_tile`. Nothing is approximated; the sums round in another order. Which points decides how
much: with 0, 1, -1, 1/2, -2 and infinity it is two to three times as much as in the sum of the definition.

    for each tile of WINDOWS windows of 6x6 pixels:        in parallel
        V of each window and channel, in the cache
        36 matrix products: V by U, which was made once
        4x4 outputs of each window, with what `products` also does at the end

Backward to the input is the same with the kernel turned round. Backward to the weights goes through the steps in
reverse: what each of the 36 products gets back from a window's 4x4 gradients, times V, summed over windows, and of that
the 3x3 taps.

See Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2016); for the points Barabasz et al., "Error
Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks" (2020).
"""

from __future__ import annotations

import numpy as np
from numba import types
from numba.extending import intrinsic

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.packing import panel
from tinyinception.kernels.plan import DEEP, PRODUCTS, SQUARE, WINDOWS
from tinyinception.kernels.products import NO, ONE, ZERO, windows_of
from tinyinception.kernels.team import PIECES, SHARES, SPACING, deal, take
from tinyinception.kernels.tiles import moments_tile, weight_tile, window_tile
from tinyinception.kernels.vectors import CHANNELS, ROWS, VECTOR_BYTES, VECTORS, Code, address


def _inputs(code, d):
    """V of a row of 6."""
    minus, plus, scaled = code.builder.fsub, code.builder.fadd, code.scaled
    odd, even = minus(d[3], d[1]), minus(d[4], d[2])
    return [
        scaled(1.5, odd, scaled(-2.0, d[2], plus(d[0], d[4]))),
        scaled(1.5, plus(d[3], d[2]), plus(even, odd)),
        scaled(1.5, minus(d[3], d[2]), minus(even, odd)),
        scaled(2.0, odd, even),
        scaled(-0.5, odd, even),
        scaled(1.5, even, scaled(-2.0, d[3], plus(d[1], d[5]))),
    ]


def _outputs(code, m):
    """The outputs from 6 products."""
    plus, scaled = code.builder.fadd, code.scaled
    total, apart = plus(m[1], m[2]), code.builder.fsub(m[1], m[2])
    return [
        plus(plus(m[0], total), plus(m[3], m[4])),
        scaled(-2.0, m[4], scaled(0.5, m[3], apart)),
        scaled(4.0, m[4], scaled(0.25, m[3], total)),
        plus(scaled(-8.0, m[4], scaled(0.125, m[3], apart)), m[5]),
    ]


def _weights(code, g):
    """U of 3 taps."""
    plus, times, scaled = code.builder.fadd, code.times, code.scaled
    middle, ends = times(1 / 3, g[1]), times(1 / 3, plus(g[0], g[2]))
    return [
        g[0],
        plus(middle, ends),
        code.builder.fsub(middle, ends),
        scaled(-16 / 15, g[0], scaled(-8 / 15, g[1], times(-4 / 15, g[2]))),
        scaled(1 / 15, g[0], scaled(-2 / 15, g[1], times(4 / 15, g[2]))),
        g[2],
    ]


def _taps(code, n):
    """3 taps from what the 6 of U get back."""
    plus, times, scaled = code.builder.fadd, code.times, code.scaled
    total, apart = plus(n[1], n[2]), code.builder.fsub(n[1], n[2])
    return [
        scaled(-16 / 15, n[3], scaled(1 / 15, n[4], scaled(1 / 3, apart, n[0]))),
        scaled(-8 / 15, n[3], scaled(-2 / 15, n[4], times(1 / 3, total))),
        scaled(-4 / 15, n[3], scaled(4 / 15, n[4], scaled(1 / 3, apart, n[5]))),
    ]


def _both_ways(step, code, square, size):
    """A step along each row of a square of size x size, then along each column of what came of it."""
    rows = [step(code, square[size * i : size * (i + 1)]) for i in range(size)]
    columns = [step(code, list(column)) for column in zip(*rows, strict=True)]
    return [value for row in zip(*columns, strict=True) for value in row]


def _gradients(code, y):
    """What each of 6 products gets back from the gradients of 4 outputs."""
    plus, scaled = code.builder.fadd, code.scaled
    even, odd = plus(y[0], y[2]), plus(y[1], y[3])
    return [
        y[0],
        plus(even, odd),
        code.builder.fsub(even, odd),
        scaled(0.5, y[1], scaled(0.25, y[2], scaled(0.125, y[3], y[0]))),
        scaled(-2.0, y[1], scaled(4.0, y[2], scaled(-8.0, y[3], y[0]))),
        y[3],
    ]


def _make_transform(step, size):
    """target[plane * i:] = number i that `step` makes of size x size pixels, for channels from `start` on.

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


_transform_in, _transform_grad = _make_transform(_inputs, SQUARE + 2), _make_transform(_gradients, SQUARE)
_transform_taps, _transform_back = _make_transform(_weights, 3), _make_transform(_taps, SQUARE + 2)


@intrinsic
def _transform_out(typingctx, like, floor, source, plane, vectors, numbers, wide, finish, outs, add):
    """outs[i] = the outputs of a window from source[plane * i:], and what `_make_window_tile` does at the end."""

    def codegen(context, builder, signature, args):
        _, floor, source, plane, vectors, numbers, wide, finish, outs, add = args
        code = Code(context, builder, like.dtype)
        places = [code.address(outs, code.number(i)) for i in range(SQUARE * SQUARE)]

        def channels(v, nothing):
            at = builder.mul(v, code.number(code.lanes))
            products = [code.load(source, builder.add(at, builder.mul(plane, code.number(i)))) for i in range(PRODUCTS)]
            start, *norm = (code.load(numbers, builder.add(at, builder.mul(wide, code.number(i)))) for i in range(4))
            sums = [builder.fadd(start, value) for value in _both_ways(_outputs, code, products, SQUARE + 2)]
            sums = code.where(finish, sums, lambda sums: [code.affine(total, *norm, floor) for total in sums])
            code.put(sums, [(place, at) for place in places], add)
            return nothing

        code.loop(vectors, [], channels)
        return context.get_dummy_value()

    return types.void(like, like.dtype, *[types.int64] * 8), codegen


@kernel(parallel=False)
def _transform_rows(unit, units, w, u):
    (_, panels, rows, apart), size = u.shape, w.itemsize
    lanes, places = apart // VECTORS, np.empty(9, np.int64)
    for r in range(rows * unit // units, rows * (unit + 1) // units):
        for i in range(3):
            for j in range(3):
                places[3 * i + j] = address(w[i, j, r])
        for p in range(panels):
            first, mine = panel(p, w.shape[3] // lanes)
            there = address(u) + size * apart * (p * rows + r)
            _transform_taps(w, address(places), lanes * first, mine, there, panels * rows * apart)


@kernel(parallel=False)
def transform_weights(w, u, workers):
    """u[:, p, c, k]: U of w, 3 x 3 x C x F, along both directions, for output channel k of panel p."""
    deal(_transform_rows, PIECES, workers, (PIECES, w, u))


@kernel(parallel=False)
def _turn_tap(tap, w, turned):
    i, j = tap // 3, tap % 3
    for c in range(w.shape[2]):
        for f in range(w.shape[3]):
            turned[2 - i, 2 - j, f, c] = w[i, j, c, f]


@kernel(parallel=False)
def turn_weights(w, turned, workers):
    """turned: w, 3 x 3 x C x F, turned round, as 3 x 3 x F x C: what convolves the gradient."""
    deal(_turn_tap, 9, workers, (w, turned))


@kernel(parallel=False)
def _winograd_tiles(me, windows, u, finish, places, add, moments, sizes, workers, taken):
    """One thread's share of `winograd_product`: tiles, until none is left."""
    x, size, (_, panels, channels, apart) = windows.x, windows.x.itemsize, u.shape
    lanes, wide = VECTOR_BYTES // size, places.channels
    vectors, rows = wide // lanes, x.shape[0] * windows.grid[0] * windows.grid[1]
    tiles = (rows + WINDOWS - 1) // WINDOWS
    zeros, none = np.zeros(channels, x.dtype), np.zeros((4, wide), x.dtype)
    all_taps = np.zeros(1, np.int64)
    table, ends = np.empty((WINDOWS, PRODUCTS), np.int64), np.empty((WINDOWS, SQUARE * SQUARE), np.int64)
    inputs, products = np.empty((PRODUCTS, WINDOWS, channels), x.dtype), np.empty((PRODUCTS, WINDOWS, wide), x.dtype)
    left, right = np.empty((PRODUCTS, WINDOWS), np.int64), np.empty((PRODUCTS, WINDOWS), np.int64)
    for i in range(PRODUCTS):
        for row in range(WINDOWS):
            left[i, row] = address(inputs) + size * channels * (i * WINDOWS + row)
            right[i, row] = address(products) + size * wide * (i * WINDOWS + row)
    spare, real = np.empty(wide, x.dtype), np.empty(SQUARE * SQUARE * WINDOWS, np.int64)
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
                address(table) + 8 * PRODUCTS * row,
                ZERO,
                channels // lanes,
                address(inputs) + size * channels * row,
                WINDOWS * channels,
            )
        for i in range(PRODUCTS):
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
                address(ends) + 8 * SQUARE * SQUARE * row,
                add,
            )
        if moments.shape[0] > 0:
            count = 0
            for row in range(row_to - row_from):
                for i in range(SQUARE * SQUARE):
                    if ends[row, i] != address(spare):
                        real[count] = ends[row, i]
                        count += 1
            sizes[tile] = count
            for f in range(0, wide, lanes):
                found = address(moments) + size * (2 * tile * wide + f)
                moments_tile(x, address(real), f, count, found, found + size * wide)


@kernel(parallel=False)
def winograd_product(windows, u, finish, places, add, moments, sizes, workers):
    """What `window_product` does, for taps of 6x6 windows four pixels apart; u is of `transform_weights`.

    places: the 4x4 outputs of each window. Channels are whole vectors, in and out. sizes: how many pixels the moments
    of each tile are of.
    """
    taken = np.zeros(SHARES * SPACING, np.int64)
    deal(_winograd_tiles, workers, workers, (windows, u, finish, places, add, moments, sizes, workers, taken))


@kernel(parallel=False)
def _winograd_parts(me, windows, grads, sums, slices, workers, taken):
    """One thread's share of `winograd_weight_product`: slices of parts, until none is left.

    Channels are kept in groups, and gradients in panels, so that the rows that a product passes lie side by side: a
    row of all channels is a power of two long, as a rule, and such rows would drive each other out of the cache.
    """
    x, size, (parts, _, channels, wide) = windows.x, windows.x.itemsize, sums.shape
    lanes = VECTOR_BYTES // size
    vectors, rows = wide // lanes, x.shape[0] * windows.grid[0] * windows.grid[1]
    group, broad, panels = max(lanes, CHANNELS), VECTORS * lanes, (vectors + VECTORS - 1) // VECTORS
    groups, zeros, zero = channels // group, np.zeros(max(channels, wide), x.dtype), x.dtype.type(0)
    most = (groups + slices - 1) // slices
    table, places = np.empty((DEEP, PRODUCTS), np.int64), np.empty((DEEP, SQUARE * SQUARE), np.int64)
    inputs, given = np.empty((PRODUCTS, most, DEEP, group), x.dtype), np.empty((PRODUCTS, panels, DEEP, broad), x.dtype)
    left, right = np.empty(DEEP, np.int64), np.empty(DEEP, np.int64)
    for row in range(DEEP):
        left[row], right[row] = address(inputs) + size * group * row, address(given) + size * broad * row
    while True:
        unit = take(address(taken), parts * slices, workers, me)
        if unit == parts * slices:
            break
        part, piece = unit // slices, unit % slices
        begin, end = rows * part // parts, rows * (part + 1) // parts
        g_from, g_to = groups * piece // slices, groups * (piece + 1) // slices
        for row_from in range(begin, end, DEEP):
            count = min(DEEP, end - row_from)
            windows_of(windows, ONE, row_from, row_from + count, address(zeros), table)
            windows_of(grads, ONE, row_from, row_from + count, address(zeros), places)
            for g in range(g_from, g_to):  # `inputs` and `given` have to be named here, as above
                for row in range(count):
                    there = address(inputs) + size * group * (DEEP * (g - g_from) + row)
                    seen = address(table) + 8 * PRODUCTS * row
                    _transform_in(x, seen, group * g, group // lanes, there, most * DEEP * group)
            for p in range(panels):
                first, mine = panel(p, vectors)
                for row in range(count):
                    there = address(given) + size * broad * (DEEP * p + row)
                    got = address(places) + 8 * SQUARE * SQUARE * row
                    _transform_grad(x, got, lanes * first, mine, there, panels * DEEP * broad)
            for i in range(PRODUCTS):
                for c in range(group * g_from, group * g_to, CHANNELS):
                    channel = (i * most + c // group - g_from) * DEEP * group + c % group
                    for p in range(panels):
                        first, mine = panel(p, vectors)
                        column, at = (i * panels + p) * DEEP * broad, lanes * first
                        out = address(sums) + size * (((part * PRODUCTS + i) * channels + c) * wide + at)
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
def winograd_weight_product(windows, grads, sums, slices, workers):
    """sums[part, i, c, f] = sum over a part's windows of V_i[c] times what product i gets back for f from grad.

    The channels c of each part are dealt to so many slices of work.
    """
    taken = np.zeros(SHARES * SPACING, np.int64)
    deal(_winograd_parts, workers, workers, (windows, grads, sums, slices, workers, taken))


@kernel(parallel=False)
def _taps_of_channels(unit, units, sums, taps):
    (parts, _, channels, wide), size = sums.shape, sums.itemsize
    total, places = np.empty((PRODUCTS, wide), sums.dtype), np.empty(PRODUCTS, np.int64)
    for i in range(PRODUCTS):
        places[i] = address(total) + size * wide * i
    for c in range(channels * unit // units, channels * (unit + 1) // units):
        for i in range(PRODUCTS):
            for f in range(wide):
                total[i, f] = sums[0, i, c, f]
            for part in range(1, parts):
                for f in range(wide):
                    total[i, f] += sums[part, i, c, f]
        there = address(taps) + size * wide * c
        _transform_back(total, address(places), ZERO, wide // (VECTOR_BYTES // size), there, channels * wide)


@kernel(parallel=False)
def taps_of_products(sums, taps, workers):
    """taps, 3 x 3 x C x F, from parts x PRODUCTS x C x F, added first to last: the transpose of `transform_weights`."""
    deal(_taps_of_channels, PIECES, workers, (PIECES, sums, taps))
