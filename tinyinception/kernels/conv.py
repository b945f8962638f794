"""Convolution as a product of im2col tiles and packed weights; nothing of the size of the im2col matrix is ever stored.

The idea. Row r of the im2col matrix is the window that output pixel r looks at; convolution is that matrix times the
weights. Instead of the whole matrix, each thread packs a tile of rows that fits its cache, multiplies it, and moves on.

    for each tile of output pixels:                      in parallel; tiles depend on shapes only, so do the bits
        for each group of taps:                          so that the packed tile stays in the L2 cache
            pack:     tile of im2col, rows x depth
            multiply: for each panel of output channels, for each block of rows: `_tile` keeps a block of the result
                      in vector registers while it runs down the depth
        copy the finished tile to the output, adding the bias

Backward to the input is the same gather with the roles of channels exchanged; with a stride, the input pixels fall into
stride x stride phases, each of which sees only its own taps and is a plain convolution. Backward to the weights is a
product over pixels of the same packed tiles with the incoming gradient. See Chetlur et al., "cuDNN" (2014), and Goto
and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008).
"""

from __future__ import annotations

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.memory import dense, empty


def _machine() -> tuple[int, int, int]:
    """(bytes in a vector register, rows, vectors) of the register tile: rows x vectors accumulators must fit."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, 8, 3  # 24 of 32 registers
    if features.get("avx"):
        return 32, 6, 2  # 12 of 16
    if features.get("neon"):
        return 16, 8, 3  # 24 of 32
    return 16, 4, 2


VECTOR_BYTES, ROWS, VECTORS = _machine()
TILE_ROWS = 12 * ROWS  # output pixels per packed tile
DEPTH_L1 = 64  # depth of a panel of weights that stays in the L1 cache, which two threads may share, while rows pass
DEPTH_L2 = 1024  # depth of a packed tile
LEAST_ROWS = 512  # pixels that are worth a partial sum of the weight gradient
MOST_PARTS = 32


@intrinsic
def _copy(typingctx, target, source, size):
    """memcpy of `size` bytes between two addresses: a loop over array elements would check every index for its sign."""

    def codegen(context, builder, signature, args):
        target, source = (builder.inttoptr(a, ir.IntType(8).as_pointer()) for a in args[:2])
        cgutils.raw_memcpy(builder, target, source, args[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), codegen


@intrinsic
def _clear(typingctx, target, size):
    """Set `size` bytes from an address to zero."""

    def codegen(context, builder, signature, args):
        target = builder.inttoptr(args[0], ir.IntType(8).as_pointer())
        cgutils.memset(builder, target, args[1], 0)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def _take(typingctx, counter):
    """The number at an address, which is counted up at once: each caller gets another one.

    Threads take tiles one by one instead of half of them each, so that a thread whose core is wanted elsewhere holds up
    the others by a tile, not by its half.
    """

    def codegen(context, builder, signature, args):
        pointer = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
        return builder.atomic_rmw("add", pointer, ir.Constant(ir.IntType(64), 1), "monotonic")

    return types.int64(types.int64), codegen


def _make_tile(vectors: int):
    """The register tile: C[ROWS, vectors] (+)= A[ROWS, depth] @ B[depth, vectors], written as explicit vector code.

    A, B and C are addresses; strides count elements; `like` is an array of their dtype. All accumulators live in
    registers for the whole depth, which no compiler manages reliably from loops; hence an intrinsic that emits LLVM
    instructions.
    """

    @intrinsic
    def tile(typingctx, like, a, a_row, a_depth, b, b_depth, depth, c, c_row, accumulate):
        signature = types.void(like, *[types.int64] * 9)
        bits = like.dtype.bitwidth
        lanes = VECTOR_BYTES * 8 // bits

        def codegen(context, builder, signature, args):
            _, a, a_row, a_depth, b, b_depth, depth, c, c_row, accumulate = args
            scalar, i64 = context.get_value_type(like.dtype), ir.IntType(64)
            vector = ir.VectorType(scalar, lanes)
            fma = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fma.v{lanes}f{bits}")
            pa, pb, pc = (builder.inttoptr(p, scalar.as_pointer()) for p in (a, b, c))
            align = bits // 8

            def number(n):
                return ir.Constant(i64, n)

            def vector_at(base, offset):
                return builder.bitcast(builder.gep(base, [offset]), vector.as_pointer())

            def splat(value):
                empty_vector = ir.Constant(vector, ir.Undefined)
                first = builder.insert_element(empty_vector, value, ir.Constant(ir.IntType(32), 0))
                return builder.shuffle_vector(first, empty_vector,
                                              ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))

            entry, loop, done = builder.block, builder.append_basic_block("depth"), builder.append_basic_block("done")
            builder.branch(loop)
            builder.position_at_end(loop)
            k = builder.phi(i64)
            k.add_incoming(number(0), entry)
            sums = [[builder.phi(vector) for _ in range(vectors)] for _ in range(ROWS)]
            for row in sums:
                for total in row:
                    total.add_incoming(ir.Constant(vector, None), entry)
            b_at, a_at = builder.mul(k, b_depth), builder.mul(k, a_depth)
            right = [builder.load(vector_at(pb, builder.add(b_at, number(v * lanes))), align=align)
                     for v in range(vectors)]
            new = []
            for i in range(ROWS):
                left = splat(builder.load(builder.gep(pa, [builder.add(a_at, builder.mul(a_row, number(i)))])))
                new.append([builder.call(fma, [left, right[v], sums[i][v]]) for v in range(vectors)])
            after = builder.add(k, number(1))
            k.add_incoming(after, loop)
            for i in range(ROWS):
                for v in range(vectors):
                    sums[i][v].add_incoming(new[i][v], loop)
            builder.cbranch(builder.icmp_signed("<", after, depth), loop, done)

            builder.position_at_end(done)
            keep = builder.icmp_signed("!=", accumulate, number(0))
            for i in range(ROWS):
                for v in range(vectors):
                    where = vector_at(pc, builder.add(builder.mul(c_row, number(i)), number(v * lanes)))
                    old = builder.select(keep, builder.load(where, align=align), ir.Constant(vector, None))
                    builder.store(builder.fadd(old, new[i][v]), where, align=align)
            return context.get_dummy_value()

        return signature, codegen

    return tile


_tile1, _tile2, _tile3 = (_make_tile(vectors) for vectors in (1, 2, 3))


@kernel(parallel=False)
def _tile(like, vectors, a, a_row, a_depth, b, depth, c, c_row, accumulate):
    """One register tile of 1, 2 or 3 vectors; the rows of B are packed one after the other."""
    lanes = VECTOR_BYTES // like.itemsize
    if vectors == 3:
        _tile3(like, a, a_row, a_depth, b, 3 * lanes, depth, c, c_row, accumulate)
    elif vectors == 2:
        _tile2(like, a, a_row, a_depth, b, 2 * lanes, depth, c, c_row, accumulate)
    else:
        _tile1(like, a, a_row, a_depth, b, lanes, depth, c, c_row, accumulate)


@kernel(parallel=False)
def _panel(p, vectors, most):
    """(first vector, vectors) of panel p when `vectors` are dealt evenly to as few panels as possible."""
    panels = (vectors + most - 1) // most
    base, extra = vectors // panels, vectors % panels
    return p * base + min(p, extra), base + (1 if p < extra else 0)


@kernel(parallel=False)
def _pack_columns(matrix, row_from, row_to, column_from, columns, lanes, packed):
    """Copy rows of a matrix into panels: packed[panel][row][channels of the panel], zero beyond the last column."""
    vectors, size = (columns + lanes - 1) // lanes, matrix.itemsize
    for p in range((vectors + VECTORS - 1) // VECTORS):
        first, mine = _panel(p, vectors, VECTORS)
        width = mine * lanes
        real = min(width, columns - first * lanes)
        target = packed.ctypes.data + size * first * lanes * (row_to - row_from)
        source = matrix.ctypes.data + size * (row_from * matrix.shape[1] + column_from + first * lanes)
        for _ in range(row_from, row_to):
            _copy(target, source, size * real)
            if real < width:
                _clear(target + size * real, size * (width - real))
            target += size * width
            source += size * matrix.shape[1]


@kernel(parallel=False)
def _pack_rows(x, channel, channels, taps, tap_from, tap_to, grid, step, row_from, row_to, packed, row_size):
    """Pack rows of the im2col matrix: for each output pixel of `grid` the taps' pixels, zero outside the image."""
    _, height, width, depth = x.shape
    size = x.itemsize
    for row in range(row_from, row_to):
        n, u, v = row // (grid[0] * grid[1]), row // grid[1] % grid[0], row % grid[1]
        target = packed.ctypes.data + size * (row - row_from) * row_size
        t = tap_from
        while t < tap_to:
            i, j, run = u * step[0] + taps[t, 0], v * step[1] + taps[t, 1], min(taps[t, 2], tap_to - t)
            if channels < depth or j < 0 or j + run > width:
                run = 1  # neighbouring taps lie side by side in memory, unless a group or the border divides them
            if 0 <= i < height and 0 <= j < width:
                pixel = ((n * height + i) * width + j) * depth + channel
                _copy(target, x.ctypes.data + size * pixel, size * channels * run)
            else:
                _clear(target, size * channels * run)
            target += size * channels * run
            t += run


@kernel(parallel=False)
def _multiply(like, a, a_row, rows, inner, packed, depth, begin, result, vectors):
    """result (+)= A[rows, inner] @ packed[begin:begin + inner]; adds where `begin` is not 0. A is an address."""
    lanes, size = VECTOR_BYTES // like.itemsize, like.itemsize
    wide = vectors * lanes
    for p in range((vectors + VECTORS - 1) // VECTORS):
        first, mine = _panel(p, vectors, VECTORS)
        b = packed.ctypes.data + size * lanes * (first * depth + mine * begin)
        for k in range(0, inner, DEPTH_L1):
            for r in range(0, rows, ROWS):
                _tile(like, mine, a + size * (r * a_row + k), a_row, 1, b + size * k * mine * lanes,
                      min(DEPTH_L1, inner - k), result.ctypes.data + size * (r * wide + first * lanes), wide, begin + k)


@kernel()
def _gather_product(x, channel, channels, taps, grid, step, weights, bias, out, out_channel, out_channels, origin,
                    spread, workers):
    """out[n, origin + spread * p] = bias + sum over taps t, channels c of x[n, step * p + t, c] weights[t, c].

    weights: (taps * channels) x out_channels. The pixels p run over `grid`.
    """
    lanes = VECTOR_BYTES // x.itemsize
    vectors = (out_channels + lanes - 1) // lanes
    wide, depth = vectors * lanes, taps.shape[0] * channels
    packed = np.empty(depth * wide, x.dtype)
    _pack_columns(weights, 0, depth, 0, out_channels, lanes, packed)
    rows = x.shape[0] * grid[0] * grid[1]
    tiles = (rows + TILE_ROWS - 1) // TILE_ROWS
    taps_each = max(1, DEPTH_L2 // channels)
    row_size = min(taps.shape[0], taps_each) * channels
    # a pointwise product reads x where it stands; there is nothing to gather
    plain = (taps.shape[0] == 1 and taps[0, 0] == 0 and taps[0, 1] == 0 and step[0] == 1 and step[1] == 1
             and grid[0] == x.shape[1] and grid[1] == x.shape[2])
    counter = np.zeros(1, np.int64)
    for _ in prange(workers):
        left, result = np.empty(TILE_ROWS * row_size, x.dtype), np.empty(TILE_ROWS * wide, x.dtype)
        while True:
            tile = _take(counter.ctypes.data)
            if tile >= tiles:
                break
            row_from, row_to = tile * TILE_ROWS, min((tile + 1) * TILE_ROWS, rows)
            in_place = plain and row_to - row_from == TILE_ROWS
            for tap_from in range(0, taps.shape[0], taps_each):
                tap_to = min(tap_from + taps_each, taps.shape[0])
                inner = (tap_to - tap_from) * channels
                if in_place:
                    a, a_row = x.ctypes.data + x.itemsize * (row_from * x.shape[3] + channel), x.shape[3]
                else:
                    _pack_rows(x, channel, channels, taps, tap_from, tap_to, grid, step, row_from, row_to, left,
                               row_size)
                    a, a_row = left.ctypes.data, row_size
                _multiply(x, a, a_row, row_to - row_from, inner, packed, depth, tap_from * channels, result, vectors)
            for row in range(row_from, row_to):
                n, u, v = row // (grid[0] * grid[1]), row // grid[1] % grid[0], row % grid[1]
                pixel = out[n, origin[0] + spread[0] * u, origin[1] + spread[1] * v, out_channel:]
                done = result[(row - row_from) * wide:]
                for f in range(out_channels):
                    pixel[f] = done[f] + bias[f]


@kernel()
def _weight_product(x, channel, channels, taps, grid, step, grad, out_channel, out_channels, taps_each, sums, workers):
    """sums[part, group of taps, depth, channel] = im2col(x)^T @ grad over a part's pixels, in whole register tiles."""
    lanes = VECTOR_BYTES // x.itemsize
    parts, groups, row_size, wide = sums.shape
    vectors = wide // lanes
    rows = x.shape[0] * grid[0] * grid[1]
    flat = grad.reshape(rows, grad.shape[3])
    tiles = (rows + DEPTH_L1 - 1) // DEPTH_L1
    counter = np.zeros(1, np.int64)
    for _ in prange(workers):
        left, right = np.empty(DEPTH_L1 * row_size, x.dtype), np.empty(DEPTH_L1 * wide, x.dtype)
        while True:
            unit = _take(counter.ctypes.data)
            if unit >= parts * groups:
                break
            part, group = unit // groups, unit % groups
            tap_from, tap_to = group * taps_each, min((group + 1) * taps_each, taps.shape[0])
            begin, end = tiles * part // parts, tiles * (part + 1) // parts
            for tile in range(begin, end):
                row_from, row_to = tile * DEPTH_L1, min((tile + 1) * DEPTH_L1, rows)
                _pack_rows(x, channel, channels, taps, tap_from, tap_to, grid, step, row_from, row_to, left, row_size)
                _pack_columns(flat, row_from, row_to, out_channel, out_channels, lanes, right)
                for p in range((vectors + VECTORS - 1) // VECTORS):
                    first, mine = _panel(p, vectors, VECTORS)
                    b = right.ctypes.data + x.itemsize * first * lanes * (row_to - row_from)
                    for k in range(0, (tap_to - tap_from) * channels, ROWS):
                        block = ((part * groups + group) * row_size + k) * wide + first * lanes
                        _tile(x, mine, left.ctypes.data + x.itemsize * k, 1, row_size, b, row_to - row_from,
                              sums.ctypes.data + x.itemsize * block, wide, tile - begin)


@kernel()
def _add_parts(sums, channels_each, depth, out, out_channel, out_channels):
    """out[k, out_channel + f] = sum of the parts, first to last, without the padding of `_weight_product`."""
    parts = sums.shape[0]
    for index in prange(depth):
        k = np.int64(index)  # prange counts unsigned, and unsigned with signed makes floats
        group, row = k // channels_each, k % channels_each
        for f in range(out_channels):
            total = sums[0, group, row, f]
            for part in range(1, parts):
                total += sums[part, group, row, f]
            out[k, out_channel + f] = total


def _taps(rows, columns):
    """Per tap its row offset, column offset, and the taps up to the row's end; offsets ascend, columns without gaps."""
    return np.array([(i, j, columns[-1] - j + 1) for i in rows for j in columns], np.int64)


def _window(kh, kw, pads):
    """The taps of a kernel KH x KW on an input with padding."""
    return _taps(range(-pads[0], kh - pads[0]), range(-pads[2], kw - pads[2]))


def conv2d(x, w, b, stride, pads, groups):
    """x N x H x W x C, w KH x KW x C/groups x F, b F or None -> N x OH x OW x F."""
    x, w = dense(x), dense(w)
    n, h, wd, _ = x.shape
    kh, kw, cg, f = w.shape
    grid = (h + pads[0] + pads[1] - kh) // stride[0] + 1, (wd + pads[2] + pads[3] - kw) // stride[1] + 1
    out, fg = empty((n, *grid, f), x.dtype), f // groups
    bias = np.zeros(f, x.dtype) if b is None else dense(b)
    taps, matrix, workers = _window(kh, kw, pads), w.reshape(kh * kw * cg, f), numba.get_num_threads()
    for g in range(groups):
        _gather_product(x, g * cg, cg, taps, grid, tuple(stride), np.ascontiguousarray(matrix[:, g * fg:(g + 1) * fg]),
                        bias[g * fg:(g + 1) * fg], out, g * fg, fg, (0, 0), (1, 1), workers)
    return out


def conv2d_input_grad(grad, w, x_shape, stride, pads, groups):
    """Gradient of conv2d for its input: each phase of the stride gathers from the output pixels that looked at it."""
    grad = dense(grad)
    _, h, wd, _ = x_shape
    kh, kw, cg, f = w.shape
    fg, bias = f // groups, np.zeros(cg, grad.dtype)
    out = empty(x_shape, grad.dtype)
    for pi, pj in np.ndindex(min(stride[0], h), min(stride[1], wd)):
        # input pixel i = pi + stride * u was seen through tap a by output pixel (i + top - a) / stride, where whole
        rows = [a for a in reversed(range(kh)) if (pi + pads[0] - a) % stride[0] == 0]
        columns = [a for a in reversed(range(kw)) if (pj + pads[2] - a) % stride[1] == 0]
        grid = (h - pi + stride[0] - 1) // stride[0], (wd - pj + stride[1] - 1) // stride[1]
        if not rows or not columns:
            out[:, pi::stride[0], pj::stride[1]] = 0
            continue
        taps = _taps([(pi + pads[0] - a) // stride[0] for a in rows],
                     [(pj + pads[2] - a) // stride[1] for a in columns])
        for g in range(groups):
            part = w[rows][:, columns][..., g * fg:(g + 1) * fg]
            matrix = np.ascontiguousarray(part.transpose(0, 1, 3, 2)).reshape(len(rows) * len(columns) * fg, cg)
            _gather_product(grad, g * fg, fg, taps, grid, (1, 1), matrix, bias, out, g * cg, cg, (pi, pj),
                            tuple(stride), numba.get_num_threads())
    return out


def conv2d_weight_grad(grad, x, w_shape, stride, pads, groups):
    """Gradient of conv2d for its weights, a product over all output pixels."""
    grad, x = dense(grad), dense(x)
    kh, kw, cg, f = w_shape
    n, oh, ow, _ = grad.shape
    fg, lanes = f // groups, VECTOR_BYTES // x.itemsize
    taps = _window(kh, kw, pads)
    taps_each = min(len(taps), max(1, DEPTH_L2 // cg))
    parts = max(1, min(MOST_PARTS, n * oh * ow // LEAST_ROWS))
    depth, wide = -(-taps_each * cg // ROWS) * ROWS, -(-fg // lanes) * lanes
    sums = empty((parts, -(-len(taps) // taps_each), depth, wide), x.dtype)
    out = np.empty((kh * kw * cg, f), x.dtype)
    for g in range(groups):
        _weight_product(x, g * cg, cg, taps, (oh, ow), tuple(stride), grad, g * fg, fg, taps_each, sums,
                        numba.get_num_threads())
        _add_parts(sums, taps_each * cg, len(out), out, g * fg, fg)
    return out.reshape(w_shape)
