"""Convolution and its two gradients, each said as products that `kernels.products` computes. No Numba here.

Which pixels a tap sees is decided here; how the sums are formed fast is decided there.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numba
import numpy as np

from tinyinception.kernels.choice import chosen
from tinyinception.kernels.memory import dense, empty, wide
from tinyinception.kernels.norm import NEVER, affine_of
from tinyinception.kernels.products import TILE_BLOCKS, pack_weights, weight_product, window_product
from tinyinception.kernels.vectors import CHANNELS, ROWS, VECTOR_BYTES, VECTORS
from tinyinception.kernels.winograd import (
    TILES,
    taps_of_products,
    transform_weights,
    winograd_product,
    winograd_weight_product,
)

LEAST_ROWS = 1024  # pixels that are worth a partial sum of the weights' gradient
MOST_PARTS = 16
MOST_SUMS = 1 << 22  # numbers in all partial sums
LEAST_UNITS = 8  # pieces of work, for as many threads
LEAST_TILES = 2
MOST_WEIGHTS = 1 << 19  # bytes of weights in one piece of work: what a second-level cache has room for
LEAST_WINDOWS, LEAST_CHANNELS = 8 * TILES, 32  # that are worth Winograd's transforms
NARROW = 16
ORIGIN = np.zeros((1, 3), np.int64)


def _taps(rows: list[tuple[int, int]], columns: list[tuple[int, int]], shape: tuple[int, ...]) -> np.ndarray:
    """Per tap its row offset, column offset, and where its weights begin. rows, columns: (offset, index in kernel)."""
    return np.array([(i, j, (a * shape[1] + b) * shape[2] * shape[3]) for i, a in rows for j, b in columns], np.int64)


def _window(x, w_shape, pads, groups, dilation, margin=False):
    """(x, taps, channels of a tap): what the windows of a convolution consist of; x with a margin where asked for.

    A pixel of few channels, as images have, is too short to be worth an address. There the padding is put in place, and
    then a row of the window is one run of memory, unless dilation tears it: KH taps of KW * C channels.
    """
    kh, kw, cg, f = w_shape
    down, right = dilation
    if groups == 1 and kw > 1 and cg < NARROW and right == 1:
        return _with_margin(x, pads), np.array([(i * down, 0, i * kw * cg * f) for i in range(kh)], np.int64), kw * cg
    x = _with_margin(x) if margin and cg % CHANNELS else wide(x)
    return x, _all_taps(w_shape, pads[0], pads[2], down, right), cg


@lru_cache(maxsize=1024)
def _all_taps(w_shape, top, left, down, right):
    """The taps of a kernel whose first one looks so far up and left, and each next one so far further down or right.

    Kept: an inference of one image has 85 of them.
    """
    return _taps(
        [(i * down - top, i) for i in range(w_shape[0])], [(j * right - left, j) for j in range(w_shape[1])], w_shape
    )


def _with_margin(x, pads=(0, 0, 0, 0)):
    """x with its padding in place, and so many numbers behind it as `weight_product` may read."""
    n, h, w, c = x.shape
    shape = n, h + pads[0] + pads[1], w + pads[2] + pads[3], c
    numbers = np.zeros(math.prod(shape) + CHANNELS, x.dtype)
    padded = numbers[:-CHANNELS].reshape(shape)
    padded[:, pads[0] : pads[0] + h, pads[2] : pads[2] + w] = x
    return padded


def conv2d(x, w, b, stride, pads, groups, dilation=(1, 1)):
    """x N x H x W x C, w KH x KW x C/groups x F, b F or None -> N x OH x OW x F.

    dilation: rows and columns of the input from one tap of the kernel to the next.
    """
    return _conv2d(x, w, _numbers(w, b), stride, pads, groups, dilation)


def conv2d_norm(x, w, b, stride, pads, groups, mean, var, gamma, beta, eps, relu, dilation=(1, 1)):
    """`batch_norm_eval` of `conv2d`, to the same bits, done while the numbers are in registers."""
    norm = affine_of(mean.astype(np.float64), 1.0 / np.sqrt(var.astype(np.float64) + eps), gamma, beta, x.dtype)
    return _conv2d(x, w, _numbers(w, b, norm), stride, pads, groups, dilation, finish=True, floor=0 if relu else NEVER)


def conv2d_moments(x, w, b, stride, pads, dilation=(1, 1)):
    """conv2d without groups, and of its result the mean and biased variance per channel, in float64, for batch-norm.

    Each tile's are gathered while it is in the cache; here they become those of all (Chan, Golub and LeVeque 1979).
    """
    found = []
    out = _conv2d(x, w, _numbers(w, b), stride, pads, 1, dilation, found=found)
    [(sizes, moments)] = found
    count, moments = out.size // out.shape[3], moments[..., : out.shape[3]]
    means, squares = moments[:, 0].astype(np.float64), moments[:, 1].astype(np.float64)
    mean = sizes @ means / count
    return out, mean, (squares.sum(axis=0) + sizes @ (means - mean) ** 2) / count


def _numbers(w, b, norm=(0, 0, 0)):
    """What a sum starts from, its anchor, scale and offset, per output channel."""
    numbers = np.zeros((4, w.shape[3]), w.dtype)
    if b is not None:
        numbers[0] = b
    numbers[1], numbers[2], numbers[3] = norm
    return numbers


def _conv2d(x, w, numbers, stride, pads, groups, dilation, finish=False, floor=NEVER, found=None):
    w = dense(w)
    n, h, wd, _ = x.shape
    kh, kw, cg, f = w.shape
    grid = (
        (h + pads[0] + pads[1] - (kh - 1) * dilation[0] - 1) // stride[0] + 1,
        (wd + pads[2] + pads[3] - (kw - 1) * dilation[1] - 1) // stride[1] + 1,
    )
    out, fg = empty((n, *grid, f), x.dtype), f // groups
    if _suits_winograd(out, w.shape, stride, groups, dilation):
        moments = _winograd(
            wide(x), w, False, (-pads[0], -pads[2]), numbers, finish, floor, out, False, found is not None
        )
        if found is not None:
            found.append(moments)
        return out
    x, taps, channels = _window(x, w.shape, pads, groups, dilation)
    for g in range(groups):
        moments = _product(
            x,
            g * cg,
            channels,
            taps,
            grid,
            tuple(stride),
            w,
            g * fg,
            f,
            1,
            True,
            numbers[:, g * fg : (g + 1) * fg],
            finish,
            floor,
            out,
            g * fg,
            fg,
            ORIGIN,
            (1, 1),
            False,
            found is not None,
        )
        if found is not None:
            found.append(moments)
    return out


def _product(
    x,
    channel,
    channels,
    taps,
    grid,
    step,
    w,
    start,
    in_stride,
    out_stride,
    in_order,
    numbers,
    finish,
    floor,
    out,
    out_channel,
    out_channels,
    origin,
    spread,
    add,
    moments=False,
):
    """`window_product` in tiles that suit the shape; returns pixels per tile and, where wanted, the moments of each.

    in_order: whether w has the weights in the order of taps and channels, with output channels side by side.

    Few pixels make few tiles. Then the output channels are dealt out too, and panels rather than tiles are what each
    thread reads the weights for. So they are where the weights of all output channels would not stay in the cache.
    """
    lanes, whole, w = VECTOR_BYTES // x.itemsize, _whole_vectors(out_channels, x.dtype), w.reshape(-1)
    weights = len(taps) * channels * whole * x.itemsize
    blocks, panels = -(-x.shape[0] * grid[0] * grid[1] // ROWS), -(-whole // (lanes * VECTORS))
    tile_rows = ROWS * -(-blocks // max(-(-blocks // TILE_BLOCKS), min(blocks, LEAST_TILES)))
    tiles = -(-blocks * ROWS // tile_rows)
    # Weights in order are read where they are, but no vector may end behind them.
    in_place = 0 if not in_order else panels if whole == out_channels else panels - 1
    packed = empty((len(taps) * channels * lanes * VECTORS * (panels - in_place),), x.dtype)
    if in_place < panels:
        pack_weights(w, taps, channels, in_stride, out_stride, start, out_channels, in_place, packed)
    padded = np.zeros((4, whole), x.dtype)
    padded[:, :out_channels] = numbers
    together = math.gcd(x.shape[0], ROWS) if len(taps) > 1 else 1
    found = np.empty((tiles if moments else 0, 2, whole), x.dtype)
    window_product(
        x,
        channel,
        channels,
        taps,
        grid,
        step,
        together,
        tile_rows,
        w[start:],
        in_stride,
        in_place,
        packed,
        padded,
        finish,
        x.dtype.type(floor),
        out,
        out_channel,
        out_channels,
        origin,
        spread,
        add,
        found,
        min(panels, max(-(-LEAST_UNITS // tiles), -(-weights // MOST_WEIGHTS))),
        numba.get_num_threads(),
    )
    return np.minimum(tile_rows, x.shape[0] * grid[0] * grid[1] - tile_rows * np.arange(tiles)), found


def _suits_winograd(out, w_shape, stride, groups, dilation=(1, 1)):
    """Whether `kernels.winograd` computes it: with few windows the weights, with few channels all else takes longer."""
    windows = out.shape[0] * -(-out.shape[1] // 2) * -(-out.shape[2] // 2)
    whole = max(VECTOR_BYTES // out.itemsize, CHANNELS)
    return (
        chosen() != "registers"
        and w_shape[:2] == (3, 3)
        and tuple(stride) == tuple(dilation) == (1, 1)
        and groups == 1
        and windows >= LEAST_WINDOWS
        and all(channels % whole == 0 and channels >= LEAST_CHANNELS for channels in w_shape[2:])
    )


def _winograd(x, w, flip, corner, numbers, finish, floor, out, add, moments=False):
    """`winograd_product` for windows the first of which begins at `corner`; returns as `_product` does."""
    _, height, width, f = out.shape
    grid = -(-height // 2), -(-width // 2)
    taps, origins = _squares(4, *corner), _squares(2, 0, 0)
    tiles = -(-out.shape[0] * grid[0] * grid[1] // TILES) if moments else 0
    found, sizes = np.empty((tiles, 2, f), x.dtype), np.empty(tiles, np.int64)
    winograd_product(
        x,
        taps,
        grid,
        transform_weights(w, flip),
        numbers,
        finish,
        x.dtype.type(floor),
        out,
        origins,
        add,
        found,
        sizes,
        numba.get_num_threads(),
    )
    return sizes, found


def _squares(size, top, left):
    """The taps of a square."""
    return np.array([(top + i, left + j, 0) for i in range(size) for j in range(size)], np.int64)


def _winograd_weight_grad(grad, x, w_shape, pads):
    *_, c, f = w_shape
    grid = -(-grad.shape[1] // 2), -(-grad.shape[2] // 2)
    tiles = -(-grad.shape[0] * grid[0] * grid[1] // TILES)
    parts = max(1, min(MOST_PARTS, tiles // 4, MOST_SUMS // (16 * c * f)))
    sums = empty((parts, 16, c, f), x.dtype)
    winograd_weight_product(
        x, _squares(4, -pads[0], -pads[2]), grid, grad, _squares(2, 0, 0), sums, numba.get_num_threads()
    )
    return taps_of_products(sums)


def conv2d_input_grad(grad, w, x_shape, stride, pads, groups, into=None, dilation=(1, 1)):
    """Gradient of conv2d for its input: each phase of the stride gathers from the output pixels that looked at it.

    into: a dense array to which the gradient is added, and which is returned.
    """
    grad, w = wide(grad), dense(w)
    _, h, wd, _ = x_shape
    kh, kw, cg, f = w.shape
    fg = f // groups
    out = empty(x_shape, grad.dtype) if into is None else into
    if _suits_winograd(out, w.shape, stride, groups, dilation):  # the kernel turned round, over the gradient
        _winograd(
            grad,
            w,
            True,
            (pads[0] - 2, pads[2] - 2),
            np.zeros((4, cg), grad.dtype),
            False,
            NEVER,
            out,
            into is not None,
        )
        return out
    for pi, pj in np.ndindex(min(stride[0], h), min(stride[1], wd)):
        # input pixel i = pi + stride * u was seen through tap a by output pixel (i + top - dilation * a) / stride,
        # where that is whole
        rows, columns = (
            _seen(p + pad, size, step, apart)
            for p, pad, size, step, apart in (
                (pi, pads[0], kh, stride[0], dilation[0]),
                (pj, pads[2], kw, stride[1], dilation[1]),
            )
        )
        grid = (h - pi + stride[0] - 1) // stride[0], (wd - pj + stride[1] - 1) // stride[1]
        if not rows or not columns:
            if into is None:
                out[:, pi :: stride[0], pj :: stride[1]] = 0
            continue
        for g in range(groups):
            _product(
                grad,
                g * fg,
                fg,
                _taps(rows, columns, w.shape),
                grid,
                (1, 1),
                w,
                g * fg,
                1,
                f,
                False,
                np.zeros((4, cg)),
                False,
                NEVER,
                out,
                g * cg,
                cg,
                np.array([(pi, pj, 0)], np.int64),
                tuple(stride),
                into is not None,
            )
    return out


def _seen(at, size, step, apart):
    """(offset of the output pixel, tap) for each of `size` taps through which a padded input pixel was seen."""
    return [((at - tap * apart) // step, tap) for tap in reversed(range(size)) if (at - tap * apart) % step == 0]


def conv2d_weight_grad(grad, x, w_shape, stride, pads, groups, dilation=(1, 1)):
    """Gradient of conv2d for its weights, a product over all output pixels."""
    grad = wide(grad)
    *_, cg, f = w_shape
    n, oh, ow, _ = grad.shape
    fg = f // groups
    if _suits_winograd(grad[..., :f], w_shape, stride, groups, dilation):
        return _winograd_weight_grad(grad, wide(x), w_shape, pads)
    x, taps, channels = _window(x, w_shape, pads, groups, dilation, margin=True)
    shape = len(taps), -(-channels // CHANNELS) * CHANNELS, _whole_vectors(fg, x.dtype)
    parts = max(1, min(MOST_PARTS, n * oh * ow // LEAST_ROWS, MOST_SUMS // math.prod(shape)))
    sums, out = empty((parts, *shape), x.dtype), np.empty((len(taps), channels, f), x.dtype)
    for g in range(groups):
        weight_product(
            x,
            g * cg,
            channels,
            taps,
            (oh, ow),
            tuple(stride),
            grad,
            g * fg,
            fg,
            sums,
            max(1, LEAST_UNITS // parts),
            numba.get_num_threads(),
        )
        np.add.reduce(sums[:, :, :channels, :fg], axis=0, out=out[:, :, g * fg : (g + 1) * fg])
    return out.reshape(w_shape)


def _whole_vectors(channels, dtype):
    """Channels rounded up to whole vectors."""
    lanes = VECTOR_BYTES // dtype.itemsize
    return -(-channels // lanes) * lanes
