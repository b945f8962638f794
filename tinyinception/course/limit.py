"""A limit on the time of what a learner wrote: an endless loop ends in an error."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class TooLong(BaseException):
    """The time is over. Not an Exception, so that no `except Exception` of the learner's takes it for his own."""


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Context that raises TooLong after so many seconds, wherever Python runs in it.

    Only in the main thread; elsewhere there is no limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    with _by_signal(seconds) if hasattr(signal, "setitimer") else _by_interrupt(seconds):
        yield


@contextmanager
def _by_signal(seconds: float) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)  # again, should a bare `except` have taken it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _by_interrupt(seconds: float) -> Iterator[None]:
    """Where there are no such signals, as on Windows: a thread that does what Ctrl-C does."""
    over = threading.Event()

    def stop() -> None:
        over.set()
        _thread.interrupt_main()

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        yield
    except KeyboardInterrupt:
        if over.is_set():
            raise TooLong from None
        raise
    finally:
        timer.cancel()
