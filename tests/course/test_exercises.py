"""How answers to exercises are judged: right ones, mistakes, and whatever else somebody may write."""

import math
from fractions import Fraction

import numpy as np
import pytest

import tinyinception
from tests.helpers.small_course import ANSWERS
from tinyinception.course import exercises, files
from tinyinception.course.exercises import Exercise, Verdict, judge, same
from tinyinception.errors import ArgumentError, DataError

DOUBLE = Exercise(
    "double",
    lambda items: [2 * item for item in items],
    [([1, 2],), ([5],)],
    {"Squared, not doubled.": lambda items: [item * item for item in items]},
)


def checked(*words):
    return list(exercises.check(*words))


def no(hint, name="double"):
    return Verdict(name, False, hint)


def test_a_right_answer_in_other_clothes_is_solved():
    for answer in (lambda items: [item + item for item in items], lambda items: tuple(2.0 * item for item in items)):
        assert judge(DOUBLE, answer) == Verdict("double", True)
    assert str(Verdict("double", True)) == "  double: solved"


def test_a_blank_a_missing_and_a_spoilt_answer():
    assert judge(DOUBLE, lambda items: ...) == judge(DOUBLE, lambda items: None) == no("Still blank.")
    for gone in (None, 3, ...):
        assert judge(DOUBLE, gone) == no("It is no longer in the file; it must be a function of this name.")
    assert str(no("Still blank.")) == "  double: not yet. Still blank."


def test_a_known_mistake_has_its_hint_and_an_unknown_one_the_first_call_that_differs():
    assert judge(DOUBLE, lambda items: [item**2 for item in items]) == no("Squared, not doubled.")
    sometimes = judge(DOUBLE, lambda items: [25] if len(items) == 1 else [2, 3])  # [25] is the squared one's
    assert (sometimes, sometimes.detail[:3]) == (
        no(""),
        ("double([1, 2])", "  yours     [2, 3]", "  expected  [2, 4]"),
    )
    wrong = judge(DOUBLE, lambda items: [4] if len(items) == 1 else [2, 4])
    assert wrong.detail[:3] == ("double([5])", "  yours     [4]", "  expected  [10]")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lambda items: items / 2, "With double([1, 2]) it raises TypeError: unsupported operand type(s)"),
        (lambda items: items[1:][0], "With double([5]) it raises IndexError: list index out of range."),
        (lambda: 1, "With double([1, 2]) it raises TypeError: "),
        (lambda items: missing(items), "With double([1, 2]) it raises NameError: name 'missing' is not defined"),  # noqa: F821
    ],
)
def test_an_answer_that_raises_is_told_with_which_arguments(answer, hint):
    verdict = judge(DOUBLE, answer)
    assert not verdict.solved
    assert verdict.hint.startswith(hint)


@pytest.mark.parametrize(
    "value",
    [
        "[2, 4]",
        {2: 4},
        7,
        None,
        [2, None],
        [2, "4"],
        [[2], [4]],
        [2, 4, 6],
        (),
        np.nan,
        lambda: 1,
        {2, 4},
        [2 + 0j, 4j],
    ],
)
def test_an_answer_of_another_type_or_shape_is_wrong_and_no_error(value):
    verdict = judge(DOUBLE, lambda items: value if len(items) == 2 else [10])
    assert not verdict.solved
    assert verdict.detail[0] == "double([1, 2])"
    assert len(verdict.detail) == 4  # and how it differs


def test_a_long_result_is_shortened():
    arrays = judge(Exercise("f", lambda x: x, [(np.zeros((3, 5)),)]), lambda x: x + 1).detail
    assert arrays[:2] == ("f(<array of shape (3, 5)>)", "  yours     <array of shape (3, 5)>")
    words = judge(Exercise("f", lambda x: "a", [(1,)]), lambda x: "b" * 200).detail
    assert words[1] == "  yours     '" + "b" * 76 + "..."


def test_arguments_changed_in_place_spoil_nothing():
    def answer(items):
        items[:] = [2 * item for item in items]
        return items

    def mistaken(items):
        items.sort(reverse=True)
        return [item * item for item in items][::-1]

    assert judge(DOUBLE, answer).solved
    assert judge(DOUBLE, mistaken) == no("Squared, not doubled.")
    assert DOUBLE.arguments == [([1, 2],), ([5],)]
    array = Exercise("f", lambda x: x * 2, [(np.ones(3),)])
    assert judge(array, lambda x: np.multiply(x, 2, out=x)).solved
    assert array.arguments[0][0].tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (1.0000005, 1.0, True),
        (1.000002, 1.0, False),
        (1, 1.0, True),
        (np.float32(0.5), 0.5, True),
        (0, 0.0, True),
        (1e-12, 0.0, False),
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
        (math.inf, math.inf, True),
        (-math.inf, math.inf, False),
        (1.0, math.nan, False),
        ((1e-9, 1.0), (0.0, 1.0), False),
        ([-5.6e-17, 1.0], [0.0, 1.0], True),
        ([0.0, 1.0], [-5.6e-17, 1.0], True),
        ([1e-5, 1.0], [0.0, 1.0], False),
        ([[0.0], [0.0, 1]], [[-1e-17], [0.0, 1.0]], True),
        ([np.zeros(1), np.ones(2)], [np.full(1, 1e-9), np.ones(2)], True),
        ([0.0, math.inf], [1e-17, math.inf], False),
        ([0.0, "a", None, 2.0], [1e-17, "a", None, 2.0], True),
        ({"a": 0.0, "b": 1.0}, {"a": 1e-17, "b": 1.0}, False),
        ([{"a": 0.0}, 1.0], [{"a": 1e-17}, 1.0], False),
        (100_000_001, 100_000_000, False),
        ([10**8, 0], [10**8, 1], False),
        (1e8 * (0.1 + 0.2) / 0.3, 10**8, True),
        (np.array([10**8, 1]), np.array([10**8, 2]), False),
        (100_000_001.0, 100_000_000.0, True),
        (np.array([1e-9, 1.0]), np.array([0.0, 1.0]), True),
        (np.ones((2, 1)), np.ones(2), False),
        (np.ones(2), [1.0, 1.0], True),
        (np.ones(2), [1.0, 2.0], False),
        (np.ones((2, 2)), [[1, 1], [1, 1]], True),
        (np.ones((2, 1)), [1.0, 1.0], False),
        ([1, 2], np.array([1, 2]), True),
        ("a", "a", True),
        ("a", "b", False),
        (1, "1", False),
        (True, True, True),
        (np.bool_(True), True, True),
        (1, True, False),
        (None, None, True),
        (0, None, False),
        ({"a": 1, "b": [2]}, {"b": [2], "a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": 1}, {"b": 1}, False),
        ([("a", 1)], {"a": 1}, False),
        ((1, (2, 3)), [1, [2, 3]], True),
        ([[1, 2], [3]], np.ones((2, 2)), False),
        (b"1", 1.0, False),
        ("1", 1.0, False),
        (Fraction(1, 2), 0.5, True),
        (Fraction(1, 3), 0.5, False),
        (1 + 0j, 1.0, False),
        (object(), 1.0, False),
    ],
)
def test_when_two_results_are_the_same(ours, theirs, expected):
    assert same(ours, theirs, 1e-6) is expected


def test_answers_are_read_from_the_lessons_file_or_another(course, tmp_path):
    lesson = files.lesson(1)
    assert checked(lesson) == [no("Still blank.", "add"), no("Still blank.", "negate")]
    mine = tmp_path / "mine.py"
    mine.write_text(ANSWERS.format("x * y", "-x"), encoding="utf-8")
    assert checked(lesson, mine) == [no("That is a product.", "add"), Verdict("negate", True)]
    mine.write_text("def add(x, y):\n    return y + x\n", encoding="utf-8")
    assert checked(lesson, mine)[1].hint.startswith("It is no longer in the file")
    mine.write_text("def add(x, y):\n    return x +\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"mine\.py, line 2, cannot be run: SyntaxError"):
        checked(lesson, mine)
    mine.write_text(ANSWERS.format("x + y", "-x"), encoding="utf-8")
    assert all(verdict.solved for verdict in checked(lesson, mine))
    with pytest.raises(DataError, match=r"checks.02_failures\.py does not exist"):
        checked(files.lesson(2), mine)


def test_an_endless_loop_is_stopped_and_the_others_are_judged(course, tmp_path):
    mine = tmp_path / "mine.py"
    loop = "def add(x, y):\n    while True:\n        try:\n            x += 1\n"
    loop += "        except Exception:\n            pass\n"
    mine.write_text(loop + "\n\ndef negate(x):\n    return -x\n", encoding="utf-8")
    checks = course / "checks" / "01_sums.py"
    text = checks.read_text(encoding="utf-8")
    checks.write_text(text.replace("lambda x, y: x * y})", "lambda x, y: x * y}, seconds=0.2)"), encoding="utf-8")
    first, second = checked(files.lesson(1), mine)
    assert first.hint == "add(1, 2) did not end within 0.2 seconds. Does a loop never stop?"
    assert second.solved


def test_an_error_names_the_learners_file_and_line_and_what_to_import(course, tmp_path):
    mine = tmp_path / "mine.py"
    text = "def add(x, y):\n    z = x\n    return np.add(z, y)\n\n\ndef negate(x):\n    exit(3)\n"
    mine.write_text(text, encoding="utf-8")
    first, second = checked(files.lesson(1), mine)
    assert first.hint == (
        "With add(1, 2) it raises NameError: name 'np' is not defined. (mine.py, line 3) "
        "Write `import numpy as np` at the top of the file."
    )
    assert second.hint == "With negate(4) it leaves Python (sys.exit)."


def test_a_forgotten_return_is_no_blank(course, tmp_path):
    mine = tmp_path / "mine.py"
    text = 'def add(x, y):\n    z = x + y\n\n\ndef negate(x):\n    """Nothing yet."""\n    ...\n'
    mine.write_text(text, encoding="utf-8")
    first, second = checked(files.lesson(1), mine)
    assert first.detail[-1] == "It returns None. Is a `return` missing?"
    assert second.hint == "Still blank."


def test_levels_open_questions_and_solutions(course):
    path = course / "exercises" / "01_sums.py"
    path.write_text(
        'def add(x, y):\n    """[2] The sum."""\n    return ...\n\n\ndef negate(x):\n    return ...\n\n\n'
        'def why():\n    """[open] Why?"""\n',
        encoding="utf-8",
    )
    lesson = files.lesson(1)
    assert [(task.name, task.level, task.text) for task in exercises.tasks(lesson)] == [
        ("add", "2", "The sum."),
        ("negate", "", ""),
        ("why", "open", "Why?"),
    ]
    assert str(checked(lesson)[0]) == "  [2] add: not yet. Still blank."
    assert exercises.solution(lesson, "add") == "def add(x, y):\n    return x + y"
    with pytest.raises(ArgumentError, match=r"lesson 1 has no exercise 'why' \(known: add, negate\)"):
        exercises.solution(lesson, "why")


def test_an_answer_may_be_judged_by_what_it_does():
    even = Exercise("even", None, [(3,), (8,)], accepts=lambda got, n: "" if got % 2 == 0 and got > n else "Not even.")
    assert judge(even, lambda n: 2 * n + 2).solved
    assert judge(even, lambda n: n + 2) == no("Not even.", "even")
    assert judge(even, lambda n: "x").hint.startswith("What it returns cannot be used: TypeError")


def test_an_installed_package_is_no_place_to_write_so_exercises_are_copied(course, tmp_path, monkeypatch, capsys):
    package = tmp_path / "site" / "tinyinception"
    package.mkdir(parents=True)
    course.rename(package / "lessons")
    monkeypatch.setattr(tinyinception, "__file__", str(package / "__init__.py"))
    lesson = files.lesson(1)
    assert lesson.path == package / "lessons" / "01_sums.py"
    mine = files.answers(lesson)
    assert mine.read_text(encoding="utf-8") == ANSWERS.format("...", "...")
    assert capsys.readouterr().err == f"The exercises are copied to {mine}: write your answers there.\n"
    mine.write_text(ANSWERS.format("x + y", "-x"), encoding="utf-8")
    assert files.answers(lesson) == mine  # and not copied again
    assert all(verdict.solved for verdict in checked(lesson, mine))
    assert capsys.readouterr().err == ""
