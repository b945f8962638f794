"""Counts in a notebook: modules that unfold, bars for the share of MACs; plain HTML and CSS that fetch nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from tinyinception.count.table import Branch, megabytes, rows_of, totals, tree
from tinyinception.ops.base import by_x

if TYPE_CHECKING:
    from tinyinception.count.summary import Summary
    from tinyinception.count.tally import Row

HEAD = ("layer", "operation", "output", "parameters", "MACs", "share of MACs", "sees", "stride", "FLOP/B")
COMPARED = ("network", "input", "parameters", "MACs", "of the largest", "training MACs", "FLOPs", "FLOP/B",
            "memory, inference", "memory, training", "depth", "sees")

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
    head = "".join(f"<span>{text}</span>" for text in HEAD)
    parts = tree(summary.rows).parts.values()
    most = max((sum(row.macs for row in rows_of(part)) for part in parts), default=0)
    body = "".join(_part(part, 0, summary.macs, most) for part in parts)
    told = escape("\n".join(totals(summary)))
    return f'<div class="ti-count">{STYLE}<div class="line head">{head}</div>{body}<pre>{told}</pre></div>'


def comparison_html(summaries: Sequence[Summary]) -> str:
    """One line per network, with a bar for its MACs."""
    most = max(s.macs for s in summaries)
    lines = [_cells("th", COMPARED)]
    for s in summaries:
        cells = [escape(s.model), by_x(s.input), f"{s.params:,}", f"{s.macs:,}", _bar(s.macs / max(most, 1)),
                 f"{s.training_macs:,}", f"{s.flops:,}", f"{s.intensity:.1f}", megabytes(s.memory.inference),
                 megabytes(s.memory.training), str(s.depth), by_x(s.receptive_field)]
        lines.append(_cells("td", cells))
    return f'<div class="ti-count">{STYLE}<table>{"".join(f"<tr>{line}</tr>" for line in lines)}</table></div>'


def _part(part: Branch | Row, depth: int, macs: int, most: int) -> str:
    """A module or operation, and below a module its parts, folded away; macs of the network, and of the widest bar."""
    module, inner = isinstance(part, Branch), rows_of(part)
    single = not module or part.is_unit()
    flops, moved = (sum(getattr(row, field) for row in inner) for field in ("flops", "bytes_moved"))
    done, last = sum(row.macs for row in inner), inner[-1]
    cells = [" + ".join(row.op for row in inner) if single else f"{len(inner)} operations", by_x(last.output),
             f"{sum(row.params for row in inner):,}", f"{done:,}", _bar(done / max(macs, 1), done / max(most, 1)),
             by_x(last.field.size), by_x(last.field.stride), f"{flops / moved:.1f}" if moved else ""]
    name = f'<span class="name" style="padding-left:{1.2 * depth:.1f}em">{escape(part.name) if module else "."}</span>'
    line = name + _cells("span", cells)
    if single:
        return f'<div class="line">{line}</div>'
    parts = "".join(_part(child, depth + 1, macs, most) for child in part.parts.values())
    return f'<details><summary class="line">{line}</summary>{parts}</details>'


def _cells(tag: str, texts: Iterable[str]) -> str:
    return "".join(f"<{tag}>{text}</{tag}>" for text in texts)


def _bar(share: float, width: float | None = None) -> str:
    """A share as number and as bar, the bar by default as wide as the share."""
    filled = share if width is None else width
    return f'<span class="bar"><i><b style="width:{filled:.1%}"></b></i><span>{share:.1%}</span></span>'
