"""Inception-v4 for 32x32 images."""

from __future__ import annotations

from tinyinception.models.network import Network
from tinyinception.models.widths import widths
from tinyinception.nn import (
    Branches,
    ConvUnit,
    Sequential,
    classifier,
    grid_reduction,
    inception_double3x3,
    inception_expanded,
    inception_factorized,
)
from tinyinception.nn.units import Unit


def inception_v4_cifar(
    num_classes: int = 10, channels: int = 3, *, dropout: float = 0.1, width: float = 1.0, unit: Unit = ConvUnit
) -> Network:
    """Two uniform modules on each of the grids 16x16, 8x8 and 4x4; v4 has 4, 7 and 3 (Inception-v4, Figs. 4 to 6).

    Every module of a grid has the same widths and gives as many channels as it takes, which is what is new in v4; the
    reductions are those of inception_resnet_cifar, its counterpart. width: factor of all widths.
    """
    w = widths(width)
    stem_reduce = grid_reduction(w(32), [(w(32), 3)], padding="same", unit=unit)
    wide_16 = stem_reduce.out_channels
    reduce_16 = grid_reduction(wide_16, [(w(48), 3)], [(w(16), 1), (w(32), 3), (w(48), 3)], padding="same", unit=unit)
    wide_8 = reduce_16.out_channels
    reduce_8 = grid_reduction(wide_8, [(w(32), 1), (w(64), 3)], [(w(32), 1), (w(64), 3)], padding="same", unit=unit)
    wide_4 = reduce_8.out_channels

    def a() -> Branches:
        return inception_double3x3(
            wide_16, n1=w(16), r3=w(24), n3=w(16), rd=w(24), nd=w(16), pool_proj=wide_16 - 3 * w(16), unit=unit
        )

    def b() -> Branches:
        double = (w(32), w(32), w(40), w(40), w(40))
        single = (w(32), w(32), w(40))
        pool_proj = wide_8 - w(48) - w(40) - w(40)
        return inception_factorized(wide_8, n=5, n1=w(48), single=single, double=double, pool_proj=pool_proj, unit=unit)

    def c() -> Branches:
        pool_proj = wide_4 - w(64) - 4 * w(40)
        return inception_expanded(
            wide_4,
            n1=w(64),
            single=[(w(64), 1)],
            double=[(w(48), 1), (w(64), 3)],
            split=w(40),
            pool_proj=pool_proj,
            unit=unit,
        )

    return Network(
        {
            "stem": Sequential(conv=unit(channels, w(32), 3), reduce=stem_reduce),
            "mixed_16": Sequential(a(), a()),
            "reduce_16": reduce_16,
            "mixed_8": Sequential(b(), b()),
            "reduce_8": reduce_8,
            "mixed_4": Sequential(c(), c()),
            "head": classifier(wide_4, num_classes, dropout=dropout),
        },
        channels=channels,
        input_size=32,
    )
