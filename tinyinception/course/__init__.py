"""The lessons' machinery: finding and stepping through them, checking exercises, weighing claims.

The lessons themselves are in the folder `lessons/` of a clone. What they import from here: `figure`, `show` and
`animate` for pictures, `learn` to train a network, `stored` for results of experiments too long for a lesson.
"""

from typing import Any

from tinyinception.course.pictures import COLOURS, animate, figure, show
from tinyinception.course.results import stored

__all__ = ["COLOURS", "animate", "figure", "learn", "show", "stored"]


def __getattr__(name: str) -> Any:
    if name != "learn":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tinyinception.course.learning import learn  # imports all that trains, which claims and lists need not

    return learn
