"""Counts in a notebook: modules that unfold, bars for the share of MACs; plain HTML and CSS that fetch nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from tinyinception.count.columns import LAYER, NETWORK, Branch, Line, cells, heads
from tinyinception.count.table import totals, tree

if TYPE_CHECKING:
    from tinyinception.count.summary import Summary

# Colours are the page's own, or see-through, so that the table looks right on a white and on a black page. Lines are
# grids, not table rows, since only so can they unfold.
STYLE = """<style>
.ti-count{font:13px/1.5 system-ui,sans-serif;color:inherit;overflow-x:auto;font-variant-numeric:tabular-nums}
.ti-count .line{display:grid;gap:0 1em;padding:1px 6px;min-width:80em;align-items:center;
grid-template-columns:minmax(13em,1fr) 18em 6.5em 7.5em 8.5em 9em 6em 4em 4em}
.ti-count .line>*{text-align:right;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.ti-count .line>:nth-child(-n+3){text-align:left}
.ti-count .line:hover{background:rgba(128,128,128,.14)}
.ti-count .head{font-weight:600;border-bottom:1px solid rgba(128,128,128,.6)}
.ti-count summary{cursor:pointer;list-style:none}
.ti-count summary::-webkit-details-marker{display:none}
.ti-count .name::before{content:"";display:inline-block;width:1.1em}
.ti-count summary>.name::before{content:"\\25B8"}
.ti-count details[open]>summary>.name::before{content:"\\25BE"}
.ti-count .bar{display:flex;align-items:center;gap:.5em;justify-content:flex-end}
.ti-count .bar i{flex:1;height:.75em;border-radius:2px;background:rgba(128,128,128,.18)}
.ti-count .bar b{display:block;height:100%;border-radius:2px;background:#0072B2}
.ti-count .bar span{width:3.6em}
.ti-count pre{font:12px/1.5 ui-monospace,monospace;color:inherit;background:none;margin:.8em 6px;white-space:pre-wrap}
.ti-count table{border-collapse:collapse;color:inherit}
.ti-count th,.ti-count td{padding:2px 6px;text-align:right;white-space:nowrap;background:none;color:inherit}
.ti-count th{vertical-align:bottom;white-space:normal;border-bottom:1px solid rgba(128,128,128,.6)}
.ti-count :is(th,td):nth-child(-n+2){text-align:left}
.ti-count td>.bar{min-width:7.5em}
@media (prefers-color-scheme:dark){.ti-count .bar b{background:#56B4E9}}
</style>"""


def summary_html(summary: Summary) -> str:
    """The tree of `summary_table`, closed at first, each module with the sums of its parts, and the totals."""
    parts = tree(summary.rows).parts.values()
    most = max((Line(part, 0, 0).counts.macs for part in parts), default=0)
    body = "".join(_part(part, 0, summary, most) for part in parts)
    told = escape("\n".join(totals(summary)))
    head = _spans(heads(LAYER, "html"), "span")
    return f'<div class="ti-count">{STYLE}<div class="line head">{head}</div>{body}<pre>{told}</pre></div>'


def comparison_html(summaries: Sequence[Summary]) -> str:
    """One line per network, with a bar for its MACs."""
    lines = [
        _spans(heads(NETWORK, "html"), "th"),
        *(_spans(cells(NETWORK, "html", s, summaries), "td") for s in summaries),
    ]
    return f'<div class="ti-count">{STYLE}<table>{"".join(f"<tr>{line}</tr>" for line in lines)}</table></div>'


def _part(part: Branch, depth: int, summary: Summary, most: int) -> str:
    """A module or operation, and below a module its parts, folded away; most: MACs of the widest bar."""
    line = Line(part, depth, summary.macs, most)
    name, *others = cells(LAYER, "html", line)
    shown = name + _spans(others, "span")
    if line.single or (summary.levels is not None and depth + 1 >= summary.levels):
        return f'<div class="line">{shown}</div>'
    parts = "".join(_part(child, depth + 1, summary, most) for child in line.parts)
    return f'<details><summary class="line">{shown}</summary>{parts}</details>'


def _spans(texts: Iterable[str], tag: str) -> str:
    return "".join(f"<{tag}>{text}</{tag}>" for text in texts)
