"""A pair of networks that differ in one thing: a 5x5 convolution, or two 3x3 in its place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tinyinception.checks import number
from tinyinception.models.network import Network
from tinyinception.nn import ConvUnit, MaxPool2d, Sequential, chain, classifier
from tinyinception.nn.units import Unit


def single_5x5_cifar(
    num_classes: int = 10, channels: int = 3, *, dropout: float = 0.1, unit: Unit = ConvUnit
) -> Network:
    """The one with a 5x5 convolution on each of two grids."""
    return _pair(lambda width: chain(width, [(width, 5)], unit=unit), num_classes, channels, dropout, unit)


def double_3x3_cifar(
    num_classes: int = 10,
    channels: int = 3,
    *,
    dropout: float = 0.1,
    middle: float = 1.0,
    linear: bool = False,
    unit: Unit = ConvUnit,
) -> Network:
    """The one with two 3x3: the same receptive field at 18/25 of the multiply-adds (Rethinking, section 3.1).

    middle: how much wider the layer between them is; 25/18 gives them the cost of the 5x5. linear: without ReLU after
    the first of them, the comparison of Rethinking's Fig. 2.
    """
    number("double_3x3_cifar: middle", middle, "(0, 64]")

    def two(width: int) -> Sequential:
        between = max(1, round(width * middle))
        first = partial(unit, relu=False) if linear else unit
        return Sequential(conv1_3x3=first(width, between, 3), conv2_3x3=unit(between, width, 3))

    return _pair(two, num_classes, channels, dropout, unit)


def _pair(
    compared: Callable[[int], Sequential], num_classes: int, channels: int, dropout: float, unit: Unit
) -> Network:
    """compared: makes of a width what is compared; it takes and gives so many channels in both networks."""
    return Network(
        {
            "stem": Sequential(
                conv=unit(channels, 32, 3), pool=MaxPool2d(3, stride=2, padding="same"), widen=unit(32, 48, 3)
            ),
            "grid_16": compared(48),
            "pool_16": MaxPool2d(3, stride=2, padding="same"),
            "widen": unit(48, 96, 1),
            "grid_8": compared(96),
            "head": classifier(96, num_classes, dropout=dropout),
        },
        channels=channels,
        input_size=32,
    )
