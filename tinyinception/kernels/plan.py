"""What of a convolution depends on shapes alone: which pixels a tap sees, and how products are cut into pieces of work.

A plan is made once for each shape, and kept; nobody writes to its arrays. The bits of a result depend on the plan, so
the number of threads has no say here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import NamedTuple, TypeVar, cast

import numpy as np

from tinyinception.kernels.choice import chosen
from tinyinception.kernels.types import Pair, Tiling
from tinyinception.kernels.vectors import CHANNELS, ROWS, VECTOR_BYTES, VECTORS

TILE_BLOCKS = 12  # times ROWS: output pixels per tile
SQUARE = 4  # outputs that Winograd makes at a time along each side, of SQUARE + 2 inputs
PRODUCTS = (SQUARE + 2) ** 2
WINDOWS = ROWS  # of Winograd, at a time: what becomes of them stays in the cache
DEEP = 12 * ROWS  # at a time for the weights' gradient, which passes all its sums each time
LEAST_ROWS = 1024  # pixels that are worth a partial sum of the weights' gradient
MOST_PARTS = 16
MOST_SUMS = 1 << 23  # numbers in all partial sums
LEAST_UNITS = 8  # pieces of work, for as many threads
LEAST_SLICES = 4  # of Winograd's, each of which transforms all gradients
LEAST_TILES = 2
MOST_WEIGHTS = 1 << 19  # bytes of weights in one piece of work: what a second-level cache has room for
LEAST_WINDOWS = 16  # that are worth transforming the weights for
NARROW = 16
WORTH = 16  # multiply-adds that take as long as a number that is read and written

Shape = tuple[int, ...]
Made = TypeVar("Made", bound=Callable)


def kept(function: Made) -> Made:
    """Decorator: made once for its arguments, and for the kernels in use.

    An inference of one image has 85 convolutions; photographs have many sizes.
    """
    made = lru_cache(maxsize=1024)(lambda _, *given: function(*given))
    return cast(Made, wraps(function)(lambda *given: made(chosen(), *given)))


class Taps(NamedTuple):
    """What the window of a pixel consists of, so many neighbouring numbers of the input for each tap."""

    places: np.ndarray  # of each tap the row and the column, seen from the pixel
    begins: np.ndarray  # of each phase and tap, where its weights begin; -1 where it has none
    channels: int


class Product(NamedTuple):
    """`products.window_product` for one shape: what is computed, and in which pieces."""

    taps: Taps
    grid: Pair  # of output pixels
    step: Pair  # in the input, from one to the next
    origins: np.ndarray  # in the output, of each phase, as the place of a tap
    spread: Pair  # in the output
    strides: Pair  # in the weights, from one input and from one output channel to the next
    whole: int  # output channels, rounded up to whole vectors
    tiling: Tiling
    sizes: np.ndarray  # of tiles, in pixels
    in_place: int  # panels of weights that are read where they are
    packed: int  # numbers of the others
    work: int  # as `team.workers` counts it


class Forward(NamedTuple):
    """How the windows of x are had, and the product for each group; none where Winograd computes it."""

    grid: Pair
    padded: bool
    product: Product | None


class InputGrad(NamedTuple):
    """The phases of the stride that no output pixel looked at, and the product for all others, if any."""

    unseen: tuple[Pair, ...]
    product: Product | None


class WeightGrad(NamedTuple):
    """Taps of x, which has a margin where `margin`, and the partial sums."""

    taps: Taps
    padded: bool
    margin: bool
    sums: Shape  # parts, taps, channels and output channels in whole register tiles
    slices: int
    work: int


@kept
def forward(x: Shape, w: Shape, stride: Pair, pads: Shape, groups: int, dilation: Pair, dtype: np.dtype) -> Forward:
    """The plan of a convolution, from the shapes of its input and its weights."""
    n, h, wd, _ = x
    kh, kw, _, f = w
    grid = (
        (h + pads[0] + pads[1] - (kh - 1) * dilation[0] - 1) // stride[0] + 1,
        (wd + pads[2] + pads[3] - (kw - 1) * dilation[1] - 1) // stride[1] + 1,
    )
    if suits_winograd((n, *grid, f), w, stride, groups, dilation, dtype):
        return Forward(grid, False, None)
    taps, padded = _taps(w, pads, groups, dilation)
    outside = any(pads) and not padded
    product = _product(n, taps, grid, stride, square(1, 0, 0), (1, 1), (f, 1), f // groups, True, outside, dtype)
    return Forward(grid, padded, product)


@kept
def input_grad(
    x: Shape, w: Shape, stride: Pair, pads: Shape, groups: int, dilation: Pair, dtype: np.dtype
) -> InputGrad:
    """For all phases of the stride, the product that gathers from the output pixels that looked at an input pixel.

    Input pixel stride * u + p was seen through tap a by output pixel u + (p + top - dilation * a) / stride, where that
    is whole: the phases p of the pixels at u see windows at u, each through taps of its own.
    """
    n, h, wd, _ = x
    kh, kw, cg, f = w
    rows = [_seen(p + pads[0], kh, stride[0], dilation[0]) for p in range(min(stride[0], h))]
    columns = [_seen(p + pads[2], kw, stride[1], dilation[1]) for p in range(min(stride[1], wd))]
    every = list(np.ndindex(len(rows), len(columns)))
    seeing = [(i, j) for i, j in every if rows[i] and columns[j]]
    grid = -(-h // stride[0]), -(-wd // stride[1])
    places = [(i, j) for i in _offsets(rows) for j in _offsets(columns)]
    begins = [
        [(rows[p][i] * kw + columns[q][j]) * cg * f if i in rows[p] and j in columns[q] else -1 for i, j in places]
        for p, q in seeing
    ]
    taps = Taps(np.array(places, np.int64), np.array(begins, np.int64), f // groups)
    origins, outside = np.array(seeing, np.int64), len(places) > 1
    product = None
    if seeing:
        product = _product(n, taps, grid, (1, 1), origins, stride, (1, f), cg, False, outside, dtype)
    return InputGrad(tuple(set(every) - set(seeing)), product)


@kept
def weight_grad(grad: Shape, w: Shape, pads: Shape, groups: int, dilation: Pair, dtype: np.dtype) -> WeightGrad:
    """The plan of the gradient for the weights, from the shapes of that of the output and of the weights."""
    taps, padded = _taps(w, pads, groups, dilation)
    deep = -(-taps.channels // CHANNELS) * CHANNELS
    shape = len(taps.places), deep, whole_vectors(w[3] // groups, dtype)
    parts = max(1, min(MOST_PARTS, math.prod(grad[:3]) // LEAST_ROWS, MOST_SUMS // math.prod(shape)))
    margin = padded or w[2] % CHANNELS != 0
    work = math.prod(grad[:3]) * math.prod(shape) // WORTH
    return WeightGrad(taps, padded, margin, (parts, *shape), max(1, LEAST_UNITS // parts), work)


@kept
def winograd_weights(w: Shape, dtype: np.dtype) -> Shape:
    """Winograd's transformed weights, in panels of whole vectors, which lie one after the other."""
    panel = VECTORS * (VECTOR_BYTES // dtype.itemsize)
    return PRODUCTS, -(-w[3] // panel), w[2], panel


@kept
def winograd_parts(grad: Shape, w: Shape, dtype: np.dtype) -> Pair:
    """Partial sums of the weights' gradient, and slices of the channels of each."""
    parts = max(1, min(MOST_PARTS, -(-_windows(grad) // DEEP), MOST_SUMS // (PRODUCTS * w[2] * w[3])))
    groups = w[2] // max(VECTOR_BYTES // dtype.itemsize, CHANNELS)
    return parts, min(groups, -(-LEAST_SLICES // parts))


@kept
def suits_winograd(out: Shape, w: Shape, stride: Pair, groups: int, dilation: Pair, dtype: np.dtype) -> bool:
    """Whether `kernels.winograd` computes it: whole vectors of channels, and windows enough."""
    whole = max(VECTOR_BYTES // dtype.itemsize, CHANNELS)
    return (
        chosen() != "registers"
        and w[:2] == (3, 3)
        and stride == dilation == (1, 1)
        and groups == 1
        and _windows(out) >= LEAST_WINDOWS
        and all(channels % whole == 0 for channels in w[2:])
    )


def _windows(out: Shape) -> int:
    """How many of Winograd's windows an output of this shape has."""
    return out[0] * -(-out[1] // SQUARE) * -(-out[2] // SQUARE)


@kept
def square(size: int, top: int, left: int) -> np.ndarray:
    """The taps of a square."""
    return np.array([(top + i, left + j) for i in range(size) for j in range(size)], np.int64)


@kept
def zeros(shape: Shape, dtype: np.dtype) -> np.ndarray:
    """Zeros to be read."""
    return np.zeros(shape, dtype)


def whole_vectors(channels: int, dtype: np.dtype) -> int:
    """Channels rounded up to whole vectors."""
    lanes = VECTOR_BYTES // dtype.itemsize
    return -(-channels // lanes) * lanes


def _taps(w: Shape, pads: Shape, groups: int, dilation: Pair) -> tuple[Taps, bool]:
    """What the windows of a convolution consist of, and whether x has its padding in place for it.

    A pixel of few channels, as images have, is too short to be worth an address. There the padding is put in place, and
    then a row of the window is one run of memory, unless dilation tears it: KH taps of KW * C channels.
    """
    (kh, kw, cg, f), (down, right) = w, dilation
    padded = groups == 1 and kw > 1 and cg < NARROW and right == 1
    if padded:
        places, channels = [(i * down, 0) for i in range(kh)], kw * cg
    else:
        places, channels = [(i * down - pads[0], j * right - pads[2]) for i in range(kh) for j in range(kw)], cg
    begins = channels * f * np.arange(len(places))
    return Taps(np.array(places, np.int64), begins[None], channels), padded


def _seen(at: int, size: int, step: int, apart: int) -> dict[int, int]:
    """Of each offset of an output pixel by which a padded input pixel was seen, through which of `size` taps."""
    return {(at - tap * apart) // step: tap for tap in range(size) if (at - tap * apart) % step == 0}


def _offsets(phases: list[dict[int, int]]) -> list[int]:
    """All offsets of output pixels that some phase sees."""
    return sorted(set().union(*phases))


def _product(
    images: int,
    taps: Taps,
    grid: Pair,
    step: Pair,
    origins: np.ndarray,
    spread: Pair,
    strides: Pair,
    out_channels: int,
    in_order: bool,
    outside: bool,
    dtype: np.dtype,
) -> Product:
    """The product in tiles that suit the shape.

    in_order: whether w has the weights in the order of taps and channels, with output channels side by side.
    outside: whether taps may see padding. Only then has a block pixels of several images, which are far apart.

    Few pixels make few tiles. Then the output channels are dealt out too, and panels rather than tiles are what each
    thread reads the weights for. So they are where the weights of all output channels would not stay in the cache.
    """
    lanes, whole = VECTOR_BYTES // dtype.itemsize, whole_vectors(out_channels, dtype)
    depth, pixels = taps.begins.size * taps.channels, images * grid[0] * grid[1]
    blocks, panels = -(-pixels // ROWS), -(-whole // (lanes * VECTORS))
    tile_rows = ROWS * -(-blocks // max(-(-blocks // TILE_BLOCKS), min(blocks, LEAST_TILES)))
    tiles = -(-blocks * ROWS // tile_rows)
    # Weights in order are read where they are, but no vector may end behind them.
    in_place = 0 if not in_order else panels if whole == out_channels else panels - 1
    slices = min(panels, max(-(-LEAST_UNITS // tiles), -(-depth * whole * dtype.itemsize // MOST_WEIGHTS)))
    return Product(
        taps,
        grid,
        step,
        origins,
        spread,
        strides,
        whole,
        Tiling(math.gcd(images, ROWS) if outside else 1, tile_rows, slices),
        sizes=np.minimum(tile_rows, pixels - tile_rows * np.arange(tiles)),
        in_place=in_place,
        packed=depth * lanes * VECTORS * (panels - in_place),
        work=pixels * int(np.sum(taps.begins >= 0)) * taps.channels * whole // WORTH,
    )
