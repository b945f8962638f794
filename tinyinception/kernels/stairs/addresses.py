"""Fourth stair: addresses instead of copies. The channels of a pixel lie side by side in memory already.

So for each tap there is a list of which input pixel meets which output pixel: 16 bytes in place of a copy of all its
channels. A tap that falls into the padding is in no list, and costs nothing. With p and o from the list of tap t:

    forward                      out[o] += x[p] @ w[t]
    gradient of the input        dx[p]  += grad[o] @ w[t]^T
    gradient of the weights      dw[t]  += x[p]^T grad[o]

See Dukhan, "The Indirect Convolution Algorithm" (2019).
"""

from __future__ import annotations

import numpy as np
from numba import prange

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.stairs.product import PARTS, TILE, add_product, add_transposed_product
from tinyinception.kernels.stairs.window import seen


@kernel(parallel=False)
def meetings(x_shape, shape, window, tap, first, end, inputs, outputs):
    """Which input pixel each output pixel from `first` to `end` meets at a tap: how many do, and which, in two lists.

    Pixels are numbered through all images. shape: rows and columns of the output, then of the kernel.
    """
    (height, width), (oh, ow, _, kw), count = x_shape, shape, 0
    for r in range(first, end):
        p, q = seen(window, r // ow % oh, r % ow, tap // kw, tap % kw)
        if 0 <= p < height and 0 <= q < width:
            inputs[count], outputs[count] = (r // (oh * ow) * height + p) * width + q, r
            count += 1
    return count


@kernel()
def _forward(x, w, x_shape, shape, out, window):
    for tile in prange((out.shape[0] + TILE - 1) // TILE):
        first = np.int64(tile) * TILE
        end = min(first + TILE, out.shape[0])
        inputs, outputs = np.empty(TILE, np.int64), np.empty(TILE, np.int64)
        out[first:end] = 0
        for tap in range(w.shape[0]):
            count = meetings(x_shape, shape, window, tap, first, end, inputs, outputs)
            add_product(x, inputs, w[tap], out, outputs, count)


@kernel()
def _input_grad(grad, w, x_shape, shape, dx, window):
    pixels = shape[0] * shape[1]
    for image in prange(grad.shape[0] // pixels):  # windows of different images share no pixel
        end = (np.int64(image) + 1) * pixels
        inputs, outputs = np.empty(TILE, np.int64), np.empty(TILE, np.int64)
        for first in range(end - pixels, end, TILE):
            for tap in range(w.shape[0]):
                count = meetings(x_shape, shape, window, tap, first, min(first + TILE, end), inputs, outputs)
                add_product(grad, outputs, w[tap], dx, inputs, count)


@kernel()
def _weight_grad(grad, x, x_shape, shape, sums, window):
    parts, taps = sums.shape[:2]
    for index in prange(parts):
        part = np.int64(index)
        inputs, outputs = np.empty(TILE, np.int64), np.empty(TILE, np.int64)
        sums[part] = 0
        for first in range(part * TILE, grad.shape[0], parts * TILE):
            for tap in range(taps):
                end = min(first + TILE, grad.shape[0])
                count = meetings(x_shape, shape, window, tap, first, end, inputs, outputs)
                add_transposed_product(x, inputs, grad, outputs, sums[part, tap], count)


def forward(x, w, out, window):
    """out N x OH x OW x F = the convolution of x N x H x W x C with w KH x KW x C x F."""
    *kernel_shape, c, f = w.shape
    shape = *out.shape[1:3], *kernel_shape
    _forward(x.reshape(-1, c), w.reshape(-1, c, f), x.shape[1:3], shape, out.reshape(-1, f), window)


def input_grad(grad, w, dx, window):
    """dx += what each pixel of x gets back from the output pixels that saw it."""
    *kernel_shape, c, f = w.shape
    turned, shape = np.ascontiguousarray(w.reshape(-1, c, f).swapaxes(1, 2)), (*grad.shape[1:3], *kernel_shape)
    _input_grad(grad.reshape(-1, f), turned, dx.shape[1:3], shape, dx.reshape(-1, c), window)


def weight_grad(grad, x, dw, window):
    """dw KH x KW x C x F = what each weight gets back from every output pixel, summed in PARTS parts."""
    *kernel_shape, c, f = dw.shape
    sums, shape = np.empty((PARTS, dw.size // (c * f), c, f), x.dtype), (*grad.shape[1:3], *kernel_shape)
    _weight_grad(grad.reshape(-1, f), x.reshape(-1, c), x.shape[1:3], shape, sums, window)
    np.add.reduce(sums, axis=0, out=dw.reshape(-1, c, f))
