"""Convolution, batch-norm and ReLU as one: the only place that knows which operations are done together.

In training the convolution gathers the moments that batch-norm needs while its numbers are in the cache. In evaluation
the three are one operation. The bits are those of one layer after the other, so that watching does not change what is
watched.
"""

from __future__ import annotations

from tinyinception import changes
from tinyinception.nn.layers import BatchNorm2d, Conv2d
from tinyinception.nn.module import Module
from tinyinception.ops.fused import ConvNorm, MomentsConv2d
from tinyinception.tensor import Tensor, apply, is_observed, is_recording


def conv_norm(conv: Module, norm: Module, x: Tensor) -> Tensor:
    """norm(conv(x))."""
    if type(conv) is not Conv2d or type(norm) is not BatchNorm2d:
        return norm(conv(x))
    if norm.training:
        y = conv(x, conv.groups == 1 and is_recording())
        return norm(y, _moments(y))
    if is_recording() or is_observed() or conv.hooked or norm.hooked:
        return norm(conv(x))
    formula = ConvNorm(conv.formula(), norm.formula())
    return apply(formula, x, conv.weight, conv.bias, norm.gamma, norm.beta, norm.running_mean, norm.running_var)


def _moments(y: Tensor) -> tuple | None:
    """Mean and variance of a convolution's result, where it has gathered them and they still hold."""
    node = y.node
    if node is None or type(node.op) is not MomentsConv2d or node.kept is None:
        return None
    return node.kept.aside if y._data is not None and changes.after(node.made, y._data) is None else None
