"""The lessons: numbered programs in `lessons/`, beside the package or in the current folder."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import tinyinception
from tinyinception.errors import ArgumentError, DataError


def folders() -> list[Path]:
    """Where lessons may lie, the first that has any counts."""
    return [Path(tinyinception.__file__).parent.parent / "lessons", Path.cwd() / "lessons"]


def find() -> dict[int, Path]:
    """The lessons by number, in order; ArgumentError where there are none."""
    for folder in folders():
        numbered = ((re.match(r"\d+", path.name), path) for path in folder.glob("*.py"))
        found = {int(number[0]): path for number, path in numbered if number}
        if found:
            return dict(sorted(found.items()))
    raise ArgumentError(f"no lessons found in {' or '.join(map(str, folders()))}")


def title(path: Path) -> str:
    """First line of a lesson's docstring, or its file's name."""
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    return text.splitlines()[0] if text else path.stem


def run(path: Path) -> None:
    """Run a lesson; DataError where it fails, whose own words are then on standard error already."""
    status = subprocess.run([sys.executable, path], check=False).returncode
    if status:
        raise DataError(f"lesson {path} ended with status {status}")
