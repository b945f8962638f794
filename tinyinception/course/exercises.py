"""Exercises: functions with blanks, what they must equal, and what those write who misunderstand.

`lessons/checks/NN_name.py` lists `EXERCISES`. An answer is run on every tuple of arguments. Where it differs from the
right function, the first example that does is shown, in which way it differs, and the mistake that gives what the
answer gives; so every hint is itself checked.
"""

from __future__ import annotations

import ast
import inspect
import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from tinyinception.course import feedback
from tinyinception.course.files import Lesson, load
from tinyinception.course.files import lesson as find_lesson
from tinyinception.course.limit import TooLong, at_most
from tinyinception.errors import ArgumentError, DataError

NUMBERS = "biufO"  # NumPy's kinds of arrays; objects may be fractions
WITHIN = 0.4  # how far at most a count may be off that was computed with floats
SECONDS = 60.0  # for all examples of an exercise; those that use kernels may have to compile them first
OPEN = "open"  # the level of a question without a check


@dataclass(frozen=True)
class Exercise:
    """One exercise: the answer's name, the right function by another route than the solution's, arguments to try.

    mistakes: from a hint that names the misconception to the function that somebody who holds it would write.
    tolerance: relative to the largest magnitude of the right result, for floats; see `same`.
    accepts: where more than one answer is right, called with the result and the arguments in place of comparing with
    `right`; it returns what is wrong in a sentence, or nothing. seconds: for all examples together.
    """

    name: str
    right: Callable | None
    arguments: Sequence[tuple]
    mistakes: dict[str, Callable] = field(default_factory=dict)
    tolerance: float = 1e-6
    accepts: Callable[..., str | None] | None = None
    seconds: float = SECONDS

    @cached_property
    def expected(self) -> list[Any]:
        """The right result of each example; computed once, since the other route may be the long one."""
        return [self.right(*deepcopy(arguments)) for arguments in self.arguments]  # type: ignore[misc]

    @cached_property
    def believed(self) -> dict[str, list[Any]]:
        """From each hint to what its mistake gives for the examples."""
        found = {}
        for hint, mistake in self.mistakes.items():
            with suppress(Exception):  # nobody who holds it would come so far
                found[hint] = [mistake(*deepcopy(arguments)) for arguments in self.arguments]
        return found


@dataclass(frozen=True)
class Verdict:
    """What became of one exercise; `hint` is empty where it is solved.

    detail: lines with the first example that fails, and how the results differ. level: 1 to 3, open, or unknown.
    """

    exercise: str
    solved: bool
    hint: str = ""
    detail: tuple[str, ...] = field(default=(), compare=False)
    level: str = field(default="", compare=False)

    def __str__(self) -> str:
        """As it is printed, with line breaks."""
        head = f"  {f'[{self.level}] ' if self.level else ''}{self.exercise}: "
        if self.solved:
            return f"{head}solved"
        lines = [f"    {line}" for line in self.detail]
        if not self.detail:
            return f"{head}not yet. {self.hint}"
        return "\n".join([f"{head}not yet.", *lines, *([f"    Hint: {self.hint}"] if self.hint else [])])


def exercises(lesson: Lesson) -> list[Exercise]:
    """What there is to solve in a lesson; DataError where its checks cannot be loaded."""
    return load(lesson.beside("checks")).EXERCISES


def check(lesson: Lesson, answers: str | Path | None = None) -> Iterator[Verdict]:
    """Check the answers in a file, by default lessons/exercises/NN_name.py, one after the other.

    DataError where the file cannot be run.
    """
    path = Path(answers) if answers is not None else lesson.beside("exercises")
    wanted, levels = exercises(lesson), {one.name: one.level for one in tasks(lesson)}
    try:
        with at_most(SECONDS):
            module = load(path)
    except TooLong:
        raise DataError(f"{path} did not end within {SECONDS:g} seconds") from None
    except SystemExit:
        raise DataError(f"{path} cannot be run: it leaves Python (sys.exit)") from None
    for exercise in wanted:
        yield judge(exercise, getattr(module, exercise.name, None), levels.get(exercise.name, ""))


def check_here(lesson: str | int, answer: Callable) -> None:
    """Check an answer in a notebook, and print what became of it: `check("autograd", quotient_pull)`."""
    this = find_lesson(lesson)
    name = getattr(answer, "__name__", "")
    known = {exercise.name: exercise for exercise in exercises(this)}
    if name not in known:
        raise ArgumentError(f"lesson {this.number} has no exercise {name!r} (known: {', '.join(known)})")
    levels = {one.name: one.level for one in tasks(this)}
    print(judge(known[name], answer, levels.get(name, "")))


# -- one answer --------------------------------------------------------------------------------------------------------


def judge(exercise: Exercise, answer: Callable | None, level: str = "") -> Verdict:
    """Try one answer on all arguments; the hint is of the misconception that gives the same, or says what is wrong."""

    def no(hint: str, *detail: str) -> Verdict:
        return Verdict(exercise.name, False, hint, detail, level)

    if not callable(answer):
        return no("It is no longer in the file; it must be a function of this name.")
    results: list[Any] = []
    try:
        with at_most(exercise.seconds):
            for arguments in exercise.arguments:
                results.append(answer(*deepcopy(arguments)))
    except TooLong:
        call = _call(exercise, exercise.arguments[len(results)])
        return no(f"{call} did not end within {exercise.seconds:g} seconds. Does a loop never stop?")
    except SystemExit:
        return no(f"With {_call(exercise, exercise.arguments[len(results)])} it leaves Python (sys.exit).")
    except Exception as error:
        return no(_raised(exercise, exercise.arguments[len(results)], error, answer))
    if all(result is ... for result in results) or (all(r is None for r in results) and _empty(answer)):
        return no("Still blank.")
    if exercise.accepts is not None:
        return _accepted(exercise, results, no, level)
    right = exercise.expected
    wrong = [i for i, result in enumerate(results) if not same(result, right[i], exercise.tolerance)]
    if not wrong:
        return Verdict(exercise.name, True, level=level)
    first = wrong[0]
    told = feedback.difference(
        [(ours, theirs) for ours, theirs in zip(results, right, strict=True)],
        [exercise.arguments[i] for i in range(len(right))],
        _parameters(answer),
    )
    detail = (
        _call(exercise, exercise.arguments[first]),
        f"  yours     {_short(results[first])}",
        f"  expected  {_short(right[first])}",
        *([told] if told else []),
    )
    return no(_mistaken(exercise, results, right), *detail)


def _accepted(exercise: Exercise, results: Sequence[Any], no: Callable[..., Verdict], level: str) -> Verdict:
    for arguments, result in zip(exercise.arguments, results, strict=True):
        try:
            with at_most(exercise.seconds):
                wrong = exercise.accepts(result, *deepcopy(arguments))  # type: ignore[misc]
        except TooLong:
            wrong = f"The check did not end within {exercise.seconds:g} seconds; is what it returns very large?"
        except Exception as error:  # what came back is not what was asked for
            wrong = f"What it returns cannot be used: {type(error).__name__}: {error}"
        if wrong:
            return no(wrong)
    return Verdict(exercise.name, True, level=level)


def _mistaken(exercise: Exercise, results: Sequence[Any], right: Sequence[Any]) -> str:
    """The hint of the misconception that gives these results, or some component of them that is wrong."""
    for hint, values in exercise.believed.items():
        if _all_same(results, values, exercise.tolerance):
            return hint
    if not all(isinstance(one, (tuple, list)) for one in (*results, *right)):
        return ""
    for i in range(min(len(one) for one in (*results, *right))):
        ours, theirs = [one[i] for one in results], [one[i] for one in right]
        if _all_same(ours, theirs, exercise.tolerance):
            continue
        for hint, values in exercise.believed.items():
            if all(isinstance(one, (tuple, list)) and len(one) > i for one in values):
                same_here = [one[i] for one in values]
                if _all_same(ours, same_here, exercise.tolerance):
                    return hint
    return ""


def _all_same(ours: Sequence[Any], theirs: Sequence[Any], tolerance: float) -> bool:
    return all(same(a, b, tolerance) for a, b in zip(ours, theirs, strict=True))


def _empty(answer: Callable) -> bool:
    """Whether a function has no body but its docstring, `...` or `pass`, so that None is no forgotten `return`."""
    code = getattr(answer, "__code__", None)
    return code is not None and not code.co_names and len(code.co_code) <= len((lambda: None).__code__.co_code) + 4


def _parameters(answer: Callable) -> list[str]:
    try:
        return list(inspect.signature(answer).parameters)
    except (TypeError, ValueError):
        return []


def _raised(exercise: Exercise, arguments: tuple, error: Exception, answer: Callable) -> str:
    """What an answer raised, where in the learner's file, and what to do about the commonest."""
    told = f"With {_call(exercise, arguments)} it raises {type(error).__name__}: {error}."
    file = getattr(getattr(answer, "__code__", None), "co_filename", "")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    if lines and file.endswith(".py"):
        told += f" ({Path(file).name}, line {lines[-1]})"
    if isinstance(error, NameError) and error.name in ADVICE:
        told += f" Write `{ADVICE[error.name]}` at the top of the file."
    return told


ADVICE = {"np": "import numpy as np", "numpy": "import numpy", "math": "import math", "plt": "import matplotlib"}


# -- tasks and solutions -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """A function to write, or an open question: its name, level (1, 2, 3, open, or empty) and what its text asks."""

    name: str
    level: str
    text: str


def tasks(lesson: Lesson) -> list[Task]:
    """The exercises and open questions of a lesson, as its file of exercises has them."""
    return [Task(node.name, *_level(ast.get_docstring(node) or "")) for node in _functions(lesson, "exercises")]


def solution(lesson: Lesson, name: str) -> str:
    """The solution of an exercise as source, or the discussion of an open question; ArgumentError for another name."""
    source = lesson.beside("solutions").read_text(encoding="utf-8")
    known = {node.name: node for node in _functions(lesson, "solutions")}
    asked = {task.name: task for task in tasks(lesson)}
    names = [name for name in asked if name in known]
    if name not in names:
        raise ArgumentError(f"lesson {lesson.number} has no exercise {name!r} (known: {', '.join(names)})")
    if asked[name].level == OPEN:
        return _level(ast.get_docstring(known[name]) or "")[1]
    return ast.get_source_segment(source, known[name]) or ""


def _level(docstring: str) -> tuple[str, str]:
    found = re.match(r"\[(\d|open)\]\s*", docstring)
    return (found[1], docstring[found.end() :]) if found else ("", docstring)


def _functions(lesson: Lesson, folder: str) -> list[ast.FunctionDef | ast.ClassDef]:
    path = lesson.beside(folder)
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except OSError:
        raise DataError(f"{path} does not exist") from None
    except SyntaxError as error:
        raise DataError(f"{path}, line {error.lineno}, cannot be run: SyntaxError: {error.msg}") from None
    return [
        node
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    ]


# -- results -----------------------------------------------------------------------------------------------------------


def same(ours: object, theirs: object, tolerance: float, largest: float = 0) -> bool:
    """Whether two results agree: numbers and arrays to the tolerance, sequences and mappings item by item.

    The tolerance is relative to the largest magnitude in an array, in a list (whose numbers are of one kind, so that
    beside a 1 a rounding error is a 0), or else of the number itself. Where the right one is whole, no other whole
    number is near. largest: that of the list in which the two stand.
    """
    if isinstance(theirs, dict):
        return (
            isinstance(ours, dict)
            and ours.keys() == theirs.keys()
            and all(same(ours[key], theirs[key], tolerance) for key in theirs)
        )
    if isinstance(theirs, (list, tuple)):
        if isinstance(ours, np.ndarray) and ours.ndim:  # an array serves where a list was asked for
            ours = list(ours)
        if isinstance(theirs, list):
            largest = max(largest, _largest(theirs))
        return (
            isinstance(ours, (list, tuple))
            and len(ours) == len(theirs)
            and all(same(a, b, tolerance, largest) for a, b in zip(ours, theirs, strict=True))
        )
    if isinstance(theirs, (str, bool, type(None))):
        return isinstance(ours, (str, bool, np.bool_, type(None))) and bool(ours == theirs)
    try:
        a, b, counts = np.asarray(ours), np.asarray(theirs, dtype=float), np.asarray(theirs).dtype.kind in "iu"
        if a.dtype.kind not in NUMBERS or a.shape != b.shape:
            return False
        a = a.astype(float)
    except (TypeError, ValueError):  # ragged lists, things that are no numbers
        return False
    finite = np.isfinite(b)
    bound = min(tolerance * np.abs(b[finite]).max(initial=largest), WITHIN if counts else np.inf)
    near = np.abs(a[finite] - b[finite]) <= bound
    return bool(np.array_equal(a[~finite], b[~finite], equal_nan=True) and near.all())


def _largest(value: object) -> float:
    """The largest finite magnitude of the numbers in a result."""
    if isinstance(value, (list, tuple)):
        return max(map(_largest, value), default=0)
    array = np.asarray(value)
    try:
        numbers = np.abs(array.astype(float)) if array.dtype.kind in NUMBERS else np.zeros(1)
    except (TypeError, ValueError):  # objects that are no numbers
        return 0
    return float(numbers[np.isfinite(numbers)].max(initial=0))


def _call(exercise: Exercise, arguments: tuple) -> str:
    return f"{exercise.name}({', '.join(map(_short, arguments))})"


def _short(value: object) -> str:
    """A value in one line of at most 80 characters."""
    if isinstance(value, np.ndarray):
        if value.size > 12:
            return f"<array of shape {value.shape}>"
        value = value.tolist() if value.ndim else value.item()
        return f"array({_plain(value)})" if isinstance(value, list) else _plain(value)
    text = _plain(value)
    if callable(value) and hasattr(value, "__name__"):
        text = value.__name__
    return text if len(text) <= 80 else text[:77] + "..."


def _plain(value: object) -> str:
    """As Python shows it, without the types of NumPy's numbers and with at most eight digits."""
    if isinstance(value, (float, np.floating)):
        return repr(float(f"{float(value):.8g}"))
    if isinstance(value, np.generic):
        return repr(value.item())
    if type(value) in (list, tuple):
        inner = ", ".join(map(_plain, value))  # type: ignore[call-overload]
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"  # type: ignore[arg-type]
    return " ".join(repr(value).split())
