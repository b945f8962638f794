"""Data sets by name: the package's own drawn one, CIFAR-10 and -100, MNIST, Fashion-MNIST, and any folder of images."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tinyinception import remedies
from tinyinception.checks import whole
from tinyinception.data import drawn
from tinyinception.data.cache import cache_dir, present
from tinyinception.data.cifar import CIFAR10, CIFAR100, read_cifar10, read_cifar100
from tinyinception.data.dataset import Dataset
from tinyinception.data.fetch import Recipe
from tinyinception.data.fetch import fetch as _fetch
from tinyinception.data.folder import read_folder
from tinyinception.data.image import read_image
from tinyinception.data.loader import Loader
from tinyinception.data.mnist import FASHION_MNIST, MNIST, read_fashion_mnist, read_mnist
from tinyinception.data.transforms import (
    AlternatingFlip,
    Cutout,
    Normalize,
    RandomCrop,
    RandomFlip,
    RandomSquare,
    Transform,
    Translate,
)
from tinyinception.errors import ArgumentError, DataError, shown, unknown_name, unreadable
from tinyinception.habits import explain_call, missing_from, named

__all__ = [
    "AlternatingFlip", "Cutout", "Dataset", "Loader", "Normalize", "RandomCrop", "RandomFlip", "RandomSquare", "Row",
    "Transform", "Translate", "cache_dir", "fetch", "listing", "load", "names", "read_folder", "read_image",
]  # fmt: skip

ARRAYS = "arrays"  # what `train.Config.data` says of a data set that the caller made


@dataclass(frozen=True)
class _Entry:
    """A data set that has to be fetched: how, how its verified folder is read, and what the list says of it."""

    recipe: Recipe
    read: Callable[[Path], Dataset]
    classes: int
    train: int
    test: int


_FETCHED = {
    entry.recipe.name: entry
    for entry in (
        _Entry(CIFAR10, read_cifar10, 10, 50_000, 10_000),
        _Entry(CIFAR100, read_cifar100, 100, 50_000, 10_000),
        _Entry(FASHION_MNIST, read_fashion_mnist, 10, 60_000, 10_000),
        _Entry(MNIST, read_mnist, 10, 60_000, 10_000),
    )
}


@dataclass(frozen=True)
class Row:
    """One line of the list of data sets; `bytes` is what has to be transferred."""

    name: str
    classes: int
    train: int
    test: int
    bytes: int
    cached: bool
    source: str


def names() -> tuple[str, ...]:
    """The data sets that `load` knows by name, the default first."""
    return ("drawn", *_FETCHED)


@named
def load(
    name: str = "drawn",
    *,
    source: str | Path | None = None,
    progress: bool = True,
    limit: int | None = None,
    image_size: int | None = None,
    holdout: int | None = None,
) -> Dataset:
    """A data set by name, or from a folder of images sorted by class.

    source: a folder or archive to take the files from; otherwise the cache, the official address, a mirror. limit: keep
    at most this many images of each split. image_size: for a folder of images, the side in pixels to which they are
    scaled (32). holdout: so many training images in place of the test images, see `Dataset.hold_out`. Raises
    ArgumentError for an unknown name, saying which is near, or an argument that this data set does not take, and
    DataError for files that are missing, truncated or altered.
    """
    if not isinstance(name, str | os.PathLike):
        raise ArgumentError(f"load: name must be that of a data set or a folder, got {name!r}")
    if name == ARRAYS:
        raise ArgumentError(
            f"data: {ARRAYS} stands for images that were given to train.fit as dataset=...; give them "
            f"again, or a folder of images (one of that name is ./{ARRAYS})"
        )
    if holdout is not None:
        rest = load(name, source=source, progress=progress, image_size=image_size).hold_out(holdout)
        return rest if limit is None else rest.first(limit)
    if name not in names() and (folder := _folder(name)):
        if source is not None:
            raise ArgumentError(f"source: the folder {shown(name)} is read where it lies")
        return read_folder(folder, image_size=32 if image_size is None else image_size, limit=limit, progress=progress)
    _known(name)
    if image_size is not None:
        raise ArgumentError(f"image_size: only folders of images are scaled, {name} has its own size")
    limit = None if limit is None else whole("limit", limit)
    if name == "drawn":
        if source is not None:
            raise ArgumentError("source: the drawn data set is made here, not read")
        return _drawn(limit)
    entry = _FETCHED[name]
    dataset = entry.read(_fetch(entry.recipe, source, progress=progress))
    return dataset if limit is None else dataset.first(limit)


@named
def fetch(name: str, source: str | Path | None = None, progress: bool = True) -> Path:
    """Bring a data set to the cache, replacing damaged files there; returns its folder.

    Raises ArgumentError for an unknown name, or one that needs no fetching, and DataError, which says what was tried
    and how to do it by hand.
    """
    _known(name)
    if name not in _FETCHED:
        raise ArgumentError(f"{name} is made by the package itself, there is nothing to fetch")
    return _fetch(_FETCHED[name].recipe, source, progress=progress, repair=True)


def listing() -> tuple[Row, ...]:
    """Every named data set with its sizes, whether it lies in the cache, and where it comes from."""
    rows = [Row("drawn", len(drawn.CLASSES), drawn.TRAIN, drawn.TEST, 0, True, "drawn by this package")]
    for name, entry in _FETCHED.items():
        downloads = entry.recipe.downloads
        rows.append(
            Row(
                name,
                entry.classes,
                entry.train,
                entry.test,
                sum(what.size for what in downloads),
                present(cache_dir() / name, entry.recipe.members),
                downloads[0].url.rsplit("/", 1)[0],
            )
        )
    return tuple(rows)


def _folder(name: str) -> Path | None:
    """The folder of this name, None where there is none."""
    try:
        path = Path(name).expanduser()
        return path if path.is_dir() else None
    except (OSError, RuntimeError) as error:  # a folder above it may not be entered, or no such user's home
        raise unreadable(name, error) from error


def _known(name: str) -> None:
    if name in names():
        return
    if "/" in name or "\\" in name or name.startswith(("~", ".")):
        raise DataError(f"{shown(name)}: no such folder of images")
    raise unknown_name(name, names(), "data set")


def _drawn(limit: int | None) -> Dataset:
    counts = [n if limit is None else min(n, limit) for n in (drawn.TRAIN, drawn.TEST)]
    return Dataset(
        "drawn",
        *drawn.draw(counts[0]),
        *drawn.draw(counts[1], split="test"),
        classes=drawn.CLASSES,
        mean=drawn.MEAN,
        std=drawn.STD,
    )


explain_call(__name__, "data.load('cifar10') loads a data set, dataset.loader('train', 64) makes batches")

if not TYPE_CHECKING:  # or every name would do
    __getattr__ = missing_from(__name__, remedies.DATA)
