"""Residual Inception blocks (Inception-v4 and Inception-ResNet, section 3.2)."""

from __future__ import annotations

from collections.abc import Mapping

from tinyinception.checks import number
from tinyinception.habits import named
from tinyinception.nn.layers import Conv2d
from tinyinception.nn.module import Module
from tinyinception.nn.units import ConvUnit, Path, Unit, block, chain, steps
from tinyinception.tensor import Tensor


class ResidualInception(Module):
    """x + scale * up(branches(x)), then ReLU: N x H x W x in_channels to the same shape.

    branches: by name, each a path of (output channels, kernel) steps. `up` is a 1x1 convolution back to in_channels
    with bias, without normalisation or ReLU. scale: 0.1 to 0.3 keeps wide networks from dying (section 3.3). relu: off
    in the last block of the released Inception-ResNet-v2.
    """

    def __init__(
        self, in_channels: int, branches: Mapping[str, Path], *, scale: float, relu: bool = True, unit: Unit = ConvUnit
    ):
        self.scale = number("ResidualInception: scale", scale, "(0, inf)")
        self.out_channels, self.relu = in_channels, relu
        self.branches = block(
            in_channels, {name: chain(in_channels, path, unit=unit) for name, path in branches.items()}
        )
        self.up = Conv2d(self.branches.out_channels, in_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        residual = self.up(self.branches(x))
        x = x + (residual if self.scale == 1 else residual * self.scale)
        return x.relu() if self.relu else x

    def describe(self) -> str:
        return f"scale {self.scale:g}" + ("" if self.relu else ", no relu")


@named
def inception_resnet_a(
    in_channels: int,
    *,
    n1: int = 32,
    single: tuple[int, int] = (32, 32),
    double: tuple[int, int, int] = (32, 48, 64),
    scale: float = 0.17,
    relu: bool = True,
    unit: Unit = ConvUnit,
) -> ResidualInception:
    """1x1 | 1x1, 3x3 | 1x1, 3x3, 3x3 on the finest grid (Inception-v4, Fig. 16; v1's Fig. 10 has widths of 32 only)."""
    branches: dict[str, Path] = {
        "one": [(n1, 1)],
        "single": steps("inception_resnet_a: single", single, 1, 3),
        "double": steps("inception_resnet_a: double", double, 1, 3, 3),
    }
    return ResidualInception(in_channels, branches, scale=scale, relu=relu, unit=unit)


@named
def inception_resnet_b(
    in_channels: int,
    *,
    n1: int = 192,
    single: tuple[int, int, int] = (128, 160, 192),
    n: int = 7,
    scale: float = 0.1,
    relu: bool = True,
    unit: Unit = ConvUnit,
) -> ResidualInception:
    """1x1 | 1x1, 1xn, nx1 on the middle grid (Inception-v4, Fig. 17; v1's Fig. 11 has widths of 128 only)."""
    branches: dict[str, Path] = {
        "one": [(n1, 1)],
        "single": steps("inception_resnet: single", single, 1, (1, n), (n, 1)),
    }
    return ResidualInception(in_channels, branches, scale=scale, relu=relu, unit=unit)


@named
def inception_resnet_c(
    in_channels: int,
    *,
    n1: int = 192,
    single: tuple[int, int, int] = (192, 224, 256),
    scale: float = 0.2,
    relu: bool = True,
    unit: Unit = ConvUnit,
) -> ResidualInception:
    """1x1 | 1x1, 1x3, 3x1 on the coarsest grid (Inception-v4, Fig. 19; v1's Fig. 13 has widths of 192 only)."""
    return inception_resnet_b(in_channels, n1=n1, single=single, n=3, scale=scale, relu=relu, unit=unit)
