"""Pieces of pages: MyST's Markdown for what Sphinx knows, HTML for the rest."""

from __future__ import annotations

import inspect
import re
import textwrap
from functools import cache
from html import escape
from typing import Any

LESSONS = re.compile(r"\b[Ll]essons? (?:A?\d+)(?:(?:, | and |, and | to )\d+)*")
CLAIMS = re.compile(r"\bclaims? A\d+(?:(?:, | and |, and | to )A\d+)*")
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


def anchor(name: str) -> str:
    """A place in a page that links can name."""
    return raw(f'<span id="{escape(name)}" class="anchor"></span>')


def badge(ruling: str, text: str = "") -> str:
    """A verdict in its colour, and in words."""
    return f'<span class="verdict {VERDICTS[ruling]}">{escape(text or ruling)}</span>'


@cache
def _markdown() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark")


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
        return re.sub(r"\d+", lambda n: _link(n[0], lessons.get(int(n[0])), up), found[0])

    def claim_links(found: re.Match) -> str:
        return re.sub(r"A\d+", lambda n: f'<a href="{up}../claims.html#{n[0]}">{n[0]}</a>', found[0])

    lines, code = [], False
    for line in text.split("\n"):
        code ^= line.startswith("```")
        if code or line.startswith(("    ", "#", "```", "$$")):
            lines.append(line)
            continue
        pieces = re.split(r"(`[^`]*`|\[[^\]]*\]\([^)]*\)|\$[^$]+\$)", line)
        lines.append(
            "".join(
                piece if i % 2 else CLAIMS.sub(claim_links, LESSONS.sub(lesson_links, piece))
                for i, piece in enumerate(pieces)
            )
        )
    return "\n".join(lines)


def _link(number: str, page: str | None, up: str) -> str:
    return number if page is None else f"[{number}]({up}{page}.md)"
