"""Counts as text: the tree of a network's layers, and networks side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tinyinception.count.columns import LAYER, NETWORK, Branch, Line, cells, heads, megabytes
from tinyinception.ops.base import by_x

if TYPE_CHECKING:
    from tinyinception.count.summary import Summary
    from tinyinception.count.tally import Row


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


def summary_table(summary: Summary) -> str:
    """Tree of layers with outputs, parameters, MACs, share of the MACs and receptive field, then the totals."""
    lines = [heads(LAYER, "text")]

    def add(part: Branch | Row, depth: int) -> None:
        line = Line(part, depth, summary.macs)
        lines.append(cells(LAYER, "text", line))
        if not line.single and (summary.levels is None or depth + 1 < summary.levels):
            for child in line.parts:
                add(child, depth + 1)

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


def comparison_table(summaries: Sequence[Summary]) -> str:
    """One line per network; ratios are to the first, inference and training the memory of activations per image."""
    lines = [heads(NETWORK, "text"), *(cells(NETWORK, "text", s, summaries) for s in summaries)]
    return "\n".join(_columns(lines, left=2))


def _also(summary: Summary) -> str:
    """What else is to be said of the parameters."""
    notes = [(summary.params - summary.params_trainable, "of them frozen"),
             (summary.unread, "more in parts that did not run"), (summary.buffers, "running statistics")]
    told = [f"{number:,} {what}" for number, what in notes if number]
    return f" ({', '.join(told)})" if told else ""


def _columns(lines: Sequence[Sequence[str]], left: int) -> list[str]:
    """Cells padded to columns, the first `left` of them flush left, with a rule under the head."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    text = ["  ".join(cell.ljust(w) if i < left else cell.rjust(w) for i, (cell, w) in
                      enumerate(zip(line, widths, strict=True))).rstrip() for line in lines]
    return [text[0], "-" * max(map(len, text)), *text[1:]]
