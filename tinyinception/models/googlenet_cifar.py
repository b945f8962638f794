"""GoogLeNet for 32x32 images."""

from __future__ import annotations

from tinyinception.models.network import Network
from tinyinception.nn import AvgPool2d, ConvUnit, MaxPool2d, Sequential, classifier, inception, inception_v3_aux
from tinyinception.nn.units import Unit


def googlenet_cifar(
    num_classes: int = 10, channels: int = 3, *, dropout: float = 0.1, unit: Unit = ConvUnit
) -> Network:
    """The modules of Going Deeper, Fig. 2b, with max pooling between the grids as in its Table 1, scaled to 32x32.

    Batch-norm stands in every unit, as in the BN-GoogLeNet of Rethinking's Table 3, so that it learns within a few
    epochs; `unit=partial(ConvUnit, norm=None)` leaves it out. One auxiliary classifier of v3's kind, after 4a.
    """
    i3a = inception(48, n1=32, r3=32, n3=48, r5=16, n5=16, pool_proj=16, unit=unit)
    i3b = inception(i3a.out_channels, n1=32, r3=32, n3=48, r5=16, n5=16, pool_proj=32, unit=unit)
    i4a = inception(i3b.out_channels, n1=48, r3=32, n3=64, r5=16, n5=32, pool_proj=32, unit=unit)
    i4b = inception(i4a.out_channels, n1=48, r3=32, n3=64, r5=16, n5=32, pool_proj=32, unit=unit)
    i5a = inception(i4b.out_channels, n1=96, r3=64, n3=112, r5=32, n5=48, pool_proj=64, unit=unit)
    return Network(
        {
            "stem": Sequential(conv=unit(channels, 32, 3), pool=_halve(), widen=unit(32, 48, 3)),
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
