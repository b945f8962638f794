"""A lesson as a Jupyter notebook, by jupytext."""

from __future__ import annotations

from pathlib import Path

from tinyinception.course.files import Lesson
from tinyinception.errors import ArgumentError


def write(lesson: Lesson, path: str | Path) -> None:
    """Write a lesson to an .ipynb file; ArgumentError for another ending, without jupytext, for a bad place."""
    if Path(path).suffix != ".ipynb":
        raise ArgumentError(f"--notebook {path}: the name must end in .ipynb")
    try:
        import jupytext
    except ImportError:
        raise ArgumentError(
            "--notebook needs jupytext: pip install 'tinyinception[lessons]', or in a clone pip install -e '.[lessons]'"
        ) from None
    notebook = jupytext.read(lesson.path, fmt="py:percent")
    try:
        jupytext.write(notebook, path, fmt="ipynb")
    except OSError as error:
        raise ArgumentError(f"--notebook {path}: cannot be written: {error.strerror or error}") from None
