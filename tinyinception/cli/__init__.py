"""The command line. Every command is a call into another room of the package; results go to standard output."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress

from tinyinception.cli.parser import UsageError, parse
from tinyinception.errors import TinyInceptionError
from tinyinception.terminal import say

INTERRUPTED, PIPE_CLOSED = 130, 141  # what a shell reports of a program ended by SIGINT, by SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 for an error or unsolved exercises, 2 for wrong usage, 130 on Ctrl-C.

    argv: the words after the program's name, by default those of this process. An error is one line on standard error,
    and so is a warning. Streams that are closed, or cannot show a character, stop nothing.
    """
    _mend_streams()
    with warnings.catch_warnings():
        warnings.showwarning = lambda message, *_, **__: say(f"tinyinception: warning: {message}")
        status = _run(sys.argv[1:] if argv is None else argv)
    return _finish_output() or status


def _run(argv: Sequence[str]) -> int:
    try:
        options = parse(argv)
        if options is None:
            return 0
        from tinyinception.cli import commands  # only now: help and usage errors are instant

        return getattr(commands, f"run_{options.command}")(options) or 0
    except UsageError as error:
        return _say(f"error: {error}", 2)
    except TinyInceptionError as error:
        return _say(f"error: {error}", 1)
    except KeyboardInterrupt as stop:
        return _say(str(stop) or "interrupted", INTERRUPTED)
    except OSError as error:  # what the system refuses at a place where nobody expected it
        return _finish_output() or _say(f"error: {error}", 1)


def _mend_streams() -> None:
    """Open those that are closed, which Python has as None, and let the others show any character as well as it goes.

    In this order, so that no file of ours gets the number of one of them, on which other libraries write.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None or stream.closed:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
        elif mode == "w" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _finish_output() -> int:
    """Write out what was printed; returns 0, or the exit status where that is refused."""
    try:
        sys.stdout.flush()
        return 0
    except OSError as error:
        with suppress(OSError):  # so that Python's last flush fails no more
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader has seen enough, as in `tinyinception summary M | head`
            return PIPE_CLOSED
        return _say(f"error: standard output cannot be written: {error.strerror or error}", 1)


def _say(message: str, status: int) -> int:
    say(f"tinyinception: {message}")
    return status
