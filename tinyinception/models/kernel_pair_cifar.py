"""A pair of networks that differ in one thing: a 5x5 convolution, or two 3x3 in its place."""

from __future__ import annotations

from tinyinception.models.network import Network
from tinyinception.nn import ConvUnit, MaxPool2d, Sequential, chain, classifier
from tinyinception.nn.units import Unit


def single_5x5_cifar(
    num_classes: int = 10, channels: int = 3, *, dropout: float = 0.1, unit: Unit = ConvUnit
) -> Network:
    """The one with a 5x5 convolution on each of two grids."""
    return _pair((5,), num_classes, channels, dropout, unit)


def double_3x3_cifar(
    num_classes: int = 10, channels: int = 3, *, dropout: float = 0.1, unit: Unit = ConvUnit
) -> Network:
    """The one with two 3x3: the same receptive field at 18/25 of the multiply-adds (Rethinking, section 3.1)."""
    return _pair((3, 3), num_classes, channels, dropout, unit)


def _pair(kernels: tuple[int, ...], num_classes: int, channels: int, dropout: float, unit: Unit) -> Network:
    """Widths stay the same through the layers compared, so that their cost differs by the kernels alone."""
    return Network(
        {
            "stem": Sequential(
                conv=unit(channels, 32, 3), pool=MaxPool2d(3, stride=2, padding="same"), widen=unit(32, 48, 3)
            ),
            "grid_16": chain(48, [(48, kernel) for kernel in kernels], unit=unit),
            "pool_16": MaxPool2d(3, stride=2, padding="same"),
            "widen": unit(48, 96, 1),
            "grid_8": chain(96, [(96, kernel) for kernel in kernels], unit=unit),
            "head": classifier(96, num_classes, dropout=dropout),
        },
        channels=channels,
        input_size=32,
    )
