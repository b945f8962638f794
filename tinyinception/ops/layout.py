"""Operations that move numbers without computing: reshape, transpose, slice, pad."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyinception import kernels
from tinyinception.checks import is_whole, number
from tinyinception.ops.operation import (
    NOTHING,
    Forward,
    Grads,
    Keeps,
    Kept,
    Operation,
    Room,
    Shape,
    by_x,
    no_room,
    size_of,
)


def _listed(given: Sequence) -> tuple:
    """The numbers themselves, whether they were given one by one or as one list."""
    alone: Any = given[0] if len(given) == 1 else None
    several = isinstance(alone, (tuple, list, range)) or (isinstance(alone, np.ndarray) and alone.ndim > 0)
    return tuple(alone) if several else tuple(given)


@dataclass(frozen=True)
class Reshape(Operation):
    """The same elements in another shape; one size may be -1, and follows from the others."""

    analytic = view = True
    target: tuple[int, ...]

    def __post_init__(self) -> None:
        sizes = _listed(self.target)
        if not all(is_whole(n, -math.inf) for n in sizes):
            raise self.fail(f"sizes must be whole numbers, got {sizes}")
        object.__setattr__(self, "target", tuple(int(n) for n in sizes))

    def shape(self, a: Shape) -> Shape:
        known = size_of(tuple(n for n in self.target if n != -1))
        free = self.target.count(-1)
        if (
            any(n < -1 for n in self.target)
            or free > 1
            or (free and (known == 0 or size_of(a) % known))
            or (not free and known != size_of(a))
        ):
            raise self.fail(f"cannot view {by_x(a)} ({size_of(a)} elements) as {self.target}")
        return tuple(size_of(a) // known if n == -1 else n for n in self.target)

    def forward(self, a: np.ndarray) -> Forward:
        return a.reshape(self.shape(a.shape))

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return (grad.reshape(kept.shapes[0]),)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING


@dataclass(frozen=True)
class Transpose(Operation):
    """Axes in another order; without axes, reversed."""

    analytic = view = True
    axes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "axes", _listed(self.axes))
        if not all(is_whole(i, -math.inf) for i in self.axes):
            raise self.fail(f"axes must be whole numbers, got {self.axes}")

    def order(self, ndim: int) -> tuple[int, ...]:
        """The permutation for an input of ndim axes."""
        return tuple(i % ndim for i in self.axes) if self.axes else tuple(reversed(range(ndim)))

    def shape(self, a: Shape) -> Shape:
        if self.axes and sorted(i + len(a) if i < 0 else i for i in self.axes) != list(range(len(a))):
            raise self.fail(f"axes {self.axes} are no permutation of the {len(a)} axes of {by_x(a)}")
        return tuple(a[i] for i in self.order(len(a)))

    def forward(self, a: np.ndarray) -> Forward:
        return a.transpose(self.order(a.ndim))

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return (grad.transpose(np.argsort(self.order(grad.ndim))),)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING


@dataclass(frozen=True)
class Slice(Operation):
    """a[index] for whole numbers, slices, None and `...`; every element is used at most once."""

    analytic = view = new_arrays = True
    index: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", self.index if isinstance(self.index, tuple) else (self.index,))

    def shape(self, a: Shape) -> Shape:
        if not all(
            i is None or i is Ellipsis or (isinstance(i, (int, np.integer, slice)) and not isinstance(i, bool))
            for i in self.index
        ):
            kinds = ", ".join(type(i).__name__ for i in self.index)
            raise self.fail(f"an index must be whole numbers, slices, None or ..., not {kinds}")
        try:
            return np.broadcast_to(np.empty((), np.int8), a)[self.index].shape
        except (IndexError, TypeError, ValueError) as error:
            raise self.fail(f"index {self.index} does not fit a tensor of shape {by_x(a)} ({error})") from None

    def forward(self, a: np.ndarray) -> Forward:
        return a[self.index if Ellipsis in self.index else (*self.index, ...)]  # a view, of one element too

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return Slice.backward_in_place(self, kept, grad, no_room(kept))

    def backward_in_place(self, kept: Kept, grad: np.ndarray, room: Room) -> Grads:
        if self._is_channels(kept.shapes[0]):
            return (kernels.slice_channels_grad(grad, kept.shapes[0], self.index[-1].start or 0, room.sums[0]),)
        out = np.zeros(kept.shapes[0], grad.dtype) if room.sums[0] is None else room.sums[0]
        out[self.index] += grad
        return (out,)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING

    def _is_channels(self, a: Shape) -> bool:
        """Whether this is a run of channels of all pixels, as `split` cuts them."""
        *pixels, channels = self.index
        return (
            len(self.index) == len(a) > 1
            and all(isinstance(i, slice) and i == slice(None) for i in pixels)
            and isinstance(channels, slice)
            and channels.step is None
            and (channels.start or 0) >= 0
        )


@dataclass(frozen=True)
class Pad(Operation):
    """A frame of a constant around each axis; widths as (before, after) per axis."""

    analytic = True
    widths: Sequence[tuple[int, int]]
    value: float = 0.0

    def __post_init__(self) -> None:
        number("Pad: value", self.value, "[-inf, inf]")

    def shape(self, a: Shape) -> Shape:
        lists = tuple, list, np.ndarray
        fits = (
            isinstance(self.widths, lists)
            and len(self.widths) == len(a)
            and all(
                isinstance(pair, lists) and len(pair) == 2 and all(is_whole(n, 0) for n in pair) for pair in self.widths
            )
        )
        if not fits:
            raise self.fail(
                f"widths must be two whole numbers of at least 0, (before, after), for each axis of "
                f"{by_x(a)}, got {self.widths}"
            )
        return tuple(n + before + after for n, (before, after) in zip(a, self.widths, strict=True))

    def forward(self, a: np.ndarray) -> Forward:
        return np.pad(a, self.widths, constant_values=self.value)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return (grad[tuple(slice(b, b + n) for n, (b, _) in zip(kept.shapes[0], self.widths, strict=True))],)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING
