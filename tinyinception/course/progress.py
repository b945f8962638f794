"""How far a reader has come, in one small file beside the data sets: the step to go on with, by the lesson's name."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from tinyinception.course.files import Lesson
from tinyinception.data.cache import cache_dir

DONE = 0  # in the place of a step


def path() -> Path:
    """The file, lessons.json in the folder of the data sets."""
    return cache_dir() / "lessons.json"


def read() -> dict[str, int]:
    """Of each lesson begun, its name and the step to go on with; DONE where it was gone through."""
    try:
        kept = json.loads(path().read_text(encoding="utf-8"))
    except (OSError, ValueError):  # never begun, or not ours
        return {}
    return {name: step for name, step in kept.items() if type(step) is int} if isinstance(kept, dict) else {}


def of(lesson: Lesson) -> int | None:
    """The step to go on with, DONE, or None where the lesson was never begun."""
    return read().get(lesson.name)


def keep(lesson: Lesson, step: int) -> None:
    """Note the step to go on with. A place that cannot be written to stops no lesson."""
    with suppress(OSError):
        path().parent.mkdir(parents=True, exist_ok=True)
        path().write_text(json.dumps({**read(), lesson.name: step}, indent=1) + "\n", encoding="utf-8")
