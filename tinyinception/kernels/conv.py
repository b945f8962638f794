"""Convolution and its two gradients, each said as products that `kernels.products` computes. No Numba here.

Which pixels a tap sees is decided in `kernels.plan`; how the sums are formed fast is decided in `products`.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from tinyinception.kernels import plan
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import dense, empty, nothing, wide
from tinyinception.kernels.norm import NEVER, normaliser
from tinyinception.kernels.packing import add_parts, finish_numbers, pack_weights, pad_images
from tinyinception.kernels.products import weight_product, window_product
from tinyinception.kernels.statistics import join_moments
from tinyinception.kernels.team import workers
from tinyinception.kernels.types import Finish, Weights, Windows
from tinyinception.kernels.vectors import CHANNELS
from tinyinception.kernels.winograd import (
    taps_of_products,
    transform_weights,
    turn_weights,
    winograd_product,
    winograd_weight_product,
)


def conv2d(x, w, b, stride, pads, groups, dilation=(1, 1)):
    """x N x H x W x C, w KH x KW x C/groups x F, b F or None -> N x OH x OW x F.

    dilation: rows and columns of the input from one tap of the kernel to the next.
    """
    return _conv2d(x, w, b, stride, pads, groups, dilation)[0]


def conv2d_norm(x, w, b, stride, pads, groups, mean, var, gamma, beta, eps, relu, dilation=(1, 1)):
    """`batch_norm` by given moments of `conv2d`, to the same bits, done while the numbers are in registers."""
    affine = normaliser(mean, var, gamma, beta, eps, empty((3, w.shape[3]), x.dtype)).affine
    return _conv2d(x, w, b, stride, pads, groups, dilation, affine=affine, floor=0 if relu else NEVER)[0]


def conv2d_moments(x, w, b, stride, pads, dilation=(1, 1)):
    """conv2d without groups, and of its result the mean and biased variance per channel, in float64, for batch-norm.

    Each tile's are gathered while it is in the cache; here they become those of all.
    """
    out, sizes, moments = _conv2d(x, w, b, stride, pads, 1, dilation, moments=True)
    mean, var = empty((out.shape[3],), np.float64), empty((out.shape[3],), np.float64)
    launch(join_moments, sizes, moments, mean, var)
    return out, mean, var


def _conv2d(x, w, b, stride, pads, groups, dilation, affine=None, floor=NEVER, moments=False):
    """The result; the pixels of each tile; and where asked for, without groups, mean and deviations of each."""
    w, fg = dense(w), w.shape[3] // groups
    how = plan.forward(x.shape, w.shape, tuple(stride), tuple(pads), groups, tuple(dilation), x.dtype)
    out = empty((x.shape[0], *how.grid, w.shape[3]), x.dtype)
    if how.product is None:
        finish = _finish(b, affine, floor, 0, fg, fg, x.dtype)
        return out, *_winograd(wide(x), w, False, (-pads[0], -pads[2]), finish, out, False, moments)
    x = _padded(x, pads) if how.padded else wide(x)
    for g in range(groups):
        finish = _finish(b, affine, floor, g * fg, fg, how.product.whole, x.dtype)
        found = _product(how.product, x, g * w.shape[2], w, g * fg, finish, out, g * fg, fg, False, moments)
    return out, how.product.sizes, found


def _padded(x, pads=(0, 0, 0, 0)):
    """A padded copy of x, followed in memory by as many zeros as `weight_product` may read past its end."""
    n, h, w, c = x.shape
    shape = n, h + pads[0] + pads[1], w + pads[2] + pads[3], c
    numbers = empty((math.prod(shape) + CHANNELS,), x.dtype)
    padded = numbers[:-CHANNELS].reshape(shape)
    launch(pad_images, wide(x), c, pads[0], pads[2], padded, numbers[-CHANNELS:], workers(2 * numbers.size))
    return padded


def _finish(b, affine, floor, start, channels, whole, dtype):
    """Of so many output channels from `start` on. affine: rows anchor, scale and offset of all, or None."""
    floor = dtype.type(floor)
    if b is None and affine is None:
        return Finish(plan.zeros((4, whole), dtype), False, floor)
    numbers = empty((4, whole), dtype)
    b = nothing(dtype) if b is None else dense(b)
    launch(finish_numbers, b, plan.zeros((0, 0), dtype) if affine is None else affine, start, channels, numbers)
    return Finish(numbers, affine is not None, floor)


def _product(how, x, channel, w, start, finish, out, out_channel, out_channels, add, moments=False):
    """`window_product` of the weights from `start` on; returns the moments of each tile, of none unless asked for."""
    w, packed, (taps, begins, channels) = w.reshape(-1), empty((how.packed,), x.dtype), how.taps
    if how.packed:
        order = begins, channels, how.strides, start, out_channels, how.in_place
        launch(pack_weights, w, *order, packed, workers(2 * how.packed))
    windows = Windows(x, channel, channels, taps, how.grid, how.step)
    weights = Weights(w[start:], how.strides[0], how.in_place, packed, begins)
    places = Windows(out, out_channel, out_channels, how.origins, how.grid, how.spread)
    found = empty((len(how.sizes) if moments else 0, 2, how.whole), x.dtype)
    launch(window_product, windows, weights, finish, places, add, how.tiling, found, workers(how.work))
    return found


def _winograd(x, w, flip, corner, finish, out, add, moments=False):
    """`winograd_product` for windows the first of which begins at `corner`; returns pixels and moments of each tile."""
    n, _, _, f = out.shape
    if flip:
        turned = empty((3, 3, w.shape[3], w.shape[2]), w.dtype)
        launch(turn_weights, w, turned, workers(2 * w.size))
        w = turned
    u = empty(plan.winograd_weights(w.shape, w.dtype), w.dtype)
    launch(transform_weights, w, u, workers(u.size))
    windows, places = _squares(x, corner, out)
    tiles = -(-n * windows.grid[0] * windows.grid[1] // plan.WINDOWS) if moments else 0
    found, sizes = empty((tiles, 2, f), x.dtype), empty((tiles,), np.int64)
    launch(winograd_product, windows, u, finish, places, add, found, sizes, numba.get_num_threads())
    return sizes, found


def _squares(x, corner, out):
    """Windows of x, of which the first begins at `corner`, and the square of outputs of each."""
    side = plan.SQUARE
    grid, apart = (-(-out.shape[1] // side), -(-out.shape[2] // side)), (side, side)
    windows = Windows(x, 0, x.shape[3], plan.square(side + 2, *corner), grid, apart)
    return windows, Windows(out, 0, out.shape[3], plan.square(side, 0, 0), grid, apart)


def conv2d_input_grad(grad, w, x_shape, stride, pads, groups, into=None, dilation=(1, 1)):
    """Gradient of conv2d for its input, which gathers from the output pixels that looked at it.

    into: a dense array to which the gradient is added, and which is returned.
    """
    dtype, (sh, sw), add = grad.dtype, stride, into is not None
    grad, w = wide(grad), dense(w)
    *_, cg, f = w.shape
    out = into if add else empty(x_shape, dtype)
    if plan.suits_winograd(out.shape, w.shape, (sh, sw), groups, tuple(dilation), dtype):
        finish = _finish(None, None, NEVER, 0, cg, cg, dtype)  # the kernel turned round, over the gradient
        _winograd(grad, w, True, (pads[0] - 2, pads[2] - 2), finish, out, add)
        return out
    unseen, how = plan.input_grad(out.shape, w.shape, (sh, sw), tuple(pads), groups, tuple(dilation), dtype)
    if not add:
        for row, column in unseen:
            launch(np.ndarray.fill, out[:, row::sh, column::sw], 0)
    if how is None:
        return out
    finish = _finish(None, None, NEVER, 0, cg, how.whole, dtype)
    for g in range(groups):
        _product(how, grad, g * f // groups, w, g * f // groups, finish, out, g * cg, cg, add)
    return out


def conv2d_weight_grad(grad, x, w_shape, stride, pads, groups, dilation=(1, 1), into=None):
    """Gradient of conv2d for its weights, a product over all output pixels. into: a dense array to write it to."""
    shape, stride, w_shape, dtype = grad.shape, tuple(stride), tuple(w_shape), grad.dtype
    grad, dilation, f = wide(grad), tuple(dilation), w_shape[3]
    if plan.suits_winograd(shape, w_shape, stride, groups, dilation, dtype):
        return _winograd_weight_grad(grad, wide(x), w_shape, pads, into)
    how = plan.weight_grad(shape, w_shape, tuple(pads), groups, dilation, dtype)
    x = _padded(x, pads) if how.padded else _padded(x) if how.margin else wide(x)
    out = empty(w_shape, dtype) if into is None else into
    sums, by_tap = empty(how.sums, dtype), out.reshape(len(how.taps.places), how.taps.channels, f)
    grid, fg, one = shape[1:3], f // groups, plan.square(1, 0, 0)
    for g in range(groups):
        windows = Windows(x, g * w_shape[2], how.taps.channels, how.taps.places, grid, stride)
        grads = Windows(grad, g * fg, fg, one, grid, (1, 1))
        launch(weight_product, windows, grads, sums, how.slices, workers(how.work))
        launch(add_parts, sums, by_tap, g * fg, fg, workers(sums.size))
    return out


def _winograd_weight_grad(grad, x, w_shape, pads, into):
    *_, c, f = w_shape
    taps = empty(w_shape, x.dtype) if into is None else into
    parts, slices = plan.winograd_parts(grad.shape, w_shape, x.dtype)
    sums = empty((parts, plan.PRODUCTS, c, f), x.dtype)
    windows, grads = _squares(x, (-pads[0], -pads[2]), grad)
    launch(winograd_weight_product, windows, grads, sums, slices, numba.get_num_threads())
    launch(taps_of_products, sums, taps, workers(sums.size))
    return taps
