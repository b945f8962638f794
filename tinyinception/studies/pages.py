"""A report as blocks, and the two forms in which it is written: Markdown, and one HTML page that needs nothing else."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
table {{ border-collapse: collapse; display: block; overflow-x: auto }} img {{ max-width: 100% }}
td, th {{ padding: .2em .9em .2em 0; text-align: left; border-bottom: 1px solid #8886; white-space: nowrap }}
td {{ font-variant-numeric: tabular-nums }}
body > p:first-of-type {{ font-weight: 600 }}
blockquote {{ border-left: 3px solid #8886; margin: 1em 0; padding-left: 1em }}
code {{ overflow-wrap: anywhere }}</style></head><body>
{body}
</body></html>
"""


@dataclass(frozen=True)
class Heading:
    """Of level 1 or 2."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """Text, in which `` `code` `` is code."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list of sentences."""

    texts: list[str]


@dataclass(frozen=True)
class Quote:
    """What somebody wrote, and where."""

    text: str
    where: str


@dataclass(frozen=True)
class Table:
    """Cells of text."""

    head: list[str]
    lines: list[list[str]]


@dataclass(frozen=True)
class Figured:
    """The picture, as a file, and what it shows."""

    file: str
    shows: str


Block = Heading | Paragraph | Points | Quote | Table | Figured


def as_markdown(blocks: Sequence[Block], picture: str | None) -> str:
    """picture: its file, None where there is none."""

    def row(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    forms: dict[type, Callable] = {
        Heading: lambda block: f"{'#' * block.level} {block.text}",
        Paragraph: lambda block: block.text,
        Points: lambda block: "\n".join(f"- {text}" for text in block.texts),
        Quote: lambda block: f"> {block.text}" + (f"\n>\n> {block.where}" if block.where else ""),
        Table: lambda block: "\n".join([row(block.head), "|---" * len(block.head) + "|", *map(row, block.lines)]),
        Figured: lambda block: f"![{block.shows}]({block.file})" if picture else "",
    }
    return "\n\n".join(text for block in blocks if (text := forms[type(block)](block))) + "\n"


def as_html(title: str, blocks: Sequence[Block], picture: bytes | None) -> str:
    """picture: the PNG that is written into the page."""

    def row(cells: Sequence[str], kind: str) -> str:
        return "<tr>" + "".join(f"<{kind}>{escape(cell)}</{kind}>" for cell in cells) + "</tr>"

    def image(block: Figured) -> str:
        if picture is None:
            return ""
        return f'<img src="data:image/png;base64,{b64encode(picture).decode()}" alt="{escape(block.shows)}">'

    forms: dict[type, Callable] = {
        Heading: lambda block: f"<h{block.level}>{escape(block.text)}</h{block.level}>",
        Paragraph: lambda block: f"<p>{_code(escape(block.text))}</p>",
        Points: lambda block: f"<ul>{''.join(f'<li>{_code(escape(text))}</li>' for text in block.texts)}</ul>",
        Quote: lambda block: (
            f"<blockquote><p>{escape(block.text)}</p><footer>{escape(block.where)}</footer></blockquote>"
        ),
        Table: lambda block: (
            f"<table>{row(block.head, 'th')}{''.join(row(line, 'td') for line in block.lines)}</table>"
        ),
        Figured: image,
    }
    return PAGE.format(title=escape(title), body="\n".join(forms[type(block)](block) for block in blocks))


def _code(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
