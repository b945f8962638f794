"""The claims ledger as a page: what is said, what is so, and the source of the function that decides."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from tinyinception.course import claims
from tinyinception.course.files import folder
from tinyinception.errors import DataError
from tinyinception.files import digest_of
from tinyinception.site import keep
from tinyinception.site.markup import badge, inline, raw
from tinyinception.terminal import say

SAYS = {"true": "is so", "true if": "is so under a condition", "false": "is not so", "unclear": "cannot be told"}
INTRO = """# Claims, weighed

What the papers and summaries of them say about Inception, {count} sentences: each true, false, unclear, or true under a
condition. The verdict comes from a function that counts, derives or measures it, or looks it up in what the papers
print; a change is named that would make it another. `tinyinception claims` computes them all again.
"""


def weighed(progress: bool = True) -> list[dict[str, Any]]:
    """All claims as `tinyinception claims --json` has them, with their functions' source; DataError for an odd one.

    Kept under the hash of the package and of the lessons.
    """
    place = folder()
    files = [path for path in place.rglob("*") if path.suffix in (".py", ".toml", ".json")]
    key = keep.digest(keep.of_package(), digest_of(files, place))

    def make(made: Path) -> None:
        say("weighing the claims")
        found = claims.weigh(claims.read(), progress=progress)
        if odd := [one for one in found if not one.agrees]:
            raise DataError("; ".join(f"claim {one.claim.id}: {', '.join(one.differences)}" for one in odd))
        rows = [one.to_json() | {"ruling": one.claim.ruling, "what_if": _what_if(one.claim)} for one in found]
        text = json.dumps([row | _source(row["function"]) for row in rows], default=str)
        (made / "claims.json").write_text(text, encoding="utf-8")

    return json.loads((keep.kept("claims", key, make) / "claims.json").read_text(encoding="utf-8"))


def _what_if(claim: claims.Claim) -> str:
    return claims.suppose(claim).verdict


def _source(function: str) -> dict[str, str]:
    """Where a verdict's function stands, and its text."""
    file, _, name = function.partition(".")
    found = getattr(claims.beside(file), name)
    found = inspect.unwrap(found.func if isinstance(found, partial) else found)
    _, line = inspect.getsourcelines(found)
    return {"source": inspect.getsource(found), "place": f"lessons/verdicts/{file}.py, line {line}"}


def page(rows: Sequence[dict[str, Any]], titles: dict[int, str], lessons: dict[int, str]) -> str:
    """The page; titles, lessons: the title and the page of each lesson by its number."""
    parts = [INTRO.format(count=len(rows)), raw(_filters(rows, titles))]
    parts.append(raw(f'<div class="claims">{"".join(_row(row, titles, lessons) for row in rows)}</div>'))
    return "\n\n".join(parts) + "\n"


def _filters(rows: Sequence[dict[str, Any]], titles: dict[int, str]) -> str:
    numbers = sorted({row["lesson"] for row in rows})
    return (
        '<form class="filters" role="search" aria-label="Search the claims">'
        '<label>Search <input type="search" name="q" placeholder="28 %, parameters, v4"></label>'
        + _select("verdict", "Verdict", [(one, one) for one in claims.VERDICTS])
        + _select("kind", "Evidence", [(one, one) for one in claims.KINDS])
        + _select("paper", "Said in", [(one, one) for one in dict.fromkeys(row["paper"] for row in rows)])
        + _select("lesson", "Lesson", [(str(n), f"{n}. {titles.get(n, '')}") for n in numbers])
        + f'<button type="reset">show all</button></form><p class="count" role="status">{len(rows)} claims</p>'
    )


def _select(name: str, label: str, options: Iterable[tuple[str, str]]) -> str:
    items = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options)
    return f'<label>{label} <select name="{name}"><option value="">any</option>{items}</select></label>'


def _row(row: dict[str, Any], titles: dict[int, str], lessons: dict[int, str]) -> str:
    data = "".join(
        f' data-{key}="{escape(str(row[name]))}"'
        for key, name in (("verdict", "ruling"), ("kind", "kind"), ("paper", "paper"), ("lesson", "lesson"))
    )
    figures = "".join(
        f"<tr><th scope='row'><code>{escape(name)}</code></th><td>{escape(short(value))}</td></tr>"
        for name, value in row["figures"].items()
    )
    changed = ", ".join(f"{name} = {short(value)}" for name, value in row["counterfactual"].items())
    quote = f"<blockquote>{escape(row['quote'])}</blockquote>" if row["quote"] else ""
    number = row["lesson"]
    lesson = f"Lesson {number}. {escape(titles.get(number, ''))}"
    if number in lessons:
        lesson = f'<a href="lessons/{lessons[number]}.html">{lesson}</a>'
    also = f' As <a href="#{row["same_as"]}">{row["same_as"]}</a>.' if row["same_as"] else ""
    return (
        f'<article class="claim" id="{row["id"]}"{data}>'
        f'<h2><a href="#{row["id"]}">{row["id"]}</a> {badge(row["ruling"], row["verdict"])}</h2>'
        f'<p class="said">{inline(row["claim"])}</p><p class="truth">{inline(row["truth"])}</p>{quote}'
        f'<p class="where">{escape(row["where"])}. {row["kind"].capitalize()}. {lesson}.{also}</p>'
        f"<details><summary>Figures, and the function that computes them</summary>"
        f'<div class="wide"><table class="figures">{figures}</table></div>'
        f"<p>With {escape(changed)} it would be {escape(row['what_if'])}.</p>"
        f"<p><code>{escape(row['function'])}</code> ({row['place']}):</p>{code(row['source'])}</details></article>"
    )


def code(source: str) -> str:
    """Python in the colours of the other pages' code."""
    from pygments import highlight
    from pygments.formatters.html import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    made = highlight(source, get_lexer_by_name("python"), HtmlFormatter(nowrap=True))
    return f'<div class="highlight-python notranslate"><div class="highlight"><pre>{made}</pre></div></div>'


def short(figure: object) -> str:
    """A figure for reading."""
    if isinstance(figure, list):
        return f"[{', '.join(map(short, figure))}]"
    if isinstance(figure, dict):
        return f"{{{', '.join(f'{name} = {short(value)}' for name, value in figure.items())}}}"
    if isinstance(figure, float):
        return f"{figure:.6g}"
    return f"{figure:,}" if type(figure) is int and abs(figure) >= 10_000 else str(figure)
