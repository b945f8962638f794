"""Stepping through a lesson in a terminal: prose, a prediction, code, Enter, output, figure."""

from __future__ import annotations

import io
import re
import sys
import textwrap
import traceback
from contextlib import redirect_stdout

from tinyinception.course.cells import Cell
from tinyinception.course.files import Lesson
from tinyinception.course.pictures import unseen
from tinyinception.errors import ArgumentError, DataError
from tinyinception.terminal import paint, prose_width, width, wrap

HELP = "Enter runs the code, q leaves."


def step(lesson: Lesson, first: int = 1, ask=input) -> None:
    """Step through a lesson from code cell `first` on; the cells before it run unseen, for what they define.

    ask: asks the reader, as `input` does; at the end of input the lesson runs through without waiting.
    Raises ArgumentError for a cell that does not exist, DataError where a cell fails.
    """
    cells = lesson.cells()
    count = sum(cell.kind == "code" for cell in cells)
    if not 1 <= first <= count:
        raise ArgumentError(f"lesson {lesson.number} has code cells 1 to {count}, not {first}")
    reader, names, number, guess = _Reader(ask), {"__name__": "__main__", "__file__": str(lesson.path)}, 0, None
    begin = f"{lesson.path.name}: {count} steps, about {lesson.minutes} minutes. {HELP}"
    print(*wrap(begin, prose_width(sys.stdout)), sep="\n", end="\n\n")
    for cell in cells:
        if cell.kind == "markdown":
            if number + 1 >= first:
                print(prose(cell.text) + "\n")
                guess = reader.ask("your prediction: ") if "**Predict" in cell.text else None
            continue
        number += 1
        if number < first:
            _run_unseen(lesson, cell, names)
            continue
        print(_code(cell.text) + "\n")
        if (reader.ask(f"[{number}/{count}] ") or "").strip().lower() in ("q", "quit"):
            print(f"Go on with: tinyinception lesson {lesson.number} --start {number}")
            return
        _run(lesson, cell, names)
        if guess:
            print(_dim(f"(you predicted: {guess})"))
        guess = None
        print()


class _Reader:
    """Asks as long as somebody answers."""

    def __init__(self, ask) -> None:
        self._ask = ask

    def ask(self, prompt: str) -> str | None:
        if self._ask is None:
            return None
        try:
            return self._ask(prompt)
        except EOFError:
            self._ask = None
            print()
            return None


def _run(lesson: Lesson, cell: Cell, names: dict) -> None:
    try:
        # blank lines in front, so that a traceback names the file's own lines
        exec(compile("\n" * (cell.line - 1) + cell.text, str(lesson.path), "exec"), names)
    except BrokenPipeError:  # nobody reads on, as in `tinyinception lesson 1 | head`
        raise
    except Exception as error:
        raise DataError(f"{lesson.path}, line {_line(error, lesson, cell)}: {type(error).__name__}: {error}") from error


def _line(error: Exception, lesson: Lesson, cell: Cell) -> int:
    """The innermost line of the lesson that the error came from."""
    if isinstance(error, SyntaxError) and error.filename == str(lesson.path):
        return error.lineno or cell.line
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == str(lesson.path)), None) or cell.line


def _run_unseen(lesson: Lesson, cell: Cell, names: dict) -> None:
    with redirect_stdout(io.StringIO()), unseen():
        _run(lesson, cell, names)


def _code(text: str) -> str:
    """Code for a terminal: lines that are too long go on below, further to the right and behind another mark."""
    fits, lines = width(sys.stdout), []
    for line in text.split("\n"):
        indent = line[: len(line) - len(line.lstrip())]
        first, *rest = wrap(line, None if fits is None else fits - 2, rest=f"{indent}    ") or [""]
        lines += [_dim("| ") + first if first else "", *(_dim(": ") + more for more in rest)]
    return "\n".join(lines)


def prose(text: str) -> str:
    """Markdown for a terminal: paragraphs wrapped, headings and bold words bright where colours are shown."""
    width = prose_width(sys.stdout)
    blocks = re.split(r"\n\s*\n", text)
    return "\n\n".join(_block(block, width) for block in blocks)


def _block(block: str, width: int) -> str:
    if block.startswith(("|", "    ", "```", "$$")):  # tables and formulae keep their lines
        return block
    if heading := re.match(r"#+ (.*)", block):
        return _bold(heading[1]) + ("\n" + _block(block[heading.end() :].lstrip("\n"), width) if "\n" in block else "")
    items = re.split(r"\n(?=(?:[-*]|\d+\.) )", block)
    wrapped = [
        textwrap.fill(
            " ".join(item.split()),
            width,
            subsequent_indent="  " if len(items) > 1 else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for item in items
    ]
    bright = re.sub(r"\*\*(.+?)\*\*", lambda bold: _bold(bold[1]), "\n".join(wrapped), flags=re.S)
    return bright.replace(r"\*", "*")


def _bold(text: str) -> str:
    return paint(text, "bold", sys.stdout)


def _dim(text: str) -> str:
    return paint(text, "dim", sys.stdout)
