"""Messages and progress bars on standard error. Where that is closed, full or missing they are lost, and no more."""

from __future__ import annotations

import os
import sys
import threading
from contextlib import suppress
from typing import Any, TextIO

_LOST = AttributeError, OSError, ValueError  # there is no stream, it refuses, it is closed


class _Lossy:
    """A stream on which writing never fails; None, which Python has for a closed one, is a stream that loses all."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(*_LOST):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(*_LOST):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def say(line: str) -> None:
    """A line on standard error."""
    print(line, file=_Lossy(sys.stderr), flush=True)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sees a stream as it is written."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def bar(items: Any = None, *, shown: bool, **options: Any) -> Any:
    """tqdm's bar on standard error, which vanishes at the end; disabled where it is not to be shown."""
    from tqdm import tqdm

    return tqdm(items, file=_Lossy(sys.stderr), leave=False, disable=not shown or sys.stderr is None, **options)


def _after_fork() -> None:
    """A thread that the child has not may have held the lock that every bar takes."""
    if "tqdm.std" in sys.modules:
        sys.modules["tqdm.std"].tqdm.set_lock(threading.RLock())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
