"""Files that are written whole or not at all, and paths that can be paths."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tinyinception.errors import ArgumentError, CheckpointError

_TEMPORARY = re.compile(r"\..+\.(?P<pid>\d+)-[0-9a-f]{8}\.tmp", re.S)
_BEGINNING = 32  # characters of a name that a temporary one repeats: the whole might be as long as a system allows


def plain(path: Path) -> Path:
    """The same path; OSError where it leads to a folder, a pipe or a device, whose reading might never end."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "it is a folder" if path.is_dir() else "it is no plain file")
    return path


def digest_of(paths: Iterable[Path], root: Path) -> str:
    """A hash, as hexadecimal digits, of the contents of files and of their names below a folder."""
    found = hashlib.sha256()
    for path in sorted(paths):
        for part in (path.relative_to(root).as_posix().encode(), path.read_bytes()):
            found.update(len(part).to_bytes(8, "little") + part)
    return found.hexdigest()


def replace_file(path: Path, contents: bytes) -> None:
    """Write a file whole or not at all, safe on disk when this returns; OSError where the system refuses."""
    with beside(path, contents) as temporary:
        os.replace(temporary, path)
        _sync_folder(path.parent)


def save_file(path: Path, contents: bytes) -> None:
    """`replace_file` for what must not be lost: CheckpointError where the system refuses."""
    try:
        replace_file(path, contents)
    except OSError as error:
        raise CheckpointError(
            f"cannot write {path}: {error.strerror or error}; what was saved before is kept"
        ) from error


@contextmanager
def beside(path: Path, contents: bytes) -> Iterator[Path]:
    """Inside, the contents lie safely in a file next to `path`, under a name that no other process or thread uses."""
    temporary = path.with_name(f".{path.name[:_BEGINNING]}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Delete what `replace_file` left in a folder when its process was killed."""
    with suppress(OSError):
        for path in folder.iterdir():
            if (found := _TEMPORARY.fullmatch(path.name)) and not is_alive(int(found["pid"])):
                path.unlink(missing_ok=True)


def is_alive(pid: int) -> bool:
    """Whether a process of this machine has this number and runs; True where that cannot be found out."""
    if pid <= 0:
        return False
    if sys.platform == "win32":  # there, os.kill would end it
        return _is_alive_on_windows(pid)
    with suppress(OSError, ValueError):
        if Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()[:1] in (["Z"], ["X"]):
            return False  # it has ended, and its parent has not asked how
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:  # it belongs to somebody else
        return True
    return True


if sys.platform == "win32":

    def _is_alive_on_windows(pid: int) -> bool:
        import ctypes

        kernel32 = ctypes.windll.kernel32
        handle = kernel32.OpenProcess(0x1000, False, pid)  # PROCESS_QUERY_LIMITED_INFORMATION
        if not handle:
            return kernel32.GetLastError() == 5  # access denied: it is there, but not ours
        code = ctypes.c_ulong()
        known = kernel32.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel32.CloseHandle(handle)
        return not known or code.value == 259  # STILL_ACTIVE


def as_path(name: str, value: Any) -> Path:
    """`value` as a path, ~ expanded. Raises ArgumentError where no system could have such a path."""
    try:
        path = Path(value).expanduser()
        if b"\0" in os.fsencode(path):
            raise ValueError("it has a NUL byte")
    except (TypeError, ValueError, RuntimeError) as error:  # RuntimeError: ~ of a user that does not exist
        raise ArgumentError(f"{name} must be a path, got {value!r}: {error}") from None
    return path


def json_object(name: str, text: str | bytes, fail: Callable[[str], Exception]) -> dict[str, Any]:
    """The JSON object in a text; else the error that `fail` makes of a message that begins with `name`."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise fail(f"{name} is no JSON: brackets in brackets without end") from None
    except ValueError as error:
        raise fail(f"{name} is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise fail(f"{name} is no JSON object")
    return value


def toml_object(name: str, text: bytes, fail: Callable[[str], Exception]) -> dict[str, Any]:
    """What a text in TOML says; else the error that `fail` makes of a message that begins with `name`."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        return tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise fail(f"{name} is no TOML: {error}") from error


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut; Windows has no handle for it."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
