"""Convolution in steps from its definition to the fast kernel, to read, to choose and to measure.

`kernels.choice.STAIRS` says what each of the six adds. The upper two, `registers` and `fast`, are `kernels.products`
and `kernels.winograd`, called from `kernels.conv`.

The first four are here. Each has three functions on dense arrays, `forward`, `input_grad` and `weight_grad`, without
bias and groups; what `kernels.conv` offers is made of them below. `stairs.reference` has the upper two ideas in NumPy.
"""

from __future__ import annotations

from importlib import import_module

import numpy as np

from tinyinception import kernels
from tinyinception.kernels.choice import chosen
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import empty


def conv2d(x, w, b, stride, pads, groups, dilation=(1, 1)):
    """x N x H x W x C, w KH x KW x C/groups x F, b F or None -> N x OH x OW x F, by the chosen stair."""
    grid = [
        (x.shape[axis + 1] + sum(pads[2 * axis : 2 * axis + 2]) - (w.shape[axis] - 1) * dilation[axis] - 1)
        // stride[axis]
        + 1
        for axis in (0, 1)
    ]
    out = empty((x.shape[0], *grid, w.shape[3]), x.dtype)
    _by_groups("forward", x, w, out, groups, _window(stride, pads, dilation))
    if b is not None:
        launch(np.add, out, b, out)
    return out


def conv2d_input_grad(grad, w, x_shape, stride, pads, groups, into=None, dilation=(1, 1)):
    """Gradient of conv2d for its input, from the gradient of its output; added to `into` where that is given."""
    dx = into
    if dx is None:
        dx = empty(x_shape, grad.dtype)
        launch(np.copyto, dx, 0)
    _by_groups("input_grad", grad, w, dx, groups, _window(stride, pads, dilation))
    return dx


def conv2d_weight_grad(grad, x, w_shape, stride, pads, groups, dilation=(1, 1), into=None):
    """Gradient of conv2d for its weights, from the gradient of its output."""
    dw = empty(w_shape, grad.dtype) if into is None else into
    _by_groups("weight_grad", grad, x, dw, groups, _window(stride, pads, dilation))
    return dw


def conv2d_moments(x, w, b, stride, pads, dilation=(1, 1)):
    """conv2d, and of its result the mean and biased variance per channel, in float64."""
    y = conv2d(x, w, b, stride, pads, 1, dilation)
    _, found = kernels.batch_norm(y, None, None, 1.0, False)
    return y, found.mean, found.var


def conv2d_norm(x, w, b, stride, pads, groups, mean, var, gamma, beta, eps, relu, dilation=(1, 1)):
    """conv2d, and batch-norm by given statistics after it."""
    y = conv2d(x, w, b, stride, pads, groups, dilation)
    return kernels.batch_norm(y, gamma, beta, eps, relu, (mean, var))[0]


def _window(stride, pads, dilation):
    from tinyinception.kernels.stairs.window import Window

    return Window(*map(int, (*stride, *dilation, pads[0], pads[2])))


def _by_groups(name, left, right, out, groups, window):
    """What the chosen stair's function of that name writes into out, the channels of each group for themselves."""
    function = getattr(import_module(f"{__name__}.{chosen()}"), name)
    for some, *operands in zip(*(np.split(array, groups, axis=3) for array in (out, left, right)), strict=True):
        result = _dense(some)
        launch(function, *map(_dense, operands), result, window)
        if result is not some:
            launch(np.copyto, some, result)


def _dense(array):
    """The array itself where it is dense, as kernels want it; else a copy, such as of the channels of one group."""
    if array.flags.carray:
        return array
    copy = empty(array.shape, array.dtype)
    launch(np.copyto, copy, array)
    return copy
