"""Pooling: the maximum or the mean of windows, or the mean of a given number of bins."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tinyinception import kernels
from tinyinception.ops.operation import (
    NOTHING,
    Cost,
    Forward,
    Grads,
    Keeps,
    Kept,
    Operation,
    Shape,
    Window,
    by_x,
    size_of,
)
from tinyinception.ops.padding import Pads, Pair, output_size, pair, resolve
from tinyinception.ops.reduction import average


@dataclass(frozen=True)
class Pool(Operation):
    """What pools with a sliding window have in common: x N x H x W x C -> N x OH x OW x C.

    stride defaults to the kernel; padding is as in `ops.padding.resolve` but at most half the kernel, so that every
    window sees a pixel; ceil_mode adds the last window that fits only partly, unless it would start in the padding.
    """

    kernel: int | Pair
    stride: int | Pair | None = None
    padding: str | int | Pair | Pads = "valid"
    ceil_mode: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.stride is None:
            object.__setattr__(self, "stride", self.kernel)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING

    def geometry(self, x: Shape) -> tuple[Window, Pair]:
        """Window with the padding in pixels, and output (height, width)."""
        size = x[1], x[2]
        kernel = pair(self.kernel, "kernel_size", 1, self.fail)
        stride = pair(self.stride, "stride", 1, self.fail)
        pads = resolve(self.padding, kernel, stride, size, self.fail)
        if max(pads[:2]) > kernel[0] // 2 or max(pads[2:]) > kernel[1] // 2:
            raise self.fail(
                f"padding {pads} is more than half of the kernel {by_x(kernel)}, so that a window could see no pixel"
            )
        out = output_size(size, kernel, stride, pads, self.fail, ceil_mode=self.ceil_mode)
        return Window(kernel, stride, pads), out

    def shape(self, x: Shape) -> Shape:
        _check_images(self, x)
        return x[0], *self.geometry(x)[1], x[3]

    def window(self, x: Shape) -> Window:
        """Kernel, stride and padding."""
        return self.geometry(x)[0]


@dataclass(frozen=True)
class MaxPool2d(Pool):
    """Maximum of each window; the padding counts as minus infinity.

    The first maximum of a window, row by row, gets its whole gradient. NaN in a window makes its maximum NaN.
    """

    new_arrays = launches = True

    def forward(self, x: np.ndarray) -> Forward:
        window, out = self.geometry(x.shape)
        return kernels.max_pool(x, window.kernel, window.stride, window.padding, out)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        (x_shape,), w = kept.shapes, self.window(kept.shapes[0])
        return (kernels.max_pool_grad(grad, kept.aside, x_shape, w.kernel, w.stride, w.padding),)

    def aside_bytes(self, x: Shape) -> int:
        """Which tap of each window has won."""
        return size_of(self.shape(x)) * (1 if size_of(self.window(x).kernel) <= 256 else 4)

    def cost(self, x: Shape) -> Cost:
        """One FLOP for each comparison: taps - 1 per output."""
        out = size_of(self.shape(x))
        return Cost(flops=out * (size_of(self.window(x).kernel) - 1), activations=out)


@dataclass(frozen=True)
class AvgPool2d(Pool):
    """Mean of each window; count_include_pad says whether the padding counts, as zeros, in sum and divisor."""

    analytic = new_arrays = launches = True
    count_include_pad: bool = field(default=False, kw_only=True)

    def forward(self, x: np.ndarray) -> Forward:
        window, out = self.geometry(x.shape)
        return kernels.avg_pool(x, window.kernel, window.stride, window.padding, out, self.count_include_pad)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        (x_shape,), w = kept.shapes, self.window(kept.shapes[0])
        return (kernels.avg_pool_grad(grad, x_shape, w.kernel, w.stride, w.padding, self.count_include_pad),)

    def cost(self, x: Shape) -> Cost:
        """One FLOP for each tap: taps - 1 additions and a division per output."""
        out = size_of(self.shape(x))
        return Cost(flops=out * size_of(self.window(x).kernel), activations=out)


MOST_BINS = 1 << 20


@dataclass(frozen=True)
class AdaptiveAvgPool2d(Operation):
    """Means of output_size bins that cover the image evenly.

    Bin i of o reads from floor(i H / o) to ceil((i + 1) H / o), so neighbours overlap where the sizes do not divide.
    """

    analytic = True
    output_size: int | Pair

    def bins(self, x: Shape) -> list[tuple[int, int, slice, slice]]:
        """Output row and column, and the rows and columns of the input that it averages."""
        out = pair(self.output_size, "output_size", 1, self.fail)
        rows, columns = (_bins(size, bins) for size, bins in zip(x[1:3], out, strict=True))
        return [(i, j, r, c) for i, r in enumerate(rows) for j, c in enumerate(columns)]

    def shape(self, x: Shape) -> Shape:
        _check_images(self, x)
        out = pair(self.output_size, "output_size", 1, self.fail)
        if size_of(out) > MOST_BINS:
            raise self.fail(f"output_size {by_x(out)} makes more than {MOST_BINS:,} bins")
        return x[0], *out, x[3]

    def window(self, x: Shape) -> Window:
        """The largest bin and the distance of bins."""
        out, bins = pair(self.output_size, "output_size", 1, self.fail), self.bins(x)
        widest = max(r.stop - r.start for _, _, r, _ in bins), max(c.stop - c.start for _, _, _, c in bins)
        return Window(widest, (max(x[1] // out[0], 1), max(x[2] // out[1], 1)))

    def forward(self, x: np.ndarray) -> Forward:
        y = np.empty(AdaptiveAvgPool2d.shape(self, x.shape), x.dtype)
        for i, j, rows, columns in self.bins(x.shape):
            y[:, i, j] = average(x[:, rows, columns], (1, 2))
        return y.reshape(self.shape(x.shape))

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        (x,) = kept.shapes
        out = AdaptiveAvgPool2d.shape(self, x)
        grad = grad.reshape(out)
        crowded = out[1] > x[1] or out[2] > x[2]  # many bins repeat a pixel
        dx = np.zeros(x, np.result_type(grad, np.float64) if crowded else grad.dtype)
        for i, j, rows, columns in self.bins(x):
            area = (rows.stop - rows.start) * (columns.stop - columns.start)
            dx[:, rows, columns] += (grad[:, i, j] / area)[:, None, None]
        return (dx.astype(grad.dtype, copy=False),)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING

    def cost(self, x: Shape) -> Cost:
        """One FLOP for each pixel of each bin: additions and a division."""
        out = self.shape(x)
        area = sum((r.stop - r.start) * (c.stop - c.start) for _, _, r, c in self.bins(x))
        return Cost(flops=x[0] * x[3] * area, activations=size_of(out))


@dataclass(frozen=True)
class GlobalAvgPool(AdaptiveAvgPool2d):
    """Mean of each channel over all pixels: N x H x W x C -> N x C."""

    output_size: int | Pair = 1

    def shape(self, x: Shape) -> Shape:
        n, _, _, c = super().shape(x)
        return n, c


def _bins(size: int, bins: int) -> list[slice]:
    return [slice(i * size // bins, -(-(i + 1) * size // bins)) for i in range(bins)]


def _check_images(op: Operation, x: Shape) -> None:
    if len(x) != 4 or 0 in x:
        raise op.fail(f"input must be N x H x W x C with no empty axis, not {by_x(x)}")
