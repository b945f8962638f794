"""Inception-v4 (Szegedy et al. 2016, "Inception-v4, Inception-ResNet and the Impact of ...", Fig. 9)."""

from __future__ import annotations

from tinyinception.models.conventions import SLIM_GLOROT, TIMM, choose
from tinyinception.models.inception_v3 import SLIM_INIT, finish
from tinyinception.models.network import Network
from tinyinception.nn import (
    Branches,
    MaxPool2d,
    Module,
    chain,
    grid_reduction,
    inception_double3x3,
    inception_expanded,
    inception_factorized,
)
from tinyinception.nn.units import Unit, block

CONVENTIONS = {"timm": TIMM, "slim": SLIM_GLOROT}


def inception_v4(
    num_classes: int = 1000,
    channels: int = 3,
    *,
    aux: bool = False,
    convention: str = "timm",
    dropout: float | None = None,
) -> Network:
    """76 weight layers in uniform modules, without residual connections; images of 299x299.

    aux: an auxiliary classifier after Mixed_6h, as TF-slim trains it. convention: timm, whose weights load, or slim.
    """
    style = choose("inception_v4", convention, CONVENTIONS)
    unit, pool = style.unit, style.pool

    def a() -> Branches:
        return inception_double3x3(384, n1=96, r3=64, n3=96, rd=64, nd=96, pool_proj=96, pool=pool, unit=unit)

    def b() -> Branches:
        return inception_factorized(
            1024, n1=384, single=(192, 224, 256), double=(192, 192, 224, 224, 256), pool_proj=128, pool=pool, unit=unit
        )

    def c() -> Branches:
        return inception_expanded(
            1536,
            n1=256,
            single=[(384, 1)],
            double=[(384, 1), (448, (3, 1)), (512, (1, 3))],
            split=256,
            pool_proj=256,
            pool=pool,
            unit=unit,
        )

    stages = {
        **stem(channels, unit),
        **{f"Mixed_5{letter}": a() for letter in "bcde"},
        "Mixed_6a": reduction_a(384, (192, 224, 256, 384), unit),
        **{f"Mixed_6{letter}": b() for letter in "bcdefgh"},
        "Mixed_7a": grid_reduction(
            1024, [(192, 1), (192, 3)], [(256, 1), (256, (1, 7)), (320, (7, 1)), (320, 3)], unit=unit
        ),
        **{f"Mixed_7{letter}": c() for letter in "bcd"},
    }
    return finish(
        stages,
        1536,
        num_classes,
        channels,
        style,
        input_size=299,
        dropout=dropout,
        aux={"Mixed_6h": 1024} if aux else {},
        init=SLIM_INIT if convention == "slim" else None,
    )


def stem(channels: int, unit: Unit) -> dict[str, Module]:
    """Fig. 3, also of Inception-ResNet-v2 as printed: 299x299 to 35x35x384, pooling and convolving side by side."""
    return {
        "Conv2d_1a_3x3": unit(channels, 32, 3, stride=2, padding="valid"),
        "Conv2d_2a_3x3": unit(32, 32, 3, padding="valid"),
        "Conv2d_2b_3x3": unit(32, 64, 3),
        "Mixed_3a": block(64, {"pool": MaxPool2d(3, stride=2), "conv": unit(64, 96, 3, stride=2, padding="valid")}),
        "Mixed_4a": block(
            160,
            {
                "short": chain(160, [(64, 1), (96, 3)], padding="valid", unit=unit),
                "long": chain(160, [(64, 1), (64, (1, 7)), (64, (7, 1)), (96, 3)], padding="valid", unit=unit),
            },
        ),
        "Mixed_5a": block(192, {"conv": unit(192, 192, 3, stride=2, padding="valid"), "pool": MaxPool2d(3, stride=2)}),
    }


def reduction_a(in_channels: int, widths: tuple[int, int, int, int], unit: Unit) -> Branches:
    """35x35 to 17x17 (Fig. 7); widths: the k, l, m, n of Table 1."""
    reduce, middle, double, single = widths
    return grid_reduction(in_channels, [(single, 3)], [(reduce, 1), (middle, 3), (double, 3)], unit=unit)
