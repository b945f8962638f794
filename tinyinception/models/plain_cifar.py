"""Controls without Inception modules: 3x3 convolutions in a row and max pooling, like VGG.

They have the grids of inception_cifar and its multiply-adds.
"""

from __future__ import annotations

from tinyinception.models.network import Network
from tinyinception.nn import ConvUnit, MaxPool2d, Sequential, chain, classifier
from tinyinception.nn.units import Unit


def plain_cifar(num_classes: int = 10, channels: int = 3, *, dropout: float = 0.1, unit: Unit = ConvUnit) -> Network:
    """Few and wide 3x3 convolutions. What it learns is what the Inception modules have to beat on the same budget."""
    return _plain([48, 64], [96, 96], [176, 192], num_classes, channels, dropout, unit)


def plain_deep_cifar(
    num_classes: int = 10, channels: int = 3, *, dropout: float = 0.1, unit: Unit = ConvUnit
) -> Network:
    """13 convolutions for the 7 of plain_cifar, narrower ones: do the modules help, or only the depth?"""
    return _plain([32] * 3, [64] * 5, [128, 128, 128, 160], num_classes, channels, dropout, unit)


def _plain(
    widths_16: list[int],
    widths_8: list[int],
    widths_4: list[int],
    num_classes: int,
    channels: int,
    dropout: float,
    unit: Unit,
) -> Network:
    def row(in_channels: int, widths: list[int]) -> Sequential:
        return chain(in_channels, [(width, 3) for width in widths], unit=unit)

    def halve() -> MaxPool2d:
        return MaxPool2d(3, stride=2, padding="same")

    return Network(
        {
            "stem": Sequential(conv=unit(channels, 32, 3), pool=halve()),
            "grid_16": row(32, widths_16),
            "pool_16": halve(),
            "grid_8": row(widths_16[-1], widths_8),
            "pool_8": halve(),
            "grid_4": row(widths_8[-1], widths_4),
            "head": classifier(widths_4[-1], num_classes, dropout=dropout),
        },
        channels=channels,
        input_size=32,
    )
