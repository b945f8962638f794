"""Third stair: im2col by tiles, inside the parallel loop. The matrix as a whole is never there.

A thread fills a small buffer with some rows of the matrix, multiplies while they are in its cache, and fills it again:
nothing of it goes to main memory and back.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.stairs.im2col import add_row, fill_row
from tinyinception.kernels.stairs.product import PARTS, TILE, add_product, add_transposed_product


@kernel()
def _forward(x, w, shape, out, window):
    for tile in prange((out.shape[0] + TILE - 1) // TILE):
        first = np.int64(tile) * TILE
        some = out[first : first + TILE]
        rows = np.arange(some.shape[0])
        buffer = np.empty((rows.size, w.shape[0]), x.dtype)
        for i in rows:
            fill_row(x, shape, window, first + i, buffer[i])
        some[:] = 0
        add_product(buffer, rows, w, some, rows, rows.size)


@kernel()
def _input_grad(grad, w, shape, dx, window):
    pixels = shape[0] * shape[1]
    for image in prange(dx.shape[0]):  # windows of different images share no pixel
        end = (np.int64(image) + 1) * pixels
        for first in range(end - pixels, end, TILE):
            some = grad[first : min(first + TILE, end)]
            rows = np.arange(some.shape[0])
            buffer = np.zeros((rows.size, w.shape[1]), dx.dtype)
            add_product(some, rows, w, buffer, rows, rows.size)
            for i in rows:
                add_row(buffer[i], shape, window, first + i, dx)


@kernel()
def _weight_grad(grad, x, shape, sums, window):
    parts, depth = sums.shape[:2]
    for index in prange(parts):
        part = np.int64(index)
        sums[part] = 0
        for first in range(part * TILE, grad.shape[0], parts * TILE):
            some = grad[first : first + TILE]
            rows = np.arange(some.shape[0])
            buffer = np.empty((rows.size, depth), x.dtype)
            for i in rows:
                fill_row(x, shape, window, first + i, buffer[i])
            add_transposed_product(buffer, rows, some, rows, sums[part], rows.size)


def forward(x, w, out, window):
    """out N x OH x OW x F = the convolution of x N x H x W x C with w KH x KW x C x F."""
    f = w.shape[3]
    _forward(x, w.reshape(-1, f), (*out.shape[1:3], *w.shape[:2]), out.reshape(-1, f), window)


def input_grad(grad, w, dx, window):
    """dx += what each pixel of x gets back from the output pixels that saw it."""
    f = w.shape[3]
    turned = np.ascontiguousarray(w.reshape(-1, f).T)
    _input_grad(grad.reshape(-1, f), turned, (*grad.shape[1:3], *w.shape[:2]), dx, window)


def weight_grad(grad, x, dw, window):
    """dw KH x KW x C x F = what each weight gets back from every output pixel, summed in PARTS parts."""
    f = dw.shape[3]
    sums = np.empty((PARTS, math.prod(dw.shape[:3]), f), x.dtype)
    _weight_grad(grad.reshape(-1, f), x, (*grad.shape[1:3], *dw.shape[:2]), sums, window)
    np.add.reduce(sums, axis=0, out=dw.reshape(-1, f))
