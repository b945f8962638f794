"""Completion: what bash offers after a tab, and a script for every shell."""

import subprocess
import sys

import pytest

from tests.helpers.marks import posix
from tinyinception import studies
from tinyinception.cli import main

TRY = """
source /dev/stdin
complete() { :; }
try() {
    COMP_WORDS=(tinyinception "$@"); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )); COMPREPLY=()
    _shtab_tinyinception tinyinception "${COMP_WORDS[COMP_CWORD]}" tinyinception
    echo "${COMPREPLY[@]}"
}
"""


@posix
def test_bash_completes_commands_flags_names_and_folders(tmp_path, capsys):
    assert main(["completion", "bash"]) == 0
    script = capsys.readouterr().out
    (tmp_path / "my_run").mkdir()
    (tmp_path / "my_file").write_text("", encoding="utf-8")
    (tmp_path / "mine.toml").write_text("", encoding="utf-8")
    expected = {
        "su": "summary",
        "train --sch": "--schedule",
        "train --model inception_c": "inception_cifar",
        "train --optimizer rm": "rmsprop",
        "data f": "fetch",
        "data fetch cifar1": "cifar10 cifar100",
        "evaluate --weights a": "averaged",
        "train --out my": "my_run",
        "evaluate my": "my_run",
        "study sm": "smoothing",
        "study r": "recipe_search residual",
        "train --budget e": "evening",
        "study m": "mine.toml my_run",
        "study smoothing --quick --out my": "my_run",
    }
    calls = "".join(f"try {words}\n" for words in expected)
    done = subprocess.run(
        ["bash", "-c", TRY + calls], input=script, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == list(expected.values())


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_every_shell_gets_a_script_that_names_every_command(shell, capsys):
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    from tinyinception.cli.parser import COMMANDS

    assert all(command in script for command in COMMANDS)
    assert " ".join(studies.names()) in script


def test_without_shtab_it_says_how_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "tinyinception: error: completion needs shtab: pip install 'tinyinception[completion]', or in "
        "a clone pip install -e '.[completion]'\n"
    )
