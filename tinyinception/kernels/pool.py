"""Max and average pooling. Arrays are N x H x W x C; pads are (top, bottom, left, right).

Backward gathers: each input pixel adds up what the windows that cover it send back, in a fixed order, so rows can be
worked on in parallel without a race and the bits do not depend on the number of threads.
"""

from __future__ import annotations

import math

import numpy as np

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import accumulator, empty, wide
from tinyinception.kernels.team import deal, workers

Pair = tuple[int, int]
Pads = tuple[int, int, int, int]


def winner_dtype(taps: int) -> type:
    """Smallest of the two integer types in use that can number the taps of a window."""
    return np.uint8 if taps <= 256 else np.int32


@kernel(parallel=False)
def _max_pool_row(row, x, y, winner, at):
    (_, height, width, _), (_, out_h, out_w, channels) = x.shape, y.shape
    kh, kw, sh, sw, top, _, left, _ = at
    n, oy = row // out_h, row % out_h
    y0 = oy * sh - top
    for ox in range(out_w):
        x0, best, which = ox * sw - left, y[n, oy, ox], winner[n, oy, ox]
        empty_so_far = True
        for iy in range(max(y0, 0), min(y0 + kh, height)):
            for ix in range(max(x0, 0), min(x0 + kw, width)):
                tap, pixel = winner.dtype.type((iy - y0) * kw + ix - x0), x[n, iy, ix]
                if empty_so_far:  # starting from the first real tap is padding with minus infinity
                    empty_so_far = False
                    for c in range(channels):
                        best[c], which[c] = pixel[c], tap
                else:
                    for c in range(channels):
                        old, new, won = best[c], pixel[c], which[c]  # read whatever follows: a vector of them
                        # NaN is unequal to itself: the first one wins and stays
                        better = (new > old) | ((new != new) & (old == old))
                        best[c] = new if better else old
                        which[c] = tap if better else won


@kernel(parallel=False)
def _max_pool(x, y, winner, at, workers):
    deal(_max_pool_row, y.shape[0] * y.shape[1], workers, (x, y, winner, at))


@kernel(parallel=False)
def _max_pool_grad_row(row, grad, winner, dx, like, at):
    _, height, width, channels = dx.shape
    out_h, out_w = grad.shape[1], grad.shape[2]
    zero = grad.dtype.type(0)
    kh, kw, sh, sw, top, _, left, _ = at
    n, iy = row // height, row % height
    sums = np.zeros(channels, like.dtype)
    y_first, y_last = max(0, (iy + top - kh) // sh + 1), min(out_h - 1, (iy + top) // sh)
    for ix in range(width):
        x_first, x_last = max(0, (ix + left - kw) // sw + 1), min(out_w - 1, (ix + left) // sw)
        sums[:] = 0
        for oy in range(y_first, y_last + 1):
            for ox in range(x_first, x_last + 1):
                tap = winner.dtype.type((iy + top - oy * sh) * kw + ix + left - ox * sw)
                given, won = grad[n, oy, ox], winner[n, oy, ox]
                for c in range(channels):
                    g = given[c]
                    sums[c] += g if won[c] == tap else zero
        for c in range(channels):
            dx[n, iy, ix, c] = sums[c]


@kernel(parallel=False)
def _max_pool_grad(grad, winner, dx, like, at, workers):
    deal(_max_pool_grad_row, dx.shape[0] * dx.shape[1], workers, (grad, winner, dx, like, at))


@kernel(parallel=False)
def _taps(start, size, length, before, after, count_include_pad):
    """How many taps of a window that starts at `start` the average counts along one axis."""
    if count_include_pad:  # what ceil_mode lets hang over beyond the padding never counts
        return min(start + size, length + after) - max(start, -before)
    return min(start + size, length) - max(start, 0)


@kernel(parallel=False)
def _avg_pool_row(row, x, y, like, count_include_pad, at):
    (_, height, width, _), (_, out_h, out_w, channels) = x.shape, y.shape
    kh, kw, sh, sw, top, bottom, left, right = at
    n, oy = row // out_h, row % out_h
    y0, sums = oy * sh - top, np.zeros(channels, like.dtype)
    tall = _taps(y0, kh, height, top, bottom, count_include_pad)
    for ox in range(out_w):
        x0 = ox * sw - left
        divisor = like.dtype.type(tall * _taps(x0, kw, width, left, right, count_include_pad))
        sums[:] = 0
        for iy in range(max(y0, 0), min(y0 + kh, height)):
            for ix in range(max(x0, 0), min(x0 + kw, width)):
                for c in range(channels):
                    sums[c] += x[n, iy, ix, c]
        for c in range(channels):
            y[n, oy, ox, c] = sums[c] / divisor


@kernel(parallel=False)
def _avg_pool(x, y, like, count_include_pad, at, workers):
    deal(_avg_pool_row, y.shape[0] * y.shape[1], workers, (x, y, like, count_include_pad, at))


@kernel(parallel=False)
def _avg_pool_grad_row(row, grad, dx, like, count_include_pad, at):
    _, height, width, channels = dx.shape
    out_h, out_w = grad.shape[1], grad.shape[2]
    one = like.dtype.type(1)
    kh, kw, sh, sw, top, bottom, left, right = at
    n, iy = row // height, row % height
    sums = np.zeros(channels, like.dtype)
    y_first, y_last = max(0, (iy + top - kh) // sh + 1), min(out_h - 1, (iy + top) // sh)
    for ix in range(width):
        x_first, x_last = max(0, (ix + left - kw) // sw + 1), min(out_w - 1, (ix + left) // sw)
        sums[:] = 0
        for oy in range(y_first, y_last + 1):
            tall = _taps(oy * sh - top, kh, height, top, bottom, count_include_pad)
            for ox in range(x_first, x_last + 1):
                broad = _taps(ox * sw - left, kw, width, left, right, count_include_pad)
                share = one / like.dtype.type(tall * broad)
                for c in range(channels):
                    sums[c] += grad[n, oy, ox, c] * share
        for c in range(channels):
            dx[n, iy, ix, c] = sums[c]


@kernel(parallel=False)
def _avg_pool_grad(grad, dx, like, count_include_pad, at, workers):
    deal(_avg_pool_grad_row, dx.shape[0] * dx.shape[1], workers, (grad, dx, like, count_include_pad, at))


def _readers(kernel: Pair, stride: Pair) -> int:
    """How many windows see one pixel, at most."""
    return -(-kernel[0] // stride[0]) * -(-kernel[1] // stride[1])


def max_pool(x: np.ndarray, kernel: Pair, stride: Pair, pads: Pads, out_hw: Pair) -> tuple[np.ndarray, np.ndarray]:
    """Maximum of each window, and which tap it was: the first of equals, counted row by row; the padding never wins.

    Returns y and winner, both N x OH x OW x C; winner is uint8, or int32 for windows of more than 256 taps. NaN in a
    window makes its maximum NaN.
    """
    shape = (x.shape[0], *out_hw, x.shape[3])
    y, winner = empty(shape, x.dtype), empty(shape, winner_dtype(kernel[0] * kernel[1]))
    launch(_max_pool, wide(x), y, winner, (*kernel, *stride, *pads), workers(math.prod(kernel) * y.size))
    return y, winner


def max_pool_grad(
    grad: np.ndarray, winner: np.ndarray, x_shape: tuple[int, ...], kernel: Pair, stride: Pair, pads: Pads
) -> np.ndarray:
    """Gradient of the input: each window sends its gradient to its winner."""
    dx = empty(x_shape, grad.dtype)
    like = accumulator(_readers(kernel, stride), dx.dtype)
    size = math.prod(kernel) * grad.size
    launch(_max_pool_grad, wide(grad), winner, dx, like, (*kernel, *stride, *pads), workers(size))
    return dx


def avg_pool(
    x: np.ndarray, kernel: Pair, stride: Pair, pads: Pads, out_hw: Pair, count_include_pad: bool
) -> np.ndarray:
    """Mean of each window; the divisor counts the padding inside the window or leaves it out, by PyTorch's rules."""
    y = empty((x.shape[0], *out_hw, x.shape[3]), x.dtype)
    taps = math.prod(kernel)
    like = accumulator(taps, x.dtype)
    launch(_avg_pool, wide(x), y, like, count_include_pad, (*kernel, *stride, *pads), workers(taps * y.size))
    return y


def avg_pool_grad(
    grad: np.ndarray, x_shape: tuple[int, ...], kernel: Pair, stride: Pair, pads: Pads, count_include_pad: bool
) -> np.ndarray:
    """Gradient of the input: each window spreads its gradient evenly over the pixels it averaged."""
    dx = empty(x_shape, grad.dtype)
    like = accumulator(_readers(kernel, stride), dx.dtype)
    size = math.prod(kernel) * grad.size
    launch(_avg_pool_grad, wide(grad), dx, like, count_include_pad, (*kernel, *stride, *pads), workers(size))
    return dx
