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

from typing import NamedTuple

import numpy as np

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import cast, dense, empty, nothing, wide
from tinyinception.kernels.statistics import (
    affine_numbers,
    gradient_numbers,
    inverse_deviation,
    moments_of_sums,
    move_running,
)
from tinyinception.kernels.team import PIECES, deal, workers

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
def _apply_to_rows(unit, units, x, affine, floor, y):
    rows, (anchor, scale, offset) = x.shape[0], (affine[0], affine[1], affine[2])
    for r in range(rows * unit // units, rows * (unit + 1) // units):
        for c in range(scale.size):
            v = (x[r, c] - anchor[c]) * scale[c] + offset[c]
            y[r, c] = floor if v < floor else v


@kernel(parallel=False)
def _apply(x, affine, floor, y, workers):
    """y = max(floor, (x - anchor) * scale + offset)."""
    deal(_apply_to_rows, PIECES, workers, (PIECES, x, affine, floor, y))


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
def _grad_apply_to_rows(unit, units, grad, x, affine, floor, dx):
    rows, (anchor, scale, offset) = x.shape[0], (affine[0], affine[1], affine[2])
    slope, constant = affine[3], affine[4]
    zero = grad.dtype.type(0)
    for r in range(rows * unit // units, rows * (unit + 1) // units):
        for c in range(scale.size):
            d, g = x[r, c] - anchor[c], grad[r, c]
            g = zero if d * scale[c] + offset[c] <= floor else g
            dx[r, c] = scale[c] * g + (slope[c] * d + constant[c])


@kernel(parallel=False)
def _grad_apply(grad, x, affine, floor, dx, workers):
    """dx = scale * gradient that passed the ReLU + slope * (x - anchor) + constant; dx may be grad."""
    deal(_grad_apply_to_rows, PIECES, workers, (PIECES, grad, x, affine, floor, dx))


def _fold(rows: int, channels: int) -> int:
    """How many rows to lay side by side: a power of two that divides their number."""
    k = 1
    while 2 * k * channels <= FOLDED and rows % (2 * k) == 0:
        k *= 2
    return k


class Numbers(NamedTuple):
    """Per channel."""

    mean: np.ndarray
    invstd: np.ndarray
    gamma: np.ndarray
    beta: np.ndarray


class _Folded:
    """Arrays of x's shape as rows of k * C numbers; k is 1 where one of them is a slice of the channels of another."""

    def __init__(self, x: np.ndarray, *others: np.ndarray):
        self.channels = x.shape[-1]
        self.count = x.size // self.channels
        self.dtype = x.dtype
        arrays = [wide(array) for array in (x, *others)]
        whole = all(array.shape[-1] == self.channels for array in arrays)
        self.k = _fold(self.count, self.channels) if whole else 1
        self.rows = [array.reshape(self.count // self.k, -1) for array in arrays]

    def floor(self, relu: bool) -> np.generic:
        return self.dtype.type(0 if relu else NEVER)

    def affine(self, numbers: Numbers, rows: int = 3) -> np.ndarray:
        """`affine_numbers` in the first of so many rows, in the dtype of x, as often as rows were folded."""
        affine = empty((rows, self.k * self.channels), self.dtype)
        launch(affine_numbers, *numbers, affine)
        return affine

    def partials(self) -> tuple[np.ndarray, np.ndarray]:
        shape = min(CHUNKS, self.count // self.k), self.k * self.channels
        return empty(shape, np.float64), empty(shape, np.float64)


def numbers_of(
    mean: np.ndarray, invstd: np.ndarray, gamma: np.ndarray | None, beta: np.ndarray | None, dtype: np.dtype
) -> Numbers:
    """What a normalisation is computed from, as kernels take it: mean and invstd in float64, empty what is None."""
    learned = (nothing(dtype) if numbers is None else dense(numbers) for numbers in (gamma, beta))
    return Numbers(dense(cast(mean, np.float64)), dense(cast(invstd, np.float64)), *learned)


def inverse_of(var: np.ndarray, eps: float) -> np.ndarray:
    """1 / sqrt(var + eps), in float64."""
    invstd = empty(var.shape, np.float64)
    launch(inverse_deviation, dense(cast(var, np.float64)), float(eps), invstd)
    return invstd


def batch_norm(
    x: np.ndarray,
    gamma: np.ndarray | None,
    beta: np.ndarray | None,
    eps: float,
    relu: bool,
    moments: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Normalise each channel by the mean and biased variance of its own rows.

    x: any shape with channels last. moments: that mean and variance, in float64, where they are known already. Returns
    y and, in float64 per channel, mean, 1 / sqrt(var + eps) and var.
    """
    mean, var = moments or _moments(_Folded(x))
    invstd = inverse_of(var, eps)
    return batch_norm_again(x, mean, invstd, gamma, beta, relu), mean, invstd, var


def _moments(fold: _Folded) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance of each channel, in float64."""
    [rows], (first, second) = fold.rows, fold.partials()
    mean, var = empty((fold.channels,), np.float64), empty((fold.channels,), np.float64)
    launch(_sums, rows, fold.channels, first, second, workers(rows.size))
    launch(moments_of_sums, rows, first, second, fold.count, mean, var)
    return mean, var


def batch_norm_eval(
    x: np.ndarray,
    mean: np.ndarray,
    var: np.ndarray,
    gamma: np.ndarray | None,
    beta: np.ndarray | None,
    eps: float,
    relu: bool,
) -> np.ndarray:
    """Normalise each channel by a given mean and variance."""
    return batch_norm_again(x, mean, inverse_of(var, eps), gamma, beta, relu)


def batch_norm_again(
    x: np.ndarray,
    mean: np.ndarray,
    invstd: np.ndarray,
    gamma: np.ndarray | None,
    beta: np.ndarray | None,
    relu: bool,
    out: np.ndarray | None = None,
) -> np.ndarray:
    """The y of `batch_norm` and `batch_norm_eval` to the same bits, from what those have found.

    out: where to write it, dense or a slice of the channels of a dense array.
    """
    y = empty(x.shape, x.dtype) if out is None else out
    fold = _Folded(x, y)
    affine = fold.affine(numbers_of(mean, invstd, gamma, beta, x.dtype))
    launch(_apply, fold.rows[0], affine, fold.floor(relu), fold.rows[1], workers(2 * x.size))
    return y


def batch_norm_grad(
    grad: np.ndarray,
    x: np.ndarray,
    mean: np.ndarray,
    invstd: np.ndarray,
    gamma: np.ndarray | None,
    beta: np.ndarray | None,
    relu: bool,
    training: bool,
    input_grad: bool = True,
    overwrite: bool = False,
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Gradients of x, gamma and beta. The ReLU's mask is computed again from x, so that y need not be kept.

    training: whether mean and invstd came from x itself, so that the gradient flows through them too. input_grad:
    without it the gradient of x is None, and its pass is saved. overwrite: it may take the place of `grad`.
    """
    grad = cast(grad, x.dtype)
    dx = None if not input_grad else grad if overwrite else empty(x.shape, x.dtype)
    fold = _Folded(x, grad, *([] if dx is None else [dx]))
    of, floor, (first, second) = numbers_of(mean, invstd, gamma, beta, x.dtype), fold.floor(relu), fold.partials()
    numbers = fold.affine(of, rows=5)
    launch(_grad_sums, fold.rows[1], fold.rows[0], numbers, floor, first, second, workers(2 * x.size))
    dgamma, dbeta = empty((fold.channels,), x.dtype), empty((fold.channels,), x.dtype)
    launch(gradient_numbers, first, second, *of[:3], fold.count, training, numbers, dgamma, dbeta)
    if dx is not None:
        launch(_grad_apply, fold.rows[1], fold.rows[0], numbers, floor, fold.rows[2], workers(3 * x.size))
    return dx, dgamma, dbeta


def update_running(
    running_mean: np.ndarray, running_var: np.ndarray, mean: np.ndarray, var: np.ndarray, count: int, momentum: float
) -> None:
    """Move the running statistics, in place, towards those of a batch: mean and biased variance of `count` rows.

    What is kept is the unbiased variance. momentum: weight of the batch.
    """
    found = (dense(cast(numbers, np.float64)) for numbers in (mean, var))
    launch(move_running, running_mean, running_var, *found, count / (count - 1), float(momentum))
