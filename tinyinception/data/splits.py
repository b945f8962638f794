"""Which folders of a folder of images are classes, and which are halves of the data set: train and test."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from tinyinception.data.tree import Tree
from tinyinception.errors import DataError, shown

_WORDS = {
    "train": ("train", "training", "trn", "trainval"),
    "test": ("test", "tests", "testing", "tst"),
    "val": ("val", "valid", "validation", "validate", "validating", "dev", "eval", "evaluation", "holdout", "heldout"),
}  # fmt: skip
_FILLERS = ("set", "sets", "data", "dataset", "image", "images", "img", "imgs", "picture", "pictures", "photo",
            "photos", "split", "folder", "dir")  # fmt: skip
_ROLE = {word: role for role, words in _WORDS.items() for word in words}
_TOKEN = re.compile(f"({'|'.join(sorted(_ROLE, key=len, reverse=True))})({'|'.join(_FILLERS)})?")


@dataclass(frozen=True)
class Halves:
    """The folders that hold the classes for training and for testing, None where training has to be divided.

    `beside` are folders with images that are not read.
    """

    train: Tree
    test: Tree | None
    beside: tuple[Tree, ...] = ()


def halves(root: Tree) -> Halves:
    """The halves of a data set by the names and contents of the folders in `root`.

    Raises DataError where folders look like halves, but not clearly enough to be read as such.
    """
    filled, roles = root.filled, _roles(root)
    where = shown(root.path)
    by_role = {
        role: [
            folder
            for folder in filled
            if roles.get(folder) == role and _inner(folder).folders and not _inner(folder).images
        ]
        for role in _WORDS
    }
    train = [folder for folder in by_role["train"] if len(_inner(folder).folders) > 1]
    if train:
        test = by_role["test"] or by_role["val"]
        for found in (train, test):
            if len(found) > 1:
                raise DataError(f"{where}: which one is to be read, {_names(found)}? Move the others away")
        strange = [folder for folder in filled if folder not in train and folder not in roles]
        if not test and strange:
            raise DataError(
                f"{where}: {shown(train[0].name)} looks like the images for training, so {_names(strange)} "
                "cannot be classes; name the images for testing test"
            )
        beside = tuple(folder for folder in filled if folder not in (*train, *test))
        return Halves(_inner(train[0]), _inner(test[0]) if test else None, beside)
    kinds = {roles.get(folder) for folder in filled}
    if filled and None not in kinds and (len(kinds) > 1 or any(by_role.values())):
        if "train" not in kinds:
            raise DataError(f"{where}: {_names(filled)}, but no folder train with the images for training")
        raise DataError(
            f"{where}: {_names(filled)} look like halves of a data set; in train there must be a folder of "
            "images for each class, in test the same ones"
        )
    _refuse_same_names(where, filled)
    if len(filled) == 1 and not filled[0].images:
        raise DataError(
            f"{where}: expected at least two folders of images, one per class, found 1; perhaps "
            f"{shown(filled[0].path)} is the folder to give"
        )
    return Halves(root, None)


def _refuse_same_names(where: str, filled: list[Tree]) -> None:
    """DataError for folders that hold no images of their own, but folders with the same names: halves, not classes."""
    nested = [_inner(folder) for folder in filled if not _inner(folder).images]
    if len(nested) < 2:
        return
    counts = Counter(name.casefold() for folder in nested for name in {inner.name for inner in folder.filled})
    same = sorted(name for name, count in counts.items() if count == len(nested))
    if len(same) < 2:
        return
    each = f"{where}: {_names(nested)} hold folders of the same names ({_listed(same)})"
    if all(_role(name) for name in same):
        raise DataError(f"{each}; put these halves outside and the classes into them: train/CLASS, test/CLASS")
    raise DataError(
        f"{each}, so they look like halves, not like classes; name them train and test, give one of "
        "them alone, or take the images of each class out of its folders"
    )


def _inner(folder: Tree) -> Tree:
    """The folder, or the one in it that repeats its name or says no more than "images", as archives have it."""
    while not folder.images and len(folder.filled) == 1:
        only = folder.filled[0]
        if only.name.casefold() not in (folder.name.casefold(), *_FILLERS):
            break
        folder = only
    return folder


def _roles(root: Tree) -> dict[Tree, str]:
    """The folders with names of halves; of names with a rest, such as seg_train, all must have the same one."""
    found = {folder: role for folder in root.folders if (role := _role(folder.name))}
    rests = {rest for _, rest in found.values()}
    return {folder: role for folder, (role, rest) in found.items() if len(rests) == 1 or not rest}


def _role(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The half that a name speaks of, in any case and numbered or not, and the words beside; None if of none or two."""
    tokens = re.findall("[a-z]+", re.sub("(held|hold)[^a-z]out", "holdout", name.lower()))
    hits = [match for token in tokens if (match := _TOKEN.fullmatch(token))]
    if len(hits) != 1:
        return None
    return _ROLE[hits[0][1]], tuple(t for t in tokens if t != hits[0][0] and t not in _FILLERS)


def _names(folders: list[Tree]) -> str:
    return _listed([folder.name for folder in folders])


def _listed(names: list[str]) -> str:
    return ", ".join(map(shown, names[:4])) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
