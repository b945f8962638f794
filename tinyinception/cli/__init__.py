"""The command line. Every command is a call into another room of the package; results go to standard output."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from tinyinception.cli.parser import UsageError, parse
from tinyinception.errors import NonFiniteError, TinyInceptionError
from tinyinception.terminal import quiet, say

DIVERGED = 3  # numbers became NaN or infinite: not the caller's fault, and the same again if tried again
INTERRUPTED, PIPE_CLOSED = 130, 141  # what a shell reports of a program ended by SIGINT, by SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 for an error or unsolved exercises, 2 for wrong usage, 130 on Ctrl-C.

    It is 3 where a training diverged, which to repeat is in vain.

    argv: the words after the program's name, by default those of this process. An error is one line on standard error,
    and so is a warning. Streams that are closed, or cannot show a character, stop nothing.
    """
    _mend_streams()
    stream, sys.stdout = sys.stdout, _Output(sys.stdout)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: _warn(message)
            status = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()  # here, where a closed pipe is still caught
        return status
    except _Refused as refused:
        _drop(stream)
        if isinstance(refused.reason, BrokenPipeError):  # the reader has seen enough, as `head` does
            return PIPE_CLOSED
        return _say(f"error: standard output cannot be written: {refused.reason.strerror or refused.reason}", 1)
    finally:
        sys.stdout = stream
        try:
            sys.stderr.flush()
        except OSError:
            _drop(sys.stderr)


def _run(argv: Sequence[str]) -> int:
    try:
        options = parse(argv)
        if options is None:
            return 0
        from tinyinception.cli import commands  # only now: help and usage errors are instant

        with quiet(getattr(options, "quiet", False)):
            return getattr(commands, f"run_{options.command}")(options) or 0
    except UsageError as error:
        return _say(f"error: {error}", 2)
    except NonFiniteError as error:
        return _tell(error, f"error: {error}", DIVERGED if getattr(options, "command", "") == "train" else 1)
    except TinyInceptionError as error:
        return _tell(error, f"error: {error}", 1)
    except KeyboardInterrupt as stop:
        return _tell(stop, str(stop) or "interrupted", getattr(stop, "status", INTERRUPTED))  # or 128 + another signal
    except OSError as error:  # what the system refuses at a place where nobody expected it
        return _tell(error, f"error: {error}", 1)


def _tell(error: BaseException, message: str, status: int) -> int:
    """Say it, unless another of the processes that train together does."""
    return status if getattr(error, "told", False) else _say(message, status)


def _warn(message: Warning | str) -> None:
    say(f"tinyinception: warning: {message}", always=True, style="yellow")


def _say(message: str, status: int) -> int:
    say(f"tinyinception: {message}", always=True, style="red" if message.startswith("error:") else None)
    return status


# -- streams -----------------------------------------------------------------------------------------------------------


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


class _Refused(BaseException):
    """Standard output takes no more. Not an Exception, so that nobody on the way takes it for an error of his own."""

    def __init__(self, reason: OSError) -> None:
        self.reason = reason


class _Output:
    """Standard output, of which it is known when it is what the system refuses to write."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with _refusing():
            return self._stream.write(text)

    def flush(self) -> None:
        with _refusing():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _Refused(error) from error


def _drop(stream: TextIO) -> None:
    """Send what is left in a stream nowhere, so that Python's last flush fails no more."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
