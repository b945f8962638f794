"""Inception-ResNet for 32x32 images."""

from __future__ import annotations

from typing import Any

from tinyinception.models.network import Network
from tinyinception.models.widths import widths
from tinyinception.nn import (
    ConvUnit,
    Module,
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
    num_classes: int = 10,
    channels: int = 3,
    *,
    scale: float = 0.2,
    residual: bool = True,
    dropout: float = 0.1,
    width: float = 1.0,
    unit: Unit = ConvUnit,
) -> Network:
    """Two residual blocks on each of the grids 16x16, 8x8 and 4x4, with the grid reductions of Inception-v4's Fig. 7.

    scale: of every residual, 0.1 to 0.3 in the paper (section 3.3). residual: False makes of each block the module of
    the same branches, concatenated and followed by a 1x1 unit of the same cost; nothing is added to anything. width:
    factor of all widths.
    """
    w = widths(width)
    stem_reduce = grid_reduction(w(32), [(w(32), 3)], padding="same", unit=unit)
    wide_16 = stem_reduce.out_channels
    reduce_16 = grid_reduction(wide_16, [(w(48), 3)], [(w(16), 1), (w(32), 3), (w(48), 3)], padding="same", unit=unit)
    wide_8 = reduce_16.out_channels
    reduce_8 = grid_reduction(wide_8, [(w(32), 1), (w(64), 3)], [(w(32), 1), (w(64), 3)], padding="same", unit=unit)
    wide_4 = reduce_8.out_channels

    def a() -> Module:
        single, double = (w(16), w(32)), (w(16), w(16), w(32))
        return kept(inception_resnet_a(wide_16, n1=w(16), single=single, double=double, scale=scale, unit=unit))

    def b() -> Module:
        single = (w(32), w(48), w(48))
        return kept(inception_resnet_b(wide_8, n1=w(48), single=single, n=5, scale=scale, unit=unit))

    def c() -> Module:
        return kept(inception_resnet_c(wide_4, n1=w(64), single=(w(64), w(64), w(96)), scale=scale, unit=unit))

    def kept(block: ResidualInception) -> Module:
        if residual:
            return block
        concatenated: Any = block.branches
        return Sequential(concat=concatenated, project=unit(concatenated.out_channels, block.out_channels, 1))

    return Network(
        {
            "stem": Sequential(conv=unit(channels, w(32), 3), reduce=stem_reduce),
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
