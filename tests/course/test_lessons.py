"""The lessons: their form, their exercises, and that every hint is given to the mistake it names.

That each lesson runs is shown by `tinyinception lesson --all`, in .ci/run.
"""

import ast
import re

import pytest

from tinyinception.course import exercises as room
from tinyinception.course.files import find, load

LESSONS = find()
EXERCISES = [
    pytest.param(lesson, exercise, id=f"{lesson.number}-{exercise.name}")
    for lesson in LESSONS.values()
    for exercise in room.exercises(lesson)
]
MISTAKES = [
    pytest.param(case.values[1], hint, mistake, id=f"{case.id}-{number}")
    for case in EXERCISES
    for number, (hint, mistake) in enumerate(case.values[1].mistakes.items(), 1)
]


def lines_of(code):
    """Lines of code of up to 120 characters, however a formatter wraps them."""
    return sum(1 + len(line) // 120 for line in ast.unparse(ast.parse(code)).splitlines() if line.strip())


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.path.stem)
def test_form(lesson):
    """A question, predictions before computations, assertions, figures, what to take away, exercises, the paper."""
    cells = lesson.cells()
    prose = "\n".join(cell.text for cell in cells if cell.kind == "markdown")
    code = "\n".join(cell.text for cell in cells if cell.kind == "code")
    for needed in (
        "## The question",
        "**Predict:**",
        "## Take away",
        f"tinyinception lesson {lesson.number} --check",
        "**Paper:**",
    ):
        assert needed in prose, needed
    assert re.search(r"\b(show|animate)\(|\bplots\.\w+\(", code)
    assert "assert " in code
    assert lines_of(code) <= 180
    predictions = [i for i, cell in enumerate(cells) if "**Predict:**" in cell.text]
    assert all(cells[i + 1].kind == "code" for i in predictions)


@pytest.mark.parametrize(("lesson", "exercise"), EXERCISES)
def test_solutions_pass_and_blanks_fail(lesson, exercise):
    solution, blank = (load(lesson.beside(folder)) for folder in ("solutions", "exercises"))
    assert room.judge(exercise, getattr(solution, exercise.name)) == room.Verdict(exercise.name, True)
    assert room.judge(exercise, getattr(blank, exercise.name)) == room.Verdict(exercise.name, False, "Still blank.")


@pytest.mark.parametrize(("exercise", "hint", "mistake"), MISTAKES)
def test_a_usual_mistake_is_told_its_misconception(exercise, hint, mistake):
    assert room.judge(exercise, mistake) == room.Verdict(exercise.name, False, hint)


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.path.stem)
def test_exercises_and_solutions_have_the_functions_that_are_checked(lesson):
    """At least two, each with a usual mistake; a function defined in one file is in the others."""
    checked = room.exercises(lesson)
    assert len(checked) >= 2
    assert all(exercise.mistakes for exercise in checked)
    for folder in ("exercises", "solutions"):
        tree = ast.parse(lesson.beside(folder).read_text(encoding="utf-8"))
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert {exercise.name for exercise in checked} <= defined
