"""Runs the lessons that have changed, two at a time, and hands out what their cells put out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinyinception.course.files import Lesson
from tinyinception.errors import DataError
from tinyinception.files import digest_of
from tinyinception.site import keep
from tinyinception.terminal import bar, say

AT_ONCE = 2
HELPERS = ("plots", "experiments", "results")  # folders of `lessons/` with what lessons load
BAR = "{desc} {n_fmt}/{total_fmt} cells |{bar}| {elapsed}{postfix}"


@dataclass
class Outputs:
    """Of one lesson: a list for each cell of code, and the folder where the pictures are."""

    cells: list[list[dict[str, str]]]
    folder: Path


@dataclass
class _Run:
    """A lesson that is being run."""

    lesson: Lesson
    process: subprocess.Popen
    folder: Path
    begun: float = field(default_factory=time.monotonic)
    seen: int = 0


def key(lesson: Lesson) -> str:
    """A hash of all that a lesson's outputs depend on: its file, the files it names, the package, the libraries."""
    names, files, waiting = set[str](), list[Path](), [lesson.path]
    while waiting:
        path = waiting.pop()
        files.append(path)
        new = set(re.findall(r'"(\w+)(?:\.py|\.json)?"', path.read_text(encoding="utf-8"))) - names
        names |= new
        for room in HELPERS if path.suffix == ".py" else ():
            waiting += [one for one in (lesson.path.parent / room).glob("*.*") if one.stem in new and one not in files]
    return keep.digest(digest_of(set(files), lesson.path.parent), keep.of_package())


def outputs(lessons: Sequence[Lesson], *, progress: bool = True) -> tuple[dict[str, Outputs], list[Lesson]]:
    """What the cells of each lesson put out, by the lesson's name, and which lessons had to be run.

    Raises DataError, naming lesson and cell, where one fails. Those that have ended stay for the next time.
    """
    keys = {lesson.name: key(lesson) for lesson in lessons}
    left = [lesson for lesson in lessons if not keep.is_kept(_name(lesson), keys[lesson.name])]
    with tempfile.TemporaryDirectory(prefix="tinyinception-lessons-") as place:
        _run_all(left, keys, Path(place), progress)
    found = {}
    for lesson in lessons:
        folder = keep.kept(_name(lesson), keys[lesson.name], _never)
        found[lesson.name] = Outputs(_read(folder)["cells"], folder)
    return found, left


def _name(lesson: Lesson) -> str:
    return f"lesson-{lesson.name}"


def _never(folder: Path) -> None:
    raise DataError(f"{folder}: what a lesson put out has vanished while it was used; build again")


def _read(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "outputs.json").read_text(encoding="utf-8"))


def _run_all(lessons: Sequence[Lesson], keys: dict[str, str], place: Path, progress: bool) -> None:
    waiting, running = list(lessons), list[_Run]()
    cells = sum(cell.kind == "code" for lesson in lessons for cell in lesson.cells())
    with bar(total=cells, desc="lessons", shown=progress and bool(lessons), bar_format=BAR) as shown:
        try:
            while waiting or running:
                while waiting and len(running) < min(AT_ONCE, os.cpu_count() or 1):
                    running.append(_begin(waiting.pop(0), place))
                    shown.set_postfix_str(" and ".join(str(run.lesson.number) for run in running))
                for run in list(running):
                    ended = run.process.poll() is not None
                    count = _cells_of(run.lesson) if ended else _at(run)
                    shown.update(count - run.seen)
                    run.seen = count
                    if ended:
                        running.remove(run)
                        _end(run, keys[run.lesson.name])
                time.sleep(0.05)
        finally:
            for run in running:
                run.process.kill()
                run.process.wait()


def _cells_of(lesson: Lesson) -> int:
    return sum(cell.kind == "code" for cell in lesson.cells())


def _at(run: _Run) -> int:
    with suppress(OSError, ValueError):
        return int((run.folder / "at").read_text(encoding="ascii"))
    return run.seen


def _begin(lesson: Lesson, place: Path) -> _Run:
    """Start a lesson in a folder of its own, where it finds this package and may leave what it writes."""
    folder, work = place / lesson.path.stem, place / f"{lesson.path.stem}-work"
    folder.mkdir()
    work.mkdir()
    path = os.pathsep.join([str(keep.PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "MPLBACKEND": "agg", "PYTHONIOENCODING": "utf-8"}
    with open(place / f"{lesson.path.stem}.err", "wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "tinyinception.site.runner", str(lesson.path.resolve()), str(folder)],
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    return _Run(lesson, process, folder)


def _end(run: _Run, key: str) -> None:
    """Keep what a lesson put out; DataError where it failed."""
    lesson, said = run.lesson, run.folder.with_suffix(".err").read_text(encoding="utf-8", errors="replace").strip()
    try:
        error = _read(run.folder)["error"]
    except (OSError, ValueError):
        last = f": {said.splitlines()[-1]}" if said else ""
        raise DataError(f"lesson {lesson.number} ended with status {run.process.returncode}{last}") from None
    if error is not None:
        raise DataError(
            f"lesson {lesson.number}, cell {error['cell']}: {error['said']}; to look at it: "
            f"tinyinception lesson {lesson.number} --start {error['cell']}"
        )
    keep.kept(_name(lesson), key, lambda folder: _move(run.folder, folder))
    say(f"lesson {lesson.number}: {time.monotonic() - run.begun:.1f} s")


def _move(source: Path, target: Path) -> None:
    for path in source.iterdir():
        shutil.move(path, target / path.name)
