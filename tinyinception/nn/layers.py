"""Layers: modules that are one operation each, with the parameters it needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tinyinception import kernels, ops
from tinyinception.checks import number, whole
from tinyinception.errors import ArgumentError, DtypeError, ShapeError
from tinyinception.habits import channels_first
from tinyinception.nn import functional
from tinyinception.nn.functional import Padding, Pair
from tinyinception.nn.init import Initializer, glorot, he, ones, zeros
from tinyinception.nn.module import Module
from tinyinception.nn.parameter import Parameter, buffer
from tinyinception.ops import by_x, size_of
from tinyinception.ops import padding as geometry
from tinyinception.ops.fused import MomentsConv2d
from tinyinception.tensor import Tensor, apply, current_path, use

HE, GLOROT = he(), glorot()


class Conv2d(Module):
    """Convolution, N x H x W x in_channels to N x OH x OW x out_channels.

    Parameters: weight KH x KW x in_channels/groups x out_channels, and bias out_channels unless `bias=False`.
    padding: pixels of zeros, see `ops.padding.resolve`; none by default (ConvUnit, Inception's unit, keeps the grid).
    dilation: pixels from one tap of the kernel to the next.
    Raises ArgumentError at construction for counts that are no positive whole numbers or that `groups` does not divide.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        *,
        stride: int | Pair = 1,
        padding: Padding = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
        init: Initializer = HE,
        bias_init: Initializer = zeros,
    ):
        in_channels, out_channels, groups = _counts(
            "Conv2d", in_channels=in_channels, out_channels=out_channels, groups=groups
        )
        if in_channels % groups or out_channels % groups:
            raise ArgumentError(
                f"Conv2d: groups={groups} must divide in_channels={in_channels} and out_channels={out_channels}"
            )
        self.in_channels, self.out_channels, self.groups, self.padding = in_channels, out_channels, groups, padding
        self.kernel_size, self.stride = _sliding("Conv2d", kernel_size, stride, padding)
        self.dilation = geometry.pair(dilation, "dilation", 1, _fail("Conv2d"))
        self.weight = Parameter.create((*self.kernel_size, in_channels // groups, out_channels), init)
        self.bias = Parameter.create((out_channels,), bias_init) if bias else None

    def formula(self, gather_moments: bool = False) -> ops.Conv2d:
        """The operation; gather_moments: of its result, for a batch-norm, see `nn.fusion`."""
        kind = MomentsConv2d if gather_moments else ops.Conv2d
        return kind(self.stride, self.padding, self.groups, dilation=self.dilation)

    def forward(self, x: Tensor, gather_moments: bool = False) -> Tensor:
        return functional.convolve(self.formula(gather_moments), x, self.weight, self.bias)

    def describe(self) -> str:
        dilation = "" if self.dilation == (1, 1) else f", dilation {_pair_text(self.dilation)}"
        groups = f", groups {self.groups}" if self.groups > 1 else ""
        return (
            f"{self.in_channels} -> {self.out_channels}, {by_x(self.kernel_size)}"
            f"{_stride_text(self.stride)}, padding {self.padding}{dilation}{groups}"
        )


class Linear(Module):
    """Linear map, N x in_features to N x out_features; weight in_features x out_features, bias unless `bias=False`."""

    def __init__(self, in_features: int, out_features: int, *, bias: bool = True, init: Initializer = GLOROT):
        self.in_features, self.out_features = _counts("Linear", in_features=in_features, out_features=out_features)
        self.weight = Parameter.create((self.in_features, self.out_features), init)
        self.bias = Parameter.create((self.out_features,), zeros) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x, self.weight, self.bias)

    def describe(self) -> str:
        return f"{self.in_features} -> {self.out_features}"


class BatchNorm2d(Module):
    """Batch normalisation over all but the last axis (Ioffe and Szegedy 2015), optionally with the ReLU that follows.

    momentum: weight of the newest batch in the running statistics; TensorFlow's decay d is momentum 1 - d. gamma, beta:
    whether to learn a scale and a shift; the papers' networks leave gamma out, since the layer after a ReLU can absorb
    it. Buffers: running_mean and running_var, the variance unbiased; evaluation normalises with them.
    """

    running_mean: np.ndarray
    running_var: np.ndarray

    def __init__(
        self,
        channels: int,
        *,
        eps: float = 1e-3,
        momentum: float = 0.1,
        gamma: bool = True,
        beta: bool = True,
        relu: bool = False,
    ):
        channels = whole("BatchNorm2d: channels", channels)
        self.eps = float(number("BatchNorm2d: eps", eps, "(0, inf)"))
        self.momentum = float(number("BatchNorm2d: momentum", momentum, "(0, 1]"))
        self.channels, self.relu = channels, relu
        self.gamma = Parameter.create((channels,), ones) if gamma else None
        self.beta = Parameter.create((channels,), zeros) if beta else None
        self.register_buffer("running_mean", buffer((channels,), zeros))
        self.register_buffer("running_var", buffer((channels,), ones))

    def formula(self) -> ops.BatchNorm:
        """The operation."""
        return ops.BatchNorm(self.eps, relu=self.relu, training=self.training)

    def forward(self, x: Tensor, moments: tuple[np.ndarray, np.ndarray] | None = None) -> Tensor:
        """moments: mean and biased variance of x, where they are known already."""
        if _tensor(self, x).shape[-1:] != (self.channels,):
            raise ShapeError(
                f"BatchNorm2d in {current_path()}: input {by_x(x.shape)} has not {self.channels} channels"
                + channels_first(x.shape, self.channels)
            )
        if not self.training:
            return apply(self.formula(), x, self.gamma, self.beta, self.running_mean, self.running_var)
        y, node = use(self.formula(), x, self.gamma, self.beta, *(moments or ()))
        if y._data is not None:
            found = node.kept.aside
            count = size_of(x.shape[:-1])
            kernels.update_running(self.running_mean, self.running_var, found.mean, found.var, count, self.momentum)
        return y

    def describe(self) -> str:
        return f"{self.channels}, eps {self.eps:g}, momentum {self.momentum:g}" + (", relu" if self.relu else "")


class LocalResponseNorm(Module):
    """Normalisation across `size` neighbouring channels: x / (k + alpha * sum of squares) ** beta.

    The defaults are AlexNet's (section 3.3). With `mean=True` the sum becomes a mean, alpha / size: Caffe's and
    PyTorch's scaling.
    """

    def __init__(self, size: int = 5, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0, mean: bool = False):
        self.size = whole("LocalResponseNorm: size", size)
        self.alpha, self.beta, self.k = (
            number(f"LocalResponseNorm: {name}", value, "[0, inf)")
            for name, value in (("alpha", alpha), ("beta", beta), ("k", k))
        )
        if mean:
            self.alpha /= self.size

    def forward(self, x: Tensor) -> Tensor:
        return functional.local_response_norm(x, self.size, alpha=self.alpha, beta=self.beta, k=self.k)

    def describe(self) -> str:
        return f"{self.size}, alpha {self.alpha:g}, beta {self.beta:g}, k {self.k:g}"


class MaxPool2d(Module):
    """Largest value of each window; the stride is the kernel's size unless given."""

    def __init__(
        self,
        kernel_size: int | Pair,
        *,
        stride: int | Pair | None = None,
        padding: Padding = 0,
        ceil_mode: bool = False,
    ):
        stride = kernel_size if stride is None else stride
        self.kernel_size, self.stride = _sliding("MaxPool2d", kernel_size, stride, padding)
        self.padding, self.ceil_mode = padding, ceil_mode

    def forward(self, x: Tensor) -> Tensor:
        return functional.max_pool2d(
            x, self.kernel_size, stride=self.stride, padding=self.padding, ceil_mode=self.ceil_mode
        )

    def describe(self) -> str:
        return _pool_text(self)


class AvgPool2d(Module):
    """Mean of each window; padding is left out of the mean unless `count_include_pad`."""

    def __init__(
        self,
        kernel_size: int | Pair,
        *,
        stride: int | Pair | None = None,
        padding: Padding = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = False,
    ):
        stride = kernel_size if stride is None else stride
        self.kernel_size, self.stride = _sliding("AvgPool2d", kernel_size, stride, padding)
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(
            x,
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            ceil_mode=self.ceil_mode,
            count_include_pad=self.count_include_pad,
        )

    def describe(self) -> str:
        return _pool_text(self) + (", counting padding" if self.count_include_pad else "")


class AdaptiveAvgPool2d(Module):
    """Means over windows chosen so that the output has the given height and width."""

    def __init__(self, output_size: int | Pair):
        self.output_size = geometry.pair(output_size, "output_size", 1, _fail("AdaptiveAvgPool2d"))

    def forward(self, x: Tensor) -> Tensor:
        return functional.adaptive_avg_pool2d(x, self.output_size)

    def describe(self) -> str:
        return by_x(self.output_size)


class GlobalAvgPool(Module):
    """Mean over all pixels, N x H x W x C to N x C: what replaced AlexNet's and VGG's fully connected layers."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.global_avg_pool(x)


class ReLU(Module):
    """max(x, 0)."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x)


class GELU(Module):
    """Gaussian error linear unit in its tanh form, PyTorch's `approximate="tanh"`, see `functional.gelu`."""

    def __init__(self, *, approximate: str = "tanh"):
        if approximate != "tanh":
            raise ArgumentError(
                f"GELU: approximate must be 'tanh', within 5e-4 of the form with erf, got {approximate!r}"
            )

    def forward(self, x: Tensor) -> Tensor:
        return functional.gelu(x)


class Scale(Module):
    """Multiply by one number, which is not learned."""

    def __init__(self, factor: float):
        self.factor = float(number("Scale: factor", factor, "(-inf, inf)"))

    def forward(self, x: Tensor) -> Tensor:
        return _tensor(self, x) * self.factor

    def describe(self) -> str:
        return f"{self.factor:g}"


class Dropout(Module):
    """Zero each element with probability `p` in training, scaling the others up; the identity in evaluation."""

    def __init__(self, p: float = 0.5):
        self.p = number("Dropout: p", p, "[0, 1)")

    def forward(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.p) if self.training and self.p else x

    def describe(self) -> str:
        return f"{self.p:g}"


class CrossEntropyLoss(Module):
    """Logits N x K and integer labels N, or soft targets N x K, to the loss: `functional.cross_entropy` as a module."""

    def __init__(self, *, label_smoothing: float = 0.0, reduction: str = "mean"):
        self.label_smoothing = number("CrossEntropyLoss: label_smoothing", label_smoothing, "[0, 1]")
        if reduction not in ("mean", "sum", "none"):
            raise ArgumentError(f"CrossEntropyLoss: reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
        self.reduction = reduction

    def forward(self, logits: Tensor, target: np.ndarray | Sequence[int]) -> Tensor:
        return functional.cross_entropy(logits, target, label_smoothing=self.label_smoothing, reduction=self.reduction)

    def describe(self) -> str:
        return f"label_smoothing {self.label_smoothing:g}, {self.reduction}"


class Identity(Module):
    """What it is given, unchanged: to put in the place of a layer that is not wanted."""

    def forward(self, x: Tensor) -> Tensor:
        return x


class Flatten(Module):
    """N x ... to N x K."""

    def forward(self, x: Tensor) -> Tensor:
        return _tensor(self, x).flatten()


def _tensor(layer: Module, x: object) -> Tensor:
    """What a layer was given, which asks something of it before an operation does; DtypeError if it is no Tensor."""
    if not isinstance(x, Tensor):
        where = f"{type(layer).__name__} in {current_path() or 'no module'}"
        raise DtypeError(f"{where}: input is no Tensor but {type(x).__name__}; wrap arrays in Tensor(x)")
    return x


def _counts(layer: str, **arguments: int) -> list[int]:
    """The arguments as ints, each of at least 1."""
    return [whole(f"{layer}: {name}", value) for name, value in arguments.items()]


def _fail(layer: str) -> Callable[[str], ArgumentError]:
    return lambda message: ArgumentError(f"{layer}: {message}")


def _sliding(layer: str, kernel_size: int | Pair, stride: int | Pair, padding: Padding) -> tuple[Pair, Pair]:
    """Kernel and stride as (height, width); all three are checked here, long before the first image arrives."""
    kernel_size = geometry.pair(kernel_size, "kernel_size", 1, _fail(layer))
    stride = geometry.pair(stride, "stride", 1, _fail(layer))
    geometry.resolve(padding, kernel_size, stride, kernel_size, _fail(layer))
    return kernel_size, stride


def _stride_text(stride: Pair) -> str:
    return "" if stride == (1, 1) else f", stride {_pair_text(stride)}"


def _pair_text(pair: Pair) -> str:
    return str(pair[0]) if pair[0] == pair[1] else by_x(pair)


def _pool_text(pool: MaxPool2d | AvgPool2d) -> str:
    return f"{by_x(pool.kernel_size)}{_stride_text(pool.stride)}, padding {pool.padding}" + (
        ", ceil mode" if pool.ceil_mode else ""
    )
