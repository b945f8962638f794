"""One image file, from whoever it comes, as pixels: every format that Pillow reads by itself, within bounds."""

from __future__ import annotations

import io
import math
import os
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from tinyinception.checks import whole
from tinyinception.data.grey import grey_levels, strips
from tinyinception.errors import ArgumentError, DataError, shown, unknown_name
from tinyinception.habits import named

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

INTERPOLATIONS = ("bicubic", "bilinear")
# Those that Pillow decodes without starting another program, as it does Ghostscript for EPS.
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "DIB", "WEBP", "TIFF", "PPM", "AVIF", "JPEG2000", "ICO", "TGA", "PCX", "QOI",
           "SGI", "SUN")  # fmt: skip
# What a pixel costs while a file is decoded and converted, in bytes, measured; 8 for all others.
_COST = {"JPEG2000": 25, "WEBP": 20, "AVIF": 20, "TIFF": 13}
_PROGRESSIVE = 12
_MEMORY = 320 << 20  # bytes that a picture may cost
_FILE, _EXIF, _VALUES = 100 << 20, 1 << 20, 1 << 18  # bytes of a file, of its EXIF block; values of a TIFF's tag
_one_at_a_time = threading.RLock()


@cache
def formats() -> tuple[str, ...]:
    """Those of FORMATS that the installed Pillow has; AVIF came late."""
    from PIL import Image

    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


@cache
def suffixes() -> frozenset[str]:
    """The endings, in lower case, of files in these formats; MPO is JPEG with a second picture."""
    from PIL import Image

    return frozenset(end for end, name in Image.registered_extensions().items() if name in (*formats(), "MPO"))


@named
def read_image(
    path: str | Path,
    size: int = 32,
    channels: int = 3,
    *,
    crop: int | None = None,
    interpolation: str = "bicubic",
    say: Callable[[str], None] | None = None,
) -> np.ndarray:
    """One image file as uint8, size x size x channels (3 for RGB, 1 for grey).

    The largest central square is scaled; the camera's rotation is applied; transparency is laid over white; 16-bit grey
    is scaled to 8, grey of 32 bits from its own smallest and largest value; of an animation the first frame is read.
    crop: scale the shorter side to `size` and cut out the central crop x crop pixels, to the pixel as TorchVision and
    timm do. interpolation: one of INTERPOLATIONS. say: told in one line how colours were converted, where they were.
    Raises DataError for a file that is missing, damaged, too large, or no image.
    """
    from PIL import Image, ImageOps

    if channels not in (1, 3):
        raise ArgumentError(f"channels must be 1 or 3, got {channels!r}")
    size, crop = whole("size", size), None if crop is None else whole("crop", crop)
    if interpolation not in INTERPOLATIONS:
        raise unknown_name(interpolation, INTERPOLATIONS, "interpolation")
    wanted, resampling = "RGB" if channels == 3 else "L", Image.Resampling[interpolation.upper()]
    with _open(path) as file, opened(file, path) as image:
        file.steps = math.inf
        found, moving = _colours(image), getattr(image, "is_animated", False) and image.format != "MPO"
        if crop is None:
            image.draft("RGB", (2 * size, 2 * size))  # lets a large JPEG be decoded at a fraction of its size
        _mend_key(image)
        image.load()
        _check_size(image)  # an icon says its size only now
        ImageOps.exif_transpose(image, in_place=True)
        picture, range_ = _converted(image, wanted)
        if crop is None:
            picture = ImageOps.fit(picture, (size, size), resampling)
        else:
            picture = _central(picture.resize(_scaled(picture.size, size), resampling), crop)
        pixels = np.asarray(picture, np.uint8).reshape(*picture.size[::-1], channels)
    wanted = "RGB" if channels == 3 else "greyscale"
    if say is not None and (found != wanted or range_ or moving):
        ground = ", on white" if "transparency" in found else ""
        frame = ", the first of its frames" if moving else ""
        say(f"{shown(path)}: converted from {found}{range_} to {wanted}{ground}{frame}")
    return pixels


@contextmanager
def opened(file: IO[bytes], name: object, known: tuple[str, ...] | None = None) -> Iterator[ImageFile]:
    """An open file as Pillow's image, of bearable size, not yet decoded; `name` is for the errors, `known` the
    formats that it may have.

    No warning reaches the terminal, and whatever fails while the image is used becomes a DataError.
    """
    from PIL import Image

    with _one_at_a_time, warnings.catch_warnings():  # warnings and the limit are Pillow's and Python's own, for all
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, _MEMORY // 16  # it refuses from twice this number
        try:
            with _silence() if _is_tiff(file) else nullcontext(), Image.open(file, formats=known or formats()) as image:
                _check_size(image)
                if len(image.info.get("exif", b"")) > _EXIF:
                    raise DataError(f"its EXIF block has more than {_EXIF:,} bytes")
                yield image
        except Exception as error:  # a damaged file makes Pillow stumble in any way: KeyError, struct.error, ...
            raise DataError(f"{shown(name)} cannot be read as an image: {_reason(error)}") from error
        finally:
            Image.MAX_IMAGE_PIXELS = limit


class _File(io.BufferedReader):
    """A file that is read in at most `steps` steps: over a comment of millions of blocks Pillow sits for minutes."""

    steps: float = 20_000

    def read(self, size: int | None = -1) -> bytes:
        self.steps -= 1
        if self.steps < 0:
            raise ValueError("its header has no end")
        return super().read(size)


def _open(path: str | Path) -> _File:
    """The file, if it is a plain one of bearable size: a FIFO would make us wait, a device never end."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise DataError("it is a folder" if stat.S_ISDIR(status.st_mode) else "it is no plain file")
        if status.st_size > _FILE:
            raise DataError(f"it has {status.st_size:,} bytes, the largest that is read has {_FILE:,}")
        return _File(io.FileIO(path))
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise DataError(f"{shown(path)} cannot be read as an image: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Why a file could not be read, in a few words."""
    from PIL import Image, UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "it is in no format that is read here"
    if isinstance(error, Image.DecompressionBombError):
        return f"it has more than {_MEMORY // 8:,} pixels, the most that are read: scale it down"
    text = getattr(error, "strerror", None) or str(error)
    known = isinstance(error, (OSError, ValueError, SyntaxError))
    return shown(text[:200]) if text and known else f"it is damaged ({type(error).__name__})"


def _check_size(image: Image) -> None:
    """DataError for a picture that would cost too much memory."""
    cost = _PROGRESSIVE if image.info.get("progressive") else _COST.get(image.format or "", 8)
    if image.width * image.height * cost > _MEMORY:
        raise DataError(
            f"it has {image.width:,} x {image.height:,} pixels, the largest {image.format} that is read "
            f"has {_MEMORY // cost:,}: scale it down"
        )


@contextmanager
def _silence() -> Iterator[None]:
    """Standard error closed, also for libraries in C: libtiff writes there what it thinks of a damaged file."""
    try:
        terminal = os.dup(2)
    except OSError:  # there is none
        yield
        return
    try:
        with open(os.devnull, "wb") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)


def _is_tiff(file: IO[bytes]) -> bool:
    """DataError for a TIFF with a tag of very many values: of each strip's address Pillow makes some objects."""
    start = file.read(16).ljust(16, b"\0")
    file.seek(0)
    if start[:4] not in (b"II*\0", b"MM\0*", b"II\0*", b"MM*\0", b"II+\0", b"MM\0+"):
        return False
    order, big = "<" if start[:2] == b"II" else ">", b"+" in start[2:4]
    word, long = np.dtype(f"{order}u{8 if big else 2}"), f"{order}u{8 if big else 4}"
    file.seek(int(np.frombuffer(start, long, 1, 8 if big else 4)[0]))
    number = int(np.frombuffer(file.read(word.itemsize).ljust(word.itemsize, b"\0"), word)[0])
    tag = np.dtype([("tag", f"{order}u2"), ("kind", f"{order}u2"), ("count", long), ("value", long)])
    entries = file.read(min(number, _VALUES) * tag.itemsize)
    tags = np.frombuffer(entries, tag, len(entries) // tag.itemsize)
    if number > _VALUES or (tags["count"][~np.isin(tags["kind"], (1, 2, 6, 7))] > _VALUES).any():
        raise DataError(f"it has a tag of more than {_VALUES:,} values")
    file.seek(0)
    return True


def _converted(image: Image, mode: str) -> tuple[Image, str]:
    """The picture in the mode wanted, on white, and in words the range of its values where no header states it."""
    from PIL import Image

    clear, (levels, said) = image.has_transparency_data, grey_levels(image)
    if image.mode == mode and not clear:
        return image, said
    picture = Image.new(mode, image.size)
    for top, strip in strips(image):
        if levels is not None:
            strip = levels(strip)
        if clear:
            strip = strip.convert("LA") if strip.mode == "La" else strip
            strip = Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip.convert("RGBA"))
        picture.paste(strip.convert(mode), (0, top))
    return picture, said


def _mend_key(image: ImageFile) -> None:
    """Pillow compares the transparent colour of a PNG, which has the file's bits, with pixels that have eight."""
    key, raw = image.info.get("transparency"), image.tile[0][3] if image.format == "PNG" and image.tile else None
    if raw == "RGB;16B" and key is not None:
        raise DataError("it has a transparent colour of 16 bits, of which eight are read")
    if raw in ("L;2", "L;4") and key is not None:
        image.info["transparency"] = key * (255 // (2 ** int(raw[-1]) - 1))


def _scaled(size: tuple[int, int], shorter: int) -> tuple[int, int]:
    """Width and height with the shorter side scaled to `shorter` pixels, the other one rounded down."""
    width, height = (shorter * side // min(size) for side in size)
    if width * height > _MEMORY // 8:
        raise DataError(f"it has {size[0]:,} x {size[1]:,} pixels, too narrow to be scaled to {width:,} x {height:,}")
    return width, height


def _central(picture: Image, crop: int) -> Image:
    """The central square. Where the margin is odd, TorchVision rounds its half to the even number."""
    left, top = (round((side - crop) / 2) for side in picture.size)
    return picture.crop((left, top, left + crop, top + crop))


def _colours(image: Image) -> str:
    """What the pixels of a file are, in words."""
    if image.mode in ("1", "L", "LA", "La") or image.mode.startswith(("I", "F")):
        kind = "greyscale"
    else:
        kind = {"P": "a palette", "PA": "a palette", "RGBA": "RGB", "RGBa": "RGB", "RGBX": "RGB"}.get(
            image.mode, image.mode
        )
    return f"{kind} with transparency" if image.has_transparency_data else kind
