"""Arithmetic between tensors, with NumPy's broadcasting, and the matrix product."""

from __future__ import annotations

import numpy as np

from tinyinception.checks import number
from tinyinception.ops.base import Cost, Operation, Shape, by_x, count
from tinyinception.ops.reduction import add_up


def unbroadcast(grad: np.ndarray, shape: Shape) -> np.ndarray:
    """Sum a gradient over the axes along which its input of `shape` was repeated."""
    extra = grad.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 and grad.shape[i + extra] != 1)
    return add_up(grad, axes).reshape(shape) if axes else grad


class Elementwise(Operation):
    """Two inputs combined element by element; either is repeated where its axis has size 1."""

    analytic = True

    def shape(self, a: Shape, b: Shape) -> Shape:
        try:
            return np.broadcast_shapes(a, b)
        except ValueError:
            raise self.fail(f"shapes {by_x(a)} and {by_x(b)} do not broadcast") from None

    def cost(self, *shapes: Shape) -> Cost:
        n = count(self.shape(*shapes))
        return Cost(flops=n, activations=n)


class Add(Elementwise):
    """a + b."""

    def forward(self, a, b):
        self.saved = a.shape, b.shape
        return a + b

    def backward(self, grad):
        return [unbroadcast(grad, s) if need else None for s, need in zip(self.saved, self.needs, strict=True)]


class Subtract(Elementwise):
    """a - b."""

    def forward(self, a, b):
        self.saved = a.shape, b.shape
        return a - b

    def backward(self, grad):
        a, b = self.saved
        return unbroadcast(grad, a) if self.needs[0] else None, unbroadcast(-grad, b) if self.needs[1] else None


class Multiply(Elementwise):
    """a * b."""

    def forward(self, a, b):
        self.saved = a, b
        return a * b

    def backward(self, grad):
        a, b = self.saved
        return (
            unbroadcast(grad * b, a.shape) if self.needs[0] else None,
            unbroadcast(grad * a, b.shape) if self.needs[1] else None,
        )


class Divide(Elementwise):
    """a / b."""

    def forward(self, a, b):
        self.saved = a, b
        return a / b

    def backward(self, grad):
        a, b = self.saved
        return (
            unbroadcast(grad / b, a.shape) if self.needs[0] else None,
            unbroadcast(-grad * a / (b * b), b.shape) if self.needs[1] else None,
        )


class Negate(Operation):
    """-a."""

    analytic = True

    def shape(self, a: Shape) -> Shape:
        return a

    def forward(self, a):
        return -a

    def backward(self, grad):
        return (-grad,)

    def cost(self, a: Shape) -> Cost:
        return Cost(flops=count(a), activations=count(a))


class Power(Operation):
    """a ** exponent, for a number as exponent."""

    analytic = True

    def __init__(self, exponent: float):
        exponent = number("Power: exponent", exponent, "(-inf, inf)")
        self.exponent = float(exponent) if exponent != int(exponent) else int(exponent)

    def shape(self, a: Shape) -> Shape:
        return a

    def forward(self, a):
        self.saved = a
        return a**self.exponent

    def backward(self, grad):
        if self.exponent == 0:  # 0 * a**-1 would be NaN at a = 0
            return (np.zeros_like(grad),)
        return (grad * self.exponent * self.saved ** (self.exponent - 1),)

    def cost(self, a: Shape) -> Cost:
        return Cost(flops=count(a), activations=count(a))


class MatMul(Operation):
    """a @ b over the last two axes; leading axes broadcast."""

    analytic = True

    def shape(self, a: Shape, b: Shape) -> Shape:
        if len(a) < 2 or len(b) < 2 or a[-1] != b[-2]:
            raise self.fail(
                f"cannot multiply {by_x(a)} by {by_x(b)}: both need two axes or more, and the last of the "
                "first must equal the last but one of the second"
            )
        try:
            return (*np.broadcast_shapes(a[:-2], b[:-2]), a[-2], b[-1])
        except ValueError:
            raise self.fail(f"leading axes of {by_x(a)} and {by_x(b)} do not broadcast") from None

    def forward(self, a, b):
        self.saved = a, b
        return a @ b

    def backward(self, grad):
        a, b = self.saved
        return (
            unbroadcast(grad @ b.swapaxes(-1, -2), a.shape) if self.needs[0] else None,
            unbroadcast(a.swapaxes(-1, -2) @ grad, b.shape) if self.needs[1] else None,
        )

    def cost(self, a: Shape, b: Shape) -> Cost:
        n = count(self.shape(a, b))
        return Cost(macs=n * a[-1], flops=2 * n * a[-1], activations=n)
