"""What is brought into order before and after a product: weights, images with their padding, partial sums."""

from __future__ import annotations

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.team import PIECES, deal
from tinyinception.kernels.vectors import VECTOR_BYTES, VECTORS, address, copy


@kernel(parallel=False)
def panel(p, vectors):
    """(first vector, vectors) of panel p when `vectors` are dealt evenly to as few panels as possible."""
    panels = (vectors + VECTORS - 1) // VECTORS
    base, extra = vectors // panels, vectors % panels
    return p * base + min(p, extra), base + (1 if p < extra else 0)


@kernel(parallel=False)
def _pack_tap(unit, w, begins, channels, strides, start, out_channels, panel_from, packed):
    """The weights of one tap, of one panel."""
    lanes, taps_count = VECTOR_BYTES // w.itemsize, begins.size
    vectors, t = (out_channels + lanes - 1) // lanes, unit % taps_count
    first, mine = panel(panel_from + unit // taps_count, vectors)
    before, real = panel(panel_from, vectors)[0], min(mine * lanes, out_channels - first * lanes)
    at = lanes * ((first - before) * taps_count + mine * t) * channels
    begin, (row, step) = begins[t // begins.shape[1], t % begins.shape[1]], strides
    source = start + begin + first * lanes * strides[1]
    for _ in range(channels if begin >= 0 else 0):
        target = packed[at : at + mine * lanes]
        if step == 1:
            given = w[source : source + real]
            for f in range(given.size):
                target[f] = given[f]
        else:
            given = w[source : source + (real - 1) * step + 1]
            for f in range(real):
                target[f] = given[f * step]
        for f in range(real, target.size):
            target[f] = 0
        at, source = at + mine * lanes, source + row


@kernel(parallel=False)
def pack_weights(w, begins, channels, strides, start, out_channels, panel_from, packed, workers):
    """packed[panel][phase, tap, input channel][output channels of the panel], zero beyond the last output channel.

    w: flat; the number for (phase q, t, c, f) is at start + begins[q, t] + c * strides[0] + f * strides[1]. The panels
    before `panel_from` are left out.
    """
    lanes = VECTOR_BYTES // w.itemsize
    vectors = (out_channels + lanes - 1) // lanes
    units = ((vectors + VECTORS - 1) // VECTORS - panel_from) * begins.size
    deal(_pack_tap, units, workers, (w, begins, channels, strides, start, out_channels, panel_from, packed))


@kernel(parallel=False)
def _pad_image(n, x, channels, top, left, padded):
    height, width, size = x.shape[1], x.shape[2], x.itemsize
    runs, run = (1, width * channels) if x.shape[3] == channels else (width, channels)  # of neighbours in a row
    for row in range(padded.shape[1]):
        line, i = padded[n, row].reshape(-1), row - top
        for at in range(line.size):
            line[at] = 0
        if 0 <= i < height:
            for k in range(runs):
                copy(address(line) + size * (left * channels + k * run), address(x[n, i, k]), size * run)


@kernel(parallel=False)
def pad_images(x, channels, top, left, padded, behind, workers):
    """x with its first pixel at (top, left) of a padded image, zeros around it, and behind the last image."""
    for i in range(behind.size):
        behind[i] = 0
    deal(_pad_image, x.shape[0], workers, (x, channels, top, left, padded))


@kernel(parallel=False)
def _add_rows(unit, units, sums, out, start, width):
    channels = out.shape[1]
    rows = out.shape[0] * channels
    for row in range(rows * unit // units, rows * (unit + 1) // units):
        t, c = row // channels, row % channels
        target = out[t, c, start : start + width]
        for f in range(width):
            target[f] = sums[0, t, c, f]
        for part in range(1, sums.shape[0]):
            source = sums[part, t, c]
            for f in range(width):
                target[f] += source[f]


@kernel(parallel=False)
def add_parts(sums, out, start, width, workers):
    """out[tap, channel, start:start + width] = the sum of all parts, first to last."""
    deal(_add_rows, PIECES, workers, (PIECES, sums, out, start, width))


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
