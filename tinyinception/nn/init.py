"""Initialisers: each factory returns a function `init(rng, shape, dtype)` that draws a parameter's first values.

Weights are KH x KW x Cin/groups x Cout for convolutions and K x F for linear layers. The fan-in is the number of
products that are summed for one output, the fan-out the number of outputs that one input feeds (one group, stride 1).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinyinception import remedies
from tinyinception.checks import number
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.habits import missing_from, named
from tinyinception.ops import by_x

PIECE = 1 << 16  # numbers drawn at once, small enough to stay in a cache

Initializer = Callable[[np.random.Generator, Sequence[int], np.dtype], np.ndarray]


@named
def constant(value: float) -> Initializer:
    """The same number everywhere."""
    value = number("constant: value", value, "(-inf, inf)")
    return lambda rng, shape, dtype: np.full(shape, value, dtype)


zeros = constant(0.0)
ones = constant(1.0)


@named
def normal(std: float) -> Initializer:
    """Gaussian with mean 0 and standard deviation `std`."""
    std = number("normal: std", std, "[0, inf)")
    return lambda rng, shape, dtype: _in_pieces(lambda n: rng.standard_normal(n) * std, shape, dtype)


@named
def uniform(limit: float) -> Initializer:
    """Uniform between -limit and limit."""
    limit = number("uniform: limit", limit, "[0, inf)")
    return lambda rng, shape, dtype: _in_pieces(lambda n: rng.uniform(-limit, limit, n), shape, dtype)


@named
def truncated_normal(std: float, *, cut: float = 2.0) -> Initializer:
    """Gaussian whose values beyond `cut` standard deviations are drawn again.

    Cutting at 2 leaves 0.8796 of `std` as the actual standard deviation; TensorFlow, in which the papers' networks were
    trained, does the same. PyTorch's `trunc_normal_` cuts at absolute bounds instead.
    """
    std, cut = number("truncated_normal: std", std, "[0, inf)"), number("truncated_normal: cut", cut, "(0, inf]")

    def init(rng: np.random.Generator, shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
        values = rng.standard_normal(shape)
        while (beyond := np.abs(values) > cut).any():
            values[beyond] = rng.standard_normal(np.count_nonzero(beyond))
        return (values * std).astype(dtype)

    return init


@named
def variance_scaling(factor: float = 2.0, mode: str = "fan_in", distribution: str = "truncated_normal") -> Initializer:
    """Values of variance factor / fan, so that signals keep their size from layer to layer.

    mode: "fan_in", "fan_out" or "fan_avg". distribution: "truncated_normal", "normal" or "uniform". The defaults are
    TF-slim's, used for Inception-v3: the Gaussian is widened to a variance of 1.3 * factor / fan before it is cut at
    two sigmas, which restores factor / fan to within 1 %.
    """
    factor = number("variance_scaling: factor", factor, "[0, inf)")
    distributions = {
        "normal": lambda variance: normal(math.sqrt(variance)),
        "truncated_normal": lambda variance: truncated_normal(math.sqrt(1.3 * variance)),
        "uniform": lambda variance: uniform(math.sqrt(3.0 * variance)),
    }
    for name, value, known in (("mode", mode, _FANS), ("distribution", distribution, distributions)):
        if value not in known:
            raise ArgumentError(f"variance_scaling: {name} must be one of {', '.join(known)}, got {value!r}")

    def init(rng: np.random.Generator, shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
        fan = _FANS[mode](*fans(shape))
        return distributions[distribution](factor / fan)(rng, shape, dtype)

    return init


@named
def he(mode: str = "fan_in") -> Initializer:
    """Gaussian of variance 2 / fan, made for ReLU (He et al. 2015, section 2.2)."""
    return variance_scaling(2.0, mode, "normal")


@named
def glorot() -> Initializer:
    """Uniform of variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010, equation 16)."""
    return variance_scaling(1.0, "fan_avg", "uniform")


@named
def dirac(rest: Initializer | None = None) -> Initializer:
    """A convolution that hands on its input: output channel i is input channel i, at the middle of the kernel.

    Output channels beyond the input's are drawn by `rest`, by default uniform of variance 1 / (3 fan-in), PyTorch's for
    convolutions. So the networks of airbench start (Jordan 2024, section 3.2, "identity initialisation").
    """
    rest = variance_scaling(1 / 3, "fan_in", "uniform") if rest is None else rest

    def init(rng: np.random.Generator, shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
        if len(shape) != 4:
            raise ShapeError(f"dirac: is for kernels KH x KW x Cin x Cout, got {by_x(tuple(shape))}")
        values = rest(rng, shape, dtype)
        height, width, inputs, outputs = shape
        same = np.arange(min(inputs, outputs))
        values[..., same] = 0
        values[height // 2, width // 2, same, same] = 1
        return values

    return init


@named
def whitening(images: np.ndarray, *, eps: float = 5e-4) -> Initializer:
    """Kernels that whiten the patches of images: the first layer of the fastest CIFAR-10 trainings, kept as it is.

    Half of the kernels are eigenvectors of the patches' second moments, those of the largest eigenvalues first, divided
    by sqrt(eigenvalue + eps); the others are their negatives, so that no sign is lost in the activation behind. A KH x
    KW x C patch has KH KW C eigenvectors: the layer has at most twice so many channels, an even number (Page 2019, "How
    to train your ResNet", 8; Jordan 2024, section 3.1).

    images: N x H x W x C, as the layer will see them, normalised; 5,000 do. Where an eigenvector may point either way,
    its largest component is positive.
    """
    if not isinstance(images, np.ndarray) or images.dtype.kind != "f" or images.ndim != 4 or 0 in images.shape:
        told = f"{images.dtype} of shape {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
        raise ArgumentError(f"whitening: images must be an array of floats N x H x W x C, got {told}")
    if not np.isfinite(images).all():
        raise ArgumentError("whitening: images must be finite, got NaN or infinity")
    eps = number("whitening: eps", eps, "(0, inf)")

    def init(rng: np.random.Generator, shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
        height, width, channels, outputs = shape if len(shape) == 4 else (0, 0, 0, 0)
        most = 2 * height * width * channels
        if channels != images.shape[3] or height > images.shape[1] or width > images.shape[2]:
            raise ShapeError(
                f"whitening: images of {by_x(images.shape[1:])} do not fit kernels of {by_x(tuple(shape))}"
            )
        if outputs % 2 or outputs > most:
            raise ShapeError(
                f"whitening: kernels of {height}x{width}x{channels} whiten to an even number of channels, at most "
                f"{most}, got {outputs}"
            )
        values, vectors = np.linalg.eigh(_second_moments(images, (height, width)))
        vectors = vectors[:, ::-1] / np.sqrt(values[::-1].clip(0) + eps)
        largest = np.abs(vectors).argmax(axis=0)
        vectors = (vectors * np.sign(vectors[largest, np.arange(len(values))]))[:, : outputs // 2]
        return np.concatenate([vectors, -vectors], axis=1).reshape(shape).astype(dtype)

    return init


def _second_moments(images: np.ndarray, kernel: tuple[int, int]) -> np.ndarray:
    """The mean of p p^T over all patches p of the kernel's size, in float64, a few images at a time."""
    size = kernel[0] * kernel[1] * images.shape[3]
    total, count = np.zeros((size, size)), 0
    step = max(1, (1 << 22) // (images[0].size * kernel[0] * kernel[1]))
    for start in range(0, len(images), step):
        piece = images[start : start + step].astype(np.float64)
        patches = np.lib.stride_tricks.sliding_window_view(piece, kernel, axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
        rows = patches.reshape(-1, size)
        total += rows.T @ rows
        count += len(rows)
    return total / count


def fans(shape: Sequence[int]) -> tuple[int, int]:
    """(fan-in, fan-out) of a weight; ShapeError for a bias, which has neither."""
    if len(shape) < 2:
        raise ShapeError(f"initialiser: a parameter of shape {by_x(tuple(shape))} has no fan-in; use constant() for it")
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


def _in_pieces(draw: Callable[[int], np.ndarray], shape: Sequence[int], dtype: np.dtype) -> np.ndarray:
    """What `draw` gives for all numbers at once, but no float64 copy of the whole: VGG-16 has 103 million in one."""
    values = np.empty(math.prod(shape), dtype)
    for start in range(0, values.size, PIECE):
        piece = values[start : start + PIECE]
        piece[:] = draw(piece.size)
    return values.reshape(shape)


_FANS = {
    "fan_in": lambda fan_in, fan_out: fan_in,
    "fan_out": lambda fan_in, fan_out: fan_out,
    "fan_avg": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
}


if not TYPE_CHECKING:  # or every name would do
    __getattr__ = missing_from(__name__, remedies.INIT)
