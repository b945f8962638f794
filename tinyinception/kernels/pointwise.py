"""Element by element, on all cores: NumPy takes one, and fresh memory for each result.

Worth it from `kernels.LARGE` elements on; below, NumPy is as fast, and Numba need not even be imported.
"""

from __future__ import annotations

import numpy as np

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import dense, empty
from tinyinception.kernels.reference import GELU_CUBIC, GELU_FAR, GELU_SLOPE
from tinyinception.kernels.team import PIECES, deal, workers
from tinyinception.kernels.vectors import address


@kernel(parallel=False)
def _part(array, unit, units):
    """One of so many equal parts. Its loop begins at 0: of other indices Numba asks whether they are negative."""
    return array[array.size * unit // units : array.size * (unit + 1) // units]


@kernel(parallel=False)
def _add_some(unit, units, a, b, out):
    a, b, out = _part(a, unit, units), _part(b, unit, units), _part(out, unit, units)
    if address(out) == address(b):
        a, b = b, a
    if address(out) == address(a):  # two arrays, not three, or each number written might be one that is yet to be read
        for i in range(out.size):
            out[i] += b[i]
    else:
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
    if address(dx) == address(grad):
        for i in range(y.size):
            g = dx[i]
            dx[i] = g if y[i] > zero else zero
    else:
        for i in range(y.size):
            g = grad[i]
            dx[i] = g if y[i] > zero else zero


@kernel(parallel=False)
def _relu_grad(grad, y, dx, workers):
    deal(_relu_grad_of_some, PIECES, workers, (PIECES, grad, y, dx))


@kernel(parallel=False)
def _tanh32(u):
    """Hyperbolic tangent in float32, to 4e-7: Eigen's rational function, which vectorises as no call does."""
    f, square = np.float32, u * u
    p = square * f(-2.76076847742355e-16) + f(2.00018790482477e-13)
    p = square * p + f(-8.60467152213735e-11)
    p = square * p + f(5.12229709037114e-08)
    p = square * p + f(1.48572235717979e-05)
    p = square * p + f(6.37261928875436e-04)
    p = square * p + f(4.89352455891786e-03)
    q = square * f(1.19825839466702e-06) + f(1.18534705686654e-04)
    q = square * q + f(2.26843463243900e-03)
    q = square * q + f(4.89352518554385e-03)
    t = u * p / q
    t = f(1) if u > f(7.9) else t
    return f(-1) if u < f(-7.9) else t


@kernel(parallel=False)
def _gelu_of_some(unit, units, x, y):
    x, y, real = _part(x, unit, units), _part(y, unit, units), x.dtype.type
    half, one, slope, cubic = real(0.5), real(1), real(GELU_SLOPE), real(GELU_SLOPE * GELU_CUBIC)
    if x.itemsize == 4:
        for i in range(x.size):
            a = x[i]
            y[i] = half * a * (one + _tanh32(a * (slope + cubic * a * a)))
    else:
        for i in range(x.size):
            a = x[i]
            y[i] = half * a * (one + np.tanh(a * (slope + cubic * a * a)))


@kernel(parallel=False)
def _gelu(x, y, workers):
    deal(_gelu_of_some, PIECES, workers, (PIECES, x, y))


@kernel(parallel=False)
def _gelu_grad_of_some(unit, units, grad, x, dx):
    x, grad, dx, real = _part(x, unit, units), _part(grad, unit, units), _part(dx, unit, units), x.dtype.type
    half, one, far = real(0.5), real(1), real(GELU_FAR)
    slope, cubic, thrice = real(GELU_SLOPE), real(GELU_SLOPE * GELU_CUBIC), real(3 * GELU_SLOPE * GELU_CUBIC)
    if x.itemsize == 4:
        for i in range(x.size):
            a = far if x[i] > far else x[i]
            a = -far if a < -far else a
            t = _tanh32(a * (slope + cubic * a * a))
            dx[i] = grad[i] * half * (one + t + a * (one - t * t) * (slope + thrice * a * a))
    else:
        for i in range(x.size):
            a = far if x[i] > far else x[i]
            a = -far if a < -far else a
            t = np.tanh(a * (slope + cubic * a * a))
            dx[i] = grad[i] * half * (one + t + a * (one - t * t) * (slope + thrice * a * a))


@kernel(parallel=False)
def _gelu_grad(grad, x, dx, workers):
    deal(_gelu_grad_of_some, PIECES, workers, (PIECES, grad, x, dx))


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


def gelu(x: np.ndarray) -> np.ndarray:
    """GELU in its tanh form; of float32 to 2e-7 of |x|."""
    y = empty(x.shape, x.dtype)
    launch(_gelu, dense(x).reshape(-1), y.reshape(-1), workers(2 * x.size))
    return y


def gelu_grad(grad: np.ndarray, x: np.ndarray, overwrite: bool = False) -> np.ndarray:
    """Gradient of the input x. overwrite: it may take the place of `grad`."""
    dx = grad if overwrite and grad.flags.carray else empty(x.shape, grad.dtype)
    launch(_gelu_grad, dense(grad).reshape(-1), dense(x).reshape(-1), dx.reshape(-1), workers(3 * x.size))
    return dx
