"""Stored results: each has the experiment that made it, and a lesson or a claim that shows it."""

import json
import re

import pytest

from tinyinception.course.files import folder

RESULTS = sorted(path.stem for path in (folder() / "results").glob("*.json"))
SHOWN = [*folder().glob("[0-9]*.py"), *(folder() / "verdicts").glob("*.py")]
ASKED = set(re.findall(r'\bstored\(\s*"(\w+)"', "".join(path.read_text(encoding="utf-8") for path in SHOWN)))


def test_what_is_shown_is_stored_and_what_is_stored_is_shown():
    """A result that nobody shows is a second measurement of something, or a forgotten one."""
    assert set(RESULTS) == ASKED


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_names_the_program_that_made_it(name):
    record = json.loads((folder() / "results" / f"{name}.json").read_text(encoding="utf-8"))
    program = re.match(r"python (lessons/experiments/\w+\.py)", record["command"])
    assert program
    assert program[1] == f"lessons/experiments/{name}.py"
    assert (folder() / "experiments" / f"{name}.py").is_file()
