"""GoogLeNet for 32x32 images."""

from __future__ import annotations

from functools import partial

from tinyinception.models.network import Network
from tinyinception.models.widths import widths
from tinyinception.nn import (
    AvgPool2d,
    Branches,
    ConvUnit,
    MaxPool2d,
    Sequential,
    classifier,
    inception,
    inception_v3_aux,
)
from tinyinception.nn.units import Unit


def googlenet_cifar(
    num_classes: int = 10,
    channels: int = 3,
    *,
    dropout: float = 0.1,
    width: float = 1.0,
    norm: bool = True,
    unit: Unit = ConvUnit,
) -> Network:
    """The modules of Going Deeper, Fig. 2b, with max pooling between the grids as in its Table 1, scaled to 32x32.

    Batch-norm stands in every unit, as in the BN-GoogLeNet of Rethinking's Table 3, so that it learns within a few
    epochs; norm=False leaves it out. One auxiliary classifier of v3's kind, after 4a. width: factor of all widths.
    """
    w, unit = widths(width), unit if norm else partial(unit, norm=None)

    def module(in_channels: int, *widths: int) -> Branches:
        n1, r3, n3, r5, n5, proj = map(w, widths)
        return inception(in_channels, n1=n1, r3=r3, n3=n3, r5=r5, n5=n5, pool_proj=proj, unit=unit)

    i3a = module(w(48), 32, 32, 48, 16, 16, 16)
    i3b = module(i3a.out_channels, 32, 32, 48, 16, 16, 32)
    i4a = module(i3b.out_channels, 48, 32, 64, 16, 32, 32)
    i4b = module(i4a.out_channels, 48, 32, 64, 16, 32, 32)
    i5a = module(i4b.out_channels, 96, 64, 112, 32, 48, 64)
    return Network(
        {
            "stem": Sequential(conv=unit(channels, w(32), 3), pool=_halve(), widen=unit(w(32), w(48), 3)),
            "inception_3a": i3a,
            "inception_3b": i3b,
            "pool3": _halve(),
            "inception_4a": i4a,
            "inception_4b": i4b,
            "pool4": _halve(),
            "inception_5a": i5a,
            "head": classifier(i5a.out_channels, num_classes, dropout=dropout),
        },
        channels=channels,
        input_size=32,
        aux={
            "inception_4a": inception_v3_aux(
                i4a.out_channels,
                num_classes,
                pool=AvgPool2d(3, stride=2),
                width=64,
                kernel_size=2,
                features=128,
                unit=unit,
            )
        },
        aux_weight=0.3,
    )


def _halve() -> MaxPool2d:
    return MaxPool2d(3, stride=2, padding="same")
