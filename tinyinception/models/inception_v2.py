"""Inception-v2: the network of Table 1 of "Rethinking the Inception Architecture" (Szegedy et al. 2015).

All of these are reconstructions. The table gives grids and input channels; the widths were in a file that was never
published, one of its rows cannot be computed as printed, and its stated depth (42) and cost (3.8 billion) fit no
reading of it. They have Inception-v3's widths. TF-slim uses the name `inception_v2` for another network, BN-Inception.
"""

from __future__ import annotations

from tinyinception.errors import unknown_name
from tinyinception.models.conventions import SLIM
from tinyinception.models.inception_v3 import finish, grid_8, grid_17, reduce_17, reduce_35, stem
from tinyinception.models.network import Network
from tinyinception.nn import MaxPool2d, Module, inception_double3x3
from tinyinception.nn.units import Pool, Unit

# Widths inside the modules of Fig. 6, one number for each module.
FACTORIZED = {"a": (128, 160, 160, 192, 192), "b": (128, 160, 160, 192), "c": (128, 160, 160, 192)}


def inception_v2(
    num_classes: int = 1000, channels: int = 3, *, reading: str = "c", dropout: float | None = None
) -> Network:
    """Inception-v3 without its 5x5: two 3x3 in their place (Fig. 5). A reconstruction; images of 299x299.

    reading: "a" takes Table 1 by the letter, padding the row 35x35x192 -> 35x35x288 that would otherwise give 33x33,
    with five modules of Fig. 6 and reductions of their own; "b" counts one reduction among the five; "c", the default,
    has the stem of the released Inception-v3, which the authors name as the best reference.
    """
    if reading not in FACTORIZED:
        raise unknown_name(reading, list(FACTORIZED), "reading of inception_v2")
    unit, pool = SLIM.unit, SLIM.pool
    first = _released_stem(channels, unit) if reading == "c" else _printed_stem(channels, unit)
    inputs = (192, 256, 288) if reading == "c" else (288, 288, 288)
    stages = {
        **first,
        **{f"fig5_{i}": _fig5(width, 32 if width == 192 else 64, pool, unit) for i, width in enumerate(inputs, 1)},
        "reduction_35_17": reduce_35(288, unit),
        **_numbered("fig6", grid_17(unit, pool, FACTORIZED[reading])),
        "reduction_17_8": reduce_17(768, unit),
        **_numbered("fig7", grid_8(unit, pool)),
    }
    return finish(stages, 2048, num_classes, channels, SLIM, input_size=299, dropout=dropout, aux={})


def _printed_stem(channels: int, unit: Unit) -> dict[str, Module]:
    """Table 1, row by row."""
    return {
        "conv1": unit(channels, 32, 3, stride=2, padding="valid"),
        "conv2": unit(32, 32, 3, padding="valid"),
        "conv3_padded": unit(32, 64, 3),
        "pool": MaxPool2d(3, stride=2),
        "conv4": unit(64, 80, 3, padding="valid"),
        "conv5": unit(80, 192, 3, stride=2, padding="valid"),
        "conv6_padded": unit(192, 288, 3),
    }


def _released_stem(channels: int, unit: Unit) -> dict[str, Module]:
    """The released v3's, under names of the table's kind."""
    names = ("conv1", "conv2", "conv3_padded", "pool", "conv4", "conv5", "pool2")
    return dict(zip(names, stem(channels, unit).values(), strict=True))


def _fig5(in_channels: int, pool_proj: int, pool: Pool, unit: Unit) -> Module:
    return inception_double3x3(
        in_channels, n1=64, r3=48, n3=64, rd=64, nd=96, pool_proj=pool_proj, pool=pool, unit=unit
    )


def _numbered(figure: str, modules: dict[str, Module]) -> dict[str, Module]:
    """The modules under the names figure_1, figure_2, ..."""
    return {f"{figure}_{i}": module for i, module in enumerate(modules.values(), 1)}
