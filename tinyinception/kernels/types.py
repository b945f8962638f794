"""What kernels of convolution take together: few arguments with names, where single numbers would make twenty-four."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

Pair = tuple[int, int]


class Windows(NamedTuple):
    """The im2col matrix, as it lies in memory: pixel p of `grid` sees pixel step * p + tap of each image.

    Also where results go: those of pixel p, in each phase, to a tap of its own.
    """

    x: np.ndarray
    channel: int  # the first
    channels: int
    taps: np.ndarray  # of each the row and the column, seen from the pixel
    grid: Pair
    step: Pair


class Weights(NamedTuple):
    """Weights of output channels side by side, in panels of as many vectors as fit the registers.

    Each phase has weights of its own: results that see the same windows, but not through the same taps.
    """

    w: np.ndarray  # flat; of (tap t, channel c, output channel f) at (t * channels + c) * row + f
    row: int
    in_place: int  # panels that are read from w
    packed: np.ndarray  # the others, by `pack_weights`
    begins: np.ndarray  # of each phase and tap, where its weights begin in w; less than 0 where it has none


class Finish(NamedTuple):
    """How sums begin and end: (start + sum - anchor) * scale + offset, but at least `floor`, where `wanted`."""

    numbers: np.ndarray  # rows start, anchor, scale and offset, for output channels in whole vectors
    wanted: bool
    floor: np.generic


class Tiling(NamedTuple):
    """How a product is cut into pieces of work."""

    together: int  # images of which a block has the same pixel
    rows: int  # pixels in a tile
    slices: int  # pieces that the panels of a tile are dealt to


class Found(NamedTuple):
    """What a batch-norm has normalised by, per channel: mean, 1 / sqrt(var + eps) and biased variance, in float64.

    affine: the same as rows anchor, scale and offset, with gamma and beta in them; see `statistics.norm_numbers`.
    """

    mean: np.ndarray
    invstd: np.ndarray
    var: np.ndarray
    affine: np.ndarray
