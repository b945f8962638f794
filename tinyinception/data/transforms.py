"""Augmentation of whole batches (N x H x W x C, uint8 or float): each transform is called with images and a random
generator, returns new images of the same dtype and, but for RandomSquare, shape, and leaves its input alone."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tinyinception.checks import number, whole
from tinyinception.errors import ArgumentError, DtypeError, ShapeError
from tinyinception.habits import named

Transform = Callable[[np.ndarray, np.random.Generator], np.ndarray]

_COINS = 2  # its random stream, beside those of the loader

_PAD: dict[str, Literal["constant", "reflect", "edge"]] = {"zero": "constant", "reflect": "reflect", "edge": "edge"}


@named
@dataclass(frozen=True)
class RandomFlip:
    """Mirror left and right with the given probability."""

    p: float = 0.5

    def __post_init__(self) -> None:
        number("RandomFlip: p", self.p, "[0, 1]")

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        mirrored = rng.random(len(images)) < self.p
        return np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)


@named
@dataclass(frozen=True)
class AlternatingFlip:
    """Mirror each image in every other epoch; a coin for each says whether in the even ones (Jordan 2024, section 3.6).

    So two epochs in a row show an image both ways, where coins each time show every other one twice the same way. What
    is mirrored depends on the seed, the epoch and the image alone: a loader hands these to `at`.
    """

    def at(self, images: np.ndarray, seed: int, epoch: int, chosen: np.ndarray) -> np.ndarray:
        """The images of a batch, which are those of the numbers `chosen`."""
        coins = np.random.default_rng([seed, _COINS]).integers(0, 2, int(chosen.max(initial=0)) + 1, np.uint8)
        mirrored = (coins[chosen] + epoch) % 2 == 1
        return np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)


@named
@dataclass(frozen=True)
class RandomCrop:
    """Pad every side, then cut the original size out at a random place (He et al. 2016, section 4.2, with padding 4).

    fill is "zero" (black in uint8), "reflect" or "edge".
    """

    padding: int = 4
    fill: str = "zero"

    def __post_init__(self) -> None:
        whole(f"{type(self).__name__}: padding", self.padding)
        if self.fill not in _PAD:
            raise ArgumentError(f"{type(self).__name__}: fill must be one of {', '.join(_PAD)}, got {self.fill!r}")

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n, height, width, _ = images.shape
        pad = self.padding
        if self.fill == "reflect" and pad >= min(height, width):
            raise ShapeError(f"{type(self).__name__}: {pad} reflected pixels do not fit images of {height}x{width}")
        padded = np.pad(images, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode=_PAD[self.fill])
        top, left = rng.integers(0, 2 * pad + 1, (2, n, 1))
        return _cut(padded, top, left, height, width)


@named
@dataclass(frozen=True)
class Translate(RandomCrop):
    """Move every image by up to `padding` whole pixels in both directions; its border pixels fill the gap."""

    fill: str = "edge"


@named
@dataclass(frozen=True)
class RandomSquare:
    """Cut a square of so many pixels out, anywhere: smaller images. Raises ShapeError for images that are too small."""

    size: int

    def __post_init__(self) -> None:
        whole("RandomSquare: size", self.size)

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n, height, width, _ = images.shape
        if self.size > min(height, width):
            raise ShapeError(f"RandomSquare: {self.size}x{self.size} pixels do not fit images of {height}x{width}")
        top, left = (rng.integers(0, side - self.size + 1, (n, 1)) for side in (height, width))
        return _cut(images, top, left, self.size, self.size)


def _cut(images: np.ndarray, top: np.ndarray, left: np.ndarray, height: int, width: int) -> np.ndarray:
    """Of each image the part that begins at its own row and column."""
    rows, columns = top + np.arange(height), left + np.arange(width)
    return images[np.arange(len(images))[:, None, None], rows[:, :, None], columns[:, None, :]]


@named
@dataclass(frozen=True)
class Cutout:
    """Blank a square whose centre lies anywhere in the image, so it may reach over the border (DeVries & Taylor 2017).

    fill is in the images' own units: one number, or one per channel.
    """

    size: int
    fill: float | tuple[float, ...] = 0

    def __post_init__(self) -> None:
        whole("Cutout: size", self.size)

    def __call__(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        n, height, width, _ = images.shape
        top = rng.integers(0, height, (n, 1)) - self.size // 2
        left = rng.integers(0, width, (n, 1)) - self.size // 2
        rows = (np.arange(height) >= top) & (np.arange(height) < top + self.size)
        columns = (np.arange(width) >= left) & (np.arange(width) < left + self.size)
        hidden = rows[:, :, None, None] & columns[:, None, :, None]
        return np.where(hidden, np.asarray(self.fill, images.dtype), images)


class Normalize:
    """(pixel - mean) / std per channel as float32, pixels in [0, 1]: uint8 is divided by 255, floats are taken as is.

    Raises ShapeError for another number of channels, DtypeError for images neither uint8 nor floating, and
    ArgumentError where std is not positive.
    """

    @named
    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
        self.mean, self.std = np.asarray(mean, np.float64), np.asarray(std, np.float64)
        if self.mean.ndim != 1 or self.mean.shape != self.std.shape:
            raise ShapeError(f"Normalize: mean {mean} and std {std} must hold one number per channel each")
        if not (np.isfinite(self.mean).all() and np.isfinite(self.std).all() and (self.std > 0).all()):
            raise ArgumentError(f"Normalize: mean {mean} must be finite, and std {std} positive")
        # One row per channel, worked out in float64: the result is correctly rounded, and faster than arithmetic.
        levels = np.arange(256) / 255
        self._table = ((levels[None, :] - self.mean[:, None]) / self.std[:, None]).astype(np.float32)

    def __repr__(self) -> str:
        return f"Normalize(mean={tuple(self.mean.tolist())}, std={tuple(self.std.tolist())})"

    def __call__(self, images: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
        channels = len(self.mean)
        if images.shape[-1] != channels:
            raise ShapeError(f"Normalize: images of shape {images.shape} for {channels} channels of mean and std")
        if images.dtype == np.uint8:
            out = np.empty(images.shape, np.float32)
            for channel in range(channels):
                out[..., channel] = self._table[channel][images[..., channel]]
            return out
        if images.dtype.kind != "f":
            raise DtypeError(f"Normalize: images must be uint8, or floating in [0, 1], got {images.dtype}")
        return ((images - self.mean) / self.std).astype(np.float32)
