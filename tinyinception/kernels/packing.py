"""What is brought into order before and after a product: weights, images with their padding, partial sums."""

from __future__ import annotations

import numpy as np
from numba import prange

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.vectors import VECTOR_BYTES, VECTORS


@kernel(parallel=False)
def panel(p, vectors):
    """(first vector, vectors) of panel p when `vectors` are dealt evenly to as few panels as possible."""
    panels = (vectors + VECTORS - 1) // VECTORS
    base, extra = vectors // panels, vectors % panels
    return p * base + min(p, extra), base + (1 if p < extra else 0)


@kernel()
def pack_weights(w, taps, channels, in_stride, out_stride, start, out_channels, panel_from, packed):
    """packed[panel][tap, input channel][output channels of the panel], zero beyond the last output channel.

    w: flat; the number for (t, c, f) is at start + taps[t, 2] + c * in_stride + f * out_stride. The panels before
    `panel_from` are left out.
    """
    lanes = VECTOR_BYTES // w.itemsize
    vectors, taps_count = (out_channels + lanes - 1) // lanes, taps.shape[0]
    panels, before = (vectors + VECTORS - 1) // VECTORS, panel(panel_from, vectors)[0]
    for index in prange((panels - panel_from) * taps_count):
        p, t = panel_from + np.int64(index) // taps_count, np.int64(index) % taps_count
        first, mine = panel(p, vectors)
        real = min(mine * lanes, out_channels - first * lanes)
        at = lanes * ((first - before) * taps_count + mine * t) * channels
        for c in range(channels):
            source = start + taps[t, 2] + c * in_stride + first * lanes * out_stride
            for f in range(real):
                packed[at + f] = w[source + f * out_stride]
            for f in range(real, mine * lanes):
                packed[at + f] = 0
            at += mine * lanes


@kernel()
def pad_images(x, channels, top, left, padded, behind):
    """x with its first pixel at (top, left) of a padded image, zeros around it, and behind the last image."""
    height, width, rows = x.shape[1], x.shape[2], padded.shape[1]
    for i in range(behind.size):
        behind[i] = 0
    for index in prange(padded.shape[0] * rows):
        n, row = np.int64(index) // rows, np.int64(index) % rows
        i = row - top
        for j in range(padded.shape[2]):
            target, at = padded[n, row, j], j - left
            if 0 <= i < height and 0 <= at < width:
                for c in range(channels):
                    target[c] = x[n, i, at, c]
            else:
                for c in range(channels):
                    target[c] = 0


@kernel()
def add_parts(sums, out, start, width):
    """out[tap, channel, start:start + width] = the sum of all parts, first to last."""
    channels = out.shape[1]
    for index in prange(out.shape[0] * channels):
        t, c = np.int64(index) // channels, np.int64(index) % channels
        target = out[t, c, start : start + width]
        for f in range(width):
            target[f] = sums[0, t, c, f]
        for part in range(1, sums.shape[0]):
            source = sums[part, t, c]
            for f in range(width):
                target[f] += source[f]


@kernel(parallel=False)
def finish_numbers(bias, affine, start, channels, numbers):
    """Rows start, anchor, scale and offset of output channels from `start` on, 0 beyond the last; see `Finish`.

    bias, affine: empty where there is none.
    """
    for c in range(numbers.shape[1]):
        real = c < channels
        numbers[0, c] = bias[start + c] if real and bias.size > 0 else 0
        for row in range(3):
            numbers[1 + row, c] = affine[row, start + c] if real and affine.size > 0 else 0
