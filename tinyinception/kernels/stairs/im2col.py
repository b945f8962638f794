"""Second stair: the im2col matrix, one row for each output pixel, and one matrix product with it.

Row r holds what output pixel r looks at: for each tap, the channels of one input pixel, zeros in the padding.

    forward                      out = matrix @ w
    gradient of the weights      dw  = matrix^T @ grad
    gradient of the input        col2im(grad @ w^T): each pixel gets the sum over its copies

The matrix is KH * KW / (stride rows * stride columns) times the input.
"""

from __future__ import annotations

import math

import numpy as np
from numba import prange

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.memory import empty
from tinyinception.kernels.stairs.product import TILE, add_product, add_transposed_product
from tinyinception.kernels.stairs.window import seen


@kernel(parallel=False)
def fill_row(x, shape, window, r, row):
    """row = the window of output pixel r. shape: rows and columns of the output, then of the kernel."""
    (oh, ow, kh, kw), channels = shape, x.shape[3]
    n, u, v, at = r // (oh * ow), r // ow % oh, r % ow, 0
    for i in range(kh):
        for j in range(kw):
            p, q = seen(window, u, v, i, j)
            if 0 <= p < x.shape[1] and 0 <= q < x.shape[2]:
                pixel = x[n, p, q]
                for c in range(channels):
                    row[at + c] = pixel[c]
            else:
                for c in range(channels):
                    row[at + c] = 0
            at += channels


@kernel(parallel=False)
def add_row(row, shape, window, r, dx):
    """The transpose of `fill_row`: add each number of a row to the one that it would be a copy of."""
    (oh, ow, kh, kw), channels = shape, dx.shape[3]
    n, u, v, at = r // (oh * ow), r // ow % oh, r % ow, 0
    for i in range(kh):
        for j in range(kw):
            p, q = seen(window, u, v, i, j)
            if 0 <= p < dx.shape[1] and 0 <= q < dx.shape[2]:
                pixel = dx[n, p, q]
                for c in range(channels):
                    pixel[c] += row[at + c]
            at += channels


@kernel()
def im2col(x, shape, window, matrix):
    for r in prange(matrix.shape[0]):
        fill_row(x, shape, window, np.int64(r), matrix[r])


@kernel()
def col2im(matrix, shape, window, dx):
    pixels = shape[0] * shape[1]
    for image in prange(dx.shape[0]):  # windows of different images share no pixel
        n = np.int64(image)
        for r in range(n * pixels, (n + 1) * pixels):
            add_row(matrix[r], shape, window, r, dx)


@kernel()
def product(a, b, out):
    """out = a @ b."""
    for tile in prange((out.shape[0] + TILE - 1) // TILE):
        first = np.int64(tile) * TILE
        some = out[first : first + TILE]
        rows = np.arange(some.shape[0])
        some[:] = 0
        add_product(a[first : first + TILE], rows, b, some, rows, rows.size)


@kernel()
def transposed_product(a, b, out):
    """out = a^T @ b."""
    for tile in prange((out.shape[0] + TILE - 1) // TILE):
        first, rows = np.int64(tile) * TILE, np.arange(a.shape[0])
        some = out[first : first + TILE]
        some[:] = 0
        add_transposed_product(a[:, first : first + TILE], rows, b, rows, some, rows.size)


def _matrix(x, out_shape, w_shape, window):
    """The im2col matrix of x: N*OH*OW x KH*KW*C."""
    matrix = empty((math.prod(out_shape[:3]), math.prod(w_shape[:3])), x.dtype)
    im2col(x, (*out_shape[1:3], *w_shape[:2]), window, matrix)
    return matrix


def forward(x, w, out, window):
    """out N x OH x OW x F = the convolution of x N x H x W x C with w KH x KW x C x F."""
    f = w.shape[3]
    product(_matrix(x, out.shape, w.shape, window), w.reshape(-1, f), out.reshape(-1, f))


def input_grad(grad, w, dx, window):
    """dx += what each pixel of x gets back from the output pixels that saw it."""
    f, rows = w.shape[3], math.prod(grad.shape[:3])
    matrix = empty((rows, math.prod(w.shape[:3])), grad.dtype)
    product(grad.reshape(rows, f), np.ascontiguousarray(w.reshape(-1, f).T), matrix)
    col2im(matrix, (*grad.shape[1:3], *w.shape[:2]), window, dx)


def weight_grad(grad, x, dw, window):
    """dw KH x KW x C x F = what each weight gets back from every output pixel."""
    f = dw.shape[3]
    transposed_product(_matrix(x, grad.shape, dw.shape, window), grad.reshape(-1, f), dw.reshape(-1, f))
