"""Grey pixels of more than eight bits, as eight: by the range that the file's header states, or else by its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from tinyinception.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

_STRIP = 1 << 18  # pixels that are looked at at once
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # TIFF's tags
_WHITE_IS_ZERO, _UNSIGNED = 0, 1


def strips(image: Image) -> Iterator[tuple[int, Image]]:
    """A picture in strips, each with its first row's number, so that there are never three copies of a large one."""
    height = max(1, _STRIP // image.width)
    for top in range(0, image.height, height):
        yield top, image.crop((0, top, image.width, min(top + height, image.height)))


def grey_levels(image: Image) -> tuple[Callable[[Image], Image] | None, str]:
    """What makes eight bits of a strip, None where they are no more; and in words the range, if it is the file's own.

    Raises DataError where values are not finite, or all the same, so that nothing says what is black and white.
    """
    from PIL.Image import fromarray

    if not image.mode.startswith(("I", "F")):
        return None, ""
    tags, clear = getattr(image, "tag_v2", {}), image.info.get("transparency")
    view = np.uint32 if image.mode == "I" and tags and tags.get(_SAMPLE_FORMAT, (1,))[0] == _UNSIGNED else None
    sixteen = image.mode.startswith("I;16") or (image.format in ("PNG", "PPM") and image.mode == "I")

    def values(strip: Image) -> np.ndarray:
        array = np.asarray(strip)
        return array if view is None else array.view(view)

    if sixteen:
        shift, said = (tags.get(_BITS, (16,))[0] if tags else 16) - 8, ""
    else:
        low, high = _range(values(strip) for _, strip in strips(image))
        said = f" ({low:g} to {high:g})"

    def levels(strip: Image) -> Image:
        array = values(strip)
        grey = array >> shift if sixteen else np.rint((array.astype(np.float64) - low) / (high - low) * 255)
        grey = grey.astype(np.uint8)
        picture = fromarray(255 - grey if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else grey)
        if clear is not None:  # one value stands for transparent
            picture.putalpha(fromarray(np.where(array == clear, 0, 255).astype(np.uint8)))
        return picture

    return levels, said


def _range(parts: Iterator[np.ndarray]) -> tuple[float, float]:
    ends = [(float(part.min()), float(part.max())) for part in parts]
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if not np.isfinite(ends).all():
        raise DataError("it has values that are not finite")
    if low == high:
        raise DataError(f"all its values are {low:g}, and nothing says what is black or white")
    return low, high
