"""Arithmetic between tensors, with NumPy's broadcasting, and the matrix product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyinception.checks import number
from tinyinception.ops.operation import (
    FIRST,
    NOTHING,
    Cost,
    Forward,
    Grads,
    Keeps,
    Kept,
    Operation,
    Shape,
    by_x,
    size_of,
)
from tinyinception.ops.reduction import add_up


def unbroadcast(grad: np.ndarray, shape: Shape) -> np.ndarray:
    """Sum a gradient over the axes along which its input of `shape` was repeated."""
    extra = grad.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(i + extra for i, n in enumerate(shape) if n == 1 and grad.shape[i + extra] != 1)
    return add_up(grad, axes).reshape(shape) if axes else grad


def of_the_other(wanted: tuple[bool, ...]) -> Keeps:
    """What a product keeps: each of its first two inputs is needed for the gradient of the other."""
    return Keeps((wanted[1], wanted[0]))


@dataclass(frozen=True)
class Elementwise(Operation):
    """Two inputs combined element by element; either is repeated where its axis has size 1."""

    analytic = True

    def shape(self, a: Shape, b: Shape) -> Shape:
        try:
            return np.broadcast_shapes(a, b)
        except ValueError:
            raise self.fail(f"shapes {by_x(a)} and {by_x(b)} do not broadcast") from None

    def cost(self, *shapes: Shape) -> Cost:
        n = size_of(self.shape(*shapes))
        return Cost(flops=n, activations=n)


class Add(Elementwise):
    """a + b."""

    def forward(self, a: np.ndarray, b: np.ndarray) -> Forward:
        return a + b

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return [unbroadcast(grad, s) if w else None for s, w in zip(kept.shapes, kept.wanted, strict=True)]

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING


class Subtract(Elementwise):
    """a - b."""

    def forward(self, a: np.ndarray, b: np.ndarray) -> Forward:
        return a - b

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        a, b = kept.shapes
        return unbroadcast(grad, a) if kept.wanted[0] else None, unbroadcast(-grad, b) if kept.wanted[1] else None

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING


class Multiply(Elementwise):
    """a * b."""

    def forward(self, a: np.ndarray, b: np.ndarray) -> Forward:
        return a * b

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        a, b = kept.inputs
        return (
            unbroadcast(grad * b, kept.shapes[0]) if kept.wanted[0] else None,
            unbroadcast(grad * a, kept.shapes[1]) if kept.wanted[1] else None,
        )

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return of_the_other(wanted)


class Divide(Elementwise):
    """a / b."""

    def forward(self, a: np.ndarray, b: np.ndarray) -> Forward:
        return a / b

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        a, b = kept.inputs
        return (
            unbroadcast(grad / b, kept.shapes[0]) if kept.wanted[0] else None,
            unbroadcast(-grad * a / (b * b), kept.shapes[1]) if kept.wanted[1] else None,
        )

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return Keeps((wanted[1], True))


@dataclass(frozen=True)
class Negate(Operation):
    """-a."""

    analytic = True

    def shape(self, a: Shape) -> Shape:
        return a

    def forward(self, a: np.ndarray) -> Forward:
        return -a

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return (-grad,)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING

    def cost(self, a: Shape) -> Cost:
        return Cost(flops=size_of(a), activations=size_of(a))


@dataclass(frozen=True)
class Power(Operation):
    """a ** exponent, for a number as exponent."""

    analytic = True
    exponent: float

    def __post_init__(self) -> None:
        exponent = number("Power: exponent", self.exponent, "(-inf, inf)")
        object.__setattr__(self, "exponent", float(exponent) if exponent != int(exponent) else int(exponent))

    def shape(self, a: Shape) -> Shape:
        return a

    def forward(self, a: np.ndarray) -> Forward:
        return a**self.exponent

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        if self.exponent == 0:  # 0 * a**-1 would be NaN at a = 0
            return (np.zeros_like(grad),)
        return (grad * self.exponent * kept.inputs[0] ** (self.exponent - 1),)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return FIRST

    def cost(self, a: Shape) -> Cost:
        return Cost(flops=size_of(a), activations=size_of(a))


@dataclass(frozen=True)
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

    def forward(self, a: np.ndarray, b: np.ndarray) -> Forward:
        return a @ b

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        a, b = kept.inputs
        return (
            unbroadcast(grad @ b.swapaxes(-1, -2), kept.shapes[0]) if kept.wanted[0] else None,
            unbroadcast(a.swapaxes(-1, -2) @ grad, kept.shapes[1]) if kept.wanted[1] else None,
        )

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return of_the_other(wanted)

    def cost(self, a: Shape, b: Shape) -> Cost:
        n = size_of(self.shape(a, b))
        return Cost(macs=n * a[-1], flops=2 * n * a[-1], activations=n)
