"""README's examples run and print what they say; its commands are the ones that .ci/run takes from it."""

import doctest
import re
from pathlib import Path

from tinyinception.cli.parser import COMMANDS, parse

README = Path(__file__).parent.parent / "README.md"


def test_examples_print_what_readme_says():
    failed, tried = doctest.testfile(str(README), module_relative=False)
    assert tried > 0
    assert failed == 0


def test_the_two_commands_are_marked_for_ci():
    text = README.read_text(encoding="utf-8")
    for name in ("train", "test"):
        assert f"<!-- {name} -->\n```sh\npython3 -m venv" in text


def test_readme_names_every_command_and_only_flags_that_exist():
    blocks = re.findall(r"^```sh\n(.*?)^```", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    lines = [line.split("#")[0].split() for block in blocks for line in block.splitlines()]
    called = [parse(words[1:]).command for words in lines if words[:1] == ["tinyinception"]]
    assert set(called) == set(COMMANDS)
