"""Lessons as notebooks: answers to unfold, exercises with their checks, links; and Jupyter runs them."""

import json
import os
import sys

import pytest

from tests.course.test_laboratory import ASKING
from tinyinception.course import check, files, notebook
from tinyinception.errors import ArgumentError

EXERCISES = '''"""Exercises of lesson 1."""

import math


def add(x, y):
    """[2] The sum."""
    return ...


def negate(x):
    """[1] The opposite."""
    return ...


def why(x):
    """[open] Why is there no largest number?"""
'''
SOLUTIONS = """import math


def add(x, y):
    return x + y


def negate(x):
    return -x


def why(x):
    '[open] Add one.'
"""


@pytest.fixture
def cells(course, tmp_path):
    """cells(name): the kind and text of the cells of a lesson's notebook."""
    linked = ASKING + "\n# %% [markdown]\n# A [term](glossary.md#a-term).\n"
    (course / "03_choices.py").write_text(linked, encoding="utf-8")
    (course / "glossary.md").write_text("# Glossary\n\n## A term\n\nSays `what`\nit means.\n", encoding="utf-8")
    (course / "exercises" / "01_sums.py").write_text(EXERCISES, encoding="utf-8")
    (course / "solutions" / "01_sums.py").write_text(SOLUTIONS, encoding="utf-8")

    def read(name):
        made = notebook.write(files.lesson(name), tmp_path)
        found = json.loads(made.read_text(encoding="utf-8"))
        assert len({cell["id"] for cell in found["cells"]}) == len(found["cells"])
        return [(cell["cell_type"], "".join(cell["source"]), cell["metadata"]) for cell in found["cells"]]

    return read


def test_an_answer_is_hidden_until_it_is_asked_for(cells):
    asked = cells("choices")[0][1]
    shown, _, hidden = asked.partition("<details>")
    assert "- (b) 4" in shown
    assert "twice" not in shown
    assert "**(b)** twice the two." in hidden
    assert "(a) that is n alone." in hidden
    assert "<!--" not in asked


def test_cells_that_draw_are_folded_and_terms_explained(cells):
    found = cells("choices")
    assert [bool(meta) for kind, _, meta in found if kind == "code"] == [False, True, False]
    assert found[2][2] == {"tags": ["hide-input"], "jupyter": {"source_hidden": True}}
    assert '<abbr title="Says what it means.">term</abbr>' in found[-1][1]


def test_exercises_have_checks_and_solutions_and_the_next_lesson_is_linked(cells):
    found = cells("sums")
    texts = [text for _, text, _ in found]
    assert "import math\nfrom tinyinception.course import check" in texts
    assert any(text.endswith('return ...\n\n\ncheck("sums", add)') for text in texts)
    assert "### `add`, level 2" in texts
    assert any("<details><summary>A solution" in text and "return x + y" in text for text in texts)
    assert "**To think about** (why). Why is there no largest number?" in texts
    assert any("<details><summary>Discussion" in text and "Add one." in text for text in texts)
    assert "[lesson 2, Failures](02_failures.ipynb)" in texts[-1]


def test_an_answer_is_checked_where_it_is_written(course, capsys):
    def add(x, y):
        return x - y

    check("sums", add)
    assert (
        capsys.readouterr().out
        == "  add: not yet.\n    add(1, 2)\n      yours     -1\n      expected  3\n    It is too small.\n"
    )
    with pytest.raises(ArgumentError, match=r"lesson 1 has no exercise 'print' \(known: add, negate\)"):
        check(1, print)


def executed(path, folder):
    """The outputs of a notebook that Jupyter has run."""
    import nbformat
    from nbclient import NotebookClient

    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    NotebookClient(book, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}).execute()
    return [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Jupyter's kernel is this Python, with this package."""
    place = tmp_path / "jupyter" / "kernels" / "python3"
    place.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3",
        "language": "python",
    }
    (place / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.delenv("MPLBACKEND", raising=False)
    monkeypatch.delenv("TINYINCEPTION_FIGURES", raising=False)
    monkeypatch.chdir(tmp_path)


def test_jupyter_runs_a_small_notebook(cells, kernel, tmp_path):
    cells("choices")
    outputs = executed(tmp_path / "03_choices.ipynb", tmp_path)
    assert [output["text"] for output in outputs] == ["sum 4\n", "folded 2\n", "end 2\n"]


def test_jupyter_runs_a_real_notebook_with_its_figures_and_blank_exercises(kernel, tmp_path):
    outputs = executed(notebook.write(files.lesson("counting"), tmp_path), tmp_path)
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert sum("not yet. Still blank." in output.get("text", "") for output in outputs) >= 3
