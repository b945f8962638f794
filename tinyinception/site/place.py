"""The folder of a site: refused at once where it cannot be written, and changed in one step when all is ready."""

from __future__ import annotations

import glob
import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tinyinception.errors import ArgumentError, shown
from tinyinception.files import as_path, is_alive

MARK = ".tinyinception-site.json"  # by which we know a site of ours
NEEDED = 100_000_000  # bytes: the old site, the new one, and what is made on the way


def known(out: str | Path) -> tuple[Path, dict[str, Any] | None]:
    """The folder, and what its mark says, None where there is no site yet.

    Raises ArgumentError where it cannot become one: it is a file, or holds what is not ours.
    """
    path = as_path("site", out)
    with suppress(OSError):
        path = path.resolve()
    try:
        if path.exists() and not path.is_dir():
            raise ArgumentError(f"site: {shown(out)} is a file; OUT must be a folder")
        held = sorted(one.name for one in path.iterdir()) if path.is_dir() else []
    except OSError as error:
        raise ArgumentError(f"site: {shown(out)} cannot be read: {error.strerror or error}") from None
    if not held:
        return path, None
    try:
        mark = json.loads((path / MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        mark = None
    if not isinstance(mark, dict) or not isinstance(mark.get("files"), dict):
        raise ArgumentError(
            f"site: {shown(out)} holds other things ({shown(held[0])}); OUT must be a new or empty folder, or a "
            "site that was made before"
        )
    return path, mark


def whole(path: Path, mark: dict[str, Any]) -> bool:
    """Whether all files that the mark lists are there, in their sizes."""
    with suppress(OSError):
        return all((path / name).stat().st_size == size for name, size in mark["files"].items())
    return False


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A new folder beside `path`, which takes its place when the block ends well, and else vanishes.

    Raises ArgumentError, before the block, where the system refuses or has no room.
    """
    with _gently():
        made = _beside(path)
        try:
            if (free := shutil.disk_usage(made).free) < NEEDED:
                raise ArgumentError(
                    f"site: {shown(path)} lies where {free / 1e6:.0f} MB are left; to build it takes "
                    f"{NEEDED / 1e6:.0f} MB"
                )
            yield made
            _swap(made, path)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _beside(path: Path) -> Path:
    """A folder next to `path`, which says which process is at work in it."""
    prefix = f".{path.name[:32]}."
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path.parent, prefix)
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=path.parent))
        (made / MARK).write_text(json.dumps({"unfinished": os.getpid()}), encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"site: {shown(path)} cannot be written: {error.strerror or error}") from None
    return made


@contextmanager
def _gently() -> Iterator[None]:
    """Inside, SIGTERM and SIGHUP end the program as Ctrl-C does, unless somebody handles or ignores them."""

    def stop(number: int, frame: object) -> None:
        stopped = KeyboardInterrupt(f"stopped by {signal.Signals(number).name}; the site is as it was")
        stopped.status = 128 + number  # type: ignore[attr-defined]
        signal.signal(number, signal.SIG_IGN)  # a second one must not stop the clearing up
        raise stopped

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    here = threading.current_thread() is threading.main_thread()  # elsewhere Python cannot catch signals
    caught = [number for number in numbers if here and signal.getsignal(number) == signal.SIG_DFL]
    for number in caught:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in caught:
            signal.signal(number, signal.SIG_DFL)


def _remove_leftovers(parent: Path, prefix: str) -> None:
    """Delete what a build left that was killed."""
    for folder in parent.glob(f"{glob.escape(prefix)}*"):
        with suppress(OSError, ValueError, AttributeError, TypeError):
            pid = json.loads((folder / MARK).read_text(encoding="utf-8")).get("unfinished")
            if pid is not None and not is_alive(pid):
                shutil.rmtree(folder)


def mark(folder: Path, **said: Any) -> dict[str, Any]:
    """Write the mark of a finished site, with the sizes of its files."""
    files = {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MARK
    }
    told = {**said, "files": files}
    (folder / MARK).write_text(json.dumps(told), encoding="utf-8")
    return told


def _swap(made: Path, path: Path) -> None:
    """Put a folder into another's place; where that fails, the old one stays."""
    made.chmod(0o777 & ~_umask())  # temporary folders are their owner's alone
    old = made.with_name(f"{made.name}-old")
    try:
        if path.exists():
            os.replace(path, old)
        try:
            os.replace(made, path)
        except OSError:
            if old.exists():
                os.replace(old, path)
            raise
    except OSError as error:
        raise ArgumentError(f"site: {shown(path)} cannot be replaced: {error.strerror or error}") from None
    shutil.rmtree(old, ignore_errors=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
