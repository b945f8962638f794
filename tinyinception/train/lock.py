"""One writer a run folder: while a run is trained, a file in its folder names the process that does it."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tinyinception.errors import CheckpointError
from tinyinception.files import beside, is_alive, json_object, plain, replace_file

LOCK = "lock.json"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a run's folder, in place of a process that died with it if there was one.

    Raises CheckpointError, in one line that names host and process, where another one has it.
    """
    path, pid = folder / LOCK, os.getpid()
    own = json.dumps(
        {"host": socket.gethostname(), "pid": pid, "started": _started(pid), "token": secrets.token_hex(8)}
    ).encode()
    try:
        while not (_create(path, own) or _take_over(path, own)):
            pass
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        yield
    finally:
        with suppress(OSError):
            if os.getpid() == pid and path.read_bytes() == own:  # a forked child leaves it alone
                path.unlink()


def holder(folder: Path) -> int | None:
    """The process of this machine that holds a run's folder; None where none does, or it is another machine's."""
    owner = _owner(folder)
    host, pid, started = (owner.get(key) for key in ("host", "pid", "started"))
    if host != socket.gethostname() or type(pid) is not int or not is_alive(pid):
        return None
    return pid if started in (None, _started(pid)) else None


def elsewhere(folder: Path) -> str | None:
    """The other machine one of whose processes holds a run's folder, or did when it died; None where none does."""
    host = _owner(folder).get("host")
    return host if isinstance(host, str) and host != socket.gethostname() else None


def _owner(folder: Path) -> dict[str, Any]:
    try:
        return json_object(LOCK, plain(folder / LOCK).read_bytes(), CheckpointError)
    except OSError:  # there is no lock, or none that says anything
        return {}


def _create(path: Path, own: bytes) -> bool:
    """Make the lock, with its contents at once; False where there is one, also when that came at the same moment."""
    with beside(path, own) as temporary:
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        except OSError:  # no hard links on this file system
            return _create_in_two_steps(path, own)
    return True


def _create_in_two_steps(path: Path, own: bytes) -> bool:
    try:
        with open(path, "xb") as file:
            file.write(own)
    except FileExistsError:
        return False
    return True


def _take_over(path: Path, own: bytes) -> bool:
    """Replace the lock of a process that is dead. CheckpointError where its owner lives, or cannot be known to be dead.

    Of several that find a dead owner at once, each looks again, one after the other, whether it is still the same;
    False where it is not.
    """
    with suppress(FileNotFoundError), open(plain(path), "rb") as file:
        _queue(file.fileno())
        if os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
            _refuse_living(path, file.read())
            if os.name != "posix":
                file.close()  # Windows replaces no open file
            replace_file(path, own)
            return True
    return False


def _queue(handle: int) -> None:
    with suppress(ImportError, OSError):  # Windows and some network folders have no such lock
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX)


def _refuse_living(path: Path, contents: bytes) -> None:
    remedy = f"if that is no longer so, delete {path}"
    owner = {}
    with suppress(CheckpointError):  # written in two steps, its owner may have died between them
        owner = json_object(str(path), contents, CheckpointError)
    host, pid, started = (owner.get(key) for key in ("host", "pid", "started"))
    if not isinstance(host, str) or type(pid) is not int:
        raise CheckpointError(f"{path} does not say which process writes here; if none does, delete it")
    if host != socket.gethostname():
        raise CheckpointError(f"{path.parent} is being trained by process {pid} on {host}, another machine; {remedy}")
    now = _started(pid)
    if is_alive(pid) and (started == now or None in (started, now)):
        raise CheckpointError(f"{path.parent} is being trained by process {pid} on {host}; {remedy}")


def _started(pid: int) -> str | None:
    """When a process began, as text that no other process of this number has; None where the system does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        ticks = Path(f"/proc/{pid}/stat").read_text(encoding="latin-1").rpartition(")")[2].split()[19]
    except (OSError, IndexError, ValueError):
        return None
    return f"{boot} {ticks}"
