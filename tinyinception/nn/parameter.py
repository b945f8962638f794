"""Parameter: a tensor that a module learns."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from tinyinception.errors import ShapeError
from tinyinception.habits import named
from tinyinception.nn import random
from tinyinception.nn.init import Initializer
from tinyinception.ops import by_x
from tinyinception.tensor import Tensor

LARGEST = 1 << 40  # bytes of one array: no machine on which this runs holds more

_shape_only: ContextVar[bool] = ContextVar("shape_only", default=False)


@contextmanager
def shape_only() -> Iterator[None]:
    """Context in which modules are built with shapes but without data: any network is instant and weighs nothing."""
    token = _shape_only.set(True)
    try:
        yield
    finally:
        _shape_only.reset(token)


class Parameter(Tensor):
    """A Tensor that requires a gradient and that a Module finds when it is assigned to an attribute."""

    __slots__ = ()

    @named
    def __init__(self, data: Any) -> None:
        super().__init__(data, requires_grad=True)

    @classmethod
    def create(cls, shape: Sequence[int], init: Initializer) -> Parameter:
        """A float32 parameter with values from `init`, or without values inside `shape_only()`."""
        parameter = cls(buffer(shape, init))
        if _shape_only.get():
            parameter.hold(None, parameter.shape, parameter.dtype)
        return parameter

    def redraw(self, init: Initializer) -> None:
        """Start over with values from `init`, in the same shape and dtype; does nothing to one without values."""
        if self.data is not None:
            self.data = init(random.generator(), self.shape, self.dtype)

    def __repr__(self) -> str:
        return "Parameter" + super().__repr__().removeprefix("Tensor")


def buffer(shape: Sequence[int], init: Initializer) -> np.ndarray:
    """A float32 array for a module's state; inside `shape_only()` one zero that poses as the whole array.

    Raises ShapeError for an array that no memory holds.
    """
    size = 4 * math.prod(shape)
    if size > LARGEST:
        raise ShapeError(_too_large(shape, size))
    if _shape_only.get():
        return np.broadcast_to(np.float32(0), tuple(shape))
    try:
        return init(random.generator(), tuple(shape), np.dtype(np.float32))
    except MemoryError:
        raise ShapeError(_too_large(shape, size)) from None


def _too_large(shape: Sequence[int], size: int) -> str:
    return f"weights of shape {by_x(tuple(shape))} take {size / 1e9:,.0f} GB, more than this machine can hold"
