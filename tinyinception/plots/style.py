"""How pictures are drawn, whatever the user's matplotlib is set to, and how foreign names become text in them."""

from __future__ import annotations

import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from tinyinception.errors import PictureError, TinyInceptionError

OURS = {"text.parse_math": False}  # a $ in the name of a class is a $; matplotlib's texts keep it for good
_PROCESS = ("backend", "backend_fallback", "interactive", "toolbar")  # settings that are no matter of looks

_drawing = threading.RLock()  # matplotlib's settings and Python's warnings belong to the whole process


@contextmanager
def style(**changes: Any) -> Iterator[None]:
    """Inside, or in a function that it decorates, matplotlib has its defaults and OURS; afterwards the user's again.

    changes: of OURS. Raises PictureError, in one line, for whatever matplotlib raises; what it warns of, as of letters
    that its font does not have, is not shown.
    """
    with _drawing, _silence():
        try:
            matplotlib = import_matplotlib()
            with matplotlib.rc_context():
                matplotlib.rcParams.update({**defaults(matplotlib), **OURS, **changes})
                yield
        except TinyInceptionError:
            raise
        except Exception as error:
            said = " ".join(f"{type(error).__name__}: {error}".split())
            raise PictureError(f"matplotlib cannot draw this picture: {said[:300]}") from error


def defaults(matplotlib: Any) -> dict[str, Any]:
    """Everything about looks as matplotlib itself would have it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of settings that a later version will not have
        return {key: value for key, value in matplotlib.rcParamsDefault.items() if key not in _PROCESS}


def as_text(name: str, most: int = 120) -> str:
    """A foreign name for a picture: one line, what cannot be seen or drawn escaped, cut after `most` characters."""
    seen = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return seen if len(seen) <= most else f"{seen[: most - 1]}…"


@contextmanager
def _silence() -> Iterator[None]:
    """Neither warnings nor what matplotlib logs, as of a configuration folder that cannot be written."""
    log = logging.getLogger("matplotlib")
    before = log.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        log.setLevel(logging.CRITICAL)
        try:
            yield
        finally:
            log.setLevel(before)


def import_matplotlib() -> Any:
    """matplotlib; where MPLBACKEND names a backend that is not there, as a notebook's, without that."""
    named = None if "matplotlib" in sys.modules else os.environ.pop("MPLBACKEND", None)  # it would fail the import
    try:
        import matplotlib
    finally:
        if named is not None:
            os.environ["MPLBACKEND"] = named
    if named:
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = named
    return matplotlib
