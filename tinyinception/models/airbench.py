"""The network of the fastest known CIFAR-10 trainings, and one of Inception modules at the same multiply-adds."""

from __future__ import annotations

from functools import partial

from tinyinception.checks import whole
from tinyinception.errors import unknown_name
from tinyinception.models.network import Network
from tinyinception.nn import (
    GELU,
    BatchNorm2d,
    Branches,
    Conv2d,
    ConvUnit,
    GlobalAvgPool,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Scale,
    Sequential,
)
from tinyinception.nn.init import dirac, variance_scaling
from tinyinception.nn.units import block

ACTIVATIONS = ("gelu", "relu")
TORCH = variance_scaling(1 / 3, "fan_in", "uniform")  # PyTorch's for linear layers

conv3x3 = partial(Conv2d, kernel_size=3, padding="same", bias=False, init=dirac())
batch_norm = partial(BatchNorm2d, eps=1e-12, momentum=0.4, gamma=False)


def airbench_cifar(
    num_classes: int = 10,
    channels: int = 3,
    *,
    widths: tuple[int, int, int] = (64, 256, 256),
    depth: int = 2,
    kernel_size: int = 2,
    activation: str = "gelu",
    scale: float = 1 / 9,
) -> Network:
    """airbench94 (Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU"), a descendant of Page's ResNet.

    A first layer of 2 k k channels for whitening kernels (`Config.whiten`), then three groups of convolution, pooling,
    batch-norm, activation, convolution, batch-norm, activation: 31x31, 15x15, 7x7, 3x3. All 3x3 begin by handing on
    their input; batch-norm has no scale and forgets fast; the logits are multiplied by `scale`. depth: convolutions of
    a group. activation: "gelu", here in its tanh form, or "relu".
    """
    first, act = _first(channels, kernel_size, activation)
    more = range(2, whole("depth", depth) + 1)

    def group(before: int, after: int) -> Sequential:
        conv1 = conv3x3(before, after)
        unit = partial(ConvUnit, after, after, 3, norm=batch_norm, relu=False, init=dirac())
        rest = {name: one for i in more for name, one in ((f"unit{i}", unit()), (f"act{i}", act()))}
        return Sequential(conv1=conv1, pool=MaxPool2d(2), norm1=batch_norm(after), act1=act(), **rest)

    return _network(
        first, act, [group(*pair) for pair in _pairs(first, widths)], widths[2], num_classes, channels, scale
    )


def inception_fast_cifar(
    num_classes: int = 10,
    channels: int = 3,
    *,
    widths: tuple[int, int, int] = (64, 256, 256),
    reduce: tuple[int, int, int, int, int, int] = (16, 16, 48, 80, 80, 80),
    depth: int = 2,
    kernel_size: int = 2,
    activation: str = "gelu",
    scale: float = 1 / 9,
) -> Network:
    """airbench_cifar with an Inception module in the place of each 3x3 of its groups, at the same multiply-adds.

    A module has two branches of half the width each: a 3x3, and two 3x3 in a row with `reduce` channels between them,
    which is Rethinking's Fig. 5 without its 1x1 layers: these cost more time than multiply-adds on a processor. The
    first module of a group ends with the pooling of a grid reduction. reduce: of each group's first module and of its
    others. depth: modules of a group.
    """
    first, act = _first(channels, kernel_size, activation)
    more = range(2, whole("depth", depth) + 1)

    def double(before: int, between: int, last: Module) -> Sequential:
        unit = ConvUnit(before, between, 3, norm=batch_norm, relu=False, init=dirac())
        return Sequential(unit1=unit, act1=act(), last=last)

    def group(before: int, after: int, narrow: int, wide: int) -> Sequential:
        half = after // 2
        unit = partial(ConvUnit, kernel_size=3, norm=batch_norm, relu=False, init=dirac())
        first: Branches = block(
            before, {"single": conv3x3(before, half), "double": double(before, narrow, conv3x3(narrow, after - half))}
        )

        def module() -> Branches:
            return block(after, {"single": unit(after, half), "double": double(after, wide, unit(wide, after - half))})

        rest = {name: one for i in more for name, one in ((f"mixed{i}", module()), (f"act{i}", act()))}
        return Sequential(mixed1=first, pool=MaxPool2d(2), norm1=batch_norm(after), act1=act(), **rest)

    groups = [group(*pair, *reduce[2 * i : 2 * i + 2]) for i, pair in enumerate(_pairs(first, widths))]
    return _network(first, act, groups, widths[2], num_classes, channels, scale)


def _first(channels: int, kernel_size: int, activation: str) -> tuple[Conv2d, type[Module]]:
    """The layer for whitening kernels, and the class of activations."""
    if activation not in ACTIVATIONS:
        raise unknown_name(str(activation), ACTIVATIONS, "activation")
    kernel_size = whole("kernel_size", kernel_size)
    return Conv2d(channels, 2 * channels * kernel_size**2, kernel_size), GELU if activation == "gelu" else ReLU


def _pairs(first: Conv2d, widths: tuple[int, int, int]) -> list[tuple[int, int]]:
    """Channels before and after each group."""
    return list(zip((first.out_channels, *widths[:-1]), widths, strict=True))


def _network(
    first: Conv2d,
    act: type[Module],
    groups: list[Sequential],
    width: int,
    num_classes: int,
    channels: int,
    scale: float,
) -> Network:
    head = Sequential(
        pool=MaxPool2d(3),
        mean=GlobalAvgPool(),  # of one pixel, at 32x32
        fc=Linear(width, num_classes, bias=False, init=TORCH),
        scale=Scale(scale),
    )
    stages = {f"group{i}": group for i, group in enumerate(groups, 1)}
    return Network(
        {"whiten": Sequential(conv=first, act=act()), **stages, "head": head}, channels=channels, input_size=32
    )
