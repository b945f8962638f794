"""Inception-v3's ideas for 32x32 images."""

from __future__ import annotations

from functools import partial

from tinyinception.errors import unknown_name
from tinyinception.models.network import Network
from tinyinception.models.widths import widths
from tinyinception.nn import (
    AvgPool2d,
    ConvUnit,
    Module,
    Sequential,
    classifier,
    conv_then_pool,
    googlenet_aux,
    grid_reduction,
    inception_double3x3,
    inception_expanded,
    inception_factorized,
    inception_v3_aux,
    pool_then_conv,
)
from tinyinception.nn.units import Path, Unit

STEMS, REDUCTIONS, AUX = ("3x3", "7x7"), ("parallel", "pool_first", "conv_first"), ("batch_norm", "googlenet", "none")


def inception_cifar(
    num_classes: int = 10,
    channels: int = 3,
    *,
    dropout: float = 0.1,
    width: float = 1.0,
    stem: str = "3x3",
    reduction: str = "parallel",
    aux: str = "batch_norm",
    unit: Unit = ConvUnit,
) -> Network:
    """The default network: modules at 8x8 and 4x4, where v3 has them at 35x35, 17x17 and 8x8.

    Modules of each kind (Rethinking, Figs. 5, 6 and 7), grid reductions of Fig. 10 between the grids, an auxiliary
    classifier with batch-norm on the middle grid (Fig. 8). As in v3, plain convolutions do the work on the large grids,
    where batch-norm and pooling cost more time than multiply-adds do. Widths are multiples of 16, the kernels' vectors.

    width: factor of all of them. For the papers' ablations: stem "7x7", one convolution in place of the three 3x3;
    reduction "pool_first" or "conv_first", Rethinking's Fig. 9, in place of its Fig. 10; aux "googlenet", Going
    Deeper's auxiliary classifier, with dropout and without batch-norm, or "none".
    """
    for name, value, known in (("stem", stem, STEMS), ("reduction", reduction, REDUCTIONS), ("aux", aux, AUX)):
        if value not in known:
            raise unknown_name(value, known, f"{name} of inception_cifar")
    w = widths(width)
    entrance = _stem(stem, channels, w(16), w(48), unit)
    reduce_16, wide_8 = _reduce(reduction, w(48), [(w(64), 3)], [(w(32), 1), (w(48), 3)], unit=unit)
    mixed_8a = inception_double3x3(wide_8, n1=w(48), r3=w(48), n3=w(64), rd=w(32), nd=w(48), pool_proj=w(16), unit=unit)
    mixed_8b = inception_factorized(
        mixed_8a.out_channels,
        n=5,
        n1=w(48),
        single=(w(32), w(48), w(64)),
        double=(w(32), w(32), w(32), w(32), w(48)),
        pool_proj=w(32),
        unit=unit,
    )
    reduce_8, wide_4 = _reduce(
        reduction,
        mixed_8b.out_channels,
        [(w(64), 1), (w(96), 3)],
        [(w(32), 1), (w(32), (1, 5)), (w(48), (5, 1)), (w(64), 3)],
        unit=unit,
    )
    mixed_4 = inception_expanded(
        wide_4,
        n1=w(64),
        single=[(w(96), 1)],
        double=[(w(64), 1), (w(96), 3)],
        split=w(96),
        pool_proj=w(32),
        unit=unit,
    )
    return Network(
        {
            "stem": entrance,
            "reduce_16": reduce_16,
            "mixed_8a": mixed_8a,
            "mixed_8b": mixed_8b,
            "reduce_8": reduce_8,
            "mixed_4": mixed_4,
            "head": classifier(mixed_4.out_channels, num_classes, dropout=dropout),
        },
        channels=channels,
        input_size=32,
        aux={} if aux == "none" else {"mixed_8b": _aux(aux, mixed_8b.out_channels, num_classes, unit)},
        aux_weight=0.4,
    )


def _stem(kind: str, channels: int, narrow: int, wide: int, unit: Unit) -> Sequential:
    if kind == "7x7":
        return Sequential(conv=unit(channels, wide, 7, stride=2))
    return Sequential(conv1=unit(channels, narrow, 3), conv2=unit(narrow, wide, 3, stride=2), conv3=unit(wide, wide, 3))


def _reduce(kind: str, in_channels: int, *paths: Path, unit: Unit) -> tuple[Module, int]:
    """Half the grid, and its output channels, which are those of `grid_reduction` for the other kinds too."""
    out_channels = in_channels + sum(path[-1][0] for path in paths)
    if kind == "parallel":
        return grid_reduction(in_channels, *paths, padding="same", unit=unit), out_channels
    make = pool_then_conv if kind == "pool_first" else conv_then_pool
    return make(in_channels, out_channels, padding="same", unit=unit), out_channels


def _aux(kind: str, in_channels: int, num_classes: int, unit: Unit) -> Module:
    pool = AvgPool2d(3, stride=2)
    if kind == "googlenet":
        bare = partial(unit, norm=None)
        return googlenet_aux(in_channels, num_classes, pool=pool, grid=3, width=64, hidden=512, unit=bare)
    return inception_v3_aux(in_channels, num_classes, pool=pool, width=64, kernel_size=2, features=128, unit=unit)
