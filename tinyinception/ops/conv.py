"""Convolution and the linear layer, the operations with weights."""

from __future__ import annotations

import numpy as np

from tinyinception import kernels
from tinyinception.checks import is_whole
from tinyinception.errors import GraphError
from tinyinception.habits import channels_first
from tinyinception.kernels import ahead
from tinyinception.ops.base import Cost, Operation, Shape, Window, by_x, count
from tinyinception.ops.padding import Pads, Pair, output_size, pair, resolve, span
from tinyinception.ops.reduction import add_up


class Conv2d(Operation):
    """Two-dimensional cross-correlation, what deep learning calls convolution.

    Inputs x N x H x W x Cin, w KH x KW x Cin/groups x Cout and, if any, b Cout; output N x OH x OW x Cout. Padding as
    in `ops.padding.resolve`. With groups, group g maps the g-th slice of the input channels to the g-th slice of the
    output channels (AlexNet's two towers; as many groups as channels is a depthwise convolution).
    dilation: pixels from one tap of the kernel to the next (Yu and Koltun 2016); it costs nothing, and "same" padding
    grows with it.
    moments: whether batch-norm follows, in training; then, where the graph is recorded and there is one group, the
    attribute holds mean and biased variance of each output channel after forward, gathered while in the cache.
    norm: (mean, variance, gamma or None, beta or None, eps, relu) of a batch-norm in evaluation, to be done in the same
    pass, with the bits of two operations; there is no gradient then.
    """

    analytic = fresh = True
    _window: Window | None = None

    def __init__(
        self,
        stride: int | Pair = 1,
        padding: str | int | Pair | Pads = "valid",
        groups: int = 1,
        *,
        dilation: int | Pair = 1,
        moments: bool = False,
        norm: tuple | None = None,
    ):
        self.stride, self.padding, self.dilation, self.groups = stride, padding, dilation, groups
        self.gather, self.norm = moments, norm

    def shape(self, x: Shape, w: Shape, b: Shape | None = None) -> Shape:
        if len(x) != 4 or 0 in x:
            raise self.fail(f"input must be N x H x W x C with no empty axis, not {by_x(x)}")
        if len(w) != 4 or 0 in w:
            raise self.fail(f"weights must be KH x KW x Cin x Cout with no empty axis, not {by_x(w)}")
        if not is_whole(self.groups, 1) or w[3] % self.groups:
            raise self.fail(
                f"groups must be a whole number that divides the {w[3]} output channels, got {self.groups!r}"
            )
        self.groups = int(self.groups)
        if x[3] != w[2] * self.groups:
            times = f" x {self.groups} groups" if self.groups > 1 else ""
            raise self.fail(
                f"input {by_x(x)} has {x[3]} channels, weights {by_x(w)} expect {w[2]}{times}"
                + channels_first(x, w[2] * self.groups)
            )
        if b is not None and b != (w[3],):
            raise self.fail(f"bias {by_x(b)} must have one number for each of the {w[3]} output channels")
        stride = pair(self.stride, "stride", 1, self.fail)
        dilation = pair(self.dilation, "dilation", 1, self.fail)
        reach = span(w[:2], dilation)
        pads = resolve(self.padding, reach, stride, x[1:3], self.fail)
        height, width = output_size(
            x[1:3],
            reach,
            stride,
            pads,
            lambda message: self.fail(
                message
                if reach == w[:2]
                else f"{message}; {by_x(w[:2])} with dilation {by_x(dilation)} spans that much"
            ),
        )
        self._window = Window(w[:2], stride, pads, dilation)
        return x[0], height, width, w[3]

    def forward(self, x, w, b=None):
        stride, pads, dilation = self._window.stride, self._window.padding, self._window.dilation
        if self.norm is not None:
            if any(self.needs):
                raise GraphError(f"{self.where()}: fused with batch-norm it has no gradient")
            return kernels.conv2d_norm(x, w, b, stride, pads, self.groups, *self.norm, dilation)
        self.reads, self.saved = _operands(self.needs), (x.shape, w.shape, dilation, (stride, pads, self.groups))
        if any(self.needs):
            ahead.backward(x.dtype)
        if not self.gather or self.groups > 1 or not any(self.needs):
            return kernels.conv2d(x, w, b, stride, pads, self.groups, dilation)
        y, *moments = kernels.conv2d_moments(x, w, b, stride, pads, dilation)
        self.moments = tuple(moments)
        return y

    def backward(self, grad):
        x_shape, w_shape, dilation, at = self.saved
        dx = dw = None
        if self.needs[0]:
            into = self.into[0] if self.into else None
            dx = kernels.conv2d_input_grad(grad, self.input(1), x_shape, *at, into, dilation)
        if self.needs[1]:
            dw = kernels.conv2d_weight_grad(grad, self.input(0), w_shape, *at, dilation)
        db = add_up(grad, (0, 1, 2)) if len(self.needs) > 2 and self.needs[2] else None
        return (dx, dw, db)[: len(self.needs)]

    def cost(self, x: Shape, w: Shape, b: Shape | None = None) -> Cost:
        """A multiply-add per output element and weight that reaches it, padding included; a bias adds one FLOP each."""
        out = count(self.shape(x, w, b))
        macs = out * w[0] * w[1] * w[2]
        return Cost(
            macs=macs, flops=2 * macs + (out if b else 0), parameters=count(w) + (w[3] if b else 0), activations=out
        )

    def window(self) -> Window | None:
        """Kernel, stride, padding and dilation, known once `shape` has seen the input and the weights."""
        return self._window


class Linear(Operation):
    """x @ w + b: x N x K, w K x F, b F or none. Computed as a 1x1 convolution, so that one product serves both."""

    analytic = fresh = True

    def shape(self, x: Shape, w: Shape, b: Shape | None = None) -> Shape:
        if len(x) != 2 or 0 in x:
            raise self.fail(f"input must be N x K and not empty, not {by_x(x)}; flatten it first")
        if len(w) != 2 or x[1] != w[0]:
            raise self.fail(f"input {by_x(x)} has {x[1]} features, weights {by_x(w)} expect {w[0] if w else 0}")
        if b is not None and b != (w[1],):
            raise self.fail(f"bias {by_x(b)} must have one number for each of the {w[1]} outputs")
        return x[0], w[1]

    def forward(self, x, w, b=None):
        self.reads, self.saved = _operands(self.needs), (x.shape, w.shape)
        return kernels.conv2d(_as_image(x), w[None, None], b, (1, 1), (0, 0, 0, 0), 1).reshape(x.shape[0], w.shape[1])

    def backward(self, grad):
        ((n, k), w_shape), image, at = self.saved, _as_image(grad), ((1, 1), (0, 0, 0, 0), 1)
        dx = dw = None
        if self.needs[0]:
            dx = kernels.conv2d_input_grad(image, self.input(1)[None, None], (n, 1, 1, k), *at).reshape(n, k)
        if self.needs[1]:
            dw = kernels.conv2d_weight_grad(image, _as_image(self.input(0)), (1, 1, *w_shape), *at)[0, 0]
        db = add_up(grad, (0,)) if len(self.needs) > 2 and self.needs[2] else None
        return (dx, dw, db)[: len(self.needs)]

    def cost(self, x: Shape, w: Shape, b: Shape | None = None) -> Cost:
        out = count(self.shape(x, w, b))
        return Cost(
            macs=out * w[0],
            flops=2 * out * w[0] + (out if b else 0),
            parameters=count(w) + (w[1] if b else 0),
            activations=out,
        )


def _operands(needs: tuple[bool, ...]) -> tuple[int, ...]:
    """Which of x and w backward reads: each is needed for the gradient of the other."""
    return (*((0,) if needs[1] else ()), *((1,) if needs[0] else ()))


def _as_image(rows: np.ndarray) -> np.ndarray:
    return rows[:, None, None, :]
