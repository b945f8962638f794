"""Inception-v3 (Szegedy et al. 2015, "Rethinking the Inception Architecture"), as its authors released it.

Stages have the names of the release. The tables of the paper describe it only in part: its widths, the 5x5 branch of
the 35x35 modules and the places of the poolings come from the code.
"""

from __future__ import annotations

from collections.abc import Mapping

from tinyinception.checks import is_whole
from tinyinception.errors import ArgumentError
from tinyinception.models.conventions import KERAS, SLIM, TORCHVISION_V3, Convention, choose, reinitialise
from tinyinception.models.network import Network
from tinyinception.nn import (
    MaxPool2d,
    Module,
    classifier,
    grid_reduction,
    inception_35x35,
    inception_expanded,
    inception_factorized,
    inception_v3_aux,
)
from tinyinception.nn.init import truncated_normal
from tinyinception.nn.units import Path, Pool, Unit

CONVENTIONS = {"torchvision": TORCHVISION_V3, "slim": SLIM, "keras": KERAS}
AUX_INIT = {"aux_*.fc.weight": truncated_normal(0.001, cut=2000)}
SLIM_INIT = {"aux_*.conv.conv.weight": truncated_normal(0.01), "aux_*.fc.weight": truncated_normal(0.001)}

# Table 2: input size -> (stride of the first convolution, whether a pooling follows the third).
STEMS = {299: (2, True), 151: (1, True), 79: (1, False)}
REDUCE_35: tuple[Path, ...] = ([(384, 3)], [(64, 1), (96, 3), (96, 3)])
REDUCE_17: tuple[Path, ...] = ([(192, 1), (320, 3)], [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3)])


def inception_v3(
    num_classes: int = 1000,
    channels: int = 3,
    *,
    input_size: int = 299,
    aux: bool = True,
    convention: str = "torchvision",
    dropout: float | None = None,
) -> Network:
    """48 weight layers; images of 299x299, or with the stems of section 9's Table 2 of 151x151 or 79x79.

    aux: the auxiliary classifier with batch-norm after Mixed_6e. convention: torchvision, whose weights load; slim, the
    authors' own, with batch-norm without gamma and borders left out of the averages; keras. TorchVision's code means to
    draw the auxiliary 5x5 with std 0.01, but never uses that number.
    """
    style = choose("inception_v3", convention, CONVENTIONS)
    if not is_whole(input_size, 1) or input_size not in STEMS:
        raise ArgumentError(f"inception_v3: input_size must be one of {', '.join(map(str, STEMS))}, got {input_size!r}")
    unit, pool = style.unit, style.pool
    stages = {
        **stem(channels, unit, input_size),
        **grid_35(unit, pool),
        "Mixed_6a": reduce_35(288, unit),
        **grid_17(unit, pool),
        "Mixed_7a": reduce_17(768, unit),
        **grid_8(unit, pool),
    }
    return finish(
        stages,
        2048,
        num_classes,
        channels,
        style,
        input_size=input_size,
        dropout=dropout,
        aux={"Mixed_6e": 768} if aux else {},
        init=SLIM_INIT if convention == "slim" else AUX_INIT,
    )


def stem(channels: int, unit: Unit, input_size: int = 299) -> dict[str, Module]:
    """Three 3x3 where GoogLeNet has a 7x7, then a 1x1, a 3x3 and a pooling: 35x35x192 of 299x299 (Table 2's rows)."""
    stride, pooled = STEMS[input_size]
    return {
        "Conv2d_1a_3x3": unit(channels, 32, 3, stride=stride, padding="valid"),
        "Conv2d_2a_3x3": unit(32, 32, 3, padding="valid"),
        "Conv2d_2b_3x3": unit(32, 64, 3),
        **({"MaxPool_3a_3x3": MaxPool2d(3, stride=2)} if pooled else {}),
        "Conv2d_3b_1x1": unit(64, 80, 1),
        "Conv2d_4a_3x3": unit(80, 192, 3, padding="valid"),
        "MaxPool_5a_3x3": MaxPool2d(3, stride=2),
    }


def grid_35(unit: Unit, pool: Pool) -> dict[str, Module]:
    """Modules with a 5x5 branch: 192 channels to 256, 288 and 288."""
    return {
        f"Mixed_5{letter}": inception_35x35(inputs, pool_proj=proj, pool=pool, unit=unit)
        for letter, inputs, proj in (("b", 192, 32), ("c", 256, 64), ("d", 288, 64))
    }


def reduce_35(in_channels: int, unit: Unit) -> Module:
    """35x35 to 17x17 (Fig. 10)."""
    return grid_reduction(in_channels, *REDUCE_35, unit=unit)


def grid_17(unit: Unit, pool: Pool, widths: tuple[int, ...] = (128, 160, 160, 192)) -> dict[str, Module]:
    """Modules of Fig. 6 with n = 7, each 768 channels to 768; widths: of the factorised convolutions inside."""
    return {
        f"Mixed_6{letter}": inception_factorized(
            768, n1=192, single=(c, c, 192), double=(c, c, c, c, 192), pool_proj=192, pool=pool, unit=unit
        )
        for letter, c in zip("bcdef", widths, strict=False)
    }


def reduce_17(in_channels: int, unit: Unit) -> Module:
    """17x17 to 8x8, with a 7x7 factorised before one of the strided 3x3."""
    return grid_reduction(in_channels, *REDUCE_17, unit=unit)


def grid_8(unit: Unit, pool: Pool) -> dict[str, Module]:
    """Modules of Fig. 7: 1280 channels to 2048 and 2048."""
    return {
        f"Mixed_7{letter}": inception_expanded(
            inputs,
            n1=320,
            single=[(384, 1)],
            double=[(448, 1), (384, 3)],
            split=384,
            pool_proj=192,
            pool=pool,
            unit=unit,
        )
        for letter, inputs in (("b", 1280), ("c", 2048))
    }


def finish(
    stages: Mapping[str, Module],
    width: int,
    num_classes: int,
    channels: int,
    style: Convention,
    *,
    input_size: int,
    dropout: float | None,
    aux: dict[str, int],
    init: dict | None = None,
) -> Network:
    """Head and auxiliary classifier of v3 and all later networks. aux: channels by stage."""
    head = classifier(width, num_classes, dropout=style.dropout if dropout is None else dropout, init=style.init)
    heads = {
        stage: inception_v3_aux(inputs, num_classes, unit=style.unit, init=style.init) for stage, inputs in aux.items()
    }
    network = Network({**stages, "head": head}, channels=channels, input_size=input_size, aux=heads, aux_weight=0.4)
    reinitialise(network, init or {})
    return network
