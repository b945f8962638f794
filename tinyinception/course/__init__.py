"""The lessons' machinery: finding and stepping through them, checking exercises, weighing claims.

The lessons themselves are in the folder `lessons/`. What they import from here: `figure`, `show` and `animate` for
pictures, `learn` to train a network, `stored` for results of experiments too long for a lesson; notebooks `check`.
"""

from importlib import import_module
from typing import Any

from tinyinception.course.pictures import COLOURS, animate, figure, show
from tinyinception.course.results import stored

__all__ = ["COLOURS", "animate", "check", "figure", "learn", "show", "stored"]

LATE = {"learn": "learning", "check": "exercises"}  # imported when asked for: claims and lists need neither


def __getattr__(name: str) -> Any:
    if name not in LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = import_module(f"tinyinception.course.{LATE[name]}")
    return getattr(room, {"check": "check_here"}.get(name, name))
