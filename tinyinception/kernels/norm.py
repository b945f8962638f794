"""Batch normalisation, fused with ReLU on request: Ioffe & Szegedy 2015, algorithm 1.

All of it is memory traffic, so every pass reads each array once and writes nothing but results. Channels come last; all
other axes are rows. Three ideas:

- Sums are taken of x minus an anchor close to the mean, in float64, or a mean far larger than the deviation would leave
  nothing of the variance.
- Rows are folded: k rows of C channels become one of k*C, per-channel numbers being repeated k times, so that the inner
  loop is long for few channels too. The k partial sums per channel are added at the end.
- Rows are dealt to a number of chunks that depends on the shape alone, and chunk sums are added in order: the same bits
  whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import cast, dense, empty, nothing, wide
from tinyinception.kernels.statistics import (
    gradient_numbers,
    moments_of_sums,
    move_running,
    norm_numbers,
)
from tinyinception.kernels.team import PIECES, deal, workers
from tinyinception.kernels.types import Found

CHUNKS = 32
FOLDED = 256  # length of the inner loop: long enough to hide its start, short enough for its sums to stay in L1
NEVER = np.nan  # no comparison with NaN is true, so this floor switches the ReLU off


@kernel(parallel=False)
def _sums_of_chunk(chunk, x, anchor, first, second):
    rows, (chunks, columns) = x.shape[0], first.shape
    one, two = first[chunk], second[chunk]
    for c in range(columns):
        one[c], two[c] = 0, 0
    for r in range(rows * chunk // chunks, rows * (chunk + 1) // chunks):
        for c in range(columns):
            d = np.float64(x[r, c] - anchor[c])
            one[c] += d
            two[c] += d * d


@kernel(parallel=False)
def _sums(x, channels, first, second, workers):
    """Per chunk of rows and per column: sums of x - anchor and of its square; the anchor is the first row of x."""
    anchor = np.empty(first.shape[1], x.dtype)
    for c in range(anchor.size):
        anchor[c] = x[0, c % channels]
    deal(_sums_of_chunk, first.shape[0], workers, (x, anchor, first, second))


@kernel(parallel=False)
def _apply_to_rows(unit, units, x, affine, columns, floor, y):
    rows, (anchor, scale, offset) = x.shape[0], (affine[0], affine[1], affine[2])
    for r in range(rows * unit // units, rows * (unit + 1) // units):
        for c in range(columns):
            v = (x[r, c] - anchor[c]) * scale[c] + offset[c]
            y[r, c] = floor if v < floor else v


@kernel(parallel=False)
def _apply(x, affine, columns, floor, y, workers):
    """y = max(floor, (x - anchor) * scale + offset), for so many columns of each."""
    deal(_apply_to_rows, PIECES, workers, (PIECES, x, affine, columns, floor, y))


@kernel(parallel=False)
def _grad_sums_of_chunk(chunk, grad, x, affine, floor, first, second):
    rows, (chunks, columns) = x.shape[0], first.shape
    anchor, scale, offset = affine[0], affine[1], affine[2]
    zero = grad.dtype.type(0)
    one, two = first[chunk], second[chunk]
    for c in range(columns):
        one[c], two[c] = 0, 0
    for r in range(rows * chunk // chunks, rows * (chunk + 1) // chunks):
        for c in range(columns):
            d, g = x[r, c] - anchor[c], grad[r, c]
            g = zero if d * scale[c] + offset[c] <= floor else g
            one[c] += np.float64(g)
            two[c] += np.float64(g) * np.float64(d)


@kernel(parallel=False)
def _grad_sums(grad, x, affine, floor, first, second, workers):
    """Per chunk of rows and per column: sums of the gradient that passed the ReLU, alone and times x - anchor."""
    deal(_grad_sums_of_chunk, first.shape[0], workers, (grad, x, affine, floor, first, second))


@kernel(parallel=False)
def _grad_apply_to_rows(unit, units, grad, x, affine, slopes, floor, dx):
    rows, columns, (anchor, scale, offset) = x.shape[0], slopes.shape[1], (affine[0], affine[1], affine[2])
    slope, constant = slopes[0], slopes[1]
    zero, row = grad.dtype.type(0), np.empty(columns, dx.dtype)
    for r in range(rows * unit // units, rows * (unit + 1) // units):
        for c in range(columns):
            d, g = x[r, c] - anchor[c], grad[r, c]
            g = zero if d * scale[c] + offset[c] <= floor else g
            row[c] = scale[c] * g + (slope[c] * d + constant[c])
        for c in range(columns):  # where dx is grad, a loop that writes what it has read would take one by one
            dx[r, c] = row[c]


@kernel(parallel=False)
def _grad_apply(grad, x, affine, slopes, floor, dx, workers):
    """dx = scale * gradient that passed the ReLU + slope * (x - anchor) + constant; dx may be grad."""
    deal(_grad_apply_to_rows, PIECES, workers, (PIECES, grad, x, affine, slopes, floor, dx))


def _fold(rows: int, channels: int, columns: int) -> int:
    """How many rows to lay side by side: a power of two that divides their number."""
    k = 1
    while 2 * k * channels <= columns and rows % (2 * k) == 0:
        k *= 2
    return k


class _Folded:
    """Arrays of x's shape as rows of k * C numbers, of so many columns at most.

    k is 1 where one of them is a slice of the channels of another.
    """

    def __init__(self, x: np.ndarray, *others: np.ndarray, columns: int = FOLDED):
        self.channels = x.shape[-1]
        self.count = x.size // self.channels
        self.dtype = x.dtype
        arrays = [wide(array) for array in (x, *others)]
        whole = all(array.shape[-1] == self.channels for array in arrays)
        self.k = _fold(self.count, self.channels, columns) if whole else 1
        self.rows = [array.reshape(self.count // self.k, -1) for array in arrays]

    def floor(self, relu: bool) -> np.generic:
        return self.dtype.type(0 if relu else NEVER)

    def partials(self) -> tuple[np.ndarray, np.ndarray]:
        shape = min(CHUNKS, self.count // self.k), self.k * self.channels
        return empty(shape, np.float64), empty(shape, np.float64)

    def of_channels(self, *sums: np.ndarray) -> list[np.ndarray]:
        """Partial sums, one row of channels below the other."""
        return [partial.reshape(-1, self.channels) for partial in sums]


def normaliser(
    mean: np.ndarray,
    var: np.ndarray,
    gamma: np.ndarray | None,
    beta: np.ndarray | None,
    eps: float,
    affine: np.ndarray,
) -> Found:
    """What a normalisation is computed from, as kernels take it; affine: an empty array in its dtype, see `Found`."""
    mean, var = (dense(cast(moment, np.float64)) for moment in (mean, var))
    learned = (nothing(affine.dtype) if numbers is None else dense(numbers) for numbers in (gamma, beta))
    found = Found(mean, empty(mean.shape, np.float64), var, affine)
    launch(norm_numbers, mean, var, float(eps), *learned, found.invstd, affine)
    return found


def batch_norm(
    x: np.ndarray,
    gamma: np.ndarray | None,
    beta: np.ndarray | None,
    eps: float,
    relu: bool,
    moments: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, Found]:
    """Normalise each channel by the mean and biased variance of its own rows, or by those given.

    x: any shape with channels last. moments: mean and variance, where they are known already or are to be others.
    Returns y and what x was normalised by.
    """
    fold = _Folded(x)
    mean, var = moments or _moments(fold)
    columns = fold.channels * _fold(FOLDED, fold.channels, FOLDED)  # enough for any number of rows
    found = normaliser(mean, var, gamma, beta, eps, empty((3, columns), x.dtype))
    return batch_norm_again(x, found, gamma, beta, relu), found


def _moments(fold: _Folded) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance of each channel, in float64."""
    [rows], (first, second) = fold.rows, fold.partials()
    mean, var = empty((fold.channels,), np.float64), empty((fold.channels,), np.float64)
    launch(_sums, rows, fold.channels, first, second, workers(rows.size))
    launch(moments_of_sums, rows, *fold.of_channels(first, second), fold.count, mean, var)
    return mean, var


def batch_norm_again(
    x: np.ndarray,
    found: Found,
    gamma: np.ndarray | None,
    beta: np.ndarray | None,
    relu: bool,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """The y of `batch_norm` to the same bits, from what that has found; gamma and beta are in there already.

    out: where to write it, dense or a slice of the channels of a dense array.
    """
    y = empty(x.shape, x.dtype) if out is None else out
    fold = _Folded(x, y, columns=found.affine.shape[1])
    at = found.affine, fold.k * fold.channels, fold.floor(relu), fold.rows[1]
    launch(_apply, fold.rows[0], *at, workers(2 * x.size))
    return y


def batch_norm_grad(
    grad: np.ndarray,
    x: np.ndarray,
    found: Found,
    gamma: np.ndarray | None,
    beta: np.ndarray | None,
    relu: bool,
    training: bool,
    input_grad: bool = True,
    overwrite: bool = False,
    into: Sequence[np.ndarray | None] = (None, None),
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Gradients of x, gamma and beta. The ReLU's mask is computed again from x, so that y need not be kept.

    training: whether `found` came from x itself, so that the gradient flows through it too. input_grad: without it the
    gradient of x is None, and its pass is saved. overwrite: it may take the place of `grad`. into: where to write those
    of gamma and beta.
    """
    grad = cast(grad, x.dtype)
    dx = None if not input_grad else grad if overwrite else empty(x.shape, x.dtype)
    fold = _Folded(x, grad, *([] if dx is None else [dx]), columns=found.affine.shape[1])
    floor, (first, second), slopes = fold.floor(relu), fold.partials(), empty((2, fold.k * fold.channels), x.dtype)
    launch(_grad_sums, fold.rows[1], fold.rows[0], found.affine, floor, first, second, workers(2 * x.size))
    dgamma, dbeta = (empty((fold.channels,), x.dtype) if place is None else place for place in into)
    sums, scale = fold.of_channels(first, second), nothing(x.dtype) if gamma is None else dense(gamma)
    of = found.mean, found.invstd, scale, fold.count, training, found.affine
    launch(gradient_numbers, *sums, *of, slopes, dgamma, dbeta)
    if dx is not None:
        at = found.affine, slopes, floor, fold.rows[2]
        launch(_grad_apply, fold.rows[1], fold.rows[0], *at, workers(3 * x.size))
    return dx, dgamma, dbeta


def update_running(
    running_mean: np.ndarray, running_var: np.ndarray, mean: np.ndarray, var: np.ndarray, count: int, momentum: float
) -> None:
    """Move the running statistics, in place, towards those of a batch: mean and biased variance of `count` rows.

    What is kept is the unbiased variance. momentum: weight of the batch.
    """
    found = (dense(cast(numbers, np.float64)) for numbers in (mean, var))
    launch(move_running, running_mean, running_var, *found, count / (count - 1), float(momentum))
