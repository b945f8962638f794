"""Tables of Markdown for a page: long ones behind a click, columns that say nothing left out, wide ones as cards."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from tinyinception.site.markup import folded, inline

TABLE = re.compile(r"^\|.*\n\|[-:| ]+\|\n(?:\|.*\n?)+", re.M)
TITLED = re.compile(rf"(?:^\*\*(?P<title>.+)\*\*\n\n)?(?P<table>{TABLE.pattern})", re.M)
LONG = 12  # rows; a table of more is folded
HEADLINE = "headline"  # the first column of the table that stays


def read(text: str) -> list[list[str]]:
    """The cells of a table, row by row, without the line of dashes."""
    lines = [re.split(r"(?<!\\)\|", line.strip())[1:-1] for line in text.strip().split("\n")]
    return [[cell.strip() for cell in line] for i, line in enumerate(lines) if i != 1]


def measured(text: str, title: str = "") -> str:
    """A benchmark's table and its title: what was not measured in sentences below it, no column that says nothing."""
    head, *rows = read(text)
    rule = [cell.strip() for cell in text.strip().split("\n")[1].split("|")[1:-1]]
    missing: list[str] = []
    if "status" in head:
        place = head.index("status")
        missing = [_missing(head, row) for row in rows if row[place] != "measured"]
        rows = [row for row in rows if row[place] == "measured"]
    kept = [i for i, name in enumerate(head) if name != "status" and any(row[i] for row in rows)]
    lines = [[line[i] for i in kept] for line in (head, rule, *rows)]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    if len(rows) > LONG and head[0] != HEADLINE:
        return "\n\n".join([folded(f"{title} ({len(rows)} rows)".strip(), table, "rows"), *missing]) + "\n"
    return "\n\n".join([*([f"**{title}**"] if title else []), table, *missing]) + "\n"


def _missing(head: Sequence[str], row: Sequence[str]) -> str:
    said = dict(zip(head, row, strict=True))
    reason = said.get("reason", "")
    return f"{said.get('side', row[0])}: {said['status']}{f': {reason}' if reason else ''}."


def cards(text: str) -> str:
    """A wide table as HTML whose rows become cards on a narrow screen; its last column stands below the first.

    With roles, since a row that is no longer laid out as one would not be told as one.
    """
    head, *rows = read(text)
    names = "".join(f'<th scope="col" role="columnheader">{inline(name)}</th>' for name in head[:-1])
    lines = []
    for first, *cells, last in rows:
        told = "".join(
            f'<td role="cell" data-name="{escape(name)}">{inline(cell)}</td>'
            for name, cell in zip(head[1:-1], cells, strict=True)
        )
        name = f'{inline(first)}<span class="told">{inline(last)}</span>'
        lines.append(f'<tr role="row"><th scope="row" role="rowheader">{name}</th>{told}</tr>')
    top = f'<thead role="rowgroup"><tr role="row">{names}</tr></thead>'
    return f'<table class="cards" role="table">{top}<tbody role="rowgroup">{"".join(lines)}</tbody></table>'
