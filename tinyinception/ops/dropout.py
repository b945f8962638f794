"""Dropout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyinception.checks import number
from tinyinception.ops.operation import NOTHING, Cost, Forward, Grads, Keeps, Kept, Operation, Shape, by_x, size_of


@dataclass(frozen=True)
class Dropout(Operation):
    """Zero each element with probability `p` and scale the others by 1 / (1 - p) (Hinton et al. 2012, inverted).

    Inputs x, and numbers drawn evenly from 0 to 1 in the same shape: those below p decide who is zeroed. In evaluation,
    leave the operation out.
    """

    analytic, tensors = True, 1
    p: float

    def __post_init__(self) -> None:
        number("Dropout: p", self.p, "[0, 1)")

    def shape(self, x: Shape, draws: Shape | None = None) -> Shape:
        if draws is not None and draws != x:
            raise self.fail(f"draws are {by_x(draws)}, the input is {by_x(x)}")
        return x

    def forward(self, x: np.ndarray, draws: np.ndarray) -> Forward:
        mask = draws >= self.p
        return self._masked(x, mask), mask

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return self._masked(grad, kept.aside), None

    def _masked(self, array: np.ndarray, mask: np.ndarray) -> np.ndarray:
        out = array * mask
        out *= 1 / (1 - self.p)
        return out

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING

    def aside_bytes(self, x: Shape, draws: Shape | None = None) -> int:
        """The mask."""
        return size_of(x)

    def cost(self, x: Shape, draws: Shape | None = None) -> Cost:
        """One multiplication per element."""
        return Cost(flops=size_of(x), activations=size_of(x))
