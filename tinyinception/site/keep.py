"""What is costly to make is kept between builds, in the folder of the data sets, by the hash of all it depends on."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import tinyinception
from tinyinception.data.cache import cache_dir
from tinyinception.files import digest_of

PACKAGE = Path(tinyinception.__file__).parent
LIBRARIES = ("numpy", "numba", "matplotlib", "pillow", "sphinx", "myst-parser", "furo")
OURS = (".py", ".toml", ".css", ".js", ".html", ".svg")
ROOM = Path(__file__).parent.name  # this room makes pages of what lessons put out; they do not depend on it
KEPT = 2  # of everything, the last two: of before an edit, and of after it


def digest(*parts: str | bytes) -> str:
    """A hash of texts, in their order."""
    total = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        total.update(len(data).to_bytes(8, "little") + data)
    return total.hexdigest()[:24]


@cache
def of_package(room: bool = False) -> str:
    """A hash of the package's source, of Python and of the libraries; room: of this room's files as well."""
    files = [
        path
        for path in PACKAGE.rglob("*")
        if path.suffix in OURS
        and "lessons" not in path.relative_to(PACKAGE).parts
        and (room or ROOM not in path.relative_to(PACKAGE).parts[:1])
    ]
    return digest(digest_of(files, PACKAGE), sys.version, *map(_version, LIBRARIES))


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def kept(name: str, key: str, make: Callable[[Path], None]) -> Path:
    """The folder that `make` fills, made only where there is none under this key; whole or not at all."""
    root = _root()
    found = root / f"{name}-{key}"
    if not found.is_dir():
        made = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=root))
        try:
            make(made)
            with suppress(OSError):  # another process was first
                os.replace(made, found)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    os.utime(found)
    before = sorted(root.glob(f"{name}-{'?' * len(key)}"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in before[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
    return found


def is_kept(name: str, key: str) -> bool:
    """Whether `kept` would have nothing to make."""
    return (_root() / f"{name}-{key}").is_dir()


def _root() -> Path:
    """The folder of all that is kept; where it cannot be written, one that lasts as long as the process."""
    place = cache_dir() / "site"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=place):
            return place
    except OSError:
        return _passing()


@cache
def _passing() -> Path:
    import atexit

    place = Path(tempfile.mkdtemp(prefix="tinyinception-site-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place
