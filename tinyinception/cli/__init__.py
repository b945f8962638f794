"""The command line. Every command is a call into another room of the package; results go to standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from tinyinception.cli.parser import UsageError, parse
from tinyinception.errors import TinyInceptionError

INTERRUPTED, PIPE_CLOSED = 130, 141  # what a shell reports of a program ended by SIGINT, by SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 for an error or unsolved exercises, 2 for wrong usage, 130 on Ctrl-C.

    argv: the words after the program's name, by default those of this process. An error is one line on standard error.
    """
    try:
        options, status = parse(sys.argv[1:] if argv is None else argv), 0
        if options is not None:
            from tinyinception.cli import commands  # only now: help and usage errors are instant

            status = getattr(commands, f"run_{options.command}")(options) or 0
        sys.stdout.flush()  # here, where a closed pipe is still caught
        return status
    except UsageError as error:
        return _say(f"error: {error}", 2)
    except TinyInceptionError as error:
        return _say(f"error: {error}", 1)
    except KeyboardInterrupt as stop:
        return _say(str(stop) or "interrupted", getattr(stop, "status", INTERRUPTED))  # or 128 + another signal
    except BrokenPipeError:  # the reader has seen enough, as in `tinyinception summary M | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that Python's last flush fails no more
        return PIPE_CLOSED
    except OSError as error:  # what the system refuses at a place where nobody expected it
        return _say(f"error: {error}", 1)


def _say(message: str, status: int) -> int:
    print(f"tinyinception: {message}", file=sys.stderr)
    return status
