"""What lies below a folder of images: which files are images, and which are left out and why."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tinyinception.data.image import suffixes
from tinyinception.errors import DataError, shown, unreadable

Identity = tuple[int, int]  # the disk and the number of a file there, whatever names lead to it
_DEEPEST = 64
# What systems and programs put beside a user's files, in lower case; and all that begins with a dot.
_METADATA = frozenset(("__macosx", "__pycache__", "@eadir", "@__thumb", "@recycle", "#recycle", "$recycle.bin",
                       "system volume information", "lost+found", "thumbs.db", "ehthumbs.db", "desktop.ini",
                       "icon\r"))  # fmt: skip


@dataclass(eq=False)
class Tree:
    """A folder: its own images, the folders in it, and in `left` its own entries that are not read, with the reason."""

    path: Path
    images: dict[Path, Identity] = field(default_factory=dict)
    folders: list[Tree] = field(default_factory=list)
    left: list[tuple[str, Path]] = field(default_factory=list)
    count: int = 0  # images, those in its folders included

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def filled(self) -> list[Tree]:
        """The folders in it that hold images at any depth."""
        return [folder for folder in self.folders if folder.count]

    def walk(self) -> Iterator[Tree]:
        """The folder itself and all below."""
        yield self
        for folder in self.folders:
            yield from folder.walk()


def scan(root: Path) -> Tree:
    """Everything below a folder. Raises DataError for a folder that cannot be read.

    Links to files are followed. A link to a folder is followed once, and never into itself.
    """
    linked: set[Identity] = set()

    def enter(path: Path, above: tuple[Identity, ...]) -> Tree:
        tree = Tree(path)
        if len(above) > _DEEPEST:
            raise DataError(f"{shown(root)}: folders are nested more than {_DEEPEST} deep")
        for place in _entries(path):
            try:
                status = None if _is_metadata(place.name) else os.stat(place)
            except OSError:
                tree.left.append(("dead links" if place.is_symlink() else "not readable", place))
                continue
            if status is None:
                tree.left.append(("hidden", place))
            elif stat.S_ISDIR(status.st_mode):
                identity = (status.st_dev, status.st_ino)
                if place.is_symlink():
                    if identity in linked or identity in above:
                        tree.left.append(("links to folders", place))
                        continue
                    linked.add(identity)
                tree.folders.append(enter(place, (*above, identity)))
            elif not stat.S_ISREG(status.st_mode):
                tree.left.append(("no plain files", place))
            elif place.suffix.lower() in suffixes():
                tree.images[place] = (status.st_dev, status.st_ino)
            else:
                tree.left.append((place.suffix.lower() or "without suffix", place))
        tree.count = len(tree.images) + sum(folder.count for folder in tree.folders)
        return tree

    try:
        status = os.stat(root)
    except (OSError, ValueError) as error:
        raise unreadable(root, error) from error
    return enter(root, ((status.st_dev, status.st_ino),))


def _entries(path: Path) -> list[Path]:
    try:
        return sorted(path.iterdir())
    except OSError as error:
        raise unreadable(path, error) from error


def _is_metadata(name: str) -> bool:
    return name.startswith(".") or name.lower() in _METADATA
