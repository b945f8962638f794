"""Ctrl-C between two steps instead of in the middle of one."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tinyinception.terminal import say


class Request:
    """Whether the user asked to stop."""

    made = False


@contextmanager
def ctrl_c() -> Iterator[Request]:
    """Inside, the first Ctrl-C only sets `request.made`; the second raises KeyboardInterrupt at once, as always.

    In a thread other than the main one, where Python cannot catch signals, nothing changes.
    """
    request = Request()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, frame: object) -> None:
        request.made = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        say("\nstopping after this step; Ctrl-C again quits at once")

    before = signal.signal(signal.SIGINT, note)
    try:
        yield request
    finally:
        signal.signal(signal.SIGINT, before)
