"""What pixels are worth at equal cost: one body, and three entrances for images of 32, 16 and 8 pixels."""

from __future__ import annotations

from tinyinception.errors import ArgumentError
from tinyinception.models.network import Network
from tinyinception.nn import (
    AvgPool2d,
    ConvUnit,
    MaxPool2d,
    Module,
    Sequential,
    classifier,
    grid_reduction,
    inception,
)
from tinyinception.nn.units import Unit

# pixels: by how much images shrink, stride of the first convolution, whether pooling follows, width of the first
STEMS = {32: (1, 2, True, 16), 16: (2, 1, True, 16), 8: (4, 1, False, 64)}


def resolution_cifar(
    num_classes: int = 10, channels: int = 3, *, pixels: int = 32, dropout: float = 0.1, unit: Unit = ConvUnit
) -> Network:
    """Rethinking's Table 2 in small: images of 32x32 pixels, or shrunk to 16x16 or 8x8 before anything else.

    As there, the smaller they are, the less the entrance reduces: stride and pooling, pooling alone, neither. All after
    it sees the same 8x8 grid. The 8x8's first convolution is wider, which makes its cost that of the others.
    """
    if pixels not in STEMS:
        raise ArgumentError(f"resolution_cifar: pixels must be 32, 16 or 8, got {pixels!r}")
    factor, stride, pooled, first = STEMS[pixels]
    stem: dict[str, Module] = {"shrink": AvgPool2d(factor)} if factor > 1 else {}
    stem |= {"conv1": unit(channels, first, 3, stride=stride), "conv2": unit(first, 32, 3)}
    stem |= {"pool": MaxPool2d(3, stride=2, padding="same")} if pooled else {}
    mixed_a = inception(32, n1=32, r3=32, n3=64, r5=16, n5=16, pool_proj=16, unit=unit)
    mixed_b = inception(mixed_a.out_channels, n1=32, r3=48, n3=64, r5=16, n5=16, pool_proj=16, unit=unit)
    reduce_8 = grid_reduction(mixed_b.out_channels, [(96, 3)], padding="same", unit=unit)
    mixed_4 = inception(reduce_8.out_channels, n1=64, r3=64, n3=96, r5=16, n5=32, pool_proj=32, unit=unit)
    return Network(
        {
            "stem": Sequential(**stem),
            "mixed_8a": mixed_a,
            "mixed_8b": mixed_b,
            "reduce_8": reduce_8,
            "mixed_4": mixed_4,
            "head": classifier(mixed_4.out_channels, num_classes, dropout=dropout),
        },
        channels=channels,
        input_size=32,
    )
