"""The package's own data set: shapes and textures at several scales, drawn with signed distance functions.

Position, size, angle, both colours, the shading and the noise of an image are random and say nothing about its class.
As often as not the figure is darker than its ground, so the mean image of every class is the same grey, and a
classifier that is linear in the pixels has almost nothing to hold on to. What tells the classes apart are edges,
corners and repetition, from 2 to 26 pixels wide.
"""

from collections.abc import Callable

import numpy as np

from tinyinception.checks import whole
from tinyinception.errors import ArgumentError

SIZE = 32
SEED = 2014
TRAIN, TEST = 10_000, 2_000
MEAN, STD = (0.50076, 0.50030, 0.50072), (0.26460, 0.26233, 0.26461)
_BLOCK = 250  # images that share a random stream, and fit the processor's cache while they are drawn

_FIGURE_RADIUS = (4.0, 12.0)  # pixels
_TEXTURE_RADIUS = (7.0, 13.0)
_PERIOD = (3.5, 7.0)


def _disc(u: np.ndarray, v: np.ndarray, r: np.ndarray, period: np.ndarray) -> np.ndarray:
    return np.hypot(u, v) - 0.9 * r


def _ring(u: np.ndarray, v: np.ndarray, r: np.ndarray, period: np.ndarray) -> np.ndarray:
    return np.abs(np.hypot(u, v) - 0.78 * r) - 0.2 * r


def _square(u: np.ndarray, v: np.ndarray, r: np.ndarray, period: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u), np.abs(v)) - 0.78 * r


def _triangle(u: np.ndarray, v: np.ndarray, r: np.ndarray, period: np.ndarray) -> np.ndarray:
    return np.maximum(0.866 * np.abs(u) - 0.5 * v, v) - 0.58 * r


def _cross(u: np.ndarray, v: np.ndarray, r: np.ndarray, period: np.ndarray) -> np.ndarray:
    u, v = np.abs(u), np.abs(v)
    return np.maximum(np.maximum(u, v) - r, np.minimum(u, v) - 0.26 * r)


def _star(u: np.ndarray, v: np.ndarray, r: np.ndarray, period: np.ndarray) -> np.ndarray:
    # Fold the plane into one of ten equal wedges; what is left is one straight edge from a tip to the notch beside it.
    tip, notch, half = 1.15, 0.48, np.float32(np.pi / 5)
    angle = np.abs(np.mod(np.arctan2(v, u), 2 * half) - half)
    across, along = notch * np.sin(half), tip - notch * np.cos(half)
    length = np.hypot(across, along)
    rho = np.hypot(u, v)
    return rho * (np.cos(angle) * across + np.sin(angle) * along) / length - tip * across / length * r


def _bands(t: np.ndarray, period: np.ndarray) -> np.ndarray:
    """Distance to bands half a period wide."""
    return np.abs(np.mod(t, period) - 0.5 * period) - 0.25 * period


def _target(u: np.ndarray, v: np.ndarray, r: np.ndarray, period: np.ndarray) -> np.ndarray:
    rho = np.hypot(u, v)
    return np.minimum(rho - 0.4 * r, np.abs(rho - 0.86 * r) - 0.18 * r)


def _stripes(u: np.ndarray, v: np.ndarray, r: np.ndarray, period: np.ndarray) -> np.ndarray:
    return np.maximum(_bands(u, period), np.hypot(u, v) - r)


def _checkers(u: np.ndarray, v: np.ndarray, r: np.ndarray, period: np.ndarray) -> np.ndarray:
    a, b = _bands(u, 1.4 * period), _bands(v, 1.4 * period)
    return np.maximum(np.maximum(np.minimum(a, b), -np.maximum(a, b)), np.hypot(u, v) - r)


def _dots(u: np.ndarray, v: np.ndarray, r: np.ndarray, period: np.ndarray) -> np.ndarray:
    dot = np.hypot(np.mod(u, period) - 0.5 * period, np.mod(v, period) - 0.5 * period) - 0.3 * period
    return np.maximum(dot, np.hypot(u, v) - r)


# Each takes the coordinates of the pixels in the figure's own frame, its radius and its period, and returns the
# distance to its edge (in pixels, negative inside). The frame is rotated by any angle, so no class is always upright.
_FIGURES: dict[str, Callable[..., np.ndarray]] = {
    "disc": _disc,
    "ring": _ring,
    "square": _square,
    "triangle": _triangle,
    "cross": _cross,
    "star": _star,
    "target": _target,
    "stripes": _stripes,
    "checkers": _checkers,
    "dots": _dots,
}
CLASSES = tuple(_FIGURES)
_TEXTURES = tuple(CLASSES.index(name) for name in ("stripes", "checkers", "dots"))


def _colours(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Colours of figure and ground, n x 1 x 1 x 3: any hue, brightness at least 0.18 apart, either one the darker."""
    apart = rng.uniform(0.18, 0.6, n)
    low = rng.uniform(0.1, 0.9 - apart)
    hues = rng.uniform(-0.22, 0.22, (2, n, 3))
    hues -= hues.mean(axis=2, keepdims=True)
    colours = np.stack([low, low + apart])[:, :, None] + hues
    darker = rng.random(n) < 0.5
    figure = np.where(darker[:, None], colours[0], colours[1])
    ground = np.where(darker[:, None], colours[1], colours[0])
    return figure.astype(np.float32)[:, None, None], ground.astype(np.float32)[:, None, None]


def _block(seed: int, stream: int, block: int) -> tuple[np.ndarray, np.ndarray]:
    """One block of images and labels, a pure function of its three numbers."""
    rng = np.random.default_rng([seed, stream, block])
    n = _BLOCK
    labels = rng.permutation(np.arange(n) % len(CLASSES))

    def each(low: float | np.ndarray, high: float | np.ndarray) -> np.ndarray:
        return rng.uniform(low, high, n).astype(np.float32)[:, None, None]

    texture = np.isin(labels, _TEXTURES)
    smallest, largest = np.where(texture, *(np.array(r)[:, None] for r in (_TEXTURE_RADIUS, _FIGURE_RADIUS)))
    radius = np.exp(each(np.log(smallest), np.log(largest)))  # as many small ones as large ones
    period, angle = each(*_PERIOD), each(0, 2 * np.pi)
    margin = 0.75 * radius[:, 0, 0]  # a figure may leave the picture by a quarter of its radius
    row, column = each(margin, SIZE - margin), each(margin, SIZE - margin)
    figure, ground = _colours(rng, n)
    slope = rng.uniform(-0.15, 0.15, (2, n, 1, 1)).astype(np.float32)
    noise = rng.standard_normal((n, SIZE, SIZE, 3), dtype=np.float32) * each(0.02, 0.08)[..., None]

    centres = np.arange(SIZE, dtype=np.float32) + 0.5
    y, x = centres[:, None] - row, centres[None, :] - column
    u, v = np.cos(angle) * x + np.sin(angle) * y, np.cos(angle) * y - np.sin(angle) * x
    distance = np.empty((n, SIZE, SIZE), np.float32)
    for label, name in enumerate(CLASSES):
        own = labels == label
        distance[own] = _FIGURES[name](u[own], v[own], radius[own], period[own])

    # How much of a pixel is covered follows from its centre's distance to the edge, exactly so for an upright edge.
    cover = np.clip(0.5 - distance, 0, 1)[..., None]
    ramp = np.linspace(-1, 1, SIZE, dtype=np.float32)
    shade = slope[0] * ramp[:, None] + slope[1] * ramp[None, :]
    pixels = ground + cover * (figure - ground) + shade[..., None] + noise
    return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8), labels.astype(np.int64)


def draw(n: int, *, split: str = "train", seed: int = SEED) -> tuple[np.ndarray, np.ndarray]:
    """Draw the first n images (uint8, n x 32 x 32 x 3) and labels (int64) of a split's endless, reproducible stream.

    The first images are the same however many are drawn; "train" and "test" are independent streams. Raises
    ArgumentError for n below 1, another split, or a negative seed.
    """
    if split not in ("train", "test"):
        raise ArgumentError(f"split must be 'train' or 'test', got {split!r}")
    n, seed = whole("n", n), whole("seed", seed, 0)
    blocks = [_block(seed, ("train", "test").index(split), b) for b in range(-(-n // _BLOCK))]
    images, labels = (np.concatenate(parts)[:n] for parts in zip(*blocks, strict=True))
    return images, labels
