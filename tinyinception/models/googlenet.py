"""GoogLeNet, the first Inception network (Szegedy et al. 2014, "Going Deeper with Convolutions", Table 1)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tinyinception.models.conventions import SLIM_V1, TORCHVISION_V1
from tinyinception.models.network import Network
from tinyinception.nn import (
    AdaptiveAvgPool2d,
    ConvUnit,
    LocalResponseNorm,
    MaxPool2d,
    Module,
    SeparableConv,
    Sequential,
    classifier,
    googlenet_aux,
    inception,
)
from tinyinception.nn.init import constant, glorot
from tinyinception.nn.units import Unit

# Table 1: #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj.
WIDTHS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
AUX_AT = {"inception_4a": 512, "inception_4d": 528}  # channels there
PLAIN = partial(ConvUnit, norm=None, init=glorot(), bias_init=constant(0.2))


def googlenet(
    num_classes: int = 1000, channels: int = 3, *, separable: bool = False, aux: bool = True, dropout: float = 0.4
) -> Network:
    """The network of the paper: true 5x5 convolutions, biases, response normalisation, two auxiliary classifiers.

    separable: a depthwise-separable 7x7 of multiplier 8 as first layer; only with it do Table 1's 2.7K parameters and
    34M operations of that row, and its 1.5 billion in all, come out. The paper gives no initial distribution: these are
    Caffe's port's, Glorot and biases of 0.2. In training, images must leave a 14x14 grid, as 224x224 does.
    """
    first = (
        SeparableConv(channels, 64, 7, stride=2, multiplier=8)
        if separable
        else PLAIN(channels, 64, 7, stride=2, padding=3)
    )
    stem = {
        "conv1": first,
        "pool1": halve(),
        "norm1": _normalise(),
        "conv2": widen(PLAIN),
        "norm2": _normalise(),
        "pool2": halve(),
    }
    heads = {name: googlenet_aux(width, num_classes, unit=PLAIN) for name, width in AUX_AT.items()} if aux else {}
    return _network(stem, PLAIN, 5, num_classes, channels, dropout, heads, last_pool=halve())


def googlenet_torchvision(
    num_classes: int = 1000, channels: int = 3, *, aux: bool = True, dropout: float = TORCHVISION_V1.dropout
) -> Network:
    """TorchVision's variant, for its weights: batch-norm, 3x3 in the "5x5" branch, no response normalisation.

    The 3x3 came with the port from TF-slim (pytorch/vision issue 906). The last pooling is 2x2; the auxiliary
    classifiers pool adaptively to 4x4, with other windows than the paper's 5x5 with stride 3.
    """
    unit = TORCHVISION_V1.unit
    stem = {
        "conv1": unit(channels, 64, 7, stride=2, padding=3),
        "pool1": halve(),
        "conv2": widen(unit),
        "pool2": halve(),
    }
    heads = (
        {
            name: googlenet_aux(width, num_classes, pool=AdaptiveAvgPool2d(4), unit=unit, init=TORCHVISION_V1.init)
            for name, width in AUX_AT.items()
        }
        if aux
        else {}
    )
    return _network(
        stem,
        unit,
        3,
        num_classes,
        channels,
        dropout,
        heads,
        last_pool=MaxPool2d(2, ceil_mode=True),
        init=TORCHVISION_V1.init,
    )


def googlenet_slim(num_classes: int = 1000, channels: int = 3, *, dropout: float = SLIM_V1.dropout) -> Network:
    """TF-slim's `inception_v1`: batch-norm without gamma, 3x3 in the "5x5" branch, "same" padding, no aux."""
    unit = SLIM_V1.unit
    stem = {
        "conv1": unit(channels, 64, 7, stride=2),
        "pool1": halve_same(),
        "conv2": widen(unit),
        "pool2": halve_same(),
    }
    return _network(
        stem, unit, 3, num_classes, channels, dropout, {}, pool=halve_same(), last_pool=MaxPool2d(2, padding="same")
    )


def _network(
    stem: Mapping[str, Module],
    unit: Unit,
    five: int,
    num_classes: int,
    channels: int,
    dropout: float,
    aux: Mapping[str, Module],
    *,
    last_pool: Module,
    pool: Module | None = None,
    **head,
) -> Network:
    """What the variants share: nine modules, with poolings before 4a and 5a."""
    pools = {"4a": ("pool3", pool or halve()), "5a": ("pool4", last_pool)}
    stages, width = dict(stem), 192
    for name, (n1, r3, n3, r5, n5, proj) in WIDTHS.items():
        if name in pools:
            stage, pooling = pools[name]
            stages[stage] = pooling
        module = inception(width, n1=n1, r3=r3, n3=n3, r5=r5, n5=n5, pool_proj=proj, five=five, unit=unit)
        stages[f"inception_{name}"], width = module, module.out_channels
    stages["head"] = classifier(width, num_classes, dropout=dropout, **head)
    return Network(stages, channels=channels, input_size=224, aux=aux, aux_weight=0.3)


def widen(unit: Unit) -> Sequential:
    """The row "convolution 3x3/1" of Table 1, which stands for two: a 1x1 reduction comes first."""
    return Sequential(reduce=unit(64, 64, 1), conv=unit(64, 192, 3))


def halve() -> MaxPool2d:
    """Caffe's and PyTorch's way: no padding, windows may hang over the end."""
    return MaxPool2d(3, stride=2, ceil_mode=True)


def halve_same() -> MaxPool2d:
    """TensorFlow's way, which on even grids is the same."""
    return MaxPool2d(3, stride=2, padding="same")


def _normalise() -> LocalResponseNorm:
    return LocalResponseNorm(5, k=1.0, mean=True)
