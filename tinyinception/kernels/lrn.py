"""Local response normalisation across channels: Krizhevsky et al. 2012, section 3.3.

b[c] = a[c] / (k + alpha * sum of a[j]^2 over the `size` channels j around c) ^ beta, the window being cut at both ends.
"""

from __future__ import annotations

import numpy as np

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import accumulator, empty, wide
from tinyinception.kernels.team import deal, workers

CHUNKS = 64


@kernel(parallel=False)
def _scales(a, size, alpha, k, squares, scale):
    """scale[c] = k + alpha * (sum of squares around c); `squares` keeps size - 1 zeros around the channels."""
    channels, before = scale.shape[0], size // 2
    for c in range(channels):
        squares[before + c] = a[c] * a[c]
    scale[:] = 0
    for t in range(size):
        for c in range(channels):
            scale[c] += squares[c + t]
    for c in range(channels):
        scale[c] = k + alpha * scale[c]


@kernel(parallel=False)
def _divide(a, scale, beta, y):
    """y = a / scale^beta; the papers' exponent, 3/4, is two square roots, which are a vector instruction."""
    if beta == 0.75:
        for c in range(scale.shape[0]):
            root = np.sqrt(scale[c])
            y[c] = a[c] / (root * np.sqrt(root))
    else:
        for c in range(scale.shape[0]):
            y[c] = a[c] / scale[c] ** beta


@kernel(parallel=False)
def _lrn_rows(chunk, chunks, x, like, size, alpha, beta, k, y):
    rows, channels = y.shape
    squares, scale = np.zeros(channels + size - 1, like.dtype), np.empty(channels, like.dtype)
    for r in range(rows * chunk // chunks, rows * (chunk + 1) // chunks):
        _scales(x[r], size, alpha, k, squares, scale)
        _divide(x[r], scale, beta, y[r])


@kernel(parallel=False)
def _lrn(x, like, size, alpha, beta, k, y, workers):
    chunks = min(CHUNKS, x.shape[0])
    deal(_lrn_rows, chunks, workers, (chunks, x, like, size, alpha, beta, k, y))


@kernel(parallel=False)
def _lrn_grad_rows(chunk, chunks, grad, x, like, size, alpha, beta, k, dx):
    (rows, channels), after = dx.shape, (size - 1) // 2
    squares, scale = np.zeros(channels + size - 1, like.dtype), np.empty(channels, like.dtype)
    sent, received = np.zeros(channels + size - 1, like.dtype), np.empty(channels, like.dtype)
    for r in range(rows * chunk // chunks, rows * (chunk + 1) // chunks):
        a, g, out = x[r], grad[r], dx[r]
        _scales(a, size, alpha, k, squares, scale)
        _divide(g, scale, beta, out)
        for c in range(channels):  # channel c was in the windows of c - after .. c + before: the mirrored window
            sent[after + c] = out[c] * a[c] / scale[c]
        received[:] = 0
        for t in range(size):
            for c in range(channels):
                received[c] += sent[c + t]
        twice = x.dtype.type(2) * alpha * beta  # a bare 2 is an integer, and would make this float64
        for c in range(channels):
            out[c] -= twice * a[c] * received[c]


@kernel(parallel=False)
def _lrn_grad(grad, x, like, size, alpha, beta, k, dx, workers):
    chunks = min(CHUNKS, x.shape[0])
    deal(_lrn_grad_rows, chunks, workers, (chunks, grad, x, like, size, alpha, beta, k, dx))


def _rows(x: np.ndarray) -> np.ndarray:
    """Of x, or of the array of whose channels x is a slice."""
    array = wide(x)
    return array.reshape(-1, array.shape[-1])


def local_response_norm(x: np.ndarray, size: int, alpha: float, beta: float, k: float) -> np.ndarray:
    """Each number divided by a power of the energy of its neighbours; channels last.

    size: channels in the window, from c - size // 2 to c + (size - 1) // 2. alpha multiplies the sum, as in the paper;
    Caffe and PyTorch multiply the mean, which is alpha / size here.
    """
    y, how = empty(x.shape, x.dtype), (size, *map(x.dtype.type, (alpha, beta, k)))
    launch(_lrn, _rows(x), accumulator(size, x.dtype), *how, _rows(y), workers(size * x.size))
    return y


def local_response_norm_grad(
    grad: np.ndarray, x: np.ndarray, size: int, alpha: float, beta: float, k: float
) -> np.ndarray:
    """Gradient of the input."""
    dx, how = empty(x.shape, x.dtype), (size, *map(x.dtype.type, (alpha, beta, k)))
    like = accumulator(size, x.dtype)
    launch(_lrn_grad, _rows(grad), _rows(x), like, *how, _rows(dx), workers(size * x.size))
    return dx
