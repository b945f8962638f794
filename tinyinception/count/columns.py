"""Every form in which a count is shown, one line each: columns of the tables, as text and in a notebook, keys of JSON.

A new count is a field of `tally.Counts`, its sum in `Tally.after`, and a line here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from tinyinception.count.tally import Row, total
from tinyinception.ops.operation import by_x

if TYPE_CHECKING:
    from tinyinception.count.summary import Summary


class Column(NamedTuple):
    """A column of a table: its head as text and in a notebook, None where it is not shown, and what a cell holds."""

    text: str | None
    html: str | None
    cell: Callable[..., str]


@dataclass
class Branch:
    """A module in the tree of layers: the operations it calls itself, and the modules inside it, in order of use.

    An operation is a branch without parts, called ".".
    """

    name: str
    rows: list[Row] = field(default_factory=list)  # every operation called below this module
    parts: dict[str, Branch] = field(default_factory=dict)


class Line:
    """A module or an operation as a line of the table.

    depth: in how many modules. whole, most: MACs of the network, and of its largest part, which has the widest bar.
    single: whether it fits on one line: a few operations in a row, at most one of them a weight layer.
    """

    def __init__(self, part: Branch, depth: int, whole: int, most: int = 0):
        self.name, self.depth, self.rows = part.name, depth, part.rows
        self.parts = list(part.parts.values())
        self.counts, self.last = total(self.rows), self.rows[-1]
        self.share, self.width = self.counts.macs / max(whole, 1), self.counts.macs / max(most, 1)
        self.single = not self.parts or (
            len(self.rows) <= 4
            and sum(row.macs > 0 for row in self.rows) <= 1
            and all(row.op != "Concat" for row in self.rows)
        )

    @property
    def operations(self) -> str:
        return " + ".join(row.op for row in self.rows)


def megabytes(size: int) -> str:
    """Bytes in units of a million."""
    return f"{size / 1e6:,.2f} MB"


def _ratio(value: int, base: int) -> str:
    return f"x{value / base:.2f}" if base else ""


def _bar(share: float, width: float | None = None) -> str:
    """A share as number and as bar, the bar by default as wide as the share."""
    filled = share if width is None else width
    return f'<span class="bar"><i><b style="width:{filled:.1%}"></b></i><span>{share:.1%}</span></span>'


# Of a line of the tree of layers.
LAYER = (
    Column("layer", None, lambda line: "  " * line.depth + line.name),
    Column(
        None,
        "layer",
        lambda line: f'<span class="name" style="padding-left:{1.2 * line.depth:.1f}em">{escape(line.name)}</span>',
    ),
    Column("operation", None, lambda line: line.operations if line.single else ""),
    Column(None, "operation", lambda line: line.operations if line.single else f"{len(line.rows)} operations"),
    Column("output", "output", lambda line: by_x(line.last.output)),
    Column("parameters", "parameters", lambda line: f"{line.counts.params:,}"),
    Column("MACs", "MACs", lambda line: f"{line.counts.macs:,}"),
    Column("share", None, lambda line: f"{line.share:.1%}"),
    Column(None, "share of MACs", lambda line: _bar(line.share, line.width)),
    Column("sees", "sees", lambda line: by_x(line.last.field.size)),
    Column(None, "stride", lambda line: by_x(line.last.field.stride)),
    Column(None, "FLOP/B", lambda line: f"{line.counts.intensity:.1f}" if line.counts.bytes_moved else ""),
)

# Of a network beside others: `all` has these too, the first of which ratios are to.
NETWORK = (
    Column("network", None, lambda s, all: s.model),
    Column(None, "network", lambda s, all: escape(s.model)),
    Column("input", "input", lambda s, all: by_x(s.input)),
    Column("parameters", "parameters", lambda s, all: f"{s.params:,}"),
    Column("", None, lambda s, all: _ratio(s.params, all[0].params)),
    Column("MACs", "MACs", lambda s, all: f"{s.macs:,}"),
    Column("", None, lambda s, all: _ratio(s.macs, all[0].macs)),
    Column(None, "of the largest", lambda s, all: _bar(s.macs / max(*(other.macs for other in all), 1))),
    Column(None, "training MACs", lambda s, all: f"{s.training_macs:,}"),
    Column("FLOPs", "FLOPs", lambda s, all: f"{s.flops:,}"),
    Column("FLOP/B", "FLOP/B", lambda s, all: f"{s.intensity:.1f}"),
    Column("activations", None, lambda s, all: f"{s.activations:,}"),
    Column("inference", "memory, inference", lambda s, all: megabytes(s.memory.inference)),
    Column("training", "memory, training", lambda s, all: megabytes(s.memory.training)),
    Column("depth", "depth", lambda s, all: f"{s.depth}"),
    Column("sees", "sees", lambda s, all: by_x(s.receptive_field)),
)


def heads(columns: Sequence[Column], form: str) -> list[str]:
    """The heads of the columns that a form, "text" or "html", shows."""
    return [getattr(column, form) for column in columns if getattr(column, form) is not None]


def cells(columns: Sequence[Column], form: str, *of: object) -> list[str]:
    """A line below them."""
    return [column.cell(*of) for column in columns if getattr(column, form) is not None]


def layer_json(row: Row) -> dict[str, object]:
    """An operation as plain Python values."""
    return {
        "name": row.name,
        "op": row.op,
        "output": list(row.output),
        "params": row.params,
        "macs": row.macs,
        "flops": row.flops,
        "backward_macs": {"weights": row.weight_grad_macs, "inputs": row.input_grad_macs},
        "activations": row.activations,
        "bytes_moved": row.bytes_moved,
        "intensity": row.intensity,
        "depth": row.field.depth,
        "receptive_field": list(row.field.size),
        "stride": list(row.field.stride),
        "centre": list(row.field.centre),
    }


def network_json(s: Summary) -> dict[str, object]:
    """A network as plain Python values; the receptive field by its longer side."""
    return {
        "model": s.model,
        "input": list(s.input),
        "params": s.params,
        "params_trainable": s.params_trainable,
        "macs": s.macs,
        "flops": s.flops,
        "depth": s.depth,
        "receptive_field": max(s.receptive_field),
        "training": s.training,
        "params_by_convention": s.conventions._asdict(),
        "backward_macs": {"weights": s.weight_grad_macs, "inputs": s.input_grad_macs},
        "training_macs": s.training_macs,
        "activations": s.activations,
        "activation_bytes": {
            "inference": s.memory.inference,
            "inference_peak": s.memory.peak,
            "training": s.memory.training,
        },
        "bytes_moved": s.bytes_moved,
        "intensity": s.intensity,
    }
