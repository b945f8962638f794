"""Convolution and its two gradients, each said as products that `kernels.products` computes. No Numba here.

Which pixels a tap sees is decided here; how the sums are formed fast is decided there.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from tinyinception.kernels.memory import dense, empty, wide
from tinyinception.kernels.products import (
    CHANNELS,
    TILE_ROWS,
    VECTOR_BYTES,
    add_parts,
    weight_product,
    window_product,
)

LEAST_ROWS = 1024  # pixels that are worth a partial sum of the weights' gradient
MOST_PARTS = 16
MOST_SUMS = 1 << 22  # numbers in all partial sums
LEAST_UNITS = 8  # pieces of work in the weights' gradient, for as many threads
NARROW = 16
ORIGIN = np.zeros((1, 3), np.int64)


def _taps(rows: list[tuple[int, int]], columns: list[tuple[int, int]], shape: tuple[int, ...]) -> np.ndarray:
    """Per tap its row offset, column offset, and where its weights begin. rows, columns: (offset, index in kernel)."""
    return np.array([(i, j, (a * shape[1] + b) * shape[2] * shape[3]) for i, a in rows for j, b in columns], np.int64)


def _window(x, w_shape, pads, groups, margin=False):
    """(x, taps, channels of a tap): what the windows of a convolution consist of; x with a margin where asked for.

    A pixel of few channels, as images have, is too short to be worth an address. There the padding is put in place, and
    then a row of the window is one run of memory: KH taps of KW * C channels.
    """
    kh, kw, cg, f = w_shape
    if groups == 1 and kw > 1 and cg < NARROW:
        return _with_margin(x, pads), np.array([(i, 0, i * kw * cg * f) for i in range(kh)], np.int64), kw * cg
    taps = _taps([(i - pads[0], i) for i in range(kh)], [(j - pads[2], j) for j in range(kw)], w_shape)
    return _with_margin(x) if margin and cg % CHANNELS else wide(x), taps, cg


def _with_margin(x, pads=(0, 0, 0, 0)):
    """x with its padding in place, and so many numbers behind it as `weight_product` may read."""
    n, h, w, c = x.shape
    shape = n, h + pads[0] + pads[1], w + pads[2] + pads[3], c
    numbers = np.zeros(math.prod(shape) + CHANNELS, x.dtype)
    padded = numbers[:-CHANNELS].reshape(shape)
    padded[:, pads[0]:pads[0] + h, pads[2]:pads[2] + w] = x
    return padded


def conv2d(x, w, b, stride, pads, groups):
    """x N x H x W x C, w KH x KW x C/groups x F, b F or None -> N x OH x OW x F."""
    return _conv2d(x, w, b, stride, pads, groups, moments=False)[0]


def conv2d_moments(x, w, b, stride, pads):
    """conv2d without groups, and of its result the mean and biased variance per channel, in float64, for batch-norm.

    Each tile's are gathered while it is in the cache; here they become those of all (Chan, Golub and LeVeque 1979).
    """
    out, found = _conv2d(x, w, b, stride, pads, 1, moments=True)
    count = out.size // out.shape[3]
    means, squares = found[:, 0].astype(np.float64), found[:, 1].astype(np.float64)
    sizes = np.minimum(TILE_ROWS, count - TILE_ROWS * np.arange(len(found)))
    mean = sizes @ means / count
    return out, mean, (squares.sum(axis=0) + sizes @ (means - mean) ** 2) / count


def _conv2d(x, w, b, stride, pads, groups, moments):
    """The result, and per tile of TILE_ROWS pixels the mean and the sum of squared deviations, where wanted."""
    w = dense(w)
    n, h, wd, _ = x.shape
    kh, kw, cg, f = w.shape
    grid = (h + pads[0] + pads[1] - kh) // stride[0] + 1, (wd + pads[2] + pads[3] - kw) // stride[1] + 1
    out, fg = empty((n, *grid, f), x.dtype), f // groups
    bias, tiles = np.zeros(f, x.dtype) if b is None else dense(b), -(-n * grid[0] * grid[1] // TILE_ROWS)
    found = np.empty((tiles if moments else 0, 2, _whole_vectors(f, x.dtype)), x.dtype)
    x, taps, channels = _window(x, w.shape, pads, groups)
    for g in range(groups):
        window_product(x, g * cg, channels, taps, grid, tuple(stride), w.reshape(-1), g * fg, f, 1,
                       bias[g * fg:(g + 1) * fg], out, g * fg, fg, ORIGIN, (1, 1), False, found,
                       numba.get_num_threads())
    return out, found[..., :f]


def conv2d_input_grad(grad, w, x_shape, stride, pads, groups, into=None):
    """Gradient of conv2d for its input: each phase of the stride gathers from the output pixels that looked at it.

    into: a dense array to which the gradient is added, and which is returned.
    """
    grad, w = wide(grad), dense(w)
    _, h, wd, _ = x_shape
    kh, kw, cg, f = w.shape
    fg, bias, unwanted = f // groups, np.zeros(cg, grad.dtype), np.empty((0, 2, 0), grad.dtype)
    out = empty(x_shape, grad.dtype) if into is None else into
    for pi, pj in np.ndindex(min(stride[0], h), min(stride[1], wd)):
        # input pixel i = pi + stride * u was seen through tap a by output pixel (i + top - a) / stride, where whole
        rows, columns = (_seen(p + pad, size, step) for p, pad, size, step in
                         ((pi, pads[0], kh, stride[0]), (pj, pads[2], kw, stride[1])))
        grid = (h - pi + stride[0] - 1) // stride[0], (wd - pj + stride[1] - 1) // stride[1]
        if not rows or not columns:
            if into is None:
                out[:, pi::stride[0], pj::stride[1]] = 0
            continue
        for g in range(groups):
            window_product(grad, g * fg, fg, _taps(rows, columns, w.shape), grid, (1, 1), w.reshape(-1), g * fg, 1, f,
                           bias, out, g * cg, cg, np.array([(pi, pj, 0)], np.int64), tuple(stride),
                           into is not None, unwanted, numba.get_num_threads())
    return out


def _seen(at, size, step):
    """(offset of the output pixel, tap) for each of `size` taps through which a padded input pixel was seen."""
    return [((at - tap) // step, tap) for tap in reversed(range(size)) if (at - tap) % step == 0]


def conv2d_weight_grad(grad, x, w_shape, stride, pads, groups):
    """Gradient of conv2d for its weights, a product over all output pixels."""
    grad = wide(grad)
    *_, cg, f = w_shape
    n, oh, ow, _ = grad.shape
    fg = f // groups
    x, taps, channels = _window(x, w_shape, pads, groups, margin=True)
    shape = len(taps), -(-channels // CHANNELS) * CHANNELS, _whole_vectors(fg, x.dtype)
    parts = max(1, min(MOST_PARTS, n * oh * ow // LEAST_ROWS, MOST_SUMS // math.prod(shape)))
    sums, out = empty((parts, *shape), x.dtype), np.empty((len(taps), channels, f), x.dtype)
    for g in range(groups):
        weight_product(x, g * cg, channels, taps, (oh, ow), tuple(stride), grad, g * fg, fg, sums,
                       max(1, LEAST_UNITS // parts), numba.get_num_threads())
        add_parts(sums, out, g * fg)
    return out.reshape(w_shape)


def _whole_vectors(channels, dtype):
    """Channels rounded up to whole vectors."""
    lanes = VECTOR_BYTES // dtype.itemsize
    return -(-channels // lanes) * lanes
