"""Counts as text: the tree of a network's layers, and networks side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tinyinception.ops.base import by_x

if TYPE_CHECKING:
    from tinyinception.count.summary import Summary
    from tinyinception.count.tally import Row

HEAD = ("layer", "operation", "output", "parameters", "MACs", "share", "sees")


@dataclass
class Branch:
    """A module in the tree of layers: the operations it calls itself, and the modules inside it, in order of use."""

    name: str
    rows: list[Row] = field(default_factory=list)  # every operation called below this module
    parts: dict[str, Branch | Row] = field(default_factory=dict)

    def is_unit(self) -> bool:
        """Whether it fits on one line: a few operations in a row, at most one of them a weight layer."""
        return (len(self.rows) <= 4 and sum(row.macs > 0 for row in self.rows) <= 1
                and all(row.op != "Concat" for row in self.rows))


def tree(rows: Sequence[Row]) -> Branch:
    """The operations grouped by the modules that called them."""
    root = Branch("")
    for number, row in enumerate(rows):
        branch = root
        branch.rows.append(row)
        for name in filter(None, row.name.split(".")):
            branch = branch.parts.setdefault(name, Branch(name))
            branch.rows.append(row)
        branch.parts[f".{number}"] = row  # the dot keeps operations apart from modules, whose names have none
    return root


def rows_of(part: Branch | Row) -> list[Row]:
    """The operations in a part of the tree."""
    return part.rows if isinstance(part, Branch) else [part]


def summary_table(summary: Summary) -> str:
    """Tree of layers with outputs, parameters, MACs, share of the MACs and receptive field, then the totals."""
    lines = [HEAD]

    def add(part: Branch | Row, indent: int) -> None:
        inner = rows_of(part)
        unit = not isinstance(part, Branch) or part.is_unit()
        title = "  " * indent + (part.name if isinstance(part, Branch) else ".")
        macs = sum(row.macs for row in inner)
        last = inner[-1]
        lines.append((title, " + ".join(row.op for row in inner) if unit else "", by_x(last.output),
                      f"{sum(row.params for row in inner):,}", f"{macs:,}", f"{macs / max(summary.macs, 1):.1%}",
                      by_x(last.field.size)))
        if not unit:
            for child in part.parts.values():
                add(child, indent + 1)

    for part in tree(summary.rows).parts.values():
        add(part, 0)
    return "\n".join([*_columns(lines, left=3), "", *totals(summary)])


def totals(summary: Summary) -> list[str]:
    """What is said of the whole network, a line each."""
    height, width = summary.receptive_field
    affine, tf_train, keras = summary.conventions
    told = [f"parameters       {summary.params:,}" + _also(summary)]
    if affine != keras:  # there is batch-norm
        told.append(f"                 {affine:,} with gamma (PyTorch), {tf_train:,} without (TF-slim), "
                    f"{keras:,} with running statistics (Keras)")
    return [f"{summary.model}, input {by_x(summary.input)}" + (", as in training" if summary.training else ""),
            *told,
            f"multiply-adds    {summary.macs:,}",
            f"  of backward    {summary.backward_macs:,} ({summary.weight_grad_macs:,} for gradients of weights, "
            f"{summary.input_grad_macs:,} of layers' inputs)",
            f"FLOPs            {summary.flops:,}, {summary.intensity:.1f} per byte moved",
            f"activations      {summary.activations:,}",
            f"their memory     {megabytes(summary.memory.inference)} in inference, "
            f"{megabytes(summary.memory.training)} in training, per image",
            f"depth            {summary.depth} weight layers",
            f"receptive field  {height}x{width}, stride {by_x(summary.field.stride)}"]


def megabytes(size: int) -> str:
    """Bytes in units of a million."""
    return f"{size / 1e6:,.2f} MB"


def comparison_table(summaries: Sequence[Summary]) -> str:
    """One line per network; ratios are to the first, inference and training the memory of activations per image."""
    first = summaries[0]
    lines = [("network", "input", "parameters", "", "MACs", "", "FLOPs", "FLOP/B", "activations",
              "inference", "training", "depth", "sees")]
    for s in summaries:
        lines.append((s.model, by_x(s.input), f"{s.params:,}", _ratio(s.params, first.params), f"{s.macs:,}",
                      _ratio(s.macs, first.macs), f"{s.flops:,}", f"{s.intensity:.1f}", f"{s.activations:,}",
                      megabytes(s.memory.inference), megabytes(s.memory.training), f"{s.depth}",
                      by_x(s.receptive_field)))
    return "\n".join(_columns(lines, left=2))


def _ratio(value: int, base: int) -> str:
    return f"x{value / base:.2f}" if base else ""


def _also(summary: Summary) -> str:
    """What else is to be said of the parameters."""
    notes = [(summary.params - summary.params_trainable, "of them frozen"),
             (summary.unread, "more in parts that did not run"), (summary.buffers, "running statistics")]
    told = [f"{number:,} {what}" for number, what in notes if number]
    return f" ({', '.join(told)})" if told else ""


def _columns(lines: Sequence[tuple[str, ...]], left: int) -> list[str]:
    """Cells padded to columns, the first `left` of them flush left, with a rule under the head."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(cell.ljust(w) if i < left else cell.rjust(w) for i, (cell, w) in
                      enumerate(zip(line, widths, strict=True))).rstrip() for line in lines]
    return [text[0], "-" * max(map(len, text)), *text[1:]]
