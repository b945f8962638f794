"""Operations as functions of tensors, under PyTorch's names; each is one call of one operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinyinception import ops, remedies
from tinyinception.errors import ArgumentError
from tinyinception.habits import missing_from, named
from tinyinception.kernels import precompile
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import empty
from tinyinception.nn import random
from tinyinception.replay import Labels
from tinyinception.tensor import Tensor, apply, concat, is_recording

__all__ = [
    "adaptive_avg_pool2d",
    "avg_pool2d",
    "batch_norm",
    "concat",
    "conv2d",
    "cross_entropy",
    "dropout",
    "gelu",
    "global_avg_pool",
    "linear",
    "local_response_norm",
    "log_softmax",
    "max_pool2d",
    "relu",
    "softmax",
]

Pair = tuple[int, int]
Padding = str | int | Pair | tuple[int, int, int, int]


@named
def conv2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: int | Pair = 1,
    padding: Padding = 0,
    dilation: int | Pair = 1,
    groups: int = 1,
) -> Tensor:
    """N x H x W x Cin with KH x KW x Cin/groups x Cout to N x OH x OW x Cout; see `ops.Conv2d`."""
    return convolve(ops.Conv2d(stride, padding, groups, dilation=dilation), x, weight, bias)


def convolve(formula: ops.Conv2d, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The convolution, while a second process compiles what its gradients need, if nobody has done so before."""
    if is_recording() and isinstance(x, Tensor):
        precompile.backward_kernels(x.dtype)
    return apply(formula, x, weight, *(() if bias is None else (bias,)))


@named
def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x @ weight + bias: N x K with K x F to N x F."""
    return apply(ops.Linear(), x, weight, *(() if bias is None else (bias,)))


@named
def max_pool2d(
    x: Tensor,
    kernel_size: int | Pair,
    *,
    stride: int | Pair | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
) -> Tensor:
    """Largest value of each window; the stride is the kernel's size unless given; padding counts as minus infinity."""
    return apply(ops.MaxPool2d(kernel_size, stride, padding, ceil_mode=ceil_mode), x)


@named
def avg_pool2d(
    x: Tensor,
    kernel_size: int | Pair,
    *,
    stride: int | Pair | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Tensor:
    """Mean of each window; padding is left out of the mean unless `count_include_pad`."""
    window = ops.AvgPool2d(kernel_size, stride, padding, ceil_mode=ceil_mode, count_include_pad=count_include_pad)
    return apply(window, x)


@named
def adaptive_avg_pool2d(x: Tensor, output_size: int | Pair) -> Tensor:
    """Means over windows chosen so that the output has the given height and width."""
    return apply(ops.AdaptiveAvgPool2d(output_size), x)


@named
def global_avg_pool(x: Tensor) -> Tensor:
    """Mean over all pixels: N x H x W x C to N x C."""
    return apply(ops.GlobalAvgPool(), x)


@named
def batch_norm(
    x: Tensor,
    gamma: Tensor | None = None,
    beta: Tensor | None = None,
    *,
    eps: float = 1e-3,
    relu: bool = False,
    running: tuple[np.ndarray, np.ndarray] | None = None,
) -> Tensor:
    """Normalise each channel over the batch, or with `running` (mean, variance); gamma, beta and maybe ReLU follow."""
    formula = ops.BatchNorm(eps, relu=relu, training=running is None)
    return apply(formula, x, gamma, beta, *(() if running is None else map(np.asarray, running)))


@named
def local_response_norm(x: Tensor, size: int, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0) -> Tensor:
    """AlexNet's normalisation across `size` neighbouring channels, x / (k + alpha * sum of squares) ** beta."""
    return apply(ops.LocalResponseNorm(size, alpha=alpha, beta=beta, k=k), x)


@named
def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return apply(ops.ReLU(), x)


@named
def gelu(x: Tensor, *, approximate: str = "tanh") -> Tensor:
    """x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), PyTorch's `approximate="tanh"` and the only form here."""
    if approximate != "tanh":
        raise ArgumentError(f"gelu: approximate must be 'tanh', within 5e-4 of the form with erf, got {approximate!r}")
    return apply(ops.GELU(), x)


@named
def dropout(x: Tensor, p: float = 0.5) -> Tensor:
    """Zero each element with probability `p`, scale the others by 1 / (1 - p); draws from `nn.random`."""
    formula = ops.Dropout(p)
    if not isinstance(x, Tensor) or x._data is None:
        return apply(formula, x, None)
    draws = empty(x.shape, np.float32)
    launch(random.draw, draws)
    return apply(formula, x, draws)


@named
def log_softmax(x: Tensor) -> Tensor:
    """Logarithm of the softmax over the last axis."""
    return apply(ops.LogSoftmax(), x)


@named
def softmax(x: Tensor) -> Tensor:
    """Probabilities over the last axis."""
    return log_softmax(x).exp()


@named
def cross_entropy(
    logits: Tensor,
    target: np.ndarray | Sequence[int],
    *,
    label_smoothing: float = 0.0,
    prior: np.ndarray | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy of logits N x K with integer labels N or soft targets N x K; see `ops.CrossEntropy`."""
    formula = ops.CrossEntropy(label_smoothing, reduction)
    if isinstance(target, Labels):
        target = target._array
    elif isinstance(target, Tensor) and not target.requires_grad and target._data is not None:
        target = target._data
    constants = [np.asarray(target)] + ([] if prior is None else [np.asarray(prior, np.float64)])
    return apply(formula, logits, *constants)


if not TYPE_CHECKING:  # or every name would do
    __getattr__ = missing_from(__name__, remedies.FUNCTIONAL)
