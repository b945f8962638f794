"""Any folder of images sorted by class: FOLDER/cat/*.jpg, FOLDER/dog/*.png, or so below train/ and test/ (or val/)."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from tinyinception.checks import whole
from tinyinception.data.dataset import Dataset
from tinyinception.data.image import read_image
from tinyinception.data.splits import Halves, halves
from tinyinception.data.tree import Tree, scan
from tinyinception.errors import DataError, shown
from tinyinception.habits import named
from tinyinception.terminal import bar, say

__all__ = ["read_folder", "read_image"]

_TEST_SHARE = 0.2  # of each class, where the folder itself does not separate training from test
_KINDS = 4  # of files left out, named in the line that says so

Classes = dict[str, list[Path]]


@named
def read_folder(
    folder: str | Path, *, image_size: int = 32, limit: int | None = None, progress: bool = True
) -> Dataset:
    """The images of a folder, at most `limit` of each split, in an order that mixes the classes and never changes.

    Folders named train and test are halves of the data set, also under other usual names and in any case; without test,
    val is for testing. Where there are no halves, a fifth of each class, chosen by a hash of the names, is for testing.
    Hidden files and those with other suffixes than images have are left out.

    progress: show on standard error how far it is, and at the end what was read, what was left out, and how many images
    had their colours converted. Raises DataError where there are no class folders, for a class without images, other
    classes in test than in train, folders that may be halves or classes, and an unreadable image, and ArgumentError for
    image_size or limit below 1.
    """
    image_size = whole("image_size", image_size)
    limit = None if limit is None else whole("limit", limit)
    folder = Path(folder).expanduser()
    tree = scan(folder)
    found = halves(tree)
    left: list[tuple[str, Path]] = []
    train = _classes(found.train, left)
    if found.test is None:
        train, test = _split(train)
    else:
        test = _classes(found.test, left)
        _check_same(folder, (found.train, found.test), train, test)
    test = {name: test[name] for name in train}
    converted: list[str] = []
    splits = [_read(group, image_size, limit, progress, converted.append) for group in (train, test)]
    dataset = Dataset(shown(folder.resolve().name), *splits[0], *splits[1], classes=tuple(map(shown, train)))
    if progress:
        if found.train is not tree:
            outside = [tree, *(part for folder in tree.folders if not folder.count for part in folder.walk())]
            left += [(kind, path) for part in outside for kind, path in part.left]
            left += [("images outside the halves", path) for path in tree.images]
        say(_told(dataset, found, folder, left))
        if converted:
            total = sum(len(labels) for _, labels in splits)
            say(f"{len(converted):,} of {total:,} images had their colours converted, the first is {converted[0]}")
    return dataset


def _classes(place: Tree, left: list[tuple[str, Path]]) -> Classes:
    """Class name -> its image files, by a hash of their names: a fixed order that no numbering or date can bias.

    A file that two names lead to is read once. What is not read is added to `left`.
    """
    left += [*place.left, *(("images outside the classes", path) for path in place.images)]
    found = {}
    for folder in place.folders:
        own = [entry for part in folder.walk() for entry in part.left]
        if not folder.count:
            holds = f"; it holds {_counted(own)}" if own else ""
            raise DataError(f"{shown(folder.path)}: a class folder without images{holds}")
        images = {path: file for part in folder.walk() for path, file in part.images.items()}
        once: dict[object, Path] = {}
        for _, path in sorted((_rank(path.relative_to(folder.path)), path) for path in images):
            first = once.setdefault(images[path] if images[path][1] else path, path)  # some disks do not number files
            if first is not path:
                own.append(("second names of a file", path))
        found[folder.name] = list(once.values())
        left += own
    if len(found) < 2:
        raise DataError(
            f"{shown(place.path)}: expected at least two folders of images, one per class, found {len(found)}"
        )
    return found


def _rank(path: Path) -> bytes:
    return hashlib.sha256(os.fsencode(path.as_posix())).digest()


def _split(classes: Classes) -> tuple[Classes, Classes]:
    train, test = {}, {}
    for name, files in classes.items():
        if len(files) < 2:
            raise DataError(f"{shown(files[0].parent)}: one image cannot be split into training and test")
        count = max(1, round(_TEST_SHARE * len(files)))
        test[name], train[name] = files[:count], files[count:]
    return train, test


def _check_same(folder: Path, halves: tuple[Tree, Tree], train: Classes, test: Classes) -> None:
    """DataError unless both halves have the same classes."""
    differing = sorted(set(train) ^ set(test))
    if differing:
        some = ", ".join(map(shown, differing[:6])) + (" ..." if len(differing) > 6 else "")
        cases = len({name.casefold() for name in differing}) < len(differing)
        raise DataError(
            f"{shown(folder)}: {' and '.join(shown(half.name) for half in halves)} have different "
            f"classes ({some}){'; some differ only in case' if cases else ''}"
        )


def _told(dataset: Dataset, found: Halves, folder: Path, left: list[tuple[str, Path]]) -> str:
    """In one line, what was read and what was left out."""
    line = (
        f"{dataset.name}: {len(dataset.classes):,} classes, {len(dataset.train_labels):,} training and "
        f"{len(dataset.test_labels):,} test images"
    )
    if found.test is None:
        line += ", a fifth of each class being for testing"
    cases = Counter(name.casefold() for name in dataset.classes)
    twice = [name for name in dataset.classes if cases[name.casefold()] > 1]
    if twice:
        line += f"; {', '.join(twice[:4])} are classes of their own"
    out = [f"{shown(part.name)} ({part.count:,} images)" for part in found.beside]
    if left:
        out.append(_counted(left))
    line += f"; left out: {', '.join(out)}" if out else ""
    example = next((path for kind, path in left if kind != "hidden"), None)
    return line if example is None else f"{line}, e.g. {shown(example.relative_to(folder))}"


def _counted(left: Iterable[tuple[str, Path]]) -> str:
    """How many files of which kinds, the most frequent first."""
    counts = Counter(shown(kind[:30]) for kind, _ in left).most_common()
    words = [f"{count:,} {kind}" for kind, count in counts[:_KINDS]]
    rest = sum(count for _, count in counts[_KINDS:])
    return ", ".join(words + ([f"{rest:,} others"] if rest else []))


def _read(
    classes: Classes, size: int, limit: int | None, progress: bool, say: Callable[[str], None]
) -> tuple[np.ndarray, np.ndarray]:
    labelled = [(path, label) for label, files in enumerate(classes.values()) for path in files]
    labelled = sorted(labelled, key=lambda pair: _rank(Path(pair[0].parent.name, pair[0].name)))[:limit]
    with bar(labelled, desc="images", unit="img", shown=progress) as files:
        images = np.stack([read_image(path, size, say=say) for path, _ in files])
    return images, np.array([label for _, label in labelled], np.int64)
