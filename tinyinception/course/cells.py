"""Programs in the percent format: `# %%` begins a cell of code, `# %% [markdown]` one of prose in comments."""

from __future__ import annotations

import re
from dataclasses import dataclass

MARK = re.compile(r"# %%(?P<tail>.*)")


@dataclass(frozen=True)
class Cell:
    """A cell: `kind` is markdown or code, `text` its prose or source, `line` where that begins in the file, from 1."""

    kind: str
    text: str
    line: int


def parse(source: str) -> list[Cell]:
    """The cells of a program; what stands before the first mark is code, and empty cells are left out."""
    cells: list[Cell] = []
    lines: list[str] = []
    kind, start = "code", 1

    def close() -> None:
        blank = next((i for i, line in enumerate(lines) if line.strip()), 0)  # errors then name the file's own lines
        text = "\n".join(lines[blank:])
        if kind == "markdown":
            text = re.sub(r"^# ?", "", text, flags=re.M)
        if text.strip():
            cells.append(Cell(kind, text.strip("\n").rstrip(), start + blank))

    for number, line in enumerate(source.splitlines(), 1):
        if mark := MARK.match(line):
            close()
            kind, start, lines = "markdown" if "[markdown]" in mark["tail"] else "code", number + 1, []
        else:
            lines.append(line)
    close()
    return cells
