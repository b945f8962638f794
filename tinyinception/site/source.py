"""Which lines of the package built a part of a network, and which figure of a paper they say it is."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import tinyinception
from tinyinception import models, nn
from tinyinception.models.network import Network

ROOT = Path(tinyinception.__file__).parent
BLOCKS = ("blocks", "residual", "heads")  # files of `nn`
GIVEN = ("unit", "pool")  # names under which files of `models` hold what builds a layer
STATEMENT = 14  # lines of a statement that is shown whole


@dataclass(frozen=True)
class Call:
    """A call in a file of `models`, from its first to its last line."""

    file: str
    first: int
    last: int
    text: str


@dataclass
class Origin:
    """Of a module: functions that returned it, innermost first, each with the call in `models` that led to it."""

    module: nn.Module  # kept, so that no other object gets its id
    returned: list[tuple[CodeType, str, int]] = field(default_factory=list)

    @property
    def block(self) -> CodeType | None:
        """The outermost function that made it among those of `nn` which the papers have figures of."""
        return next((code for code, _, _ in reversed(self.returned) if Path(code.co_filename).stem in BLOCKS), None)

    @property
    def helpers(self) -> list[CodeType]:
        """Functions of `models` that returned it, innermost first."""
        return [code for code, _, _ in self.returned if _room(code.co_filename) == "models"]

    @property
    def call(self) -> Call | None:
        """Where a file of `models` asked for it, with the widths as they stand there."""
        block, kind = self.block, type(self.module).__name__
        asked = [
            (file, line, kind if code.co_name == "__new__" else code.co_name)
            for code, file, line in self.returned
            if file and (code is block or block is None)
        ]
        calls = (_call(*one) for one in asked)
        return next(filter(None, calls), None) or (_statement(*asked[0][:2]) if asked else None)


def trace(name: str) -> tuple[Network, dict[str, Origin]]:
    """A network of the registry with shapes alone, and where each of its modules comes from, by path."""
    models.info(name)
    made: dict[int, Origin] = {}

    def watch(frame: FrameType, event: str, result: Any) -> None:
        code = frame.f_code
        if event == "return" and isinstance(result, nn.Module) and _room(code.co_filename) and code.co_name[0] != "<":
            made.setdefault(id(result), Origin(result)).returned.append((code, *_asked(frame)))

    with nn.shape_only():
        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            network = models.build(name)
        finally:
            sys.setprofile(before if callable(before) else None)
    return network, {path: made[id(module)] for path, module in network.named_modules() if id(module) in made}


def text(code: CodeType) -> str:
    """The source of a function, of a class where it is its `__init__`."""
    lines, _ = inspect.getsourcelines(code)
    return inspect.cleandoc("\n" + "".join(lines))


def place(code: CodeType) -> str:
    """The file and line of a function, as `nn/blocks.py:64`."""
    return f"{Path(code.co_filename).relative_to(ROOT).as_posix()}:{code.co_firstlineno}"


def figure(code: CodeType) -> str:
    """What the docstring of a function first says of a figure, as "Rethinking, Fig. 5", or ""."""
    said = code.co_consts[0] if code.co_consts and isinstance(code.co_consts[0], str) else ""
    found = re.search(r"\(([^()]*\bFigs?\. [^()]*)\)", " ".join(said.split()))
    return next(part.strip() for part in found[1].split(";") if "Fig" in part) if found else ""


def _asked(frame: FrameType) -> tuple[str, int]:
    """File and line of the nearest frame of `models` that waits for this one."""
    above = frame.f_back
    while above is not None and _room(above.f_code.co_filename) != "models":
        above = above.f_back
    return ("", 0) if above is None else (above.f_code.co_filename, above.f_lineno)


@lru_cache(maxsize=1024)
def _room(file: str) -> str:
    """ "nn" or "models" for files that build networks, else ""."""
    path = Path(file)
    if path.parent.parent != ROOT or path.name == "network.py" or path.stem == "__init__":
        return ""
    return path.parent.name if path.parent.name in ("nn", "models") else ""


def _call(file: str, line: int, name: str) -> Call | None:
    """The smallest call of `name` around a line, or on that line of what it is called as an argument."""

    def said(node: ast.Call) -> str:
        return getattr(node.func, "id", getattr(node.func, "attr", ""))

    calls = [node for node in _around(file, line) if isinstance(node, ast.Call)]
    chosen = [node for node in calls if said(node) == name]
    chosen = chosen or [node for node in calls if said(node) in GIVEN and node.lineno == line]
    return _cut(file, *min(map(_lines, chosen), key=lambda at: at[1] - at[0])) if chosen else None


def _statement(file: str, line: int) -> Call:
    """The statement around a line, if it is short; else the line."""
    around = [_lines(node) for node in _around(file, line) if isinstance(node, ast.stmt)]
    first, last = min(around, key=lambda at: at[1] - at[0], default=(line, line))
    return _cut(file, *((first, last) if last - first < STATEMENT else (line, line)))


def _around(file: str, line: int) -> list[ast.Call | ast.stmt]:
    """Calls and statements that a line is in."""
    found = [node for node in ast.walk(_parsed(file)[1]) if isinstance(node, (ast.Call, ast.stmt))]
    return [node for node in found if _lines(node)[0] <= line <= _lines(node)[1]]


def _lines(node: ast.Call | ast.stmt) -> tuple[int, int]:
    return node.lineno, node.end_lineno or node.lineno


def _cut(file: str, first: int, last: int) -> Call:
    lines = inspect.cleandoc("\n" + "\n".join(_parsed(file)[0][first - 1 : last]))
    return Call(Path(file).relative_to(ROOT).as_posix(), first, last, lines)


@lru_cache(maxsize=64)
def _parsed(file: str) -> tuple[list[str], ast.Module]:
    source = Path(file).read_text(encoding="utf-8")
    return source.splitlines(), ast.parse(source)
