"""A lesson as a Jupyter notebook: its cells, answers to unfold, exercises with their checks, a link to the next one."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

from tinyinception.course.cells import Cell
from tinyinception.course.exercises import OPEN, solution, tasks
from tinyinception.course.files import Lesson, find
from tinyinception.course.glossary import meanings
from tinyinception.errors import ArgumentError

FOLDED = {"tags": ["hide-input"], "jupyter": {"source_hidden": True}}
KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def write(lesson: Lesson, path: str | Path) -> Path:
    """Write a lesson to an .ipynb file, or into a folder; returns the file. ArgumentError for a bad place."""
    place = Path(path)
    if place.is_dir() and place.suffix != ".ipynb":
        place = place / f"{lesson.path.stem}.ipynb"
    if place.suffix != ".ipynb":
        raise ArgumentError(f"--notebook {path}: the name must end in .ipynb, or be that of a folder")
    cells = [_cell(i, kind, text, folded) for i, (kind, text, folded) in enumerate(_cells(lesson), 1)]
    notebook = {"cells": cells, "metadata": KERNEL, "nbformat": 4, "nbformat_minor": 5}
    try:
        place.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ArgumentError(f"--notebook {path}: cannot be written: {error.strerror or error}") from None
    return place


def _cell(number: int, kind: str, text: str, folded: bool) -> dict:
    cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": dict(FOLDED) if folded else {}}
    lines = text.splitlines(keepends=True)
    return {**cell, "source": lines} if kind == "markdown" else {
        **cell, "source": lines, "execution_count": None, "outputs": []
    }  # fmt: skip


def _cells(lesson: Lesson) -> list[tuple[str, str, bool]]:
    """Kind, text, and whether the code is folded."""
    glossary = meanings()
    found = [
        (cell.kind, _prose(cell, glossary) if cell.kind == "markdown" else cell.text, cell.folded)
        for cell in lesson.cells()
    ]
    return found + _exercises(lesson) + _next(lesson)


def _prose(cell: Cell, glossary: dict[str, str]) -> str:
    def explained(link: re.Match) -> str:
        meaning = glossary.get(link[2], "")
        return f'<abbr title="{meaning}">{link[1]}</abbr>' if meaning else link[1]

    text = re.sub(r"\[([^\]]+)\]\(glossary\.md#([\w-]+)\)", explained, cell.text)
    asked = cell.prediction
    if asked is None or not asked.choices:
        return text
    right = f"**({asked.answer})** {asked.sentences[asked.answer]}"
    others = [f"({letter}) {told}" for letter, told in asked.sentences.items() if letter != asked.answer]
    return text + "\n\n" + _unfold("Your answer first; then run the next cell, and open this", right, *others)


def _unfold(summary: str, *paragraphs: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n" + "\n\n".join(paragraphs) + "\n\n</details>"


def _exercises(lesson: Lesson) -> list[tuple[str, str, bool]]:
    """A cell for each exercise, its check, and its solution to unfold."""
    if not lesson.beside("exercises").is_file():
        return []
    source = lesson.beside("exercises").read_text(encoding="utf-8")
    tree = ast.parse(source)
    asked = {task.name: task for task in tasks(lesson)}
    shared = [
        ast.get_source_segment(source, node) or ""
        for node in tree.body[bool(ast.get_docstring(tree)) :]
        if getattr(node, "name", None) not in asked
    ]
    out = [("markdown", "## Exercises\n\nReplace each `...`, and run the cell.", False)]
    shared.append("from tinyinception.course import check")
    out.append(("code", "\n".join(shared), False))
    bodies = {
        node.name: ast.get_source_segment(source, node) or ""
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    for name, task in asked.items():
        try:
            solved = solution(lesson, name)
        except ArgumentError:  # it has none
            solved = ""
        if task.level == OPEN:
            out.append(("markdown", f"**To think about** ({name}). {task.text}", False))
            out.append(("markdown", _unfold("Discussion", solved), False))
            continue
        level = f", level {task.level}" if task.level else ""
        out.append(("markdown", f"### `{name}`{level}", False))
        out.append(("code", f'{bodies[name]}\n\n\ncheck("{lesson.name}", {name})', False))
        if solved:
            out.append(("markdown", _unfold("A solution", f"```python\n{solved}\n```"), False))
    return out


def _next(lesson: Lesson) -> list[tuple[str, str, bool]]:
    later = [one for number, one in find().items() if number > lesson.number]
    if not later:
        return []
    name = later[0].path.stem
    told = (
        f"**Next:** [lesson {later[0].number}, {later[0].title}]({name}.ipynb). If that is not there yet: "
        f"`tinyinception lesson {later[0].number} --notebook {name}.ipynb`, or all of them with "
        "`tinyinception lesson --all --notebook .`"
    )
    return [("markdown", told, False)]
