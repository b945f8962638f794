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

import numpy as np
from numba import prange

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.memory import empty, wide

CHUNKS = 32
FOLDED = 256  # length of the inner loop: long enough to hide its start, short enough for its sums to stay in L1
NEVER = np.nan  # no comparison with NaN is true, so this floor switches the ReLU off

Affine = tuple[np.ndarray, np.ndarray, np.ndarray]


@kernel()
def _sums(x, anchor, first, second):
    """Per chunk of rows and per column: sums of x - anchor and of its square."""
    rows, (chunks, columns) = x.shape[0], first.shape
    for index in prange(chunks):
        chunk = np.int64(index)
        one, two = first[chunk], second[chunk]
        for r in range(rows * chunk // chunks, rows * (chunk + 1) // chunks):
            for c in range(columns):
                d = np.float64(x[r, c] - anchor[c])
                one[c] += d
                two[c] += d * d


@kernel()
def _apply(x, affine, floor, y):
    """y = max(floor, (x - anchor) * scale + offset)."""
    rows = x.shape[0]
    anchor, scale, offset = affine[0], affine[1], affine[2]
    for index in prange(rows):
        r = np.int64(index)
        for c in range(scale.size):
            v = (x[r, c] - anchor[c]) * scale[c] + offset[c]
            y[r, c] = floor if v < floor else v


@kernel()
def _grad_sums(grad, x, affine, floor, first, second):
    """Per chunk of rows and per column: sums of the gradient that passed the ReLU, alone and times x - anchor."""
    rows, (chunks, columns) = x.shape[0], first.shape
    anchor, scale, offset = affine[0], affine[1], affine[2]
    zero = grad.dtype.type(0)
    for index in prange(chunks):
        chunk = np.int64(index)
        one, two = first[chunk], second[chunk]
        for r in range(rows * chunk // chunks, rows * (chunk + 1) // chunks):
            for c in range(columns):
                d = x[r, c] - anchor[c]
                g = zero if d * scale[c] + offset[c] <= floor else grad[r, c]
                one[c] += np.float64(g)
                two[c] += np.float64(g) * np.float64(d)


@kernel()
def _grad_apply(grad, x, affine, floor, dx):
    """dx = scale * gradient that passed the ReLU + slope * (x - anchor) + constant; dx may be grad."""
    rows = x.shape[0]
    anchor, scale, offset = affine[0], affine[1], affine[2]
    slope, constant = affine[3], affine[4]
    zero = grad.dtype.type(0)
    for index in prange(rows):
        r = np.int64(index)
        for c in range(scale.size):
            d = x[r, c] - anchor[c]
            g = zero if d * scale[c] + offset[c] <= floor else grad[r, c]
            dx[r, c] = scale[c] * g + (slope[c] * d + constant[c])


def _fold(rows: int, channels: int) -> int:
    """How many rows to lay side by side: a power of two that divides their number."""
    k = 1
    while 2 * k * channels <= FOLDED and rows % (2 * k) == 0:
        k *= 2
    return k


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

    def per_channel(self, *numbers: np.ndarray) -> np.ndarray:
        """Rows of numbers for each channel, in the dtype of x, as often as rows were folded."""
        rows = np.array(numbers, self.dtype)
        repeated = np.empty((len(rows), self.k, self.channels), self.dtype)
        repeated[...] = rows[:, None]  # np.tile takes three times as long
        return repeated.reshape(len(rows), -1)

    def partials(self) -> tuple[np.ndarray, np.ndarray]:
        both = np.zeros((2, min(CHUNKS, self.count // self.k), self.k * self.channels))
        return both[0], both[1]

    def total(self, partial: np.ndarray) -> np.ndarray:
        """The sum per channel, added up in a fixed order."""
        return partial.reshape(-1, self.channels).sum(axis=0)


def affine_of(
    mean: np.ndarray, invstd: np.ndarray, gamma: np.ndarray | None, beta: np.ndarray | None, dtype: np.dtype
) -> Affine:
    """Anchor, scale and offset with (x - anchor) * scale + offset = gamma * (x - mean) * invstd + beta.

    The anchor is the mean rounded to the dtype of x, so x - anchor is exact near the mean; the rounding error of the
    mean goes into the offset.
    """
    anchor = mean.astype(dtype).astype(np.float64)
    scale = invstd if gamma is None else invstd * gamma
    offset = (anchor - mean) * scale
    return anchor, scale, offset if beta is None else offset + beta


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
    invstd = 1.0 / np.sqrt(var + eps)
    return _normalise(x, affine_of(mean, invstd, gamma, beta, x.dtype), relu), mean, invstd, var


def _moments(fold: _Folded) -> tuple[np.ndarray, np.ndarray]:
    """Mean and biased variance of each channel, in float64."""
    [rows] = fold.rows
    anchor = rows[0, : fold.channels].copy()
    first, second = fold.partials()
    _sums(rows, np.tile(anchor, fold.k), first, second)
    shift = fold.total(first) / fold.count
    return anchor + shift, np.maximum(fold.total(second) / fold.count - shift * shift, 0.0)


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
    affine = affine_of(mean.astype(np.float64), 1.0 / np.sqrt(var.astype(np.float64) + eps), gamma, beta, x.dtype)
    return _normalise(x, affine, relu)


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
    return _normalise(x, affine_of(mean, invstd, gamma, beta, x.dtype), relu, out)


def _normalise(x: np.ndarray, affine: Affine, relu: bool, out: np.ndarray | None = None) -> np.ndarray:
    y = empty(x.shape, x.dtype) if out is None else out
    fold = _Folded(x, y)
    _apply(fold.rows[0], fold.per_channel(*affine), fold.floor(relu), fold.rows[1])
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
    mean, invstd = mean.astype(np.float64), invstd.astype(np.float64)
    affine = affine_of(mean, invstd, gamma, beta, x.dtype)
    grad = grad if grad.dtype == x.dtype else grad.astype(x.dtype)
    dx = None if not input_grad else grad if overwrite else empty(x.shape, x.dtype)
    fold = _Folded(x, grad, *([] if dx is None else [dx]))
    first, second = fold.partials()
    _grad_sums(fold.rows[1], fold.rows[0], fold.per_channel(*affine), fold.floor(relu), first, second)
    anchor, scale, _ = affine
    dbeta = fold.total(first)
    dgamma = (fold.total(second) - (mean - anchor) * dbeta) * invstd
    if input_grad:
        slope = constant = np.zeros(fold.channels)
        if training:
            slope = -scale * invstd * dgamma / fold.count
            constant = -scale * dbeta / fold.count - slope * (mean - anchor)
        _grad_apply(
            fold.rows[1], fold.rows[0], fold.per_channel(*affine, slope, constant), fold.floor(relu), fold.rows[2]
        )
    return dx, dgamma.astype(x.dtype), dbeta.astype(x.dtype)
