"""Joining branches."""

from __future__ import annotations

import numpy as np

from tinyinception import kernels
from tinyinception.checks import is_whole
from tinyinception.kernels.memory import empty
from tinyinception.ops.base import Cost, Operation, Shape, by_x, count


class Concat(Operation):
    """Join inputs along an axis, by default the channels: how an Inception module puts its branches together."""

    analytic = True

    def __init__(self, axis: int = -1):
        self.axis = axis

    def shape(self, *shapes: Shape) -> Shape:
        if not shapes:
            raise self.fail("nothing to join")
        first = shapes[0]
        if not is_whole(self.axis, -len(first)) or self.axis >= len(first):
            raise self.fail(f"axis must be a whole number that fits an input of shape {by_x(first)}, got {self.axis!r}")
        axis = self.axis % len(first)
        for number, other in enumerate(shapes):
            if 0 in other:
                raise self.fail(f"input {number} is empty: {by_x(other)}")
            if len(other) != len(first) or any(
                a != b for i, (a, b) in enumerate(zip(first, other, strict=True)) if i != axis
            ):
                raise self.fail(
                    f"inputs may differ in axis {axis} only, but input 0 is {by_x(first)} and input "
                    f"{number} is {by_x(other)}"
                )
        return *first[:axis], sum(s[axis] for s in shapes), *first[axis + 1 :]

    @property
    def repeats(self) -> bool:
        """Along the channels: there the pieces can be written where they belong."""
        return self.axis in (-1, len(self.output_shape) - 1)

    def forward(self, *arrays):
        axis = self.axis % arrays[0].ndim
        self.saved = axis, [a.shape[axis] for a in arrays], arrays[0].dtype
        if self.repeats:
            self.reads = tuple(range(len(arrays)))
        return kernels.concat_channels(arrays) if self.repeats else np.concatenate(arrays, axis)

    def again(self, out=None):
        axis, sizes, dtype = self.saved
        if out is None:
            out = empty(self.output_shape, dtype)
        for kept, part in zip(self.kept, np.split(out, np.cumsum(sizes)[:-1], axis), strict=True):
            if isinstance(kept, Operation):
                kept.again(part)
            else:
                part[...] = kept
        return out

    def backward(self, grad):
        axis, sizes, _ = self.saved
        return tuple(np.split(grad, np.cumsum(sizes)[:-1], axis))

    def cost(self, *shapes: Shape) -> Cost:
        """No arithmetic, only copies."""
        return Cost(activations=count(self.shape(*shapes)))
