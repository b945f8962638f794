"""What would work on this machine only: text files in the system's own encoding, bounds that nobody tried."""

import ast
import runpy

import pytest

from tests.conftest import QUICK
from tests.helpers.places import ROOT

PLACES = ("tinyinception", "lessons", "benchmarks", "tests", ".ci")


def unstated(source):
    """Lines that open a text file and leave the encoding to the system, which on Windows is not UTF-8."""
    return [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and _opens_text(node)]


def _opens_text(call):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    words = {word.arg for word in call.keywords}
    if "encoding" in words or None in words:
        return False
    if name == "write_text":
        return len(call.args) < 2
    if name == "read_text":
        return not call.args and not _is_resource(call)
    if name == "NamedTemporaryFile":
        return any(word.arg == "mode" and "b" not in ast.unparse(word.value) for word in call.keywords)
    if name != "open":
        return False
    if isinstance(call.func, ast.Attribute):
        modes = call.args[:1] if _is_path(call.func.value) else ["b"]
    else:
        modes = call.args[1:2]
    modes = [*modes, *(word.value for word in call.keywords if word.arg == "mode")]
    return not any("b" in (mode if isinstance(mode, str) else ast.unparse(mode)) for mode in modes)


def _is_path(value):
    """Whether `value.open` is a path's; modules such as gzip, tarfile and Image open bytes."""
    return ast.unparse(value).split("(")[0].split(".")[0] not in (
        "gzip",
        "tarfile",
        "zipfile",
        "os",
        "Image",
        "io",
        "PIL",
        "Run",
        "webbrowser",
    )


def _is_resource(call):
    return ast.unparse(call.func).startswith(("importlib", "resources"))


@pytest.mark.parametrize("place", PLACES)
def test_every_text_file_is_opened_with_its_encoding(place):
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / place).rglob("*.py"))
        for line in unstated(path.read_text(encoding="utf-8"))
    ]
    assert not found, f'say encoding="utf-8" at {", ".join(found)}'


@pytest.mark.parametrize(
    "line",
    [
        "open(p)",
        "open(p, 'w')",
        "p.open()",
        "(a / b).open('a')",
        "p.read_text()",
        "Path(p).read_text()",
        "p.write_text(x)",
    ],
)
def test_what_leaves_the_encoding_open_is_found(line):
    assert unstated(line) == [1]


@pytest.mark.parametrize(
    "line",
    [
        "open(p, encoding='utf-8')",
        "open(p, 'rb')",
        "p.open('wb')",
        "open(p, mode='rb')",
        "p.read_text('utf-8')",
        "gzip.open(p)",
        "tarfile.open(p, 'r:gz')",
        "Image.open(p)",
        "p.write_text(x, encoding='latin-1')",
        "p.read_bytes()",
        "os.open(p, 0)",
        "open(p, **options)",
    ],
)
def test_what_states_it_or_is_bytes_is_not(line):
    assert unstated(line) == []


def test_the_quick_tests_visit_every_room():
    rooms = [path.parent.name for path in (ROOT / "tinyinception").glob("*/__init__.py")]
    text = "".join((ROOT / "tests" / name).read_text(encoding="utf-8") for name in QUICK)
    assert len(rooms) >= 13
    assert not [room for room in rooms if f"tinyinception.{room}" not in text and f"import {room}" not in text]


def test_the_oldest_versions_are_the_lower_bounds():
    lowest = runpy.run_path(str(ROOT / ".ci" / "lowest.py"))
    text = """
[project]
dependencies = ["numpy>=1.24", "tomli >= 2, <4; python_version < '3.11'"]
[project.optional-dependencies]
test = ["pytest>=7.4"]
bench = ["jax>=0.4"]
"""
    assert lowest["constraints"](text) == ["numpy==1.24", "tomli ==2; python_version < '3.11'", "pytest==7.4"]
    with pytest.raises(ValueError, match="'numpy' has no lower bound"):
        lowest["constraints"](text.replace("numpy>=1.24", "numpy"))
    assert "pillow==10.3" in lowest["constraints"]((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
