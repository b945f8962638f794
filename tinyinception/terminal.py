"""What is shown to somebody at a terminal: how wide it is, colours, messages and progress bars on standard error.

A pipe or file has no width: tables are whole there and messages one line, so that programs can read them. COLUMNS,
NO_COLOR, FORCE_COLOR and TERM=dumb are honoured. Where standard error is closed, full or missing, what is said there
is lost, and no more.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

UNKNOWN = 80  # characters in a line of a terminal that does not say
PROSE = 100  # longer lines are hard to read
STYLES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33}

_LOST = AttributeError, OSError, ValueError  # there is no stream, it refuses, it is closed
# What is to be copied, and so stays on one line.
_COPIED = re.compile(r"`[^`]*`|\btinyinception \w+(?: --?[\w-]+)* \S+|\bpip install (?:-\w+ )*\S+")
_quiet = False


class _Lossy:
    """A stream on which writing never fails; None, which Python has for a closed one, is a stream that loses all."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream: Any = stream

    def write(self, text: str) -> None:
        with suppress(*_LOST):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(*_LOST):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sees a stream as it is written."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


# -- width -------------------------------------------------------------------------------------------------------------


def width(stream: TextIO | None) -> int | None:
    """How many characters fit into a line of it: what COLUMNS says, else None for a pipe or file."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    if stream is None or not is_terminal(stream):
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or UNKNOWN
    except _LOST:
        return UNKNOWN


def prose_width(stream: TextIO | None) -> int:
    """The width to which prose is wrapped, also in a pipe."""
    return min(PROSE, width(stream) or PROSE)


def wrap(text: str, width: int | None, first: str = "", rest: str = "") -> list[str]:
    """A text as lines of at most `width` characters, the first and the others indented; None: as one line.

    Words longer than that, such as paths, and commands stay whole, so that they can be copied.
    """
    if width is None or len(first + text) <= width:
        return [first + text]
    whole = _COPIED.sub(lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.wrap(
        whole, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )
    return [line.replace("\0", " ") for line in lines]


def many(n: int, noun: str) -> str:
    """`1 seed`, `3 seeds`."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


def duration(seconds: float) -> str:
    """In words, no more exact than an estimate is."""
    if seconds < 90:
        return many(max(1, round(seconds)), "second")
    if seconds < 90 * 60:
        return many(round(seconds / 60), "minute")
    return f"{seconds / 3600:.1f} hours"


def table(
    lines: Sequence[Sequence[str]], left: Collection[int], width: int | None = None, drop: Sequence[int] = ()
) -> list[str]:
    """Cells padded to columns, those in `left` flush left; the first line is the head.

    drop: the columns to leave out, one after the other, until the rest fits into `width`.
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    kept, last = set(range(len(widths))), list(drop)
    while last and width is not None and sum(widths[i] for i in kept) + 2 * (len(kept) - 1) > width:
        kept.discard(last.pop(0))
    return [
        "  ".join(
            cell.ljust(w) if i in left else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(line, widths, strict=True))
            if i in kept
        ).rstrip()
        for line in lines
    ]


# -- colour ------------------------------------------------------------------------------------------------------------


def has_colour(stream: TextIO | None) -> bool:
    """Whether colours and bold letters are welcome: NO_COLOR forbids, FORCE_COLOR asks, else a terminal has them."""
    asked = os.environ.get
    if asked("NO_COLOR") or asked("FORCE_COLOR"):
        return not asked("NO_COLOR")
    plain = asked("TERM") == "dumb" or (os.name == "nt" and "WT_SESSION" not in os.environ)  # an old console
    return is_terminal(stream) and not plain


def paint(text: str, style: str, stream: TextIO | None) -> str:
    """A text in one of STYLES where the stream has colours."""
    return f"\033[{STYLES[style]}m{text}\033[0m" if has_colour(stream) else text


# -- standard error ----------------------------------------------------------------------------------------------------


def say(line: str, *, always: bool = False, style: str | None = None) -> None:
    """A line on standard error, on a terminal wrapped; where it is quiet, only what must `always` be said.

    style: of STYLES, for what comes before the second colon, "tinyinception: error".
    """
    if _quiet and not always:
        return
    lines = [piece for part in line.split("\n") for piece in wrap(part, width(sys.stderr)) or [""]]
    if style is not None:
        lines[0] = re.sub(r"^[^:]*: [^:]*:", lambda head: paint(head[0], style, sys.stderr), lines[0])
    print(*lines, sep="\n", file=_Lossy(sys.stderr), flush=True)


@contextmanager
def quiet(wanted: bool = True) -> Iterator[None]:
    """Context in which there are neither bars nor asides."""
    global _quiet
    before, _quiet = _quiet, _quiet or wanted
    try:
        yield
    finally:
        _quiet = before


def bar(items: Any = None, *, shown: bool, **options: Any) -> Any:
    """tqdm's bar on standard error, where that is a terminal; it vanishes at the end."""
    from tqdm import tqdm

    asked = {"ncols": width(sys.stderr)} if os.environ.get("COLUMNS") else {"dynamic_ncols": True}
    return tqdm(
        items,
        file=_Lossy(sys.stderr),
        leave=False,
        disable=not shown or _quiet or not is_terminal(sys.stderr),
        **asked,
        **options,
    )


def _after_fork() -> None:
    """A thread that the child has not may have held the lock that every bar takes."""
    if "tqdm.std" in sys.modules:
        sys.modules["tqdm.std"].tqdm.set_lock(threading.RLock())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
