"""The lessons: their form, their exercises, and that every hint is given to the mistake it names.

That each lesson runs is shown by `tinyinception lesson --all`, in .ci/run.
"""

import ast
import re

import pytest

from tinyinception.course import exercises as room
from tinyinception.course.files import find, load

LESSONS = find()
LINES, CELL, COLUMNS = 600, 25, 79  # of a file, of a cell whose code is shown, of a line
EXAMPLE = (  # in an exercise's docstring
    r"\((?P<given>[^a-z=]*?)\) is (?:(?P<number>-?\d[\d,]*(?:\.\d+)?)(?! ?[\d/*+])"
    r"|(?P<other>True|False|[\[(][^a-z]*?[\])])(?=[.,] [^\[\d]|\.$))"
)
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


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.path.stem)
def test_form(lesson):
    """A question, predictions before computations, assertions, figures, what to take away, exercises, the paper.

    A lesson is a document: prose that is read once from top to bottom, with folded cells that draw. So its file may be
    longer than one of code, and nothing limits its figures; but what a reader sees of code at once is short.
    """
    cells = lesson.cells()
    prose = "\n".join(cell.text for cell in cells if cell.kind == "markdown")
    code = "\n".join(cell.text for cell in cells if cell.kind == "code")
    for needed in (
        "## The question",
        "**Predict:**",
        "## Take away",
        f"`lessons/exercises/{lesson.path.name}`",
        f"tinyinception lesson {lesson.number} --check",
        "**Paper:**",
    ):
        assert needed in " ".join(prose.split()), needed
    assert "**You need:**" in cells[0].text
    assert re.findall(r"^ +[-+*] .*", prose, re.M) == []  # a sign that was wrapped to a line's start makes a list
    assert re.search(r"\b(show|animate)\(|\bplots\.\w+\(", code)
    assert "assert " in code
    lines = lesson.path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LINES
    assert [number for number, line in enumerate(lines, 1) if len(line) > COLUMNS] == []
    shown = [cell for cell in cells if cell.kind == "code" and not cell.folded]
    assert [cell.line for cell in shown if len(cell.text.splitlines()) > CELL] == []


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.path.stem)
def test_predictions_have_choices_and_the_next_cell_answers(lesson):
    """That one choice is right and each has its sentence is refused otherwise where the file is read."""
    cells = lesson.cells()
    asked = [(i, cell) for i, cell in enumerate(cells) if "**Predict:**" in cell.text]
    assert [cell.line for _, cell in asked if not cell.prediction.choices] == []
    assert [cell.line for _, cell in asked if cell.text.count("**Predict:**") > 1] == []
    assert [cell.line for i, cell in asked if cells[i + 1].kind != "code"] == []


def levels(lesson, folder="exercises"):
    """The level of each function in a lesson's file of exercises or of solutions, by its name."""
    tree = ast.parse(lesson.beside(folder).read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    found = {one.name: re.match(r"\[(1|2|3|open)\] ", ast.get_docstring(one) or "") for one in functions}
    return {name: match and match[1] for name, match in found.items() if match or not name.startswith("_")}


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.path.stem)
def test_exercises_have_levels_and_a_question_without_a_check(lesson):
    """The open question's discussion is the docstring of its solution, so it is longer than what is asked."""
    given, checked = levels(lesson), {exercise.name for exercise in room.exercises(lesson)}
    assert None not in given.values()
    assert {"1", "2", "3", "open"} <= set(given.values())
    assert {name for name, level in given.items() if level != "open"} == checked
    asked, told = (load(lesson.beside(folder)) for folder in ("exercises", "solutions"))
    for name in given.keys() - checked:
        assert len(getattr(told, name).__doc__) > len(getattr(asked, name).__doc__), name


@pytest.mark.parametrize("lesson", LESSONS.values(), ids=lambda lesson: lesson.path.stem)
def test_examples_are_what_the_solutions_return(lesson):
    """As in `saving(4) is 0.5`, where arguments need no names; a number is rounded to the digits that are there."""
    asked, solved = (load(lesson.beside(folder)) for folder in ("exercises", "solutions"))
    for name in levels(lesson):
        doc = " ".join((getattr(asked, name).__doc__ or "").split())
        for told in re.finditer(rf"\b{name}{EXAMPLE}", doc):
            found = getattr(solved, name)(*ast.literal_eval(f"[{told['given']}]"))
            if told["other"]:
                assert room.same(found, ast.literal_eval(told["other"]), 0.005), told[0]
                continue
            said = told["number"].rstrip(",").replace(",", "")
            assert round(float(found), len(said.partition(".")[2])) == float(said), told[0]


def test_five_exercises_on_average_are_checked():
    assert len(EXERCISES) >= 5 * len(LESSONS)


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
