"""Pieces of pages: MyST's Markdown for what Sphinx knows, HTML for the rest."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

LESSONS = re.compile(r"\b[Ll]essons?\sA?\d+(?:(?:\s\([^()]*\))?(?:,|\sand|,\sand|\sto)\s\d+)*")
CLAIMS = re.compile(r"\bclaims?\sA\d+(?:(?:,|\sand|,\sand|\sto)\sA\d+)*")
VERDICTS = {"true": "true", "true if": "if", "false": "false", "unclear": "unclear"}  # the class of each badge


def raw(html: str) -> str:
    """HTML that goes into the page as it is, blank lines and all."""
    return fence(html, "{raw} html")


def fence(text: str, language: str) -> str:
    """A block of code, whatever backticks are in it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    mark = "`" * max(3, longest + 1)
    return f"{mark}{language}\n{text.rstrip()}\n{mark}"


def folded(summary: str, body: str, kind: str) -> str:
    """Markdown behind a line to click on."""
    return "\n\n".join([raw(f'<details class="{kind}"><summary>{inline(summary)}</summary>'), body, raw("</details>")])


def waiting(gate: str, parts: Sequence[str]) -> list[str]:
    """Markdown that a script shows when the prediction of this id is made."""
    return [raw(f'<div data-gate="{gate}">'), *parts, raw("</div>")]


def anchor(name: str) -> str:
    """A place in a page that links can name."""
    return raw(f'<span id="{escape(name)}" class="anchor"></span>')


def badge(ruling: str, text: str = "") -> str:
    """A verdict in its colour, and in words."""
    return f'<span class="verdict {VERDICTS[ruling]}">{escape(text or ruling)}</span>'


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"typographer": True}).enable("smartquotes")  # as Sphinx does in the prose around


def inline(text: str) -> str:
    """One line of Markdown as HTML."""
    return _markdown().renderInline(" ".join(text.split()))


def blocks(text: str) -> str:
    """Markdown without directives as HTML."""
    return _markdown().render(text).strip()


def plain(text: str) -> str:
    """A docstring, which is no Markdown, as HTML: paragraphs, names between backticks, indented lines as they are."""
    out = []
    for block in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        if block.startswith(("    ", ">>>")) or re.match(r"\S+\s{3,}\S", block):
            out.append(f"<pre>{escape(textwrap.dedent(block))}</pre>")
        elif re.match(r"[-*] |\d+\. ", block):
            out.append(blocks(block))
        else:
            words = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(" ".join(block.split()), quote=False))
            out.append(f"<p>{words}</p>")
    return "".join(out)


def link_names(text: str, lessons: dict[int, str], up: str = "") -> str:
    """Markdown in which lessons and claims that are named by their number are links; not in headings and code.

    lessons: the page of each number. up: from the page to the folder of the lessons.
    """

    def lesson_links(found: re.Match) -> str:
        return re.sub(
            r"\([^()]*\)|(\d+)", lambda n: _link(n[1], lessons.get(int(n[1])), up) if n[1] else n[0], found[0]
        )

    def claim_links(found: re.Match) -> str:
        return re.sub(r"A\d+", lambda n: f'<a href="{up}../claims.html#{n[0]}">{n[0]}</a>', found[0])

    def linked(paragraph: str) -> str:
        pieces = re.split(r"(`[^`]*`|\[[^\]]*\]\([^)]*\)|\$[^$]+\$)", paragraph)
        return "".join(
            piece if i % 2 else CLAIMS.sub(claim_links, LESSONS.sub(lesson_links, piece))
            for i, piece in enumerate(pieces)
        )

    parts: list[list[str]] = [[]]  # paragraphs, whose lines may part a name, and between them lines as they are
    code = False
    for line in text.split("\n"):
        code ^= line.startswith("```")
        if code or not line.strip() or line.startswith(("    ", "#", "```", "$$")):
            parts += [[line], []]
        else:
            parts[-1].append(line)
    return "\n".join(lines[0] if i % 2 else linked("\n".join(lines)) for i, lines in enumerate(parts) if lines)


def _link(number: str, page: str | None, up: str) -> str:
    return number if page is None else f"[{number}]({up}{page}.md)"
