"""Machine code of kernels on disk, for the next process.

Numba's own cache asks only whether the file has changed in which a kernel stands. But kernels are made of each other's
files: after an edit of `vectors.py` it would go on with the old code of `products.py`. Here a kernel's file is named
after the contents of all of them. And Numba's cache fails where a disk is full or a file is damaged, which must not
stop a training: here such a kernel is compiled anew, and where nothing can be kept, one warning says so.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import re
import sys
import uuid
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

import numba
from numba.core import caching
from numba.core.runtime import rtsys
from numba.core.serialize import dumps

DIGEST = hashlib.sha256().digest_size
HERE = Path(__file__).parent


class KernelCache(caching.NullCache):
    """Where Numba looks for a kernel's machine code, and leaves it: a file for each signature of arguments."""

    def __init__(self, function: Callable):
        """Raises RuntimeError where there is no folder for it."""
        self._numba = caching.CompileResultCacheImpl(function)  # finds a folder, and turns code into what can be saved
        self._folder = Path(self._numba.locator.get_cache_path()).absolute()
        stamp = _digest(_sources(), numba.__version__.encode(), dumps(self._numba.locator.get_source_stamp()))
        file = Path(function.__code__.co_filename).stem
        self._family = re.sub(r"[^\w.-]", "", f"{file}.{function.__qualname__}-{sys.implementation.cache_tag}.")
        self._fresh = f"{self._family}{stamp.hex()[:12]}."
        self._code = _code(function)
        asked = numba.config.CACHE_DIR  # type: ignore[attr-defined]
        if asked and Path(asked).absolute() not in self._folder.parents:
            _warn(
                f"NUMBA_CACHE_DIR must be a folder that can be written, got {asked!r}: kernels are kept in "
                f"{self._folder} instead"
            )

    @property
    def cache_path(self) -> str:
        return str(self._folder)

    def is_cold(self) -> bool:
        """Whether there is nothing of the present sources."""
        return not any(self._folder.glob(f"{self._fresh}*.nbc"))

    def load_overload(self, sig, target_context):
        """The machine code for a signature, or None where there is none that is whole."""
        rtsys.initialize(target_context)  # enough for loading; to get ready for compiling too takes a third of a second
        try:
            data = self._path(sig, target_context.codegen()).read_bytes()
            if _digest(data[DIGEST:]) == data[:DIGEST]:
                return self._numba.rebuild(target_context, pickle.loads(data[DIGEST:]))
        except Exception:  # missing, unreadable, or of a Numba that saves something else: it is compiled again
            return None

    def save_overload(self, sig, data) -> None:
        """Keep the machine code for a signature, and delete what was made of other sources."""
        try:
            if self._numba.check_cachable(data):
                code = dumps(self._numba.reduce(data))
                self._folder.mkdir(parents=True, exist_ok=True)
                _replace(self._path(sig, data.codegen), _digest(code) + code)
                self._delete(lambda name: not name.startswith(self._fresh))
        except Exception as error:
            _warn_unkept(self._folder, getattr(error, "strerror", None) or str(error))

    def flush(self) -> None:
        """Delete all of this kernel."""
        self._delete(lambda name: True)

    def _path(self, sig, codegen) -> Path:
        key = _digest(repr((sig, codegen.magic_tuple())).encode(), self._code)
        return self._folder / f"{self._fresh}{key.hex()[:16]}.nbc"

    def _delete(self, which: Callable[[str], bool]) -> None:
        for path in self._folder.glob(f"{self._family}*"):
            if which(path.name):
                with suppress(OSError):  # on Windows, while another process reads it
                    path.unlink()


def keep(function: Callable) -> caching.NullCache:
    """The cache of a kernel; one that keeps nothing where there is no place, or Numba has become another."""
    try:
        return KernelCache(function)
    except Exception as error:  # RuntimeError where no folder can be written
        asked = numba.config.CACHE_DIR  # type: ignore[attr-defined]
        place = asked or Path(function.__code__.co_filename).with_name("__pycache__")
        _warn_unkept(place, "cannot be written" if isinstance(error, RuntimeError) else str(error))
        return caching.NullCache()


@cache
def _sources() -> bytes:
    """What all the files say that kernels are made of."""
    files = sorted(HERE.rglob("*.py"))
    if not files:
        raise FileNotFoundError("the kernels' sources cannot be read")
    return _digest(*(_digest(file.relative_to(HERE).as_posix().encode(), file.read_bytes()) for file in files))


def _code(function: Callable) -> bytes:
    """What tells a function from others of its name in the same file."""
    code, cells = function.__code__, [cell.cell_contents for cell in function.__closure__ or ()]
    constants = [value for value in code.co_consts if not hasattr(value, "co_code")]
    return _digest(code.co_code, repr((code.co_firstlineno, code.co_names, constants)).encode(), dumps(cells))


def _digest(*parts: bytes) -> bytes:
    """SHA-256 of one part, or of several."""
    if len(parts) == 1:
        return hashlib.sha256(parts[0]).digest()
    return hashlib.sha256(b"".join(map(_digest, parts))).digest()


def _replace(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@cache
def _warn(message: str) -> None:
    """Once."""
    warnings.warn(message, RuntimeWarning, stacklevel=2)


@cache
def _warn_unkept(folder: object, reason: str) -> None:
    _warn(
        f"kernels cannot be kept in {folder} ({reason}), so they are compiled again in each process, which takes "
        "about a minute; set NUMBA_CACHE_DIR to a folder that can be written"
    )
