"""Dropout."""

from __future__ import annotations

import numpy as np

from tinyinception.checks import number
from tinyinception.ops.base import Cost, Operation, Shape, count


class Dropout(Operation):
    """Zero each element with probability `p` and scale the others by 1 / (1 - p) (Hinton et al. 2012, inverted).

    The mask is drawn in forward from `rng`, the same for every dtype. In evaluation, leave the operation out.
    """

    analytic = True

    def __init__(self, p: float, rng: np.random.Generator):
        self.p, self.rng = number("Dropout: p", p, "[0, 1)"), rng

    def shape(self, x: Shape) -> Shape:
        return x

    def forward(self, x):
        self.saved = self.rng.random(x.shape, dtype=np.float32) >= self.p
        return self._masked(x)

    def backward(self, grad):
        return (self._masked(grad),)

    def _masked(self, array: np.ndarray) -> np.ndarray:
        out = array * self.saved
        out *= 1 / (1 - self.p)
        return out

    def cost(self, x: Shape) -> Cost:
        """One multiplication per element."""
        return Cost(flops=count(x), activations=count(x))
