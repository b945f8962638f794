"""Any folder of images sorted by class: FOLDER/cat/*.jpg, FOLDER/dog/*.png, or so below train/ and test/ (or val/)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tinyinception.checks import is_whole, whole
from tinyinception.data.dataset import Dataset
from tinyinception.errors import ArgumentError, DataError, suggest
from tinyinception.terminal import bar, say

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
INTERPOLATIONS = ("bicubic", "bilinear")
_TEST_SHARE = 0.2  # of each class, where the folder itself does not separate training from test


def read_image(path: str | Path, size: int = 32, channels: int = 3, *, crop: int | None = None,
               interpolation: str = "bicubic", say: Callable[[str], None] | None = None) -> np.ndarray:
    """One image file as uint8, size x size x channels (3 for RGB, 1 for grey).

    The largest central square is scaled; the camera's rotation is applied; transparency is laid over white; 16-bit grey
    is scaled to 8. crop: scale the shorter side to `size` and cut out the central crop x crop pixels, to the pixel as
    TorchVision and timm do. interpolation: one of INTERPOLATIONS. say: told in one line how colours were converted,
    where they were. Raises DataError for a file that is missing, damaged, or no image.
    """
    from PIL import Image, ImageOps

    size, crop = whole("size", size), None if crop is None else whole("crop", crop)
    if not is_whole(channels, 1) or channels not in (1, 3):
        raise ArgumentError(f"channels must be 1 or 3, got {channels!r}")
    if interpolation not in INTERPOLATIONS:
        raise suggest(interpolation, INTERPOLATIONS, "interpolation")
    try:
        with Image.open(path) as image:
            found = _colours(image)
            if crop is None:
                image.draft("RGB", (2 * size, 2 * size))  # lets a large JPEG be decoded at a fraction of its size
            picture = ImageOps.exif_transpose(image)
            if picture.mode.startswith("I;16"):  # Pillow would clip it to white
                picture = Image.fromarray((np.asarray(picture, np.uint16) >> 8).astype(np.uint8))
            if picture.has_transparency_data:
                picture = picture.convert("RGBA")
                picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
            picture = picture.convert("RGB" if channels == 3 else "L")
            resampling = Image.Resampling[interpolation.upper()]
            if crop is None:
                picture = ImageOps.fit(picture, (size, size), resampling)
            else:
                picture = _central(picture.resize(_scaled(picture.size, size), resampling), crop)
            pixels = np.asarray(picture, np.uint8).reshape(*picture.size[::-1], channels)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read as an image: {reason}") from error
    wanted = "RGB" if channels == 3 else "greyscale"
    if say is not None and found != wanted:
        say(f"{path}: converted from {found} to {wanted}{', on white' if 'transparency' in found else ''}")
    return pixels


def _scaled(size: tuple[int, int], shorter: int) -> tuple[int, int]:
    """Width and height with the shorter side scaled to `shorter` pixels, the other one rounded down."""
    return tuple(shorter * side // min(size) for side in size)


def _central(picture: Image, crop: int) -> Image:
    """The central square. Where the margin is odd, TorchVision rounds its half to the even number."""
    left, top = (round((side - crop) / 2) for side in picture.size)
    return picture.crop((left, top, left + crop, top + crop))


def _colours(image: Image) -> str:
    """What the pixels of a file are, in words."""
    if image.mode in ("1", "L", "LA", "La") or image.mode.startswith(("I", "F")):
        kind = "greyscale"
    else:
        kind = {"P": "a palette", "PA": "a palette", "RGBA": "RGB", "RGBa": "RGB", "RGBX": "RGB"}.get(image.mode,
                                                                                                    image.mode)
    return f"{kind} with transparency" if image.has_transparency_data else kind


def read_folder(
    folder: str | Path, *, image_size: int = 32, limit: int | None = None, progress: bool = True
) -> Dataset:
    """The images of a folder, at most `limit` of each split, in an order that mixes the classes and never changes.

    Without train/ and test/ (or val/) subfolders a fifth of each class, chosen by a hash of the names, is for testing.
    progress: show on standard error how far it is, and at the end how many images had their colours converted.

    Raises:
        DataError: no class folders, a class without images, other classes in test than in train, an unreadable image.
        ArgumentError: image_size or limit below 1.
    """
    image_size, limit = whole("image_size", image_size), None if limit is None else whole("limit", limit)
    folder = Path(folder).expanduser()
    held_out = next((folder / name for name in ("test", "val") if (folder / name).is_dir()), None)
    if (folder / "train").is_dir() and held_out:
        train, test = _classes(folder / "train"), _classes(held_out)
        if tuple(train) != tuple(test):
            differing = ", ".join(sorted(set(train) ^ set(test)))
            raise DataError(f"{folder}: train and {held_out.name} have different classes ({differing})")
    else:
        train, test = _split(_classes(folder))
    classes = tuple(train)
    converted: list[str] = []
    splits = [_read(group, image_size, limit, progress, converted.append) for group in (train, test)]
    if converted and progress:
        say(f"{len(converted):,} of {sum(len(labels) for _, labels in splits):,} images had their colours converted, "
            f"the first is {converted[0]}")
    return Dataset(folder.resolve().name, *splits[0], *splits[1], classes=classes)


def _classes(folder: Path) -> dict[str, list[Path]]:
    """Class name -> its image files, by a hash of their names: a fixed order that no numbering or date can bias."""
    found = {}
    for place in _subfolders(folder):
        files = [p for p in place.rglob("[!.]*") if p.suffix.lower() in SUFFIXES and p.is_file()]
        if not files:
            raise DataError(f"{place}: a class folder without images (known: {', '.join(SUFFIXES)})")
        found[place.name] = sorted(files, key=lambda path, place=place: _rank(path.relative_to(place)))
    if len(found) < 2:
        raise DataError(f"{folder}: expected at least two folders of images, one per class, found {len(found)}")
    return found


def _subfolders(folder: Path) -> list[Path]:
    try:
        return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith((".", "__")))
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}") from error


def _rank(path: Path) -> bytes:
    return hashlib.sha256(path.as_posix().encode()).digest()


def _split(classes: dict[str, list[Path]]) -> tuple[dict[str, list[Path]], dict[str, list[Path]]]:
    train, test = {}, {}
    for name, files in classes.items():
        if len(files) < 2:
            raise DataError(f"{files[0].parent}: one image cannot be split into training and test")
        count = max(1, round(_TEST_SHARE * len(files)))
        test[name], train[name] = files[:count], files[count:]
    return train, test


def _read(
    classes: dict[str, list[Path]], size: int, limit: int | None, progress: bool, say: Callable[[str], None]
) -> tuple[np.ndarray, np.ndarray]:
    labelled = [(path, label) for label, files in enumerate(classes.values()) for path in files]
    labelled = sorted(labelled, key=lambda pair: _rank(Path(pair[0].parent.name, pair[0].name)))[:limit]
    with bar(labelled, desc="images", unit="img", shown=progress) as files:
        images = np.stack([read_image(path, size, say=say) for path, _ in files])
    return images, np.array([label for _, label in labelled], np.int64)
