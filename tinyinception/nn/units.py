"""The pieces that building blocks are made of: convolution units, chains of them, and the pooling of a branch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from tinyinception.checks import whole
from tinyinception.errors import ArgumentError
from tinyinception.habits import named
from tinyinception.nn.containers import Branches, Sequential, channels_after
from tinyinception.nn.functional import Padding, Pair
from tinyinception.nn.fusion import conv_norm
from tinyinception.nn.init import Initializer, zeros
from tinyinception.nn.layers import HE, AvgPool2d, BatchNorm2d, Conv2d, MaxPool2d
from tinyinception.nn.module import Module
from tinyinception.ops import by_x
from tinyinception.tensor import Tensor

Step = tuple[int, int | Pair]  # (output channels, kernel): one convolution unit
Path = Sequence[Step]  # units one after the other, as the papers draw one branch of a module
Unit = Callable[..., Module]
Pool = Callable[[], Module]

max_pool = partial(MaxPool2d, 3, stride=1, padding=1)
avg_pool = partial(AvgPool2d, 3, stride=1, padding=1)


class ConvUnit(Module):
    """Convolution, normalisation, ReLU: what the papers draw as one box.

    norm: called as norm(out_channels, relu=relu), so that it may fuse the ReLU; None for the networks before
    batch-norm. bias: by default only where there is no norm, which would cancel it. To build a block differently, pass
    it another unit: `partial(ConvUnit, norm=None)` or `partial(ConvUnit, norm=partial(BatchNorm2d, gamma=False))`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        *,
        stride: int | Pair = 1,
        padding: Padding = "same",
        dilation: int | Pair = 1,
        groups: int = 1,
        norm: Callable[..., Module] | None = BatchNorm2d,
        relu: bool = True,
        bias: bool | None = None,
        init: Initializer = HE,
        bias_init: Initializer = zeros,
    ):
        self.out_channels = out_channels
        self.conv = Conv2d(
            in_channels,
            out_channels,
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            groups=groups,
            bias=norm is None if bias is None else bias,
            init=init,
            bias_init=bias_init,
        )
        self.norm = norm(out_channels, relu=relu) if norm is not None else None
        self.relu = relu and norm is None

    def forward(self, x: Tensor) -> Tensor:
        if self.norm is not None:
            return conv_norm(self.conv, self.norm, x)
        x = self.conv(x)
        return x.relu() if self.relu else x


class SeparableConv(Module):
    """Depthwise-separable convolution: each channel alone to `multiplier` channels, then a 1x1, bias and ReLU.

    Nothing stands between its two halves, which is why it counts as one weight layer. GoogLeNet's and BN-Inception's
    first layer is one of multiplier 8 (Ioffe and Szegedy 2015, appendix, after Fig. 5). norm: as in `ConvUnit`, after
    the 1x1 and in the place of its bias.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        *,
        multiplier: int = 1,
        stride: int | Pair = 1,
        padding: Padding = "same",
        norm: Callable[..., Module] | None = None,
        init: Initializer = HE,
    ):
        self.out_channels = out_channels
        in_channels = whole("SeparableConv: in_channels", in_channels)
        multiplier = whole("SeparableConv: multiplier", multiplier)
        self.depthwise = Conv2d(
            in_channels,
            in_channels * multiplier,
            kernel_size,
            stride=stride,
            padding=padding,
            groups=in_channels,
            bias=False,
            init=init,
        )
        self.pointwise = Conv2d(in_channels * multiplier, out_channels, 1, bias=norm is None, init=init)
        self.norm = norm(out_channels, relu=True) if norm is not None else None

    def forward(self, x: Tensor) -> Tensor:
        x = self.pointwise(self.depthwise(x))
        return x.relu() if self.norm is None else self.norm(x)


@named
def chain(
    in_channels: int, path: Path, *, stride: int | Pair = 1, padding: Padding = "same", unit: Unit = ConvUnit
) -> Sequential:
    """Units one after the other; the last one has the given stride and padding, those before it 1 and "same".

    Children are named after their kernels: `chain(192, [(64, 1), (96, (1, 7))])` has conv1_1x1 and conv2_1x7.
    """
    units = {}
    for i, (out_channels, kernel) in enumerate(path, 1):
        sizes = by_x(kernel if isinstance(kernel, tuple | list) else (kernel, kernel))
        where = {"stride": stride, "padding": padding} if i == len(path) else {"padding": "same"}
        units[f"conv{i}_{sizes}"] = unit(in_channels, out_channels, kernel, **where)
        in_channels = out_channels
    return Sequential(units)


def steps(name: str, widths: Sequence[int], *kernels: int | Pair) -> list[Step]:
    """A path of given kernels; ArgumentError unless there is one width for each of them. name: of the argument."""
    if len(widths) != len(kernels):
        raise ArgumentError(f"{name} needs {len(kernels)} widths, one for each convolution, got {widths!r}")
    return list(zip(widths, kernels, strict=True))


def pooled(in_channels: int, out_channels: int | None, pool: Pool, unit: Unit) -> Sequential:
    """The pooling branch: `pool`, then a 1x1 unit to `out_channels` unless that is None."""
    proj = {} if out_channels is None else {"proj": unit(in_channels, out_channels, 1)}
    return Sequential({"pool": pool(), **proj})


def block(in_channels: int, branches: Mapping[str, Module]) -> Branches:
    """Branches that know how many channels they put out."""
    result = Branches(branches)
    result.out_channels = channels_after(result, in_channels)
    return result
