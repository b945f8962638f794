"""Operations that do the work of two in one pass over memory, to the same bits; `nn.fusion` says when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyinception import kernels
from tinyinception.errors import GraphError
from tinyinception.ops.conv import Conv2d
from tinyinception.ops.norm import BatchNorm
from tinyinception.ops.operation import Cost, Forward, Grads, Kept, Operation, Shape, Window


@dataclass(frozen=True)
class MomentsConv2d(Conv2d):
    """`Conv2d` without groups, before a batch-norm in training.

    Puts aside (mean, biased variance) of each output channel, in float64, gathered while the numbers are in the cache.
    """

    launches = True

    def forward(self, x: np.ndarray, w: np.ndarray, b: np.ndarray | None = None) -> Forward:
        window = self.window(x.shape, w.shape)
        y, mean, var = kernels.conv2d_moments(x, w, b, window.stride, window.padding, window.dilation)
        return y, (mean, var)

    @property
    def name(self) -> str:
        """A convolution, as shown to the user."""
        return "Conv2d"

    def aside_bytes(self, *shapes: Shape | None) -> int:
        """Statistics, which do not grow with the batch."""
        return 0


@dataclass(frozen=True)
class ConvNorm(Operation):
    """A convolution and the batch-norm in evaluation behind it, with the bits of the two, in one pass over memory.

    Inputs x, w, b or None, gamma or None, beta or None, mean, var. There is no gradient.
    """

    launches, tensors = True, 5
    conv: Conv2d
    norm: BatchNorm

    def shape(self, x: Shape, w: Shape, b: Shape | None, *norm: Shape | None) -> Shape:
        return self.norm.shape(self.conv.shape(x, w, b), *norm)

    def forward(
        self,
        x: np.ndarray,
        w: np.ndarray,
        b: np.ndarray | None,
        gamma: np.ndarray | None,
        beta: np.ndarray | None,
        mean: np.ndarray,
        var: np.ndarray,
    ) -> Forward:
        window, norm = self.conv.window(x.shape, w.shape), (mean, var, gamma, beta, self.norm.eps, self.norm.relu)
        return kernels.conv2d_norm(
            x, w, b, window.stride, window.padding, int(self.conv.groups), *norm, window.dilation
        )

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        raise GraphError(f"{self.where()}: fused with batch-norm it has no gradient")

    def cost(self, x: Shape, w: Shape, b: Shape | None, *norm: Shape | None) -> Cost:
        out = self.conv.shape(x, w, b)
        return self.conv.cost(x, w, b) + self.norm.cost(out, *norm)

    def window(self, x: Shape, w: Shape, *rest: Shape | None) -> Window:
        return self.conv.window(x, w)
