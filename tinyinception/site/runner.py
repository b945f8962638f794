"""Runs one lesson, in a process of its own, and notes what each of its cells puts out.

    python -m tinyinception.site.runner LESSON FOLDER

FOLDER gets the pictures and `outputs.json`; meanwhile `at` holds how many cells have run. Nothing waits, and nothing
but standard output and pictures is taken, so the lesson computes what it does as a program.
"""

from __future__ import annotations

import io
import json
import sys
import traceback
from contextlib import redirect_stdout
from pathlib import Path

from tinyinception.course import pictures
from tinyinception.course.files import Lesson
from tinyinception.course.session import Session
from tinyinception.errors import DataError


class _Outputs:
    """What cells put out, in order: a list for each, of texts and of pictures with what they show in words."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.text = folder, io.StringIO()
        self.cells: list[list[dict[str, str]]] = []

    def begin(self) -> None:
        (self.folder / "at").write_text(str(len(self.cells)), encoding="ascii")
        self.cells.append([])

    def end(self) -> None:
        """Take what was printed since the last picture."""
        if text := self.text.getvalue().strip("\n"):
            self.cells[-1].append({"text": text})
        self.text.seek(0)
        self.text.truncate()

    def picture(self, path: Path, told: str, drawn: bool) -> None:
        self.end()
        self.cells[-1].append({"picture": path.name, "told": told, **({"drawn": "yes"} if drawn else {})})


def run(path: Path, folder: Path) -> None:
    """Run the cells; `outputs.json` has the outputs, or the number of the cell that failed, and how."""
    lesson = Lesson(0, path, path.stem, 0, "")
    session, outputs, error = Session(lesson), _Outputs(folder), None
    with pictures.kept(folder, outputs.picture):
        for cell in lesson.cells():
            if cell.kind != "code":
                continue
            outputs.begin()
            try:
                with redirect_stdout(outputs.text):
                    session.run(cell)
            except DataError as failed:
                traceback.print_exception(failed.__cause__ or failed)
                error = {"cell": len(outputs.cells), "said": str(failed)}
                break
            outputs.end()
    (folder / "at").unlink(missing_ok=True)
    (folder / "outputs.json").write_text(json.dumps({"cells": outputs.cells, "error": error}), encoding="utf-8")


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]))
