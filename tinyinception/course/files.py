"""The lessons as files: numbered programs in `lessons/`, of a clone, the installed package, or the current folder."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import tinyinception
from tinyinception.course.cells import Cell, parse
from tinyinception.errors import ArgumentError, DataError, unknown_name
from tinyinception.terminal import say

HEAD = re.compile(r"# (?:Lesson )?\d+\.? (?P<title>.+)")
FACTS = re.compile(
    r"\*\*Time:\*\* (?P<minutes>\d+) minutes\. \*\*Afterwards you know\*\* (?P<outcome>.+?)"
    r"(?:\n\n|$)",
    re.S,
)
OLD = range(8, 22)  # numbers before the audit of GoogLeNet's table became lesson 8; these are one more since


@dataclass(frozen=True)
class Lesson:
    """One lesson: its file, and what its first cell says of it; `minutes` is the time a reader needs."""

    number: int
    path: Path
    title: str
    minutes: int
    outcome: str

    @property
    def name(self) -> str:
        """Its file's name without number and ending, which stays when numbers change."""
        return self.path.stem.partition("_")[2]

    def cells(self) -> list[Cell]:
        """Prose and code, in order."""
        return _cells(self.path)

    def beside(self, folder: str) -> Path:
        """The file of the same name in a folder of `lessons/`: exercises, solutions, checks."""
        return self.path.parent / folder / self.path.name


def folder() -> Path:
    """Where the lessons lie: in a clone, in the installed package, or in the current folder; ArgumentError for none."""
    package = Path(tinyinception.__file__).parent
    places = [package.parent / "lessons", package / "lessons", Path.cwd() / "lessons"]
    for place in places:
        if any(place.glob("[0-9]*.py")):
            return place
    raise ArgumentError(
        f"no lessons found in {', '.join(map(str, places[:-1]))} or {places[-1]}; they come with the package, so "
        "install it again"
    )


def answers(lesson: Lesson) -> Path:
    """The file in which the reader answers a lesson's exercises: a clone's own, else a copy in the current folder.

    An installed package is no place to write in, so its file is copied to exercises/ on first use, which is said on
    standard error.
    """
    own = lesson.beside("exercises")
    if Path(tinyinception.__file__).parent not in own.parents:
        return own
    mine = Path("exercises") / own.name
    if not mine.exists():
        try:
            mine.parent.mkdir(exist_ok=True)
            shutil.copyfile(own, mine)
        except OSError as error:
            raise ArgumentError(f"{mine}: the exercises cannot be copied here: {error.strerror or error}") from None
        say(f"The exercises are copied to {mine}: write your answers there.")
    return mine


def find() -> dict[int, Lesson]:
    """The lessons by number, in order; DataError where two files have the same one."""
    found: dict[int, Lesson] = {}
    for path in sorted(folder().glob("[0-9]*.py")):
        this = _read(path)
        if this.number in found:
            raise DataError(f"two files are lesson {this.number}: {found[this.number].path} and {path}")
        found[this.number] = this
    return dict(sorted(found.items()))


def lesson(which: int | str) -> Lesson:
    """One lesson, by its number, its name or a part of that; ArgumentError where there is none or more than one."""
    known = find()
    word = str(which).strip().lower().replace("-", "_").replace(" ", "_")
    if re.fullmatch(r"-?\d+", word):
        if int(word) not in known:
            raise ArgumentError(f"there is no lesson {which} (known: {', '.join(map(str, known))})")
        return known[int(word)]
    word = re.sub(r"^(\d+)_|\.py$", "", word)
    found = [one for one in known.values() if one.name == word] or [one for one in known.values() if word in one.name]
    if len(found) == 1:
        return found[0]
    if found:
        raise ArgumentError(f"lesson {which}: which one? {', '.join(f'{one.number} {one.name}' for one in found)}")
    raise unknown_name(word, [one.name for one in known.values()], "lesson")


def moved(number: int) -> str:
    """What to tell somebody who uses a lesson's number of before November 2026; empty where it has not changed."""
    known = find()
    if not (OLD.start <= number < OLD.stop and number + 1 in known and max(known) == OLD.stop):
        return ""
    title = known[number + 1].title
    return f"Numbers have changed: lesson {number} was '{title}', and that is {number + 1} now."


def run(path: Path) -> None:
    """Run a lesson as a program of its own; DataError where it fails, whose own words are then on standard error."""
    status = subprocess.run([sys.executable, path], check=False).returncode
    if status:
        raise DataError(f"lesson {path} ended with status {status}")


def load(path: Path) -> ModuleType:
    """A file of exercises, solutions, checks or verdicts as a fresh module; DataError where it cannot be run."""
    if not path.is_file():
        raise DataError(f"{path} does not exist")
    spec = spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise DataError(f"{path} is no file of Python")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up there
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        where = _line_in(error, path)
        raise DataError(f"{path}{where} cannot be run: {type(error).__name__}: {error}") from error
    return module


def _line_in(error: BaseException, path: Path) -> str:
    if isinstance(error, SyntaxError):
        return f", line {error.lineno},"
    lines, trace = [], error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return f", line {lines[-1]}," if lines else ""


def _cells(path: Path) -> list[Cell]:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _read(path: Path) -> Lesson:
    first = next(iter(_cells(path)), Cell("code", "", 1))
    head, facts = HEAD.match(first.text), FACTS.search(first.text)
    if first.kind != "markdown" or head is None or facts is None:
        raise DataError(
            f"{path}: the first cell must be prose, with a heading '# Lesson N. Title' and a line "
            "'**Time:** M minutes. **Afterwards you know** ...'"
        )
    return Lesson(
        int(path.name.partition("_")[0]),
        path,
        head["title"],
        int(facts["minutes"]),
        " ".join(facts["outcome"].split()),
    )
