"""A lesson as a laboratory: what is typed at a step, predictions, pages, progress; in the process and in a terminal."""

import json
import os
import re
import sys
import time
from pathlib import Path

import pytest

from tests.helpers.pseudo_terminal import Terminal
from tests.helpers.small_course import Reader
from tinyinception.course import files, progress, step
from tinyinception.course import text as shown
from tinyinception.course.session import Session, incomplete

ASKING = """# %% [markdown]
# # Lesson 3. Choices
#
# **Time:** 5 minutes. **Afterwards you know** how to choose.
#
# **Predict:** what is n + n?
#
# - (a) 2
# - (b) 4
#
# <!-- answer: b
# a: that is n alone.
# b: twice the two.
# -->

# %%
n = 2
print("sum", n + n)

# %% tags=["hide-input"]
print("folded", n)

# %%
while n == 99:
    pass
print("end", n)
"""


@pytest.fixture
def asking(course, monkeypatch, tmp_path):
    (course / "03_choices.py").write_text(ASKING, encoding="utf-8")
    monkeypatch.setenv("TINYINCEPTION_DATA", str(tmp_path / "data"))
    return course


def walked(*typed):
    reader = Reader(*typed)
    step.step(files.lesson(3), ask=reader)
    return reader.asked


# -- at a step ---------------------------------------------------------------------------------------------------------


def test_a_choice_is_judged_after_the_output_with_its_sentence(asking, capsys):
    walked("a", "", "q")
    out = capsys.readouterr().out
    judged = "Not so: you said (a) 2: that is n alone.\nIt is (b) 4: twice the two.\n"
    assert out.index("sum 4") < out.index(judged)
    walked("(B)", "", "q")
    assert "Right: (b) 4: twice the two.\n" in capsys.readouterr().out
    walked("", "", "q")
    assert "\nIt is (b) 4: twice the two.\n" in capsys.readouterr().out


def test_what_is_no_choice_is_asked_again_and_q_leaves(asking, capsys):
    asked = walked("c", "four", "4", "q")
    assert asked == ["your prediction (a, b): "] * 3 + ["[1/3] "]
    assert capsys.readouterr().out.count("Please answer a or b, or Enter for none.") == 2
    walked("q")
    assert capsys.readouterr().out.endswith("Go on with: tinyinception lesson 3 --start 1\n")


def test_typed_python_runs_in_the_lessons_names(asking, capsys):
    typed = ["n + 1", "n = 7", "r", "for i in range(2):", "    print('i', i)", "", "1 / 0", "n = = 2", "q"]
    asked = walked("b", "", *typed)
    out = capsys.readouterr().out
    assert asked.count("... ") == 2
    for told in (
        "\n3\n",
        "i 0\ni 1\n",
        "ZeroDivisionError: division by zero\n",
        "SyntaxError: invalid syntax\n  n = = 2\n",
    ):
        assert told in out
    assert out.count("sum 4") == 2  # r runs the step before again, which sets n
    assert "Traceback" not in out


def test_a_folded_cell_is_listed_on_request(asking, capsys):
    walked("b", "", "l", "", "q")
    out = capsys.readouterr().out
    assert out.index("(a line that checks; l lists it)") < out.index('| print("folded", n)') < out.index("folded 2")


def test_back_shows_the_step_before_and_names_stay(asking, capsys):
    asked = walked("b", "", "n = 5", "b", "a", "b", "n", "q")
    predict, one, two = "your prediction (a, b): ", "[1/3] ", "[2/3] "
    assert asked == [predict, one, two, two, predict, one, one, one]
    out = capsys.readouterr().out
    assert "This is the first step.\n" in out
    assert "\n5\n" in out


def test_what_was_typed_and_ran_is_saved(asking, capsys, tmp_path):
    walked("b", "s", "", "k = n * 3", "1 / 0", "s", "q")
    out = capsys.readouterr().out
    assert "Nothing was typed yet that ran." in out
    assert (tmp_path / "here" / "runs" / "lessons" / "03_choices_typed.py").read_text(encoding="utf-8") == "k = n * 3\n"


def test_a_step_that_fails_stays_while_somebody_is_there(asking, capsys):
    asked = walked("b", "", "del n", "", "n = 3", "", "q")
    assert asked.count("[2/3] ") == 4
    out = capsys.readouterr().out
    assert re.search(r"03_choices\.py, line 21: NameError: name 'n' is not defined", out)
    assert "folded 3" in out


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 +", False),
        ("f(1,", True),
        ("if n:", True),
        ("x = 1", False),
        ("'''a", True),
        ("n = = 2", False),
        ("\0", False),
    ],
)
def test_what_is_incomplete(source, expected):
    assert incomplete(source) is expected


def test_leaving_python_from_the_prompt_leaves_nothing(asking, capsys):
    assert Session(files.lesson(3)).evaluate("raise SystemExit(3)") == "SystemExit: 3"
    assert Session(files.lesson(3)).evaluate("a = 1\nb = c") == "NameError: name 'c' is not defined (line 2)"


GLOSSARY = """# Glossary

## Batch normalisation

A step of `mean` and *variance*. *Lesson 10.*

## Logit

What a network puts out
for a class. *Lesson 14.*

## Receptive field

What a cell sees. *Lesson 7.*
"""


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("? logit", "Logit\n\nWhat a network puts out for a class. Lesson 14.\n"),
        ("?LOGITS", "Logit\n\nWhat a network puts out for a class. Lesson 14.\n"),
        ("? batch-norm", "Batch normalisation\n\nA step of mean and variance. Lesson 10.\n"),
        ("? e", "the glossary has no 'e'\n"),
        ("? receptive feild", "the glossary has no 'receptive feild'; did you mean 'receptive field'?\n"),
    ],
)
def test_a_word_is_explained_at_a_step_and_at_a_prediction(asking, capsys, asked, told):
    (asking / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    asked_for = walked(asked, "b", asked, "q")
    assert asked_for == ["your prediction (a, b): "] * 2 + ["[1/3] "] * 2
    assert capsys.readouterr().out.count(told) == 2


def test_a_word_with_several_entries_or_without_a_glossary_is_told_so(asking, capsys):
    walked("b", "? logit", "q")
    assert "glossary.md: the glossary cannot be read: No such" in " ".join(capsys.readouterr().out.split())
    (asking / "glossary.md").write_text(
        GLOSSARY + "\n## Batch\n\nSome.\n\n## Batch size\n\nHow many.\n", encoding="utf-8"
    )
    walked("b", "? batch", "? bat", "?  ", "q")
    out = capsys.readouterr().out
    assert "Batch\n\nSome.\n" in out
    assert "bat: which one? Batch normalisation, Batch, Batch size\n" in out
    assert out.count("? WORD what a word means") == 1  # a mark alone is for help


def test_at_its_end_a_lesson_names_the_claims_that_it_settles(asking, capsys):
    rows = (Path(__file__).parents[2] / "lessons" / "claims.toml").read_text(encoding="utf-8")
    (asking / "claims.toml").write_text(rows, encoding="utf-8")
    walked()
    told = "Settled here: claim A45. To read one: tinyinception claims A45, or all of them: claims --lesson 3\n"
    assert capsys.readouterr().out.endswith(told)
    (asking / "claims.toml").write_text("", encoding="utf-8")
    walked()
    assert "Settled" not in capsys.readouterr().out


# -- formulae and tables -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"$$7 \times 7 \times 3 = 147$$", "7 × 7 × 3 = 147"),
        (r"$$\frac{\partial L}{\partial x_i}$$", "∂L/∂x_i"),
        (r"$$\frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}$$", "(x - μ)/√(σ² + ε)"),
        (r"$$\sum_{i} w_i^2$$", "Σ_i w_i²"),
        (r"costs $k^2 m n$, not $2^{n+1}$.", "costs k² m n, not 2ⁿ⁺¹."),
        (r"$e^{-x}$, $\text{loss} \cdot \log p$, $x_{ij}$", "e^(-x), loss · log p, x_ij"),
        ("it costs $5 and then $6", "it costs $5 and then $6"),
        (r"$\frac{1}{2", "$\\frac{1}{2"),
        (r"$$\frac{1}{$$", "1/()"),
        (r"$$w \leftarrow \frac{\exp(x_i)}{2}, \log p$$", "w ← exp(x_i)/2, log p"),
    ],
)
def test_formulae_as_text(formula, expected):
    assert shown.plain_math(formula) == expected


def test_every_command_in_a_formula_of_the_lessons_has_a_sign():
    known = {*shown.COMMANDS, *shown.FUNCTIONS, *shown.WORDS, "frac", "sqrt"}
    texts = [cell.text for lesson in files.find().values() for cell in lesson.cells() if cell.kind == "markdown"]
    formulae = [found[1] or found[2] for text in texts for found in shown.MATH.finditer(text)]
    assert len(formulae) >= 30
    assert {name for formula in formulae for name in re.findall(r"\\([A-Za-z]+)", formula)} <= known


def test_a_table_that_is_too_wide_is_wrapped_in_its_cells(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = shown.prose("| name | meaning |\n|---|---|\n| a | " + "word " * 30 + "|\n| b | **c** |").splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[0].split() == ["name", "meaning"]
    assert lines[-1].split() == ["b", "c"]


def test_code_has_colours_where_there_are_any_and_loses_no_letter(monkeypatch):
    code = 'def f(x):  # a long remark that does not fit into sixty columns at all\n    """Two\n    lines."""\n'
    code += '    return f"{x.max()!r:>3}" * max(3, x)\n\nif ('
    monkeypatch.setenv("COLUMNS", "60")
    plain = shown.code(code)
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = shown.code(code)
    assert re.sub(r"\033\[\d+m", "", coloured) == plain
    for part in ("34mdef", "1mf", '32m"""Two', '32mlines."""', "34mreturn", "35mmax", "36m3", "34mif"):
        assert f"\033[{part}\033[0m" in coloured, part
    assert ".max" in coloured  # a method is no builtin


# -- in a terminal -----------------------------------------------------------------------------------------------------


@pytest.fixture
def terminal(asking, tmp_path):
    opened = []

    def start(*words, **size):
        environment = {
            **os.environ, "TERM": "xterm", "MPLBACKEND": "agg", "TINYINCEPTION_DATA": str(tmp_path / "data"),
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        }  # fmt: skip
        for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
            environment.pop(name, None)
        package = str(asking.parent / "tinyinception" / "__init__.py")
        opened.append(Terminal([package, *words], environment, **size))
        return opened[-1]

    yield start
    for one in opened:
        if one.pid:
            one.close()


if os.name == "posix":  # elsewhere there are no pseudo-terminals

    def test_a_session_in_a_terminal_of_60_columns(terminal, asking, tmp_path):
        (asking / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
        one = terminal("lesson", "choices", columns=60)
        out = one.until("your prediction (a, b): ")
        one.type("b\n")
        one.until("[1/3] ")
        one.type("\n")
        out += one.until("[2/3] ")
        assert "Right" in out
        assert "sum 4" in out
        one.type("n * 21\n")
        assert "42" in one.until("[2/3] ")
        one.type("? logit\n")
        assert "What a network puts out for a class." in one.until("[2/3] ")
        one.type("\n")
        one.until("[3/3] ")
        one.type("n = 99\n")
        one.until("[3/3] ")
        one.type("\n")  # loops for ever
        time.sleep(0.5)
        one.interrupt("interrupted; Enter runs this step again")
        one.until("[3/3] ")
        one.type("while True: pass\n")
        one.until("... ")
        one.type("\n")
        time.sleep(0.5)
        one.interrupt("interrupted")
        one.until("[3/3] ")
        one.type("q\n")
        one.until("Go on with: tinyinception lesson 3 --start 3")
        assert max(len(re.sub(r"\033\[[\d;?]*[a-zA-Z]", "", line)) for line in one.text.splitlines()) <= 60
        assert json.loads((tmp_path / "data" / "lessons.json").read_text(encoding="utf-8")) == {"choices": 3}

    def test_progress_is_offered_and_listed(terminal, tmp_path):
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "lessons.json").write_text('{"choices": 3, "sums": 0}', encoding="utf-8")
        listed = terminal("lesson").until("To go on: ")
        assert "Choices (begun, step 3, 5 minutes)" in listed
        assert "Sums (done, 5 minutes)" in listed
        one = terminal("lesson", "3")
        one.until("You were at step 3 of 3. Enter goes on there, 1 begins anew: ")
        one.type("\n")
        assert "folded" not in one.until("[3/3] ")
        one.type("\n")
        one.until("end 2")
        again = terminal("lesson", "3")
        again.until("your prediction (a, b): ")  # it is done, so from the beginning
        again.interrupt("Go on with: tinyinception lesson 3 --start 1")

    def test_a_long_cell_is_shown_in_pages(terminal, asking):
        long = "\n".join(f"x{i} = {i}" for i in range(60))
        path = asking / "03_choices.py"
        path.write_text(ASKING.replace("n = 2", f"n = 2\n{long}"), encoding="utf-8")
        one = terminal("lesson", "3", lines=20)
        one.until("your prediction (a, b): ")
        one.type("b\n")
        out = one.until("more lines: Enter --")
        assert out.count("| x") <= 20
        one.type("\n")
        one.until("more lines: Enter --")
        one.type("q\n")
        one.until("Go on with: tinyinception lesson 3 --start 1")


def test_progress_that_cannot_be_read_or_written_is_none(asking, tmp_path):
    (tmp_path / "data").mkdir()
    for text in ("[", "[1]", '{"choices": "x"}'):
        (tmp_path / "data" / "lessons.json").write_text(text, encoding="utf-8")
        assert progress.of(files.lesson(3)) is None
    progress.path().unlink()
    progress.path().mkdir()
    progress.keep(files.lesson(3), 2)
    assert progress.read() == {}
