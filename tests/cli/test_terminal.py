"""What is printed fits the terminal, is whole in a pipe, has colours where they are wanted, and can be silenced."""

import io
import os
import re
import subprocess
import sys
from importlib import import_module

import pytest

from tests.helpers.marks import posix
from tests.helpers.places import ROOT
from tests.helpers.tiny_runs import CONFIG, shades
from tinyinception import data, terminal, train
from tinyinception.cli import main
from tinyinception.count import compare, summary
from tinyinception.count.table import comparison_table, summary_table
from tinyinception.errors import DataError
from tinyinception.train import evaluation
from tinyinception.train.report import epoch_line

WIDTHS = (60, 80, 100, 131)
NETWORKS = ("inception_cifar", "inception_v3", "inception_resnet_v1_facenet", "googlenet", "plain_cifar")
TINY = {"test_accuracy": 0.9912, "test_top5": 1.0, "test_loss": 0.5, "ece": 0.125}


class Screen(io.StringIO):
    """A terminal that nobody can ask for its size."""

    def isatty(self):
        return True

    def fileno(self):
        raise OSError("no file")


@pytest.fixture
def run(capsys, monkeypatch):
    """run(60, "data", "list"): standard output of a command on a terminal of 60 columns; None: in a pipe."""

    def call(columns, *words):
        if columns is not None:
            monkeypatch.setenv("COLUMNS", str(columns))
        assert main(list(words)) in (0, 1, 2)
        told = capsys.readouterr()
        return told.out + told.err

    return call


def judged(folders, data, **options):
    sentence = (
        "Of the same 2,000 test images first-run-with-a-name gets 99.12% right and second-run-with-a-name "
        "98.70%: the first is right more often, and with other images of the same kind that would hardly be so"
    )
    return {
        "runs": [{"run": f"runs/{name}-run-with-a-name", **TINY} for name in ("first", "second")],
        "data": "drawn",
        "images": 2000,
        "crops": 144,
        **TINY,
        "comparison": {"sentence": sentence},
        "classes": [{"name": "triangle", "images": 200, "accuracy": 0.75}],
    }


# A command, and what must be there in any width.
OUTPUTS = {
    "data list": ["fashion_mnist", "60,000", "170.1 MB", "cs.toronto.edu"],
    "summary inception_cifar": ["mixed_8a", "85,856", "5,455,872", "606,810", "28,021,440", "117x117"],
    "summary inception_v3 --training": ["Conv2d_1a_3x3", "27,161,264", "1311x1311"],
    "compare single_5x5_cifar double_3x3_cifar plain_deep_cifar": ["single_5x5_cifar", "double_3x3_cifar", "x1.00"],
    "compare inception_v4": ["inception_v4", "42,679,816"],
    "lesson": ["  1  Autograd", " 21  Four design principles", "hours in all"],
    "claims 39 A3": [" A3  true if", " 39  true", "2 claims in"],
    "claims --lesson 11": [" A3  true if  Two 3x3", " 40  unclear  Factorising", "10 claims in"],
    "evaluate a b --compare": ["test accuracy 99.12%", "triangle", "hardly be so"],
    "summary inception_v3 --depth 1": ["Mixed_7c", "23,834,568"],
    "predict --help": ["[options] RUN --test N", "[options] --model M --weights FILE IMAGE..."],
    "export --help": ["RUN|MODEL"],
    "summary inception_cifra": ["did you mean 'inception_cifar'?"],
    "train --learning-rate 1": ["unknown flag '--learning-rate'", "`tinyinception train --help`"],
}


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("words", OUTPUTS)
def test_no_line_is_longer_than_the_terminal_and_the_figures_are_there(run, monkeypatch, words, columns):
    monkeypatch.setattr(train, "evaluate", judged)
    told = run(columns, *words.split())
    assert max(map(len, told.splitlines())) <= columns
    squeezed = " ".join(told.split())
    for text in OUTPUTS[words]:
        assert " ".join(text.split()) in squeezed


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("network", NETWORKS)
def test_tables_of_any_network_fit_and_have_all_that_a_wide_one_has(network, columns):
    counted = summary(network, training=True)
    narrow = summary_table(counted, columns).splitlines()
    assert max(map(len, narrow)) <= columns
    assert narrow[0].split()[0] == "layer"
    assert {"parameters", "MACs"} <= set(narrow[0].split())
    assert len(narrow) >= len(str(counted).splitlines())
    compared = compare([network, *NETWORKS])
    side = comparison_table(compared.summaries, columns)
    assert max(map(len, side.splitlines())) <= columns
    for row in str(compared).splitlines()[2:]:
        assert {cell for cell in row.split() if cell != "MB"} <= set(side.split())  # stacked, nothing is left out


def test_a_pipe_gets_tables_whole_and_messages_on_one_line(run, capsys):
    names = ["inception_cifar", "inception_v3"]
    assert run(None, "compare", *names) == f"{compare(names)}\n"
    assert run(None, "summary", "inception_cifar") == f"{summary('inception_cifar')}\n"
    terminal.say("word " * 60 + "end")
    assert capsys.readouterr().err == "word " * 60 + "end\n"


def test_the_width_is_columns_then_the_terminals_own_then_unknown(monkeypatch):
    assert terminal.width(io.StringIO()) is None
    assert terminal.width(None) is None
    assert terminal.width(Screen()) == 80
    for odd in ("0", "-3", "many", ""):
        monkeypatch.setenv("COLUMNS", odd)
        assert terminal.width(Screen()) == 80
    monkeypatch.setenv("COLUMNS", "61")
    assert terminal.width(io.StringIO()) == terminal.width(Screen()) == 61
    assert terminal.prose_width(Screen()) == 61
    monkeypatch.setenv("COLUMNS", "300")
    assert terminal.prose_width(Screen()) == 100


def test_what_is_to_be_copied_is_not_broken():
    text = "stopped and saved; continue with tinyinception train --resume runs/inception_cifar-drawn-20261126-204530"
    assert terminal.wrap(text, 60) == text.replace("with ", "with\n").split("\n")
    assert terminal.wrap("a /path/that/is/longer/than/the/line b", 10, "- ", "  ") == [
        "- a",
        "  /path/that/is/longer/than/the/line",
        "  b",
    ]


@posix
@pytest.mark.parametrize("columns", [60, 80])
def test_a_real_terminal_is_asked_for_its_width(columns):
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen(
        [sys.executable, "-m", "tinyinception", "compare", "plain_cifar", "inception_v3"],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    told = b""
    while True:
        try:
            piece = os.read(ours, 1 << 16)
        except OSError:  # the end, on Linux
            break
        if not piece:
            break
        told += piece
    os.close(ours)
    assert child.wait() == 0
    assert b"\033[1mnetwork " in told
    lines = re.sub(r"\033\[\d+m", "", told.decode()).splitlines()
    assert max(map(len, lines)) <= columns
    assert "23,834,568" in told.decode()


# -- training --------------------------------------------------------------------------------------------------------

ROW = {
    "epoch": 3,
    "train_loss": 1.865,
    "train_accuracy": 0.3397,
    "test_loss": 1.051,
    "test_accuracy": 0.6105,
    "averaged_test_accuracy": None,
    "images_per_second": 123.4,
    "seconds": 84.3,
}


@pytest.mark.parametrize(
    ("columns", "averaged", "line"),
    [
        (None, None, "  3/16  train 1.865 33.97 %  test 1.051 61.05 %  84 s  123 img/s"),
        (76, 0.625, "  3/16  train 1.865 33.97 %  test 1.051 61.05 %  avg 62.50 %  84 s"),
        (60, 0.625, "  3/16  train 1.865 33.97 %  test 1.051 61.05 %  avg 62.50 %"),
        (60, None, "  3/16  train 1.865 33.97 %  test 1.051 61.05 %  84 s"),
    ],
)
def test_the_line_of_an_epoch_leaves_out_the_speed_and_the_time_where_they_do_not_fit(columns, averaged, line):
    assert epoch_line({**ROW, "averaged_test_accuracy": averaged}, 16, columns) == line
    assert columns is None or len(line) <= columns


@pytest.mark.parametrize("columns", WIDTHS)
def test_progress_fits_and_its_bar_can_be_read(columns, monkeypatch, tmp_path, tiny_network):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stderr", Screen())
    every = {"mininterval": 0, "miniters": 1}  # step
    monkeypatch.setattr("tinyinception.train.report.bar", lambda **options: terminal.bar(**every, **options))
    monkeypatch.chdir(tmp_path)
    train.fit(CONFIG, "run", dataset=shades())
    shown = re.split(r"[\r\n]", sys.stderr.getvalue())
    assert max(map(len, shown)) <= columns
    steps = [line for line in shown if "loss" in line]
    assert steps[0].startswith("1/3 ")
    assert steps[-1].startswith("3/3 100%|")
    for line in steps:
        assert re.search(r"\d left, .* loss \d\.\d{3}, \d+\.\d %$", line.rstrip())
        assert len(line.split("|")[1]) >= 5
    epochs = [line for line in shown if re.match(r" \d/3  train ", line)]
    assert len(epochs) == 3
    assert all(" test " in line and " avg " in line for line in epochs)


def test_quiet_silences_progress_and_asides_and_no_error(run, monkeypatch, capsys):
    def load(*words, **options):
        terminal.say("an aside")
        terminal.say("not drawn", always=True)
        assert not list(terminal.bar(range(0), shown=True))
        raise DataError("the disk is gone")

    monkeypatch.setattr(data, "fetch", load)
    assert run(None, "data", "fetch", "mnist", "--quiet") == "not drawn\ntinyinception: error: the disk is gone\n"
    assert run(None, "data", "fetch", "mnist").startswith("an aside\n")
    monkeypatch.setattr(sys, "stderr", Screen())
    with terminal.quiet():
        assert terminal.bar(range(3), shown=True).disable
        with terminal.quiet(False):
            assert terminal.bar(range(3), shown=True).disable
    bar = terminal.bar(range(3), shown=True)
    assert not bar.disable
    bar.close()


def test_progress_is_shown_on_terminals_only(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert list(terminal.bar(range(3), shown=True, mininterval=0)) == [0, 1, 2]
    assert sys.stderr.getvalue() == ""


# -- colours ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "screen", "pipe"),
    [
        ({}, True, False),
        ({"NO_COLOR": "1"}, False, False),
        ({"FORCE_COLOR": "1"}, True, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False, False),
        ({"NO_COLOR": ""}, True, False),
        ({"TERM": "dumb"}, False, False),
        ({"TERM": "dumb", "FORCE_COLOR": "1"}, True, True),
    ],
    ids=str,
)
def test_colours_are_where_they_are_wanted(environment, screen, pipe, monkeypatch):
    monkeypatch.setenv("WT_SESSION", "1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert terminal.has_colour(Screen()) == screen
    assert terminal.has_colour(io.StringIO()) == pipe
    assert terminal.paint("x", "red", Screen()) == ("\033[31mx\033[0m" if screen else "x")


def test_heads_verdicts_and_errors_have_colours_and_json_has_none(run, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(80, "claims", "A3", "39").count("\033[3") == 2
    assert run(80, "data", "list").startswith("\033[1mname")
    assert run(80, "compare", "plain_cifar").startswith("\033[1mnetwork")
    assert run(80, "summary", "nothing").startswith("\033[31mtinyinception: error:\033[0m unknown")
    for words in (["claims", "A3"], ["data", "list"], ["compare", "plain_cifar"]):
        assert "\033" not in run(80, *words, "--json")


# -- claims ----------------------------------------------------------------------------------------------------------


def test_claims_are_chosen_by_number_or_by_words(run):
    assert run(None, "claims", "a3").startswith(" A3  true if the middle grows by sqrt(alpha)")
    found = run(None, "claims", "GoogLeNet", "cheaper").splitlines()
    assert any(line.startswith(" A3  true if") for line in found)
    numbers = [line.split()[0] for line in found if re.match(r" *\w+  (true|false)", line)]
    assert 1 <= len(numbers) < 10
    for words in (["nowhere"], ["GoogLeNet", "xyzzy"]):
        told = run(None, "claims", *words)
        assert told.startswith(f"tinyinception: error: claims: none has the number or the words {' '.join(words)!r}")


def test_claims_show_that_they_compute(monkeypatch):
    from tinyinception.course.claims import read, select, weigh

    monkeypatch.setattr(sys, "stderr", Screen())
    assert len(weigh(select(read(), ["A3"]), progress=True)) == 1
    assert "claims 0/1 |" in sys.stderr.getvalue()


# -- lessons ---------------------------------------------------------------------------------------------------------


def test_long_lines_of_a_lessons_code_go_on_below(monkeypatch):
    from tinyinception.course.text import code as shown

    line = "    return sum(value * weight for value, weight in zip(x, weights, strict=True)) + bias"
    code = f"def f(x):\n{line}\n\nprint(1)"
    assert shown(code) == f"| def f(x):\n| {line}\n|\n| print(1)"
    monkeypatch.setenv("COLUMNS", "60")
    lines = shown(code).splitlines()
    assert max(map(len, lines)) <= 60
    assert lines[1:3] == [
        "|    return sum(value * weight for value, weight in zip(x,",
        ":        weights, strict=True)) + bias",
    ]


# -- pictures --------------------------------------------------------------------------------------------------------


def test_the_legend_of_the_calibration_lies_on_nothing():
    from tinyinception.judge.statistics import calibration
    from tinyinception.plots.judging import calibration_curve

    figure = calibration_curve(calibration([0.1, 0.5, 0.95], [True, True, False], 4), "a run")
    figure.draw_without_rendering()
    legend = figure.legends[0].get_window_extent()
    assert not any(axes.get_tightbbox().overlaps(legend) for axes in figure.axes)


def test_one_view_makes_no_picture_of_crops_and_one_run_twice_gets_a_remark(run, monkeypatch, tmp_path, finished):
    from tests.helpers.tiny_runs import build_tiny
    from tinyinception import models

    monkeypatch.setattr(models, "build", build_tiny)
    monkeypatch.setattr(evaluation, "load", lambda *_, **__: shades())
    told = run(None, "evaluate", finished.run, finished.run, "--pictures", str(tmp_path / "seen"))
    assert "one run was given more than once" in told
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == ["calibration.png", "confusion.png"]
    assert "more than once" not in run(None, "evaluate", finished.run)


def test_npm_is_waited_for_and_its_words_are_kept(tmp_path, monkeypatch):
    module = import_module("tinyinception.data.fetch")  # data.fetch is the function
    monkeypatch.setattr(sys, "stderr", Screen())
    code = "import sys, time; time.sleep(1.5); print('out'); print('bad', file=sys.stderr); sys.exit(3)"
    assert module._wait([sys.executable, "-c", code], str(tmp_path), True) == (3, "bad\n")
    assert f"{sys.executable} -c, 00:01" in sys.stderr.getvalue()
    monkeypatch.setattr(module, "_NPM_SECONDS", 1)
    assert module._wait([sys.executable, "-c", "import time; time.sleep(60)"], str(tmp_path), False) == (None, "")
