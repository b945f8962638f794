"""`tinyinception lesson`: listing, stepping, checking, notebooks, and one line for every mistake."""

import io
import json
import sys

import pytest

from tests.helpers.small_course import ANSWERS, FIRST, SECOND
from tinyinception.cli import main

SOLUTION = "A solution: tinyinception lesson 1 --solution NAME\n"


@pytest.fixture
def run(course, capsys, monkeypatch):
    """run("lesson", 1, typed="a line\\n") -> (status, standard output, standard error)."""

    def call(*words, typed=""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        status = main([str(word) for word in words])
        return status, *capsys.readouterr()

    return call


def test_lesson_lists_what_there_is(run):
    assert run("lesson") == (
        0,
        (
            "  1  Sums (5 minutes)\n     You will know how numbers are added.\n"
            "  2  Failures (5 minutes)\n     You will know how numbers are added.\n"
            "0.2 hours in all. To begin: tinyinception lesson 1\n"
        ),
        "",
    )


def test_lesson_steps_and_starts_later(run):
    status, out, err = run("lesson", 1, typed="\n4\nq\n")
    assert (status, err) == (0, "")
    assert out.endswith("Go on with: tinyinception lesson 1 --start 2\n")
    status, out, _ = run("lesson", 1, "--start", 4)
    assert status == 0
    assert "the last 2.0" in out
    assert "the first" not in out


def test_lesson_check_counts_what_is_solved(run, course, tmp_path):
    assert run("lesson", 1, "--check") == (
        1,
        "  add: not yet. Still blank.\n  negate: not yet. Still blank.\n0 of 2 solved\n" + SOLUTION,
        "",
    )
    mine = tmp_path / "mine.py"
    mine.write_text(ANSWERS.format("x * y", "-x"), encoding="utf-8")
    assert run("lesson", 1, "--check", mine) == (
        1,
        (
            "  add: not yet.\n    add(1, 2)\n      yours     2\n      expected  3\n    It is too small.\n"
            "    Hint: That is a product.\n  negate: solved\n1 of 2 solved\n" + SOLUTION
        ),
        "",
    )
    mine.write_text(ANSWERS.format("x + y", "-x"), encoding="utf-8")
    assert run("lesson", 1, "--check", mine) == (0, "  add: solved\n  negate: solved\n2 of 2 solved\n", "")


def test_lesson_notebook(run, tmp_path):
    path = tmp_path / "one.ipynb"
    assert run("lesson", 1, "--notebook", path) == (0, f"notebook in {path}\n", "")
    assert json.loads(path.read_text(encoding="utf-8"))["nbformat"] == 4


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["lesson", "7"], 1, "there is no lesson 7 (known: 1, 2)"),
        (["lesson", "1", "--start", "9"], 1, "lesson 1 has code cells 1 to 4, not 9"),
        (["lesson", "1", "--start", "0"], 1, "lesson 1 has code cells 1 to 4, not 0"),
        (["lesson", "1", "--notebook", "one.txt"], 1, "--notebook one.txt: the name must end in .ipynb, or be"),
        (["lesson", "1", "--check", "nowhere.py"], 1, "nowhere.py does not exist"),
        (["lesson", "2", "--check"], 1, "02_failures.py does not exist"),
        (["lesson", "summs"], 1, "unknown lesson 'summs'; did you mean 'sums'? (known: failures, sums)"),
        (["lesson", "s"], 1, "lesson s: which one? 1 sums, 2 failures"),
        (["lesson", "1", "--solution", "ad"], 1, "lesson 1 has no exercise 'ad' (known: add, negate)"),
        (["lesson", "1", "--all"], 2, "lesson: either a number or --all"),
        (["lesson", "--check"], 2, "lesson --check: of which one? Give its number N"),
        (["lesson", "--start", "2"], 2, "lesson --start: of which one? Give its number N"),
        (["lesson", "--notebook", "a.ipynb", "--all"], 2, "lesson --all --notebook a.ipynb: name a folder"),
        (["lesson", "1", "--check", "--start", "2"], 2, "lesson: --check and --start do not go together"),
        (["lesson", "1", "--chek"], 2, "unknown flag '--chek'; did you mean '--check'?"),
    ],
)
def test_mistakes_are_one_line_on_standard_error(run, words, status, message):
    found, out, err = run(*words)
    assert (found, out) == (status, "")
    assert err.startswith(f"tinyinception: error: {message}") or f"{message}\n" in err
    assert err.count("\n") == 1


def test_a_lesson_that_fails_is_one_line_on_standard_error(run, course):
    status, out, err = run("lesson", 2)
    assert status == 1
    assert "the second 4" in out
    line = SECOND.splitlines().index("    return 1 / x") + 1
    where = f"{course / '02_failures.py'}, line {line}"
    assert err == f"tinyinception: error: {where}: ZeroDivisionError: division by zero\n"


def test_all_lessons_run_in_order_and_the_first_that_fails_ends_it(course, capfd):
    (course / "03_never.py").write_text(FIRST.replace("Lesson 1. Sums", "Lesson 3. Never"), encoding="utf-8")
    assert main(["lesson", "--all"]) == 1
    out, err = capfd.readouterr()
    assert [line for line in out.splitlines() if line.startswith("the")] == [
        "the first 2",
        "the second 4",
        "the last 2.0",
        "the first 2",
        "the second 4",
    ]
    assert "ZeroDivisionError" in err


def test_a_lesson_by_its_name_and_what_an_old_number_is_now(run, course):
    assert run("lesson", "sums", "--solution", "add")[1] == "| def add(x, y):\n|     return x + y\n"
    for number, title in ((13, "Grids"), (14, "Smoothing"), (22, "Plans")):
        text = FIRST.replace("Lesson 1. Sums", f"Lesson {number}. {title}")
        (course / f"{number}_{title.lower()}.py").write_text(text, encoding="utf-8")
    status, _, err = run("lesson", 13)
    assert (status, err) == (0, "Numbers have changed: lesson 13 was 'Smoothing', and that is 14 now.\n")
    for word in ("smooth", "1", "14"):
        assert run("lesson", word)[2] == ""
