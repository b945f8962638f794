"""Joining branches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyinception import kernels
from tinyinception.checks import is_whole
from tinyinception.ops.operation import NOTHING, Cost, Forward, Grads, Keeps, Kept, Operation, Shape, by_x, size_of


@dataclass(frozen=True)
class Concat(Operation):
    """Join inputs along an axis, by default the channels: how an Inception module puts its branches together."""

    analytic = only_places = True
    axis: int = -1

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
    def launches(self) -> bool:
        """Along the channels."""
        return self.axis == -1

    @property
    def recomputes(self) -> bool:
        """Along the channels: there the pieces can be written where they belong."""
        return self.axis == -1

    def forward(self, *arrays: np.ndarray) -> Forward:
        return kernels.concat_channels(arrays) if self.axis == -1 else np.concatenate(arrays, self.axis)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return tuple(self.places(grad, kept.shapes))

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return Keeps((True,) * len(wanted)) if self.recomputes else NOTHING

    def places(self, out: np.ndarray, shapes: Sequence[Shape]) -> list[np.ndarray]:
        """The slice of each input."""
        ends = np.cumsum([shape[self.axis] for shape in shapes])
        return np.split(out, ends[:-1], self.axis)

    def cost(self, *shapes: Shape) -> Cost:
        """No arithmetic, only copies."""
        return Cost(activations=size_of(self.shape(*shapes)))
