"""Exercises: functions with blanks, what they must equal, and what those write who misunderstand.

`lessons/checks/NN_name.py` lists `EXERCISES`. An answer is run on every tuple of arguments. Where it differs from the
right function, the mistake that gives what the answer gives names the misconception; so every hint is itself checked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinyinception.course.files import Lesson, load

NUMBERS = "biufO"  # NumPy's kinds of arrays; objects may be fractions
WITHIN = 0.4  # how far at most a count may be off that was computed with floats


@dataclass(frozen=True)
class Exercise:
    """One exercise: the answer's name, the right function by another route than the solution's, arguments to try.

    mistakes: from a hint that names the misconception to the function that somebody who holds it would write.
    tolerance: relative to the largest magnitude of the right result, for floats; see `same`.
    """

    name: str
    right: Callable
    arguments: Sequence[tuple]
    mistakes: dict[str, Callable] = field(default_factory=dict)
    tolerance: float = 1e-6


@dataclass(frozen=True)
class Verdict:
    """What became of one exercise; `hint` is empty where it is solved."""

    exercise: str
    solved: bool
    hint: str = ""

    def __str__(self) -> str:
        return f"  {self.exercise}: solved" if self.solved else f"  {self.exercise}: not yet. {self.hint}"


def exercises(lesson: Lesson) -> list[Exercise]:
    """What there is to solve in a lesson; DataError where its checks cannot be loaded."""
    return load(lesson.beside("checks")).EXERCISES


def check(lesson: Lesson, answers: str | Path | None = None) -> list[Verdict]:
    """Check the answers in a file, by default lessons/exercises/NN_name.py; DataError where it cannot be run."""
    module = load(Path(answers) if answers is not None else lesson.beside("exercises"))
    return [judge(exercise, getattr(module, exercise.name, None)) for exercise in exercises(lesson)]


def judge(exercise: Exercise, answer: Callable | None) -> Verdict:
    """Try one answer on all arguments; the hint is of the misconception that gives the same, or says what is wrong."""

    def no(hint: str) -> Verdict:
        return Verdict(exercise.name, False, hint)

    if not callable(answer):
        return no("It is no longer in the file; it must be a function of this name.")
    results = []
    for arguments in exercise.arguments:
        try:
            results.append(answer(*deepcopy(arguments)))
        except Exception as error:
            return no(f"With {_call(exercise, arguments)} it raises {type(error).__name__}: {error}.")
    if all(result is None or result is ... for result in results):
        return no("Still blank.")
    right = [exercise.right(*deepcopy(arguments)) for arguments in exercise.arguments]
    wrong = [i for i, result in enumerate(results) if not same(result, right[i], exercise.tolerance)]
    if not wrong:
        return Verdict(exercise.name, True)
    for hint, mistake in exercise.mistakes.items():
        believed = [mistake(*deepcopy(arguments)) for arguments in exercise.arguments]
        if all(same(result, value, exercise.tolerance) for result, value in zip(results, believed, strict=True)):
            return no(hint)
    i = wrong[0]
    return no(f"{_call(exercise, exercise.arguments[i])} gives {_short(results[i])}, and should not.")


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
    if isinstance(value, np.ndarray) and value.size > 6:
        return f"<array of shape {value.shape}>"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
