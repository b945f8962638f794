"""Element by element, on all cores: NumPy takes one, and fresh memory for each result.

Worth it from `kernels.LARGE` elements on; below, NumPy is as fast, and Numba need not even be imported.
"""

from __future__ import annotations

import numpy as np

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import dense, empty
from tinyinception.kernels.team import PIECES, deal, workers


@kernel(parallel=False)
def _part(array, unit, units):
    """One of so many equal parts. Its loop begins at 0: of other indices Numba asks whether they are negative."""
    return array[array.size * unit // units : array.size * (unit + 1) // units]


@kernel(parallel=False)
def _add_some(unit, units, a, b, out):
    a, b, out = _part(a, unit, units), _part(b, unit, units), _part(out, unit, units)
    for i in range(out.size):
        out[i] = a[i] + b[i]


@kernel(parallel=False)
def _add(a, b, out, workers):
    deal(_add_some, PIECES, workers, (PIECES, a, b, out))


@kernel(parallel=False)
def _relu_of_some(unit, units, x, y):
    zero, x, y = x.dtype.type(0), _part(x, unit, units), _part(y, unit, units)
    for i in range(x.size):
        y[i] = zero if x[i] < zero else x[i]


@kernel(parallel=False)
def _relu(x, y, workers):
    deal(_relu_of_some, PIECES, workers, (PIECES, x, y))


@kernel(parallel=False)
def _relu_grad_of_some(unit, units, grad, y, dx):
    zero, grad, y, dx = grad.dtype.type(0), _part(grad, unit, units), _part(y, unit, units), _part(dx, unit, units)
    for i in range(y.size):
        g = grad[i]
        dx[i] = g if y[i] > zero else zero


@kernel(parallel=False)
def _relu_grad(grad, y, dx, workers):
    deal(_relu_grad_of_some, PIECES, workers, (PIECES, grad, y, dx))


def add(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> np.ndarray:
    """out = a + b for arrays of one shape, without gaps; out may be a or b."""
    launch(_add, a.reshape(-1), b.reshape(-1), out.reshape(-1), workers(3 * a.size))
    return out


def relu(x: np.ndarray) -> np.ndarray:
    """max(x, 0); NaN stays NaN."""
    y = empty(x.shape, x.dtype)
    launch(_relu, dense(x).reshape(-1), y.reshape(-1), workers(2 * x.size))
    return y


def relu_grad(grad: np.ndarray, y: np.ndarray, overwrite: bool = False) -> np.ndarray:
    """Gradient of the input, from the result y: 0 where that is 0. overwrite: it may take the place of `grad`."""
    dx = grad if overwrite and grad.flags.carray else empty(y.shape, grad.dtype)
    launch(_relu_grad, dense(grad).reshape(-1), y.reshape(-1), dx.reshape(-1), workers(3 * y.size))
    return dx
