"""Where data sets lie on disk, and why a file found there can be trusted: pinned, and written whole or not at all."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tinyinception.errors import DataError
from tinyinception.files import remove_leftovers, replace_file

_CHUNK = 1 << 20
_MEMO = "verified.json"


@dataclass(frozen=True)
class Member:
    """One file of a data set as it lies in the cache: its name, its size in bytes, the SHA-256 of its contents."""

    name: str
    size: int
    sha256: str

    def mismatch(self, size: int, sha256: str) -> str:
        """What to tell the user about contents that are not these; empty where they are."""
        if (size, sha256) == (self.size, self.sha256):
            return ""
        what = "truncated" if size < self.size else "altered"
        return f"{what}: {size:,} bytes with sha256 {sha256}, expected {self.size:,} bytes with sha256 {self.sha256}"


def cache_dir() -> Path:
    """The folder of all data sets: $TINYINCEPTION_DATA, else tinyinception in $XDG_CACHE_HOME or ~/.cache."""
    own = os.environ.get("TINYINCEPTION_DATA")
    if own:
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "tinyinception"


def digest(path: Path) -> str:
    """The SHA-256 of a file's contents."""
    total = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            total.update(chunk)
    return total.hexdigest()


def present(folder: Path, members: tuple[Member, ...]) -> bool:
    """Whether every member lies in the folder with its right size; contents are not read."""
    try:
        return all((folder / m.name).is_file() and (folder / m.name).stat().st_size == m.size for m in members)
    except OSError:  # the cache may not be entered
        return False


def verify(folder: Path, members: tuple[Member, ...]) -> bool:
    """Whether the folder holds every member intact; False where one is missing.

    A file once hashed is remembered by size and modification time, so only the first call reads everything. Raises
    DataError where a file is there but truncated, altered or unreadable.
    """
    try:
        if not all((folder / m.name).exists() for m in members):
            return False
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error.strerror or error}") from error
    known = _read_memo(folder)
    found = {}
    for member in members:
        path = folder / member.name
        try:
            status = path.stat()
            entry = {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": member.sha256}
            problem = "" if known.get(member.name) == entry else member.mismatch(status.st_size, digest(path))
        except OSError as error:
            problem = f"cannot be read: {error.strerror or error}"
        if problem:
            raise DataError(f"{path} is {problem}; `tinyinception data fetch {folder.name}` replaces it")
        found[member.name] = entry
    if found != known:
        with suppress(OSError):  # a cache shared read-only is as good, it is only hashed every time
            replace_file(folder / _MEMO, json.dumps(found, indent=1).encode())
    return True


def _read_memo(folder: Path) -> dict:
    try:
        memo = json.loads((folder / _MEMO).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return memo if isinstance(memo, dict) else {}


def store(folder: Path, member: Member, contents: bytes, origin: str) -> None:
    """Write a member into the folder after checking it against its pin; origin says in the error where it came from.

    Raises DataError where the contents are not the pinned ones, and then nothing is written, or the folder cannot be
    written.
    """
    problem = member.mismatch(len(contents), hashlib.sha256(contents).hexdigest())
    if problem:
        raise DataError(f"{origin} is {problem}; get a fresh copy")
    with writing(folder):
        replace_file(folder / member.name, contents)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn the system's refusal (read-only, disk full, a file in the way) into one error that names the folder."""
    try:
        yield
    except DataError:
        raise
    except OSError as error:
        raise DataError(
            f"cannot write data to {folder}: {error.strerror or error}; "
            "set TINYINCEPTION_DATA to a folder with room that you may write"
        ) from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create the folder and hold it: of many runs that start at once, one fetches and the others wait for it."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".lock").touch()
        lock = open(folder / ".lock", encoding="utf-8")  # noqa: SIM115, closed below
    with lock:  # the system frees it even if this process is killed
        try:
            import fcntl
        except ImportError:  # Windows: two first runs at once may fetch twice, and the checksums still hold
            pass
        else:
            with writing(folder):
                fcntl.flock(lock, fcntl.LOCK_EX)
            remove_leftovers(folder)
        yield
