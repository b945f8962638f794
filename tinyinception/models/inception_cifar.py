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


def inception_cifar(
    num_classes: int = 10, channels: int = 3, *, dropout: float = 0.1, unit: Unit = ConvUnit
) -> Network:
    """The default network: modules at 8x8 and 4x4, where v3 has them at 35x35, 17x17 and 8x8.

    Modules of each kind (Rethinking, Figs. 5, 6 and 7), grid reductions of Fig. 10 between the grids, an auxiliary
    classifier with batch-norm on the middle grid (Fig. 8). As in v3, plain convolutions do the work on the large grids,
    where batch-norm and pooling cost more time than multiply-adds do. Widths are multiples of 16, the kernels' vectors.
    """
    stem = Sequential(conv1=unit(channels, 16, 3), conv2=unit(16, 48, 3, stride=2), conv3=unit(48, 48, 3))
    reduce_16 = grid_reduction(48, [(64, 3)], [(32, 1), (48, 3)], padding="same", unit=unit)
    mixed_8a = inception_double3x3(reduce_16.out_channels, n1=48, r3=48, n3=64, rd=32, nd=48, pool_proj=16, unit=unit)
    mixed_8b = inception_factorized(
        mixed_8a.out_channels, n=5, n1=48, single=(32, 48, 64), double=(32, 32, 32, 32, 48), pool_proj=32, unit=unit
    )
    reduce_8 = grid_reduction(
        mixed_8b.out_channels,
        [(64, 1), (96, 3)],
        [(32, 1), (32, (1, 5)), (48, (5, 1)), (64, 3)],
        padding="same",
        unit=unit,
    )
    mixed_4 = inception_expanded(
        reduce_8.out_channels, n1=64, single=[(96, 1)], double=[(64, 1), (96, 3)], split=96, pool_proj=32, unit=unit
    )
    return Network(
        {
            "stem": stem,
            "reduce_16": reduce_16,
            "mixed_8a": mixed_8a,
            "mixed_8b": mixed_8b,
            "reduce_8": reduce_8,
            "mixed_4": mixed_4,
            "head": classifier(mixed_4.out_channels, num_classes, dropout=dropout),
        },
        channels=channels,
        input_size=32,
        aux={
            "mixed_8b": inception_v3_aux(
                mixed_8b.out_channels,
                num_classes,
                pool=AvgPool2d(3, stride=2),
                width=64,
                kernel_size=2,
                features=128,
                unit=unit,
            )
        },
        aux_weight=0.4,
    )
