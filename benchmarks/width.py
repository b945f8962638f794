"""A network with all its channels multiplied, made from the network itself."""

from __future__ import annotations

from typing import TypeVar

from tinyinception.nn import BatchNorm2d, Conv2d, Linear, Module

Network = TypeVar("Network", bound=Module)


def widen(network: Network, width: float, *, channels: int = 3, classes: int = 10) -> Network:
    """Build every layer anew with `width` times its channels; those of the images and the classes stay.

    Raises ValueError where that gives a layer a fraction of a channel.
    """

    def scaled(count: int, fixed: int) -> int:
        wide = count if count == fixed else count * width
        if wide != int(wide):
            raise ValueError(f"{count} channels times {width:g} are {wide:g}")
        return int(wide)

    for layer in list(network.modules()):
        if isinstance(layer, Conv2d):
            layer.__init__(
                scaled(layer.in_channels, channels),
                scaled(layer.out_channels, 0),
                layer.kernel_size,
                stride=layer.stride,
                padding=layer.padding,
                dilation=layer.dilation,
                groups=layer.groups,
                bias=layer.bias is not None,
            )
        elif isinstance(layer, BatchNorm2d):
            layer.__init__(
                scaled(layer.channels, 0),
                eps=layer.eps,
                momentum=layer.momentum,
                relu=layer.relu,
                gamma=layer.gamma is not None,
                beta=layer.beta is not None,
            )
        elif isinstance(layer, Linear):
            layer.__init__(
                scaled(layer.in_features, 0), scaled(layer.out_features, classes), bias=layer.bias is not None
            )
    return network
