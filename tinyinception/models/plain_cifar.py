"""Controls without Inception modules: 3x3 convolutions in a row and max pooling, like VGG.

They have the grids of inception_cifar and its multiply-adds.
"""

from __future__ import annotations

from tinyinception.errors import unknown_name
from tinyinception.models.network import Network
from tinyinception.models.widths import widths
from tinyinception.nn import ConvUnit, MaxPool2d, Sequential, chain, classifier
from tinyinception.nn.units import Unit

GRIDS = ("none", "grid_16", "grid_8", "grid_4")


def plain_cifar(
    num_classes: int = 10,
    channels: int = 3,
    *,
    dropout: float = 0.1,
    width: float = 1.0,
    asymmetric: str = "none",
    unit: Unit = ConvUnit,
) -> Network:
    """Few and wide 3x3 convolutions. What it learns is what the Inception modules have to beat on the same budget.

    width: factor of all widths. asymmetric: "grid_16", "grid_8" or "grid_4", where each 3x3 becomes a 1x3 and a 3x1.
    """
    if asymmetric not in GRIDS:
        raise unknown_name(asymmetric, GRIDS, "asymmetric of plain_cifar")
    return _plain([48, 64], [96, 96], [176, 192], num_classes, channels, dropout, unit, width, asymmetric)


def plain_deep_cifar(
    num_classes: int = 10,
    channels: int = 3,
    *,
    dropout: float = 0.1,
    width: float = 1.0,
    unit: Unit = ConvUnit,
) -> Network:
    """13 convolutions for the 7 of plain_cifar, narrower ones: do the modules help, or only the depth?

    width: factor of all widths.
    """
    return _plain([32] * 3, [64] * 5, [128, 128, 128, 160], num_classes, channels, dropout, unit, width)


def _plain(
    widths_16: list[int],
    widths_8: list[int],
    widths_4: list[int],
    num_classes: int,
    channels: int,
    dropout: float,
    unit: Unit,
    width: float,
    asymmetric: str = "none",
) -> Network:
    w = widths(width)
    stem, widths_16, widths_8, widths_4 = w(32), *(list(map(w, row)) for row in (widths_16, widths_8, widths_4))

    def row(grid: str, in_channels: int, widths: list[int]) -> Sequential:
        kernels: list[int | tuple[int, int]] = [(1, 3), (3, 1)] if grid == asymmetric else [3]
        return chain(in_channels, [(width, kernel) for width in widths for kernel in kernels], unit=unit)

    def halve() -> MaxPool2d:
        return MaxPool2d(3, stride=2, padding="same")

    return Network(
        {
            "stem": Sequential(conv=unit(channels, stem, 3), pool=halve()),
            "grid_16": row("grid_16", stem, widths_16),
            "pool_16": halve(),
            "grid_8": row("grid_8", widths_16[-1], widths_8),
            "pool_8": halve(),
            "grid_4": row("grid_4", widths_8[-1], widths_4),
            "head": classifier(widths_4[-1], num_classes, dropout=dropout),
        },
        channels=channels,
        input_size=32,
    )
