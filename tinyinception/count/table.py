"""Counts as text: the tree of a network's layers, and networks side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tinyinception.count.columns import LAYER, NETWORK, Branch, Line, cells, heads, megabytes
from tinyinception.ops.operation import by_x
from tinyinception.terminal import table, wrap

if TYPE_CHECKING:
    from tinyinception.count.summary import Summary
    from tinyinception.count.tally import Row

DROPPED = "operation", "sees", "share", "output"  # columns that a narrow terminal lacks, the first the soonest
TOLD = 17  # characters before what is said of the whole network


def tree(rows: Sequence[Row]) -> Branch:
    """The operations grouped by the modules that called them."""
    root = Branch("")
    for number, row in enumerate(rows):
        branch = root
        branch.rows.append(row)
        for name in filter(None, row.name.split(".")):
            branch = branch.parts.setdefault(name, Branch(name))
            branch.rows.append(row)
        branch.parts[f".{number}"] = Branch(".", [row])  # no module's name has a dot
    return root


def summary_table(summary: Summary, width: int | None = None) -> str:
    """Tree of layers with outputs, parameters, MACs, share of the MACs and receptive field, then the totals.

    width: characters of a line; what does not fit is left out, the least important columns first.
    """
    lines = [heads(LAYER, "text")]

    def add(part: Branch, depth: int) -> None:
        line = Line(part, depth, summary.macs)
        lines.append(cells(LAYER, "text", line))
        if not line.single and (summary.levels is None or depth + 1 < summary.levels):
            for child in line.parts:
                add(child, depth + 1)

    for part in tree(summary.rows).parts.values():
        add(part, 0)
    told = [line for text in totals(summary) for line in wrap(text, width, rest=" " * TOLD)]
    return "\n".join([*_ruled(table(lines, range(3), width, [lines[0].index(name) for name in DROPPED])), "", *told])


def totals(summary: Summary) -> list[str]:
    """What is said of the whole network, a line each."""
    height, width = summary.receptive_field
    affine, tf_train, keras = summary.conventions
    told = [f"{'parameters':{TOLD}}{summary.params:,}" + _also(summary)]
    if affine != keras:  # there is batch-norm
        told.append(
            f"{'':{TOLD}}{affine:,} with gamma (PyTorch), {tf_train:,} without (TF-slim), "
            f"{keras:,} with running statistics (Keras)"
        )
    return [
        f"{summary.model}, input {by_x(summary.input)}" + (", as in training" if summary.training else ""),
        *told,
        f"multiply-adds    {summary.macs:,}",
        f"  of backward    {summary.backward_macs:,} ({summary.weight_grad_macs:,} for gradients of weights, "
        f"{summary.input_grad_macs:,} of layers' inputs)",
        f"FLOPs            {summary.flops:,}, {summary.intensity:.1f} per byte moved",
        f"activations      {summary.activations:,}",
        f"their memory     {megabytes(summary.memory.inference)} in inference, "
        f"{megabytes(summary.memory.training)} in training, per image",
        f"depth            {summary.depth} weight layers",
        f"receptive field  {height}x{width}, stride {by_x(summary.field.stride)}",
    ]


def comparison_table(summaries: Sequence[Summary], width: int | None = None) -> str:
    """One line per network; ratios are to the first, inference and training the memory of activations per image.

    width: characters of a line; where that is too few, networks stand side by side, as many as fit, and the others
    below them.
    """
    lines = [heads(NETWORK, "text"), *(cells(NETWORK, "text", s, summaries) for s in summaries)]
    whole = _ruled(table(lines, range(2)))
    if width is None or len(whole[1]) <= width:
        return "\n".join(whole)
    names, *networks = lines
    blocks = [[names]]
    for network in networks:
        used = sum(max(map(len, column)) + 2 for column in (*blocks[-1], network)) - 2
        if used > width and len(blocks[-1]) > 1:
            blocks.append([names])
        blocks[-1].append(network)
    return "\n\n".join("\n".join(_ruled(table(list(zip(*block, strict=True)), [0]))) for block in blocks)


def _also(summary: Summary) -> str:
    """What else is to be said of the parameters."""
    notes = [
        (summary.params - summary.params_trainable, "of them frozen"),
        (summary.unread, "more in parts that did not run"),
        (summary.buffers, "running statistics"),
    ]
    told = [f"{number:,} {what}" for number, what in notes if number]
    return f" ({', '.join(told)})" if told else ""


def _ruled(lines: Sequence[str]) -> list[str]:
    """A table with a rule under its head."""
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]
