"""What lessons run on: cells, files, stepping, stored results, pictures, notebooks.

A small course in a temporary folder stands for the real one, whose form and exercises are in test_lessons.py.
"""

import json
import sys
import time
import types

import pytest

from tests.helpers.small_course import FIRST, SECOND, Reader
from tinyinception import course as machinery
from tinyinception.course import files, notebook, results, step
from tinyinception.course import text as shown
from tinyinception.course.cells import Cell, parse
from tinyinception.errors import ArgumentError, DataError

# -- cells -----------------------------------------------------------------------------------------------------------


def test_cells_of_code_and_prose_with_their_lines():
    source = (
        "import a\n\n# %% [markdown]\n# # Title\n#\n#     formula\n#words\n\n# %% named\n\n\nx = 1\n\n# comment\n"
        "y = 2\n\n# %%\n\n# %% [markdown]\n#\n\n# %%\nz = 3"
    )
    assert parse(source) == [
        Cell("code", "import a", 1),
        Cell("markdown", "# Title\n\n    formula\nwords", 4),
        Cell("code", "x = 1\n\n# comment\ny = 2", 12),
        Cell("code", "z = 3", 23),
    ]
    assert parse("") == parse("# %%\n") == []


def test_a_line_of_blanks_does_not_shift_the_lines_of_a_cell():
    assert parse("# %%\n   \nx = 1\n") == [Cell("code", "x = 1", 3)]


@pytest.mark.parametrize("lesson", files.find().values(), ids=lambda lesson: lesson.path.stem)
def test_each_cell_of_the_real_lessons_stands_where_it_says(lesson):
    lines = lesson.path.read_text(encoding="utf-8").splitlines()
    for cell in lesson.cells():
        if cell.kind == "code":
            assert lines[cell.line - 1 : cell.line - 1 + cell.text.count("\n") + 1] == cell.text.splitlines()


# -- files -----------------------------------------------------------------------------------------------------------


def test_lessons_are_found_in_the_order_of_their_numbers(course):
    (course / "10_ten.py").write_text(FIRST.replace("Lesson 1. Sums", "Lesson 10. Ten"), encoding="utf-8")
    (course / "3_three.py").write_text(FIRST.replace("Lesson 1. Sums", "3 Three"), encoding="utf-8")
    (course / "helper.py").write_text("", encoding="utf-8")
    found = files.find()
    assert list(found) == [1, 2, 3, 10]
    assert [lesson.title for lesson in found.values()] == ["Sums", "Failures", "Three", "Ten"]
    assert (found[1].minutes, found[1].outcome) == (5, "how numbers are added.")
    assert found[1].beside("checks") == course / "checks" / "01_sums.py"


def test_two_files_of_one_number_are_refused(course):
    (course / "1_other.py").write_text(FIRST, encoding="utf-8")
    with pytest.raises(DataError, match=r"two files are lesson 1: .*01_sums.py and .*1_other.py"):
        files.find()


def test_an_unknown_number_says_which_there_are(course):
    with pytest.raises(ArgumentError, match=r"there is no lesson 7 \(known: 1, 2\)"):
        files.lesson(7)


def test_the_folder_is_the_clones_then_the_current_one_and_otherwise_an_error(course, tmp_path):
    assert files.folder() == course
    here = tmp_path / "here" / "lessons"
    here.mkdir()
    course.rename(course.with_name("hidden"))
    with pytest.raises(ArgumentError, match=r"no lessons found in .*clone.lessons, .* or .*here.lessons; they come"):
        files.folder()
    (here / "1_x.py").write_text(FIRST, encoding="utf-8")
    assert files.folder() == here


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x = 1\n",
        "# %% [markdown]\n# # Lesson 3. No facts\n",
        FIRST.replace("# # L", "# L"),
        FIRST.replace("minutes", "hours"),
        "# %%\nx = 1\n" + FIRST,
    ],
)
def test_a_lesson_without_heading_and_facts_is_one_error(course, text):
    (course / "03_bad.py").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"03_bad\.py: the first cell must be prose, with a heading"):
        files.find()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("x = 1\ny = x / 0\n", r"a\.py, line 2, cannot be run: ZeroDivisionError"),
        ("def f():\n    return 1 / 0\n\n\nf()\n", r"a\.py, line 2, cannot be run: ZeroDivisionError"),
        ("x = 1\n\ndef f(:\n", r"a\.py, line 3, cannot be run: SyntaxError"),
        ("import json\njson.loads('')\n", r"a\.py, line 2, cannot be run: JSONDecodeError"),
    ],
)
def test_a_file_that_cannot_be_run_is_one_error_with_its_line(tmp_path, text, error):
    (tmp_path / "a.py").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=error):
        files.load(tmp_path / "a.py")


def test_loading_twice_sees_what_was_changed_between(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    assert files.load(tmp_path / "a.py").x == 1
    (tmp_path / "a.py").write_text("x = 'longer'\n", encoding="utf-8")
    assert files.load(tmp_path / "a.py").x == "longer"
    with pytest.raises(DataError, match=r"b\.py does not exist"):
        files.load(tmp_path / "b.py")


# -- stepping --------------------------------------------------------------------------------------------------------


def test_stepping_shows_prose_and_code_asks_runs_and_repeats_the_prediction(course, capsys):
    reader = Reader("", "six", "", "", "", "")
    step.step(files.lesson(1), ask=reader)
    assert reader.asked == ["[1/4] ", "your prediction: ", "[2/4] ", "[3/4] ", "your prediction: ", "[4/4] "]
    out = capsys.readouterr().out
    order = [
        "01_sums.py: 4 steps, about 5 minutes.",
        "Lesson 1. Sums",
        "| a = 2",
        "the first 2",
        "Predict: what is a + a?",
        "| b = a + a",
        "the second 4",
        "(you predicted: six)",
        "figure: ",
        '| print("the last"',
        "the last 2.0",
    ]
    places = [out.index(text) for text in order]
    assert places == sorted(places)
    assert out.count("you predicted") == 1  # nothing was predicted the second time
    assert "\033" not in out  # standard output is no terminal here
    assert "**" not in out


@pytest.mark.parametrize("word", ["q", "Q ", "quit"])
def test_q_leaves_and_says_how_to_go_on(course, capsys, word):
    step.step(files.lesson(1), ask=Reader("", "four", word))
    out = capsys.readouterr().out
    assert out.endswith("Go on with: tinyinception lesson 1 --start 2\n")
    assert "| b = a + a" in out
    assert "the second 4" not in out


def test_the_end_of_input_runs_through_without_asking_again(course, capsys):
    reader = Reader("")
    step.step(files.lesson(1), ask=reader)
    assert reader.asked == ["[1/4] ", "your prediction: "]
    out = capsys.readouterr().out
    assert "the second 4" in out
    assert "the last 2.0" in out


def test_from_a_later_step_on_what_is_before_stays_hidden(course, capsys, tmp_path):
    reader = Reader("2", "")
    step.step(files.lesson(1), first=4, ask=reader)
    assert reader.asked == ["your prediction: ", "[4/4] "]
    out = capsys.readouterr().out
    assert out.startswith("01_sums.py: 4 steps")
    for hidden in ("Lesson 1", "the first", "Adding", "the second", "figure:", "| a = 2"):
        assert hidden not in out
    assert "Predict: and half of it?" in out
    assert "the last 2.0\n(you predicted: 2)" in out
    assert not (tmp_path / "figures").exists()
    step.step(files.lesson(1), first=2, ask=Reader())
    out = capsys.readouterr().out
    assert "Adding\n" in out
    assert "Lesson 1" not in out
    step.step(files.lesson(1), first=3, ask=Reader())
    assert sorted(path.name for path in (tmp_path / "figures").iterdir()) == ["01_one.png", "01_two.png"]


@pytest.mark.parametrize("first", [0, -1, 5])
def test_a_step_that_does_not_exist(course, first):
    with pytest.raises(ArgumentError, match=f"lesson 1 has code cells 1 to 4, not {first}"):
        step.step(files.lesson(1), first=first, ask=Reader())


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("half(0)", "half(0)", "ZeroDivisionError: division by zero"),
        ("b = a + a", "b = a + c", "NameError: name 'c' is not defined"),
        ("b = a + a", "assert a == 3, 'three'", "AssertionError: three"),
        ("b = a + a", "b = = a", "SyntaxError: invalid syntax"),
        ("b = a + a", "b = a\nimport json\njson.loads('')", "JSONDecodeError: Expecting value"),
    ],
)
def test_a_cell_that_fails_names_file_and_line(course, old, new, error):
    text = SECOND.replace(old, new)
    (course / "02_failures.py").write_text(text, encoding="utf-8")
    blamed = {"half(0)": "return 1 / x"}.get(new, new.splitlines()[-1])
    line = next(i for i, code in enumerate(text.splitlines(), 1) if blamed in code)
    with pytest.raises(DataError) as caught:
        step.step(files.lesson(2), ask=Reader())
    assert str(caught.value).startswith(f"{course / '02_failures.py'}, line {line}: {error}")


def test_a_hidden_cell_that_fails_names_its_line_too(course):
    (course / "02_failures.py").write_text(SECOND.replace("a = 2", "a = 2 / 0"), encoding="utf-8")
    with pytest.raises(DataError, match=r"02_failures\.py, line 8: ZeroDivisionError"):
        step.step(files.lesson(2), first=4, ask=Reader())


def test_prose_is_wrapped_and_keeps_tables_formulae_and_stars(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    text = (
        "# Head\nright below it, words that are too many for a line of forty\n\n| a | b |\n|---|---|\n\n"
        "    25 m n\n    9 m n\n\n- one item that is longer than forty characters are\n- **two**\n\n"
        "k\\*k weights, **both\nbold**"
    )
    assert shown.prose(text).splitlines() == [
        "Head",
        "right below it, words that are too many",
        "for a line of forty",
        "",
        "a  b",
        "-  -",
        "",
        "    25 m n",
        "    9 m n",
        "",
        "- one item that is longer than forty",
        "  characters are",
        "- two",
        "",
        "k*k weights, both bold",
    ]


def test_in_a_terminal_headings_and_bold_words_are_bright(monkeypatch):
    monkeypatch.setattr(sys, "stdout", types.SimpleNamespace(isatty=lambda: True))
    assert shown.prose("## Head\n\n**Predict:** x") == "\033[1mHead\033[0m\n\n\033[1mPredict:\033[0m x"


# -- stored results and pictures -------------------------------------------------------------------------------------

RECORD = {
    "command": "python lessons/experiments/long.py",
    "machine": "two cores",
    "date": "2026-11-25",
    "seconds": 1234.4,
    "result": {"accuracy": 0.5},
}


def test_a_stored_result_says_when_and_how_it_was_measured(course, capsys):
    (course / "results").mkdir()
    (course / "results" / "long.json").write_text(json.dumps(RECORD), encoding="utf-8")
    assert machinery.stored("long") == {"accuracy": 0.5}
    assert capsys.readouterr().out == (
        "Stored result, measured 2026-11-25 on two cores in 1,234 s.\nYours: python lessons/experiments/long.py\n"
    )
    assert machinery.stored("long", quiet=True) == {"accuracy": 0.5}
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (None, r"long\.json: no stored result \(.*No such file"),
        ("{", r"long\.json: no stored result \("),
        (json.dumps({"command": "c", "date": "d", "result": 1}), r"long\.json: lacks machine, seconds"),
    ],
)
def test_a_result_that_is_missing_or_incomplete_is_one_error(course, text, error):
    (course / "results").mkdir()
    if text is not None:
        (course / "results" / "long.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=error):
        machinery.stored("long")


def test_what_an_experiment_keeps_is_what_a_lesson_is_given(course, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/else/long.py", "--seeds", "2"])
    path = results.keep("long", {"accuracy": [0.5, 0.6]}, time.monotonic() - 90)
    record = json.loads(path.read_text(encoding="utf-8"))
    assert path == course / "results" / "long.json"
    assert record["command"] == "python lessons/experiments/long.py --seeds 2"
    assert 90 <= record["seconds"] < 100
    assert machinery.stored("long", quiet=True) == {"accuracy": [0.5, 0.6]}


def test_a_picture_becomes_a_file_where_nobody_could_see_it(course, capsys, tmp_path, monkeypatch):
    from matplotlib import pyplot

    monkeypatch.delenv("TINYINCEPTION_FIGURES")
    before = pyplot.get_fignums()
    drawn, axes = machinery.figure(1, 2, width=3, height=2)
    assert (axes.shape, drawn.get_size_inches().tolist()) == ((2,), [3, 2])
    machinery.show(drawn, "01_small")
    assert capsys.readouterr().out == "figure: runs/lessons/01_small.png\n"
    assert (tmp_path / "here" / "runs" / "lessons" / "01_small.png").read_bytes()[1:4] == b"PNG"
    assert pyplot.get_fignums() == before  # closed


def test_a_picture_in_a_notebook_is_displayed_there(course, capsys, tmp_path, monkeypatch):
    import matplotlib

    seen = []
    monkeypatch.setattr(matplotlib, "get_backend", lambda: "module://matplotlib_inline.backend_inline")
    monkeypatch.setitem(sys.modules, "IPython.display", types.SimpleNamespace(display=seen.append))
    drawn, _ = machinery.figure()
    machinery.show(drawn, "01_small")
    assert seen == [drawn]
    assert (tmp_path / "figures" / "01_small.png").is_file()  # asked for by the variable
    monkeypatch.delenv("TINYINCEPTION_FIGURES")
    machinery.show(machinery.figure()[0], "01_other")
    assert len(seen) == 2
    assert not (tmp_path / "here" / "runs").exists()


def test_a_picture_in_a_window_waits_for_the_reader(course, monkeypatch, tmp_path):
    import matplotlib
    from matplotlib import pyplot

    shown = []
    monkeypatch.setattr(matplotlib, "get_backend", lambda: "QtAgg")
    monkeypatch.setattr(pyplot, "show", lambda: shown.append(pyplot.get_fignums()))
    monkeypatch.delenv("TINYINCEPTION_FIGURES")
    machinery.show(machinery.figure()[0], "01_small")
    assert len(shown) == len(shown[0]) == 1
    assert not (tmp_path / "here" / "runs").exists()


# -- notebooks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2])
def test_a_notebook_has_the_lessons_cells_and_its_code_runs(course, tmp_path, number):
    lesson = files.lesson(number)
    notebook.write(lesson, tmp_path / "one.ipynb")
    cells = json.loads((tmp_path / "one.ipynb").read_text(encoding="utf-8"))["cells"]
    found = [("code" if cell["cell_type"] == "code" else "markdown", "".join(cell["source"])) for cell in cells]
    first = found[: len(lesson.cells())]
    assert [(kind, text.strip()) for kind, text in first] == [(cell.kind, cell.text) for cell in lesson.cells()]
    names = {}
    codes = [text for kind, text in first if kind == "code"]
    for text in codes[:-1]:
        exec(text, names)
    assert names["b"] == 4
    if number == 2:
        with pytest.raises(ZeroDivisionError):
            exec(codes[-1], names)
    else:
        exec(codes[-1], names)


def test_bad_places_for_a_notebook(course, tmp_path):
    with pytest.raises(ArgumentError, match=r"--notebook .*one\.md: the name must end in \.ipynb, or be"):
        notebook.write(files.lesson(1), tmp_path / "one.md")
    (tmp_path / "taken.ipynb").mkdir()
    with pytest.raises(ArgumentError, match=r"taken\.ipynb: cannot be written: Is a directory"):
        notebook.write(files.lesson(1), tmp_path / "taken.ipynb")
