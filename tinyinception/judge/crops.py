"""Crop schemes: the views of one test image whose answers are averaged, as the papers measure their networks.

scheme = crop_scheme(144, image_size=(32, 32), input_size=(32, 32))
len(scheme.views), len(scheme.distinct)  # (144, 42)
scheme.cut(images)  # 42 x N x 32 x 32 x C
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tinyinception.checks import is_whole
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.habits import named
from tinyinception.ops.padding import pair

SCHEMES = (1, 2, 6, 10, 12, 144)
NATIVE = 224  # the input size for which the papers give these sizes of the shorter side
SCALES = (256, 288, 320, 352)
WHOLE = "whole"
SHIFTED = ("one up and left", "one down and right")
POSITIONS = ("top left", "top right", "bottom left", "bottom right", "centre", WHOLE)

Size = tuple[int, int]
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class View:
    """What the network is shown once: the image scaled to `resized` (height, width), and `box` cut out of it.

    box: (top, left, height, width) in pixels of the scaled image. scale: the shorter side that the scheme names for
    this view; the whole square, which is shown at the network's input size, is scaled to that directly, so its
    `resized` is smaller than its `scale`. square: left, centre, right, or top, centre, bottom, or "image" for all.
    border: so many pixels are reflected around the scaled image, and the box may begin in them, at -border.
    """

    scale: int
    square: str
    position: str
    mirrored: bool
    resized: Size
    box: Box
    border: int = 0

    @property
    def pixels(self) -> tuple[Size, Box, bool, int]:
        """What decides about its pixels: two views for which this is equal are equal."""
        return self.resized, self.box, self.mirrored, self.border

    def cut(self, scaled: np.ndarray) -> np.ndarray:
        """The view, N x height x width x C, of images that are scaled already."""
        top, left, height, width = self.box
        if around := self.border:
            scaled = np.pad(scaled, ((0, 0), (around, around), (around, around), (0, 0)), mode="reflect")
            top, left = top + around, left + around
        cut = scaled[:, top : top + height, left : left + width]
        return cut[:, :, ::-1] if self.mirrored else cut


@dataclass(frozen=True)
class Scheme:
    """The views of images of one size for a network of one input size."""

    views: tuple[View, ...]

    @property
    def distinct(self) -> tuple[View, ...]:
        """The views without those whose pixels were shown before, in order."""
        first = {view.pixels: view for view in reversed(self.views)}
        return tuple(first[pixels] for pixels in self._counts)

    @property
    def weights(self) -> np.ndarray:
        """The part of all views that each distinct one stands for; they sum to 1."""
        return np.array(list(self._counts.values())) / len(self.views)

    @property
    def _counts(self) -> Counter:
        return Counter(view.pixels for view in self.views)

    def cut(self, images: np.ndarray) -> np.ndarray:
        """The distinct views of N images: V x N x height x width x C, in the images' own dtype and units."""
        distinct = self.distinct
        scaled = {size: resize(images, size) for size in {view.resized for view in distinct}}
        return np.stack([view.cut(scaled[view.resized]) for view in distinct])


@named
def crop_scheme(crops: int, image_size: Size, input_size: Size) -> Scheme:
    """The scheme of 1, 2, 6, 10, 12 or 144 views; sizes are (height, width) in pixels.

    - 1: the image, scaled where it does not have the input size. 2: it and its mirror image.
    - 6: these two, with half of the weight, and both shifted by a pixel up and left, and down and right, with reflected
      borders, with the other half (airbench, Jordan 2024, section 3.5); so eight are named, the first two twice.
    - 10: four corners and centre of the central square, shorter side 256 for a 224 network, and the mirror images of
      these (Krizhevsky et al. 2012, section 4.1).
    - 12: these, and the whole square at the input size (Szegedy et al. 2016, "Rethinking", section 10).
    - 144: 12 views of each of three squares of four scales, 256, 288, 320 and 352 (GoogLeNet, section 7).

    For an input of n pixels the scales are n * 256 / 224 and so on, rounded. The whole square shows the same pixels
    at every scale, and the three squares of a square image coincide: all 144 views are named, but equal ones need be
    computed only once, which leaves 42 for a square image and at most 126 for others.

    Raises ArgumentError for another number of views, sizes below 1, or a network with an input that is not square.
    """
    if not is_whole(crops, 1) or crops not in SCHEMES:
        raise ArgumentError(f"crops must be one of {', '.join(map(str, SCHEMES))}, got {crops!r}")
    image_size, input_size = (
        pair(size, f"crops: {name}", 1, ArgumentError)
        for name, size in (("image_size", image_size), ("input_size", input_size))
    )
    if crops <= 2:
        box = (0, 0, *input_size)
        return Scheme(
            tuple(
                View(min(input_size), "image", WHOLE, mirrored, input_size, box) for mirrored in (False, True)[:crops]
            )
        )
    if crops == 6:
        return Scheme(_shifted(input_size))
    n = input_size[0]
    if input_size[1] != n:
        raise ArgumentError(f"crops: {crops} needs a square input, this network's is {n}x{input_size[1]}")
    scales = [round(n * scale / NATIVE) for scale in (SCALES if crops == 144 else SCALES[:1])]
    squares = _square_names(image_size) if crops == 144 else ("centre",)
    positions = POSITIONS[:5] if crops == 10 else POSITIONS
    return Scheme(
        tuple(
            _view(image_size, n, scale, square, position, mirrored)
            for scale in scales
            for square in squares
            for position in positions
            for mirrored in (False, True)
        )
    )


def _shifted(size: Size) -> tuple[View, ...]:
    """The image twice, and shifted by one pixel both ways; and all that mirrored."""
    if min(size) < 2:
        raise ArgumentError(f"crops: 6 needs an input of at least 2x2, this network's is {size[0]}x{size[1]}")
    places = [(WHOLE, 0), (WHOLE, 0), (SHIFTED[0], -1), (SHIFTED[1], 1)]
    return tuple(
        View(min(size), "image", name, mirrored, size, (at, at, *size), abs(at))
        for name, at in places
        for mirrored in (False, True)
    )


def _square_names(image_size: Size) -> tuple[str, str, str]:
    """The squares of an image from its beginning to its end; those of a square image, which coincide, as of a wide."""
    return ("top", "centre", "bottom") if image_size[0] > image_size[1] else ("left", "centre", "right")


def _view(image_size: Size, n: int, scale: int, square: str, position: str, mirrored: bool) -> View:
    side = n if position == WHOLE else scale  # of the square; at the input size, the whole square is one crop of it
    shorter = min(image_size)
    height, width = (side if length == shorter else round(length * side / shorter) for length in image_size)
    offset = {"centre": 0.5, "right": 1, "bottom": 1}.get(square, 0)
    down = {"bottom left": 1, "bottom right": 1, "centre": 0.5}.get(position, 0)
    across = {"top right": 1, "bottom right": 1, "centre": 0.5}.get(position, 0)
    # where the middle falls between two pixels, the odd pixel is left over at the bottom or right
    top = int(offset * (height - side)) + int(down * (side - n))
    left = int(offset * (width - side)) + int(across * (side - n))
    return View(scale, square, position, mirrored, (height, width), (top, left, n, n))


def resize(images: np.ndarray, size: Size) -> np.ndarray:
    """Images (N x H x W x C) scaled to (height, width) by Pillow's bicubic filter, which averages where it shrinks.

    uint8 stays uint8, floats in [0, 1] stay such. Images that have the size are returned as they are. Raises ShapeError
    for an array that is no batch of images.
    """
    if images.ndim != 4:
        raise ShapeError(f"resize: images must be N x H x W x C, got shape {images.shape}")
    if images.shape[1:3] == tuple(size):
        return images
    return np.stack([_resize_one(image, size) for image in images])


def _resize_one(image: np.ndarray, size: Size) -> np.ndarray:
    from PIL import Image

    def scaled(pixels: np.ndarray) -> np.ndarray:
        return np.asarray(Image.fromarray(pixels).resize(size[::-1], Image.Resampling.BICUBIC))

    if image.dtype == np.uint8 and image.shape[-1] == 3:  # what Pillow does in one step
        return scaled(image)
    planes = image if image.dtype == np.uint8 else image.astype(np.float32)
    out = np.stack([scaled(np.ascontiguousarray(planes[..., c])) for c in range(image.shape[-1])], axis=-1)
    # bicubic interpolation can overshoot beside an edge; Pillow itself clips uint8, but not floats
    return out if image.dtype == np.uint8 else out.clip(0, 1).astype(image.dtype)
