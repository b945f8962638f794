"""Sum, mean and maximum over axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyinception import kernels
from tinyinception.checks import is_whole
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import FEW, empty
from tinyinception.ops.operation import NOTHING, Cost, Forward, Grads, Keeps, Kept, Operation, Shape, by_x, size_of


def add_up(a: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Sums over axes, numbered from 0 on, in the dtype of a but added up with 64 bits; those axes are gone.

    Every sum of many numbers is this one: in float32 it would lose what is added once it is large.
    """
    out = _without(a, axes)
    launch(_add_up, a, tuple(axes), out)
    return out


def average(a: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Means over axes, as `add_up`."""
    out = _without(a, axes)
    launch(_average, a, tuple(axes), out)
    return out


def _without(a: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    return empty(tuple(n for axis, n in enumerate(a.shape) if axis not in axes), a.dtype)


def _add_up(a: np.ndarray, axes: tuple[int, ...], out: np.ndarray) -> None:
    np.copyto(out, _wide_sums(a, axes), casting="same_kind")


def _average(a: np.ndarray, axes: tuple[int, ...], out: np.ndarray) -> None:
    np.copyto(out, _wide_sums(a, axes) / (a.size // out.size), casting="same_kind")


def _wide_sums(a: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    if size_of(tuple(a.shape[axis] for axis in axes)) <= FEW:
        return np.asarray(a.sum(axis=axes))
    if a.size < kernels.LARGE:
        return np.asarray(a.sum(axis=axes, dtype=np.result_type(a, np.float64)))
    return kernels.axis_sums(a, axes)


@dataclass(frozen=True)
class Reduction(Operation):
    """One number from many, along one axis, several, or all (None)."""

    axis: int | tuple[int, ...] | None = None
    keepdims: bool = False

    def axes(self, a: Shape) -> tuple[int, ...]:
        """The reduced axes of an input of shape a, as numbers from 0 on."""
        given = range(len(a)) if self.axis is None else self.axis
        given = given if isinstance(given, range | tuple | list) else (given,)
        if not all(is_whole(i, -math.inf) for i in given):
            raise self.fail(f"axis must be a whole number, several or None, got {self.axis!r}")
        axes = tuple(int(i) + len(a) if i < 0 else int(i) for i in given)
        if any(not 0 <= i < len(a) for i in axes) or len(set(axes)) < len(axes):
            raise self.fail(f"axis {self.axis} does not fit an input of shape {by_x(a)}")
        return axes

    def shape(self, a: Shape) -> Shape:
        axes = self.axes(a)
        if any(a[i] == 0 for i in axes):
            raise self.fail(f"nothing to reduce: the input {by_x(a)} is empty along axis {self.axis}")
        return tuple(1 if i in axes else n for i, n in enumerate(a) if self.keepdims or i not in axes)

    def spread(self, values: np.ndarray, a: Shape) -> np.ndarray:
        """Something of the output's shape, made to broadcast against the input of shape a."""
        axes = self.axes(a)
        return values.reshape(tuple(1 if i in axes else n for i, n in enumerate(a)))

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING

    def cost(self, a: Shape) -> Cost:
        """n - 1 additions or comparisons for each n that become one."""
        out = size_of(self.shape(a))
        return Cost(flops=size_of(a) - out, activations=out)


class Sum(Reduction):
    """Sum."""

    analytic = True

    def forward(self, a: np.ndarray) -> Forward:
        return add_up(a, self.axes(a.shape)).reshape(self.shape(a.shape))

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        (a,) = kept.shapes
        return (np.broadcast_to(self.spread(grad, a), a),)


class Mean(Reduction):
    """Arithmetic mean."""

    analytic = True

    def forward(self, a: np.ndarray) -> Forward:
        return average(a, self.axes(a.shape)).reshape(self.shape(a.shape))

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        (a,) = kept.shapes
        n = size_of(a) // max(size_of(grad.shape), 1)
        return (np.broadcast_to(self.spread(grad / grad.dtype.type(n), a), a),)

    def cost(self, a: Shape) -> Cost:
        """A sum and a division."""
        return Cost(flops=size_of(a), activations=size_of(self.shape(a)))


class Max(Reduction):
    """Maximum; where several elements share it, the first takes the whole gradient."""

    def forward(self, a: np.ndarray) -> Forward:
        rows = self._rows(a)
        first = rows.argmax(axis=-1)[..., None]
        return np.take_along_axis(rows, first, -1).reshape(self.shape(a.shape)), first

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        (a,), first = kept.shapes, kept.aside
        order = self._order(a)
        dx = np.zeros(a, grad.dtype)
        rows = np.zeros((*first.shape[:-1], size_of(a) // max(first.size, 1)), grad.dtype)
        np.put_along_axis(rows, first, grad.reshape(first.shape), -1)
        dx.transpose(order)[...] = rows.reshape([a[i] for i in order])
        return (dx,)

    def aside_bytes(self, a: Shape) -> int:
        """Where each maximum was found."""
        return size_of(self.shape(a)) * 8

    def _order(self, a: Shape) -> tuple[int, ...]:
        """The axes that stay, then those that are reduced."""
        axes = self.axes(a)
        return tuple(i for i in range(len(a)) if i not in axes) + axes

    def _rows(self, a: np.ndarray) -> np.ndarray:
        """What is reduced to one number, as the last axis."""
        order, kept = self._order(a.shape), a.ndim - len(self.axes(a.shape))
        return a.transpose(order).reshape(*(a.shape[i] for i in order[:kept]), -1)
