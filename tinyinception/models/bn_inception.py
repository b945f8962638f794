"""BN-Inception (Ioffe and Szegedy 2015, "Batch Normalization", Fig. 5); TF-slim calls it `inception_v2`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from tinyinception.models.conventions import CAFFE_BN, SLIM, Convention, reinitialise
from tinyinception.models.googlenet import halve, halve_same, widen
from tinyinception.models.network import Network
from tinyinception.nn import (
    AvgPool2d,
    Module,
    SeparableConv,
    classifier,
    grid_reduction,
    inception_double3x3,
)
from tinyinception.nn.init import truncated_normal
from tinyinception.nn.units import Pool, Unit, max_pool

# Fig. 5: #1x1, #3x3 reduce, #3x3, double #3x3 reduce, double #3x3, pool proj. 3c and 4e halve the grid: they have no
# 1x1, and their pooling passes all channels on.
WIDTHS = {
    "3a": (64, 64, 64, 64, 96, 32),
    "3b": (64, 64, 96, 64, 96, 64),
    "3c": (0, 128, 160, 64, 96, 0),
    "4a": (224, 64, 96, 96, 128, 128),
    "4b": (192, 96, 128, 96, 128, 128),
    "4c": (160, 128, 160, 128, 160, 128),
    "4d": (96, 128, 192, 160, 192, 128),
    "4e": (0, 128, 192, 192, 256, 0),
    "5a": (352, 192, 320, 160, 224, 128),
    "5b": (352, 192, 320, 192, 224, 128),
}
# The paper prints 576 channels for 4c and 4d, though its widths add up to 608; TF-slim narrows the projection.
PROJECTIONS_TO_576 = {"4c": 96, "4d": 96}
# What the paper leaves open, such as eps, is as in TF-slim; it learns gamma (algorithm 1) and drops out nothing.
PAPER = replace(SLIM, gamma=True, dropout=0.0)
SLIM_INIT = {
    "conv1.depthwise.weight": truncated_normal(1.0),
    "conv1.pointwise.weight": truncated_normal(1.0),
    "conv2.reduce.conv.weight": truncated_normal(0.1),
    "*.three.conv1_1x1.conv.weight": truncated_normal(0.09),
    "*.double.conv1_1x1.conv.weight": truncated_normal(0.09),
    "*.path?.conv1_1x1.conv.weight": truncated_normal(0.09),
    "*.pool.proj.conv.weight": truncated_normal(0.1),
}


def bn_inception(num_classes: int = 1000, channels: int = 3, *, dropout: float = CAFFE_BN.dropout) -> Network:
    """The Caffe port, for which weights are published: a plain 7x7 first, 608 channels in 4c and 4d, 1056 in 4e.

    Convolutions keep biases that batch-norm makes redundant. Strided convolutions pad one pixel on each side while the
    max pooling beside them pads none and rounds up, so that the branches' grids are one pixel apart. Average poolings
    count the border. Its weights want BGR images of 0 to 255 minus (104, 117, 128).
    """
    unit = partial(CAFFE_BN.unit, bias=True)
    stem = {
        "conv1": unit(channels, 64, 7, stride=2, padding=3),
        "pool1": halve(),
        "conv2": widen(unit),
        "pool2": halve(),
    }
    average = partial(AvgPool2d, 3, stride=1, padding=1, ceil_mode=True, count_include_pad=True)
    return _network(stem, unit, average, num_classes, channels, dropout, {}, padding=1, pool=halve)


def bn_inception_paper(num_classes: int = 1000, channels: int = 3, *, dropout: float = PAPER.dropout) -> Network:
    """The network of Fig. 5 itself: a separable 7x7 of multiplier 8 first, batch-norm after every convolution.

    The grids and channels are those that the figure prints, 576 in 4c and 4d and 1024 in 4e; for them the pooling
    projections of 4c and 4d have 96 channels, not the 128 beside. Gamma and beta are learned and convolutions have no
    biases (sections 3 and 3.2), there is no dropout (4.2.1), and the stride-2 modules 3c and 4e have no 1x1 branch and
    pass the pooled input on. 11,188,288 parameters; no reading gives the 13.6 million of section 4.2.
    """
    first = SeparableConv(channels, 64, 7, stride=2, multiplier=8, norm=PAPER.norm, init=PAPER.init)
    return _same(first, PAPER, num_classes, channels, dropout)


def bn_inception_slim(num_classes: int = 1000, channels: int = 3, *, dropout: float = SLIM.dropout) -> Network:
    """TF-slim's `inception_v2`: a separable 7x7 first, as the paper has it, and 576 channels in 4c and 4d as printed.

    Batch-norm has no gamma; the separable layer has a bias and no batch-norm, as the code is written. "Same" padding
    keeps the grids of a reduction's branches aligned.
    """
    network = _same(SeparableConv(channels, 64, 7, stride=2, multiplier=8), SLIM, num_classes, channels, dropout)
    reinitialise(network, SLIM_INIT)
    return network


def _same(first: Module, style: Convention, num_classes: int, channels: int, dropout: float) -> Network:
    """Padded so that the grids of a reduction's branches are aligned, and with 576 channels in 4c and 4d."""
    stem = {"conv1": first, "pool1": halve_same(), "conv2": widen(style.unit), "pool2": halve_same()}
    return _network(
        stem,
        style.unit,
        style.pool,
        num_classes,
        channels,
        dropout,
        PROJECTIONS_TO_576,
        padding="same",
        pool=halve_same,
    )


def _network(
    stem: dict[str, Module],
    unit: Unit,
    average: Pool,
    num_classes: int,
    channels: int,
    dropout: float,
    projections: dict[str, int],
    *,
    padding: int | str,
    pool: Pool,
) -> Network:
    """What the variants share: eight modules with two 3x3 for the 5x5 and, at 3c and 4e, two that halve the grid."""
    stages, width = dict(stem), 192
    for name, (n1, r3, n3, rd, nd, proj) in WIDTHS.items():
        if not n1:
            module = grid_reduction(
                width, [(r3, 1), (n3, 3)], [(rd, 1), (nd, 3), (nd, 3)], padding=padding, pool=pool(), unit=unit
            )
        else:
            module = inception_double3x3(
                width,
                n1=n1,
                r3=r3,
                n3=n3,
                rd=rd,
                nd=nd,
                pool_proj=projections.get(name, proj),
                pool=max_pool if name == "5b" else average,
                unit=unit,
            )
        stages[f"inception_{name}"], width = module, module.out_channels
    stages["head"] = classifier(width, num_classes, dropout=dropout)
    return Network(stages, channels=channels, input_size=224)
