"""README's examples run and print what they say, and so do its commands; the first two are those of .ci/run."""

import doctest
import io
import re
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.helpers.places import ROOT
from tinyinception import train
from tinyinception.cli import main
from tinyinception.cli.parser import COMMANDS, parse

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")

BLOCKS = re.findall(r"^```sh\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
SPANS = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", TEXT.replace("\n", " "))
LINES = [shlex.split(part, comments=True) for text in BLOCKS for line in text.splitlines() for part in line.split("&&")]
LINES += [shlex.split(span) for span in SPANS if re.match(r"(tinyinception|pip|\S*python) ", span)]
COMMAND_LINES = [words[1:] for words in LINES if Path(words[0]).name == "tinyinception"]

# What a test need not or cannot do: .ci/run has those of `train`, lessons, `claims` and `site`; the others need files.
ELSEWHERE = (
    "train",
    "lesson 1",
    "lesson 22",
    "claims",
    "train --data cifar10",
    "train --data cifar10 --budget coffee",
    "data fetch cifar10",
    "data fetch cifar10 --from FOLDER",
    "study FILE.toml",
    "site pages",
)


def test_examples_print_what_readme_says():
    failed, tried = doctest.testfile(str(README), module_relative=False)
    assert tried > 0
    assert failed == 0


def test_lines_beside_those_of_pytorch_run_one_after_the_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = TEXT.partition("| PyTorch | tinyinception |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| `(.+)` \| `(.+)` \|$", table, re.MULTILINE)
    assert len(rows) == table.count("\n") - 1 > 10
    rng = np.random.default_rng(0)
    names = {"images": rng.standard_normal((2, 32, 32, 3), np.float32), "y": np.array([3, 7])}
    for theirs, ours in rows:
        compile(theirs, "README", "exec")
        exec(ours, names)
    assert names["conv"](names["x"]).shape == (2, 16, 16, 64)
    assert names["logits"].shape == (2, 10)
    assert len(names["best"]) == 2
    assert (tmp_path / "net.safetensors").exists()


def test_the_two_commands_are_marked_for_ci():
    for name in ("train", "test"):
        assert f"<!-- {name} -->\n```sh\npython3 -m venv" in TEXT


def test_readme_names_every_command_and_only_flags_that_exist():
    called = [parse(words).command for words in COMMAND_LINES]
    assert len(called) > 15
    assert set(called) == set(COMMANDS)


def test_the_modules_and_extras_that_it_names_exist():
    modules = [words[2] for words in LINES if Path(words[0]).name.startswith("python") and words[1] == "-m"]
    assert {"venv", "pytest", "benchmarks.train_step"} <= set(modules)
    assert not [module for module in modules if find_spec(module) is None]
    extras = {extra for words in LINES for word in words for extra in re.findall(r"^\.\[(.+)\]$", word)}
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert extras
    assert not [extra for extra in extras if f"\n{extra} = [" not in project]


@pytest.fixture(scope="module")
def finished_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("readme") / "run"
    train.fit(train.Config(model="single_5x5_cifar", limit=32, epochs=1), folder, progress=False)
    return folder


@pytest.mark.parametrize(
    "line",
    sorted(
        {" ".join(words) for words in COMMAND_LINES if " ".join(words) not in ELSEWHERE and "--weights" not in words}
    ),
)
def test_its_commands_run_as_they_stand(line, finished_run, tmp_path, monkeypatch, capsys):
    """RUN is a run of one's own, and cat.png, where it is named, any picture; nobody is at the keyboard."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    if "cat.png" in line:
        Image.new("RGB", (40, 30), "orange").save("cat.png")
    words = [str(finished_run) if word == "RUN" else word for word in line.split()]
    status = main(words)
    told = capsys.readouterr()
    assert status == 0 or (status == 1 and "solved" in told.out), told.err  # exercises that nobody has solved yet
    assert told.out
