"""Convolution and the linear layer, the operations with weights."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tinyinception import kernels
from tinyinception.checks import is_whole
from tinyinception.habits import channels_first
from tinyinception.ops.arithmetic import of_the_other
from tinyinception.ops.operation import (
    Cost,
    Forward,
    Grads,
    Keeps,
    Kept,
    Operation,
    Room,
    Shape,
    Window,
    by_x,
    no_room,
    size_of,
)
from tinyinception.ops.padding import Pads, Pair, output_size, pair, resolve, span
from tinyinception.ops.reduction import add_up


@dataclass(frozen=True)
class Conv2d(Operation):
    """Two-dimensional cross-correlation, what deep learning calls convolution.

    Inputs x N x H x W x Cin, w KH x KW x Cin/groups x Cout and, if any, b Cout; output N x OH x OW x Cout. Padding as
    in `ops.padding.resolve`. With groups, group g maps the g-th slice of the input channels to the g-th slice of the
    output channels (AlexNet's two towers; as many groups as channels is a depthwise convolution).
    dilation: pixels from one tap of the kernel to the next (Yu and Koltun 2016); it costs nothing, and "same" padding
    grows with it.
    """

    analytic = new_arrays = launches = True
    stride: int | Pair = 1
    padding: str | int | Pair | Pads = "valid"
    groups: int = 1
    dilation: int | Pair = field(default=1, kw_only=True)

    def shape(self, x: Shape, w: Shape, b: Shape | None = None) -> Shape:
        if len(x) != 4 or 0 in x:
            raise self.fail(f"input must be N x H x W x C with no empty axis, not {by_x(x)}")
        if len(w) != 4 or 0 in w:
            raise self.fail(f"weights must be KH x KW x Cin x Cout with no empty axis, not {by_x(w)}")
        if not is_whole(self.groups, 1) or w[3] % self.groups:
            raise self.fail(
                f"groups must be a whole number that divides the {w[3]} output channels, got {self.groups!r}"
            )
        if x[3] != w[2] * self.groups:
            times = f" x {self.groups} groups" if self.groups > 1 else ""
            raise self.fail(
                f"input {by_x(x)} has {x[3]} channels, weights {by_x(w)} expect {w[2]}{times}"
                + channels_first(x, w[2] * self.groups)
            )
        if b is not None and b != (w[3],):
            raise self.fail(f"bias {by_x(b)} must have one number for each of the {w[3]} output channels")
        window = self.window(x, w)
        reach = span(window.kernel, window.dilation)
        height, width = output_size(
            (x[1], x[2]),
            reach,
            window.stride,
            window.padding,
            lambda message: self.fail(
                message
                if reach == window.kernel
                else f"{message}; {by_x(window.kernel)} with dilation {by_x(window.dilation)} spans that much"
            ),
        )
        return x[0], height, width, w[3]

    def window(self, x: Shape, w: Shape, b: Shape | None = None) -> Window:
        """Kernel, stride, padding in pixels, and dilation."""
        stride = pair(self.stride, "stride", 1, self.fail)
        dilation = pair(self.dilation, "dilation", 1, self.fail)
        kernel, size = (w[0], w[1]), (x[1], x[2])
        pads = resolve(self.padding, span(kernel, dilation), stride, size, self.fail)
        return Window(kernel, stride, pads, dilation)

    def forward(self, x: np.ndarray, w: np.ndarray, b: np.ndarray | None = None) -> Forward:
        window = self.window(x.shape, w.shape)
        return kernels.conv2d(x, w, b, window.stride, window.padding, int(self.groups), window.dilation)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return Conv2d.backward_in_place(self, kept, grad, no_room(kept))

    def backward_in_place(self, kept: Kept, grad: np.ndarray, room: Room) -> Grads:
        (x, w, *_), (x_shape, w_shape, *_) = kept.inputs, kept.shapes
        window, wanted = self.window(x_shape, w_shape), kept.wanted
        at = window.stride, window.padding, int(self.groups)
        dx = dw = None
        if wanted[0]:
            dx = kernels.conv2d_input_grad(grad, w, x_shape, *at, room.sums[0], window.dilation)
        if wanted[1]:
            dw = kernels.conv2d_weight_grad(grad, x, w_shape, *at, window.dilation, room.empty[1])
        db = add_up(grad, (0, 1, 2)) if len(wanted) > 2 and wanted[2] else None
        return (dx, dw, db)[: len(wanted)]

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return of_the_other(wanted)

    def cost(self, x: Shape, w: Shape, b: Shape | None = None) -> Cost:
        """A multiply-add per output element and weight that reaches it, padding included; a bias adds one FLOP each."""
        out = size_of(self.shape(x, w, b))
        macs = out * w[0] * w[1] * w[2]
        return Cost(
            macs=macs, flops=2 * macs + (out if b else 0), parameters=size_of(w) + (w[3] if b else 0), activations=out
        )


@dataclass(frozen=True)
class Linear(Operation):
    """x @ w + b: x N x K, w K x F, b F or none. Computed as a 1x1 convolution, so that one product serves both."""

    analytic = new_arrays = launches = True

    def shape(self, x: Shape, w: Shape, b: Shape | None = None) -> Shape:
        if len(x) != 2 or 0 in x:
            raise self.fail(f"input must be N x K and not empty, not {by_x(x)}; flatten it first")
        if len(w) != 2 or x[1] != w[0]:
            raise self.fail(f"input {by_x(x)} has {x[1]} features, weights {by_x(w)} expect {w[0] if w else 0}")
        if b is not None and b != (w[1],):
            raise self.fail(f"bias {by_x(b)} must have one number for each of the {w[1]} outputs")
        return x[0], w[1]

    def forward(self, x: np.ndarray, w: np.ndarray, b: np.ndarray | None = None) -> Forward:
        return kernels.conv2d(_as_image(x), w[None, None], b, (1, 1), (0, 0, 0, 0), 1).reshape(x.shape[0], w.shape[1])

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return Linear.backward_in_place(self, kept, grad, no_room(kept))

    def backward_in_place(self, kept: Kept, grad: np.ndarray, room: Room) -> Grads:
        (x, w, *_), ((n, k), w_shape, *_), wanted = kept.inputs, kept.shapes, kept.wanted
        image, at = _as_image(grad), ((1, 1), (0, 0, 0, 0), 1)
        dx = dw = None
        if wanted[0]:
            dx = kernels.conv2d_input_grad(image, w[None, None], (n, 1, 1, k), *at).reshape(n, k)
        if wanted[1]:
            place = room.empty[1]
            into = None if place is None else place[None, None]
            dw = kernels.conv2d_weight_grad(image, _as_image(x), (1, 1, *w_shape), *at, into=into)[0, 0]
            dw = dw if place is None else place
        db = add_up(grad, (0,)) if len(wanted) > 2 and wanted[2] else None
        return (dx, dw, db)[: len(wanted)]

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return of_the_other(wanted)

    def cost(self, x: Shape, w: Shape, b: Shape | None = None) -> Cost:
        out = size_of(self.shape(x, w, b))
        return Cost(
            macs=out * w[0],
            flops=2 * out * w[0] + (out if b else 0),
            parameters=size_of(w) + (w[1] if b else 0),
            activations=out,
        )


def _as_image(rows: np.ndarray) -> np.ndarray:
    return rows[:, None, None, :]
