"""Classifiers: the one at the end of a network, and the auxiliary ones on the way."""

from __future__ import annotations

from tinyinception.habits import named
from tinyinception.nn.containers import Sequential
from tinyinception.nn.init import Initializer
from tinyinception.nn.layers import GLOROT, AvgPool2d, Dropout, Flatten, GlobalAvgPool, Linear, ReLU
from tinyinception.nn.module import Module
from tinyinception.nn.units import ConvUnit, Unit


@named
def classifier(in_channels: int, num_classes: int, *, dropout: float = 0.0, init: Initializer = GLOROT) -> Sequential:
    """Global average pooling, dropout, linear: N x H x W x in_channels to logits N x classes."""
    return Sequential(pool=GlobalAvgPool(), dropout=Dropout(dropout), fc=Linear(in_channels, num_classes, init=init))


@named
def googlenet_aux(
    in_channels: int,
    num_classes: int,
    *,
    pool: Module | None = None,
    grid: int = 4,
    width: int = 128,
    hidden: int = 1024,
    dropout: float = 0.7,
    unit: Unit = ConvUnit,
    init: Initializer = GLOROT,
) -> Sequential:
    """GoogLeNet's auxiliary classifier (Going Deeper, section 5): pooling, 1x1, hidden layer, dropout, logits.

    pool: 5x5 average pooling with stride 3 unless given. grid: height and width it leaves, 4 on the paper's 14x14.
    """
    return Sequential(
        pool=pool or AvgPool2d(5, stride=3),
        conv=unit(in_channels, width, 1),
        flatten=Flatten(),
        hidden=Linear(grid * grid * width, hidden, init=init),
        relu=ReLU(),
        dropout=Dropout(dropout),
        fc=Linear(hidden, num_classes, init=init),
    )


@named
def inception_v3_aux(
    in_channels: int,
    num_classes: int,
    *,
    pool: Module | None = None,
    width: int = 128,
    kernel_size: int = 5,
    features: int = 768,
    unit: Unit = ConvUnit,
    init: Initializer = GLOROT,
) -> Sequential:
    """The auxiliary classifier of v3 and later (Rethinking, Fig. 8 and section 4): pooling, 1x1, k x k, logits.

    pool: 5x5 average pooling with stride 3 unless given, which leaves 5x5 of the 17x17 grid. kernel_size: of the last
    convolution, meant to cover that grid; what a larger input leaves is averaged. Batch-norm comes with `unit`.
    """
    return Sequential(
        pool=pool or AvgPool2d(5, stride=3),
        reduce=unit(in_channels, width, 1),
        conv=unit(width, features, kernel_size, padding="valid"),
        average=GlobalAvgPool(),
        fc=Linear(features, num_classes, init=init),
    )
