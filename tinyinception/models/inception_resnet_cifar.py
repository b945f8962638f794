"""Inception-ResNet for 32x32 images."""

from __future__ import annotations

from tinyinception.models.network import Network
from tinyinception.nn import (
    ConvUnit,
    ResidualInception,
    Sequential,
    classifier,
    grid_reduction,
    inception_resnet_a,
    inception_resnet_b,
    inception_resnet_c,
)
from tinyinception.nn.units import Unit


def inception_resnet_cifar(
    num_classes: int = 10, channels: int = 3, *, scale: float = 0.2, dropout: float = 0.1, unit: Unit = ConvUnit
) -> Network:
    """Two residual blocks on each of the grids 16x16, 8x8 and 4x4, with the grid reductions of Inception-v4's Fig. 7.

    scale: of every residual, 0.1 to 0.3 in the paper (section 3.3).
    """
    stem_reduce = grid_reduction(32, [(32, 3)], padding="same", unit=unit)
    wide_16 = stem_reduce.out_channels
    reduce_16 = grid_reduction(wide_16, [(48, 3)], [(16, 1), (32, 3), (48, 3)], padding="same", unit=unit)
    wide_8 = reduce_16.out_channels
    reduce_8 = grid_reduction(wide_8, [(32, 1), (64, 3)], [(32, 1), (64, 3)], padding="same", unit=unit)
    wide_4 = reduce_8.out_channels

    def a() -> ResidualInception:
        return inception_resnet_a(wide_16, n1=16, single=(16, 32), double=(16, 16, 32), scale=scale, unit=unit)

    def b() -> ResidualInception:
        return inception_resnet_b(wide_8, n1=48, single=(32, 48, 48), n=5, scale=scale, unit=unit)

    def c() -> ResidualInception:
        return inception_resnet_c(wide_4, n1=64, single=(64, 64, 96), scale=scale, unit=unit)

    return Network(
        {
            "stem": Sequential(conv=unit(channels, 32, 3), reduce=stem_reduce),
            "blocks_16": Sequential(a(), a()),
            "reduce_16": reduce_16,
            "blocks_8": Sequential(b(), b()),
            "reduce_8": reduce_8,
            "blocks_4": Sequential(c(), c()),
            "head": classifier(wide_4, num_classes, dropout=dropout),
        },
        channels=channels,
        input_size=32,
    )
