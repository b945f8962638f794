"""The command line, run in this process: help, mistakes in one line, exit statuses, counts, lists and lessons."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import tinyinception
from tinyinception import cli, data, train
from tinyinception.cli.parser import COMMANDS
from tinyinception.count import compare, summary
from tinyinception.errors import TinyInceptionError

ROOT = Path(tinyinception.__file__).parent.parent


# -- help and mistakes -----------------------------------------------------------------------------------------------


def test_help_lists_every_command_and_has_examples(run):
    for words in ([], ["--help"], ["-h"]):
        status, out, err = run(*words)
        assert (status, err) == (0, "")
        assert all(f"\n  {command} " in out for command in COMMANDS)
        assert "examples:\n  tinyinception train" in out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(run, command):
    status, out, err = run(command, "--help")
    assert (status, err) == (0, "")
    assert f"usage: tinyinception {command}" in out
    assert f"examples:\n  tinyinception {command}" in out


def test_version(run):
    status, out, _ = run("--version")
    assert status == 0
    assert out.strip()


MISTAKES = [
    (["sumary"], 2, "unknown command 'sumary'; did you mean 'summary'? (see `tinyinception --help`)"),
    (["frobnicate"], 2, "unknown command 'frobnicate' (see `tinyinception --help`)"),
    (["--verson"], 2, "unknown flag '--verson'; did you mean '--version'? (see `tinyinception --help`)"),
    (["train", "--epoch", "3"], 2, "unknown flag '--epoch'; did you mean '--epochs'? (see `tinyinception train -"),
    (["train", "--batchsize=3"], 2, "unknown flag '--batchsize=3'; did you mean '--batch-size'?"),
    (["train", "--epochs", "many"], 2, "argument --epochs: invalid int value: 'many'"),
    (["train", "extra"], 2, "unknown argument 'extra'"),
    (["train", "--resume", "runs/a", "--batch-size", "8"], 2, "leave out --batch-size"),
    (["train", "--resume", "runs/a", "--from", "x"], 2, "leave out --from"),
    (["train", "--resume", "runs/a", "--out", "x"], 2, "leave out --out"),
    (["summary"], 2, "the following arguments are required: MODEL"),
    (["summary", "inception_cifra"], 1, "unknown model 'inception_cifra'; did you mean 'inception_cifar'?"),
    (["summary", "plain_cifar", "--input-size", "0"], 1, "input_size must be"),
    (["compare", "plain_cifar", "plain_cifr"], 1, "unknown model 'plain_cifr'; did you mean 'plain_cifar'?"),
    (["train", "--data", "cifar-10"], 1, "unknown data set 'cifar-10'; did you mean 'cifar10'?"),
    (["train", "--optimizer", "adan"], 1, "unknown optimizer 'adan'; did you mean 'adam'?"),
    (["train", "--epochs", "0"], 1, "epochs must be"),
    (["train", "--threads", "0"], 1, "threads must be a whole number in [1, "),
    (["train", "--resume", "/nowhere"], 1, "/nowhere is no run"),
    (["evaluate", "/nowhere"], 1, "/nowhere is no run"),
    (["evaluate"], 2, "the following arguments are required: RUN"),
    (["evaluate", "/nowhere", "--crops", "3"], 1, "crops must be one of 1, 2, 6, 10, 12, 144, got 3"),
    (["evaluate", "/nowhere", "--compare"], 1, "compare: needs exactly two runs, got 1"),
    (["evaluate", "/nowhere", "--weights", "avaraged"], 2, "is not raw or averaged; did you mean 'averaged'?"),
    (["predict", "/nowhere", "a.png"], 1, "/nowhere is no run"),
    (["predict", "/nowhere"], 2, "the following arguments are required: IMAGE"),
    (["data", "lst"], 2, "'lst' is not list or fetch; did you mean 'list'?"),
    (["data", "fetch"], 2, "data fetch: which one?"),
    (["data", "list", "mnist"], 2, "data list takes no NAME"),
    (["data", "fetch", "minst"], 1, "unknown data set 'minst'; did you mean 'mnist'?"),
    (["lesson", "1", "--all"], 2, "either a number or --all"),
]


@pytest.mark.parametrize(("words", "expected", "message"), MISTAKES, ids=[" ".join(words) for words, _, _ in MISTAKES])
def test_a_mistake_is_one_line_on_standard_error(run, monkeypatch, tmp_path, words, expected, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "01_first.py").write_text('"""First."""\n', encoding="utf-8")
    status, out, err = run(*words)
    assert (status, out) == (expected, "")
    assert err.startswith("tinyinception: error: ")
    assert err.count("\n") == 1
    assert message in err


def test_an_interrupt_says_how_to_go_on(run, monkeypatch):
    def stop(*args, **kwargs):
        raise KeyboardInterrupt("stopped and saved; continue with tinyinception train --resume x")

    monkeypatch.setattr(train, "fit", stop)
    assert run("train") == (130, "", "tinyinception: stopped and saved; continue with tinyinception train --resume x\n")


def test_a_bug_keeps_its_traceback(run, monkeypatch):
    monkeypatch.setattr(data, "listing", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run("data", "list")


# -- answers ---------------------------------------------------------------------------------------------------------


def test_summary_and_compare_print_what_the_package_counts(run):
    words = ["--input-size", "48", "--classes", "7", "--channels", "1"]
    counted = summary("inception_cifar", 48, channels=1, num_classes=7)
    assert run("summary", "inception_cifar", *words) == (0, f"{counted}\n", "")
    status, out, err = run("summary", "inception_cifar", *words, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == counted.to_json()
    compared = compare(["plain_cifar", "inception_cifar"])
    assert run("compare", "plain_cifar", "inception_cifar") == (0, f"{compared}\n", "")
    assert json.loads(run("compare", "plain_cifar", "inception_cifar", "--json")[1]) == compared.to_json()


def test_data_list(run):
    status, out, _ = run("data", "list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["name", *data.names()]
    rows = json.loads(run("data", "list", "--json")[1])["data"]
    assert [row["name"] for row in rows] == list(data.names())
    assert rows[0]["classes"] == 10


def test_data_fetch_passes_name_and_source_on(run, monkeypatch):
    monkeypatch.setattr(data, "fetch", lambda name, source: Path("/cache") / name / (source or "none"))
    assert run("data", "fetch", "mnist") == (0, "/cache/mnist/none\n", "")
    out = run("data", "fetch", "mnist", "--from", "disk", "--json")[1]
    assert json.loads(out) == {"name": "mnist", "folder": "/cache/mnist/disk"}


# -- lessons ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def noted(course):
    """The course, whose lessons note that they ran; lesson 2 ends with status 3."""
    for name, number in (("01_sums.py", 1), ("02_failures.py", 2)):
        text = (course / name).read_text(encoding="utf-8")
        head = text[: text.index("# %%\n")]
        ending = "raise SystemExit(3)\n" if number == 2 else ""
        (course / name).write_text(
            f"{head}# %%\nopen({str(course / 'ran')!r}, 'a').write('{number}')\n{ending}", encoding="utf-8"
        )
    return course


def test_lessons_are_listed_in_order_with_the_time_they_need(run, noted):
    status, out, err = run("lesson")
    assert (status, err) == (0, "")
    assert [line.split("(")[0].split() for line in out.splitlines() if "minutes)" in line] == [
        ["1", "Sums"],
        ["2", "Failures"],
    ]
    assert not (noted / "ran").exists()


def test_all_lessons_run_in_order_and_stop_at_the_first_failure(run, noted):
    status, _, err = run("lesson", "--all")
    assert (noted / "ran").read_text(encoding="utf-8") == "12"
    assert status == 1
    first, second = err.splitlines()
    assert first.startswith("lesson 1: ")
    assert first.endswith(" s")
    assert second == f"tinyinception: error: lesson {noted / '02_failures.py'} ended with status 3"


def test_no_lessons_says_where_it_looked(run, noted):
    noted.rename(noted.with_name("elsewhere"))
    for words in (["lesson"], ["lesson", "1"], ["claims"]):
        status, out, err = run(*words)
        assert (status, out) == (1, "")
        assert f"no lessons found in {noted}, " in err
        assert f" or {Path.cwd() / 'lessons'}; they come with the package, so install it again" in err


# -- as a process ----------------------------------------------------------------------------------------------------


def test_as_a_process_it_is_light_and_survives_a_closed_pipe():
    script = (
        "import sys\nfrom tinyinception.cli import main\nstatus = main(['compare', 'plain_cifar'])\n"
        "heavy = {'numba', 'matplotlib', 'PIL', 'pooch', 'safetensors', 'tqdm'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else status)"
    )
    here = {"cwd": ROOT, "check": False, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-c", script], **here)
    assert (done.returncode, done.stderr) == (0, "")
    process = subprocess.Popen(
        [sys.executable, "-m", "tinyinception", "compare", "plain_cifar"],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == cli.PIPE_CLOSED


def test_every_error_of_the_package_becomes_status_1(run, monkeypatch):
    def fail():
        raise TinyInceptionError("said in one line")

    monkeypatch.setattr(data, "listing", fail)
    assert run("data", "list", "--json") == (1, "", "tinyinception: error: said in one line\n")
