"""A signal to stop, such as Ctrl-C, acts between two steps instead of in the middle of one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tinyinception.terminal import say


class Stopped(KeyboardInterrupt):
    """Training was asked to stop, and saved. status: the exit status that a shell expects of it."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.status = 128 + number


class Request:
    """The signal by which the user, or the system, asked to stop; None as long as nobody did."""

    signal: int | None = None


@contextmanager
def stop_signals() -> Iterator[Request]:
    """Inside, the first Ctrl-C, SIGTERM or SIGHUP is only noted; the second acts at once, as always.

    What is ignored, as behind nohup, stays ignored, and where a program handles SIGTERM or SIGHUP itself, that stays.
    In a thread other than the main one, where Python cannot catch signals, nothing changes.
    """
    request = Request()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, frame: object) -> None:
        request.signal = number
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        what = "Ctrl-C again quits" if number == signal.SIGINT else f"another {signal.Signals(number).name} ends it"
        say(f"\nstopping after this step; {what} at once")

    before = {number: handler for number in _numbers() if _is_free(number, handler := signal.getsignal(number))}
    for number in before:
        signal.signal(number, note)
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_free(number: int, handler: object) -> bool:
    """Whether a signal may be caught: it has its usual effect, not one that somebody chose."""
    return handler not in (signal.SIG_IGN, None) if number == signal.SIGINT else handler == signal.SIG_DFL


def _numbers() -> list[int]:
    return [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
