"""Inception-ResNet v1 and v2 (Szegedy et al. 2016, "Inception-v4, Inception-ResNet ...", Figs. 10 to 19)."""

from __future__ import annotations

from collections.abc import Callable

from tinyinception.errors import ArgumentError
from tinyinception.models import inception_v3, inception_v4
from tinyinception.models.conventions import FACENET, FACENET_PYTORCH, KERAS, SLIM_GLOROT, TIMM, choose
from tinyinception.models.network import Network
from tinyinception.nn import (
    Dropout,
    GlobalAvgPool,
    Linear,
    Module,
    ResidualInception,
    Sequential,
    grid_reduction,
    inception_35x35,
    inception_resnet_a,
    inception_resnet_b,
    inception_resnet_c,
)
from tinyinception.nn.units import Unit

FACENETS = {"facenet_pytorch": FACENET_PYTORCH, "facenet": FACENET}
CONVENTIONS = {"timm": TIMM, "slim": SLIM_GLOROT, "keras": KERAS}
Scales = tuple[float, float, float]
SCALES: Scales = (0.17, 0.1, 0.2)  # of the residuals on the 35x35, 17x17 and 8x8 grids, in the released code


def inception_resnet_v1(
    num_classes: int = 1000, channels: int = 3, *, scales: Scales = SCALES, dropout: float | None = None
) -> Network:
    """The cheaper one, at about the cost of Inception-v3 (Figs. 10 to 14); images of 299x299.

    scales: what the residuals of the three grids are multiplied with before they are added, 0.1 to 0.3 in the paper.
    """
    stages, _ = _version_1(channels, scales, FACENET.unit)
    return inception_v3.finish(stages, 1792, num_classes, channels, FACENET, input_size=299, dropout=dropout, aux={})


def inception_resnet_v1_facenet(
    num_classes: int = 1000,
    channels: int = 3,
    *,
    embedding: int = 512,
    scales: Scales = SCALES,
    convention: str = "facenet_pytorch",
    dropout: float | None = None,
) -> Network:
    """FaceNet's: a sixth block on the coarsest grid, neither scaled nor followed by ReLU, and an embedding of faces.

    The embedding is `head.norm`'s output, a linear layer without bias and batch-norm, which FaceNet compares at length
    1; `head.fc` classifies the faces that it is trained on. Images of 160x160. 23,482,624 parameters without `head.fc`,
    27,910,327 with the 8,631 people of VGGFace2: those of facenet-pytorch's `InceptionResnetV1`.
    convention: facenet_pytorch; facenet, D. Sandberg's in TensorFlow, without gamma, of other momentum and dropout.
    """
    style = choose("inception_resnet_v1_facenet", convention, FACENETS)
    stages, last = _version_1(channels, scales, style.unit)
    head = Sequential(
        pool=GlobalAvgPool(),
        dropout=Dropout(style.dropout if dropout is None else dropout),
        embedding=Linear(1792, embedding, bias=False),
        norm=style.norm(embedding),
        fc=Linear(embedding, num_classes),
    )
    return Network({**stages, "block8_6": last(scale=1.0, relu=False), "head": head}, channels=channels, input_size=160)


def _version_1(channels: int, scales: Scales, unit: Unit) -> tuple[dict[str, Module], Callable[..., ResidualInception]]:
    """All before the head, and what makes one more block of the last kind."""
    first = inception_v3.stem(channels, unit)
    del first["MaxPool_5a_3x3"]
    scale_35, scale_17, scale_8 = _scales(scales)

    def last(scale: float = scale_8, relu: bool = True) -> ResidualInception:
        return inception_resnet_c(1792, single=(192, 192, 192), scale=scale, relu=relu, unit=unit)

    return {
        **first,
        "Conv2d_4b_3x3": unit(192, 256, 3, stride=2, padding="valid"),
        **_repeat(
            "block35",
            5,
            lambda: inception_resnet_a(256, single=(32, 32), double=(32, 32, 32), scale=scale_35, unit=unit),
        ),
        "Mixed_6a": inception_v4.reduction_a(256, (192, 192, 256, 384), unit),
        **_repeat(
            "block17", 10, lambda: inception_resnet_b(896, n1=128, single=(128, 128, 128), scale=scale_17, unit=unit)
        ),
        "Mixed_7a": _reduction_b(896, (384, 256, 256, 256), unit),
        **_repeat("block8", 5, last),
    }, last


def inception_resnet_v2(
    num_classes: int = 1000,
    channels: int = 3,
    *,
    aux: bool = False,
    scales: Scales = SCALES,
    convention: str = "timm",
    dropout: float | None = None,
) -> Network:
    """As released: v3's stem, one 35x35 module, then 10, 20 and 10 residual blocks; images of 299x299.

    The paper's figures show another stem and 5, 10 and 5 blocks (`inception_resnet_v2_paper`); the code is what
    costs as much as Inception-v4, which the text says. The last block is not scaled and has no ReLU.
    aux: an auxiliary classifier after block17_20. convention: timm, whose weights load; slim; keras.
    """
    style = choose("inception_resnet_v2", convention, CONVENTIONS)
    unit = style.unit
    blocks, last = _blocks(320, 1088, 2080, (10, 20, 9), scales, unit)
    stages = {
        **inception_v3.stem(channels, unit),
        "Mixed_5b": inception_35x35(192, n1=96, pool_proj=64, pool=style.pool, unit=unit),
        **blocks,
        "block8_10": last(scale=1.0, relu=False),
        "Conv2d_7b_1x1": unit(2080, 1536, 1),
    }
    return inception_v3.finish(
        stages,
        1536,
        num_classes,
        channels,
        style,
        input_size=299,
        dropout=dropout,
        aux={"block17_20": 1088} if aux else {},
    )


def inception_resnet_v2_paper(
    num_classes: int = 1000, channels: int = 3, *, scales: Scales = SCALES, dropout: float | None = None
) -> Network:
    """As printed in Figs. 15 to 19, with two widths corrected: v4's stem, then 5, 10 and 5 blocks; images of 299x299.

    Fig. 17 prints 1154 where only 1152 = 384 + 384 + 384 can be added to its input, Fig. 19 prints 2048 for 2144.
    """
    unit = TIMM.unit
    blocks, _ = _blocks(384, 1152, 2144, (5, 10, 5), scales, unit)
    return inception_v3.finish(
        {**inception_v4.stem(channels, unit), **blocks},
        2144,
        num_classes,
        channels,
        TIMM,
        input_size=299,
        dropout=dropout,
        aux={},
    )


def _blocks(
    wide_35: int, wide_17: int, wide_8: int, repeats: tuple[int, int, int], scales: Scales, unit: Unit
) -> tuple[dict[str, Module], Callable[..., ResidualInception]]:
    """What both versions of v2 share: blocks and reductions, and what makes one more block of the last kind."""
    scale_35, scale_17, scale_8 = _scales(scales)

    def last(scale: float = scale_8, relu: bool = True) -> ResidualInception:
        return inception_resnet_c(wide_8, scale=scale, relu=relu, unit=unit)

    return {
        **_repeat("block35", repeats[0], lambda: inception_resnet_a(wide_35, scale=scale_35, unit=unit)),
        "Mixed_6a": inception_v4.reduction_a(wide_35, (256, 256, 384, 384), unit),
        **_repeat("block17", repeats[1], lambda: inception_resnet_b(wide_17, scale=scale_17, unit=unit)),
        "Mixed_7a": _reduction_b(wide_17, (384, 288, 288, 320), unit),
        **_repeat("block8", repeats[2], last),
    }, last


def _reduction_b(in_channels: int, widths: tuple[int, int, int, int], unit: Unit) -> Module:
    """17x17 to 8x8 (Figs. 12 and 18); widths: of the strided 3x3 of each path, the third one's middle 3x3 before it."""
    first, second, middle, third = widths
    return grid_reduction(
        in_channels, [(256, 1), (first, 3)], [(256, 1), (second, 3)], [(256, 1), (middle, 3), (third, 3)], unit=unit
    )


def _repeat(name: str, times: int, make: Callable[[], Module]) -> dict[str, Module]:
    """Blocks name_1, name_2, ..."""
    return {f"{name}_{i}": make() for i in range(1, times + 1)}


def _scales(scales: Scales) -> Scales:
    if len(tuple(scales)) != 3:
        raise ArgumentError(f"scales: one number for each of the grids 35x35, 17x17 and 8x8, got {scales!r}")
    scale_35, scale_17, scale_8 = scales
    return scale_35, scale_17, scale_8
