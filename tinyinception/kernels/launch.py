"""The one door: whatever writes a number goes through `launch`, so that a step can be recorded and replayed.

While a step is recorded, each launch is carried out and written down: the function, and the arrays it reads and writes,
by place. Replaying the list does the same arithmetic on whatever numbers stand in those places then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class _State(threading.local):
    record: Callable[[Callable, tuple], None] | None = None  # what writes launches down, while a step is recorded


state = _State()


def launch(function: Callable, *args) -> None:
    """Call a function that reads and writes arrays among its arguments, and returns nothing that anybody needs.

    Numbers among the arguments are frozen in a recording: what changes from step to step is an array of one number.
    """
    record = state.record
    if record is None:
        function(*args)
        return
    with as_one():
        function(*args)
    record(function, args)


@contextmanager
def as_one() -> Iterator[None]:
    """Context of what is written down as a whole, so that the launches in it are not."""
    record, state.record = state.record, None
    try:
        yield
    finally:
        state.record = record
