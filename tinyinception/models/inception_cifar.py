"""Inception-v3's ideas for 32x32 images."""

from __future__ import annotations

from tinyinception.models.network import Network
from tinyinception.nn import (
    AvgPool2d,
    ConvUnit,
    Sequential,
    classifier,
    grid_reduction,
    inception_double3x3,
    inception_expanded,
    inception_factorized,
    inception_v3_aux,
)
from tinyinception.nn.units import Unit


def inception_cifar(classes: int = 10, channels: int = 3, *, dropout: float = 0.1, unit: Unit = ConvUnit) -> Network:
    """The default network: three grids as in Inception-v3, 16x16, 8x8 and 4x4 where v3 has 35x35, 17x17 and 8x8.

    One module of each kind (Rethinking, Figs. 5, 6 and 7), grid reductions of Fig. 10 between them, an auxiliary
    classifier with batch-norm on the middle grid (Fig. 8). Widths are multiples of 16, which is what the kernels like.
    Only one convolution works at 32x32: there, batch-norm and pooling cost more time than multiply-adds do.
    """
    stem_reduce = grid_reduction(32, [(32, 3)], padding="same", unit=unit)
    mixed_16 = inception_double3x3(stem_reduce.out_channels, n1=32, r3=32, n3=32, rd=16, nd=32, pool_proj=16,
                                   unit=unit)
    reduce_16 = grid_reduction(mixed_16.out_channels, [(32, 3)], [(32, 1), (32, 3), (48, 3)], padding="same", unit=unit)
    mixed_8 = inception_factorized(reduce_16.out_channels, n=5, n1=48, single=(32, 32, 64), double=(32, 32, 32, 32, 64),
                                   pool_proj=48, unit=unit)
    reduce_8 = grid_reduction(mixed_8.out_channels, [(48, 1), (96, 3)], [(32, 1), (32, (1, 5)), (32, (5, 1)), (64, 3)],
                              padding="same", unit=unit)
    mixed_4 = inception_expanded(reduce_8.out_channels, n1=64, single=[(64, 1)], double=[(64, 1), (96, 3)], split=64,
                                 pool_proj=64, unit=unit)
    return Network(
        {
            "stem": Sequential(conv=unit(channels, 32, 3), reduce=stem_reduce),
            "mixed_16": mixed_16,
            "reduce_16": reduce_16,
            "mixed_8": mixed_8,
            "reduce_8": reduce_8,
            "mixed_4": mixed_4,
            "head": classifier(mixed_4.out_channels, classes, dropout=dropout),
        },
        channels=channels, smallest=17,
        aux={"mixed_8": inception_v3_aux(mixed_8.out_channels, classes, pool=AvgPool2d(3, stride=2), width=64, kernel=2,
                             features=128, unit=unit)},
        aux_weight=0.4,
    )
