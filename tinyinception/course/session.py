"""The names of a lesson while somebody steps through it: cells and typed lines run in them."""

from __future__ import annotations

import ast
import codeop
import io
import traceback
from contextlib import redirect_stdout

from tinyinception.course.cells import Cell
from tinyinception.course.files import Lesson
from tinyinception.course.pictures import unseen
from tinyinception.errors import DataError

TYPED = "<what you typed>"


class Session:
    """Runs cells and what is typed; `typed` are the typed pieces that ran without an error."""

    def __init__(self, lesson: Lesson) -> None:
        self.lesson = lesson
        self.names: dict = {"__name__": "__main__", "__file__": str(lesson.path)}
        self.typed: list[str] = []

    def run(self, cell: Cell) -> None:
        """Run a cell; DataError with file and line where it fails."""
        path = str(self.lesson.path)
        try:
            # blank lines in front, so that a traceback names the file's own lines
            exec(compile("\n" * (cell.line - 1) + cell.text, path, "exec"), self.names)
        except BrokenPipeError:  # nobody reads on, as in `tinyinception lesson 1 | head`
            raise
        except Exception as error:
            line = _line(error, path, cell.line)
            raise DataError(f"{path}, line {line}: {type(error).__name__}: {error}") from error

    def run_unseen(self, cell: Cell) -> None:
        """Run a cell for what it defines, without output or pictures."""
        with redirect_stdout(io.StringIO()), unseen():
            self.run(cell)

    def evaluate(self, source: str) -> str:
        """Run what was typed: an expression is printed. Returns what went wrong, in a line or two; empty if nothing.

        Ctrl-C ends what runs, and is told like an error.
        """
        try:
            tree = ast.parse(source, TYPED)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, TYPED, "exec"), self.names)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), TYPED, "eval"), self.names)
                if value is not None:
                    print(repr(value))
        except BrokenPipeError:
            raise
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            return told(error)
        self.typed.append(source)
        return ""


def incomplete(source: str) -> bool:
    """Whether more lines must follow before this can run, as at Python's own prompt."""
    try:
        return codeop.compile_command(source, TYPED, "single") is None
    except (SyntaxError, ValueError, OverflowError):
        return False


def told(error: BaseException) -> str:
    """An error in one or two lines: its own words, and the last line of what was typed that led to it."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, SyntaxError) and error.filename == TYPED:
        line = (error.text or "").rstrip()
        return f"SyntaxError: {error.msg}" + (f"\n  {line.strip()}" if line else "")
    where = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == TYPED]
    more = f" (line {where[-1]})" if where and (where[-1] or 0) > 1 else ""
    text = str(error).splitlines()
    return f"{type(error).__name__}{': ' + text[0] if text else ''}{more}"


def _line(error: Exception, path: str, usual: int) -> int:
    """The innermost line of the lesson that the error came from."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno or usual
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame.lineno for frame in reversed(frames) if frame.filename == path), None) or usual
