"""Which layer of ours is which in the published files: one table per network, from our dotted names to PyTorch's.

A line stands for every layer that its left side fits. `{x}` fits anything without a dot and is put in on the right;
`{x-1}` puts in a number that much smaller or larger, where a letter counts as its place in the alphabet (b is 1).
A convolution unit is one layer here: its parts are always called conv and bn in PyTorch, or, without batch-norm,
have the unit's own name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

V = TypeVar("V")

V3 = {  # TorchVision's Inception3; timm's inception_v3 has the same names
    "Conv2d_{layer}": "Conv2d_{layer}",
    "Mixed_{m}.one": "Mixed_{m}.branch1x1",
    "Mixed_{m}.pool.proj": "Mixed_{m}.branch_pool",
    "Mixed_5{m}.five.conv{n}_{k}": "Mixed_5{m}.branch5x5_{n}",
    "Mixed_5{m}.double.conv{n}_{k}": "Mixed_5{m}.branch3x3dbl_{n}",
    "Mixed_6a.path1.conv1_3x3": "Mixed_6a.branch3x3",
    "Mixed_6a.path2.conv{n}_{k}": "Mixed_6a.branch3x3dbl_{n}",
    "Mixed_6{m}.single.conv{n}_{k}": "Mixed_6{m}.branch7x7_{n}",
    "Mixed_6{m}.double.conv{n}_{k}": "Mixed_6{m}.branch7x7dbl_{n}",
    "Mixed_7a.path1.conv{n}_{k}": "Mixed_7a.branch3x3_{n}",
    "Mixed_7a.path2.conv{n}_{k}": "Mixed_7a.branch7x7x3_{n}",
    "Mixed_7{m}.single.reduce.conv1_1x1": "Mixed_7{m}.branch3x3_1",
    "Mixed_7{m}.single.split.row": "Mixed_7{m}.branch3x3_2a",
    "Mixed_7{m}.single.split.column": "Mixed_7{m}.branch3x3_2b",
    "Mixed_7{m}.double.reduce.conv{n}_{k}": "Mixed_7{m}.branch3x3dbl_{n}",
    "Mixed_7{m}.double.split.row": "Mixed_7{m}.branch3x3dbl_3a",
    "Mixed_7{m}.double.split.column": "Mixed_7{m}.branch3x3dbl_3b",
    "aux_Mixed_6e.reduce": "AuxLogits.conv0",
    "aux_Mixed_6e.conv": "AuxLogits.conv1",
    "aux_Mixed_6e.fc": "AuxLogits.fc",
    "head.fc": "fc",
}

V4 = {  # timm's inception_v4: all stages in one numbered row
    "Conv2d_1a_3x3": "features.0",
    "Conv2d_2a_3x3": "features.1",
    "Conv2d_2b_3x3": "features.2",
    "Mixed_3a.conv": "features.3.conv",
    "Mixed_4a.short.conv{n}_{k}": "features.4.branch0.{n-1}",
    "Mixed_4a.long.conv{n}_{k}": "features.4.branch1.{n-1}",
    "Mixed_5a.conv": "features.5.conv",
    "Mixed_5{m}.one": "features.{m+5}.branch0",
    "Mixed_5{m}.three.conv{n}_{k}": "features.{m+5}.branch1.{n-1}",
    "Mixed_5{m}.double.conv{n}_{k}": "features.{m+5}.branch2.{n-1}",
    "Mixed_5{m}.pool.proj": "features.{m+5}.branch3.1",
    "Mixed_6a.path1.conv1_3x3": "features.10.branch0",
    "Mixed_6a.path2.conv{n}_{k}": "features.10.branch1.{n-1}",
    "Mixed_6{m}.one": "features.{m+10}.branch0",
    "Mixed_6{m}.single.conv{n}_{k}": "features.{m+10}.branch1.{n-1}",
    "Mixed_6{m}.double.conv{n}_{k}": "features.{m+10}.branch2.{n-1}",
    "Mixed_6{m}.pool.proj": "features.{m+10}.branch3.1",
    "Mixed_7a.path{p}.conv{n}_{k}": "features.18.branch{p-1}.{n-1}",
    "Mixed_7{m}.one": "features.{m+18}.branch0",
    "Mixed_7{m}.single.reduce.conv1_1x1": "features.{m+18}.branch1_0",
    "Mixed_7{m}.single.split.row": "features.{m+18}.branch1_1a",
    "Mixed_7{m}.single.split.column": "features.{m+18}.branch1_1b",
    "Mixed_7{m}.double.reduce.conv{n}_{k}": "features.{m+18}.branch2_{n-1}",
    "Mixed_7{m}.double.split.row": "features.{m+18}.branch2_3a",
    "Mixed_7{m}.double.split.column": "features.{m+18}.branch2_3b",
    "Mixed_7{m}.pool.proj": "features.{m+18}.branch3.1",
    "head.fc": "last_linear",
}

RESNET_V2 = {  # timm's inception_resnet_v2
    "Conv2d_1a_3x3": "conv2d_1a",
    "Conv2d_2a_3x3": "conv2d_2a",
    "Conv2d_2b_3x3": "conv2d_2b",
    "Conv2d_3b_1x1": "conv2d_3b",
    "Conv2d_4a_3x3": "conv2d_4a",
    "Mixed_5b.one": "mixed_5b.branch0",
    "Mixed_5b.five.conv{n}_{k}": "mixed_5b.branch1.{n-1}",
    "Mixed_5b.double.conv{n}_{k}": "mixed_5b.branch2.{n-1}",
    "Mixed_5b.pool.proj": "mixed_5b.branch3.1",
    "block35_{i}.branches.one.conv1_1x1": "repeat.{i-1}.branch0",
    "block35_{i}.branches.single.conv{n}_{k}": "repeat.{i-1}.branch1.{n-1}",
    "block35_{i}.branches.double.conv{n}_{k}": "repeat.{i-1}.branch2.{n-1}",
    "block35_{i}.up": "repeat.{i-1}.conv2d",
    "Mixed_6a.path1.conv1_3x3": "mixed_6a.branch0",
    "Mixed_6a.path2.conv{n}_{k}": "mixed_6a.branch1.{n-1}",
    "block17_{i}.branches.one.conv1_1x1": "repeat_1.{i-1}.branch0",
    "block17_{i}.branches.single.conv{n}_{k}": "repeat_1.{i-1}.branch1.{n-1}",
    "block17_{i}.up": "repeat_1.{i-1}.conv2d",
    "Mixed_7a.path{p}.conv{n}_{k}": "mixed_7a.branch{p-1}.{n-1}",
    "block8_10.branches.one.conv1_1x1": "block8.branch0",  # the last one, without ReLU, stands alone
    "block8_10.branches.single.conv{n}_{k}": "block8.branch1.{n-1}",
    "block8_10.up": "block8.conv2d",
    "block8_{i}.branches.one.conv1_1x1": "repeat_2.{i-1}.branch0",
    "block8_{i}.branches.single.conv{n}_{k}": "repeat_2.{i-1}.branch1.{n-1}",
    "block8_{i}.up": "repeat_2.{i-1}.conv2d",
    "Conv2d_7b_1x1": "conv2d_7b",
    "head.fc": "classif",
}

GOOGLENET = {  # TorchVision's GoogLeNet
    "conv1": "conv1",
    "conv2.reduce": "conv2",
    "conv2.conv": "conv3",
    "inception_{m}.one": "inception{m}.branch1",
    "inception_{m}.three.conv{n}_{k}": "inception{m}.branch2.{n-1}",
    "inception_{m}.five.conv{n}_{k}": "inception{m}.branch3.{n-1}",
    "inception_{m}.pool.proj": "inception{m}.branch4.1",
    "aux_inception_4a.conv": "aux1.conv",
    "aux_inception_4a.hidden": "aux1.fc1",
    "aux_inception_4a.fc": "aux1.fc2",
    "aux_inception_4d.conv": "aux2.conv",
    "aux_inception_4d.hidden": "aux2.fc1",
    "aux_inception_4d.fc": "aux2.fc2",
    "head.fc": "fc",
}

ALEXNET = {  # TorchVision's AlexNet, whose numbers count activations, poolings and dropout too
    "conv1": "features.0",
    "conv2": "features.3",
    "conv3": "features.6",
    "conv4": "features.8",
    "conv5": "features.10",
    "fc6.fc": "classifier.1",
    "fc7.fc": "classifier.4",
    "fc8": "classifier.6",
}

VGG16 = {  # TorchVision's vgg16
    **{
        f"conv{group}_{i}": f"features.{number}"
        for group, numbers in enumerate(((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28)), 1)
        for i, number in enumerate(numbers, 1)
    },
    "fc6.fc": "classifier.0",
    "fc7.fc": "classifier.3",
    "fc8": "classifier.6",
}


@dataclass(frozen=True)
class Table:
    """How one network is published.

    layers: the table of names. last: their name of the layer that gives the logits. norm: whether its units have
    batch-norm. grids: our linear layers that follow a flattened grid, with its height and width. aux: how their names
    of auxiliary classifiers begin.
    """

    layers: Mapping[str, str]
    last: str
    norm: bool = True
    grids: Mapping[str, int] = field(default_factory=dict)
    aux: tuple[str, ...] = ()


TABLES = {
    "inception_v3": Table(V3, "fc", aux=("AuxLogits.",)),
    "inception_v4": Table(V4, "last_linear"),
    "inception_resnet_v2": Table(RESNET_V2, "classif"),
    "googlenet_torchvision": Table(GOOGLENET, "fc", grids={"aux_{stage}.hidden": 4}, aux=("aux1.", "aux2.")),
    "alexnet_torchvision": Table(ALEXNET, "classifier.6", norm=False, grids={"fc6.fc": 6}),
    "vgg16": Table(VGG16, "classifier.6", norm=False, grids={"fc6.fc": 7}),
}


def find(path: str, table: Mapping[str, V]) -> tuple[V, dict[str, str]] | None:
    """The first entry whose pattern fits a whole dotted path, with the values of its placeholders; None without one."""
    for pattern, value in table.items():
        if found := re.fullmatch(re.sub(r"\{(\w+)\}", r"(?P<\1>[^.]+?)", pattern.replace(".", r"\.")), path):
            return value, found.groupdict()
    return None


def translate(path: str, layers: Mapping[str, str]) -> str | None:
    """Their name of our layer at `path`, None where the table has none."""
    if (found := find(path, layers)) is None:
        return None
    template, values = found
    return re.sub(r"\{(\w+?)([+-]\d+)?\}", lambda part: _shifted(values[part[1]], part[2]), template)


def _shifted(value: str, by: str | None) -> str:
    if by is None:
        return value
    return str((int(value) if value.isdecimal() else ord(value) - ord("a")) + int(by))
