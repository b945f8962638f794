"""Inference: Inception-v3 on images of 299x299, without gradients, against PyTorch in all its modes.

`python -m benchmarks.inference [--json FILE] [--plot FILE] [--quick] [--threads N]`
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from benchmarks.common import Column, Result, Row, Table, look, main, new_figure
from benchmarks.comparison import OURS, best, difference, entrants, memory, memory_table, speed
from benchmarks.peers.torch import FROZEN, MODES
from benchmarks.sides import Side, SideError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Inference"
NETWORK = "inception_v3"
BATCHES, HEADLINE_BATCH = (1, 8), 1
TOLERANCE = 1e-4


def measure(options: argparse.Namespace) -> tuple[list[Row], dict[str, float]]:
    """Agreement of the logits, speed by batch, memory at the headline's batch."""
    modes = [mode for mode in (*MODES, *FROZEN) if not (options.quick and "compile" in mode)]
    rows: list[Row] = []
    with ExitStack() as stack:
        sides = entrants("inference", options.threads, modes, stack)
        for batch in BATCHES[:1] if options.quick else BATCHES:
            case = {"network": NETWORK, "batch": batch}
            rows += speed(sides, case, 2 if options.quick else max(10, 40 // batch))
            rows += agreement(sides, batch)
        rows += memory(sides, {"network": NETWORK, "batch": HEADLINE_BATCH})
    return rows, headline(rows)


def agreement(sides: Sequence[Side], batch: int) -> list[Row]:
    """How far each side's logits are from ours, relative to our largest; the sides have just built the case."""
    rows, expected = [], []
    for side in sides:
        row: Row = {"what": "agreement", "network": NETWORK, "batch": batch, "side": side.name}
        try:
            _, logits = side.run("logits")
        except SideError:
            continue  # its row of speeds says why
        flat = [number for image in logits for number in image]
        expected = expected or flat
        off = difference(expected, flat)
        rows.append({**row, "status": "measured" if off <= TOLERANCE else "failed", "difference": off})
    return rows


def headline(rows: Sequence[Row]) -> dict[str, float]:
    """Ours over PyTorch's best, in images per second."""
    at = [row for row in rows if row["what"] == "speed" and row["batch"] == HEADLINE_BATCH]
    bar = best(at, "PyTorch")
    return {"inference.vs_pytorch_best": bar["ratio"]} if bar else {}


def tables(result: Result) -> list[Table]:
    """Speeds, memory, and how far the sides agree."""
    rows = result["rows"]
    return [
        Table(
            f"{NETWORK} at 299x299: images per second",
            [
                Column("batch", "batch"),
                Column("side", "side"),
                Column("images_per_s", "images/s", ".2f"),
                Column("p25", "25 %", ".2f"),
                Column("p75", "75 %", ".2f"),
                Column("ratio", "ours / it", ".2f"),
                Column("status", "status"),
                Column("reason", "reason"),
            ],
            [row for row in rows if row["what"] == "speed"],
        ),
        memory_table(f"Memory at batch {HEADLINE_BATCH}", rows),
        Table(
            "Logits: largest difference to ours, relative to our largest",
            [
                Column("batch", "batch"),
                Column("side", "side"),
                Column("difference", "difference", ".1e"),
                Column("status", "status"),
            ],
            [row for row in rows if row["what"] == "agreement" and row["side"] != OURS],
        ),
    ]


def text(result: Result) -> str:
    """What one sees."""
    said = [
        "All sides have the same weights, and their logits are compared. Evaluation without gradients, PyTorch's "
        "in `inference_mode`; frozen means its compiler with the weights as constants, so that batch-norm is "
        "folded into the convolutions and weights are packed beforehand."
    ]
    if ratio := result["headline"].get("inference.vs_pytorch_best"):
        at = [row for row in result["rows"] if row["what"] == "speed" and row["batch"] == HEADLINE_BATCH]
        mode = best(at, "PyTorch")["side"].removeprefix("PyTorch ")
        said.append(
            f"At batch {HEADLINE_BATCH} the fastest of PyTorch's modes is {mode}; ours makes {ratio:.2f} times "
            "its images per second."
        )
    return " ".join(said)


def figure(result: Result) -> Figure:
    """Images per second of every side, a group of bars for each batch."""
    rows = [row for row in result["rows"] if row["what"] == "speed" and row["status"] == "measured"]
    sides, batches = (list(dict.fromkeys(row[key] for row in rows)) for key in ("side", "batch"))
    shown = new_figure(8, 4.2)
    axes = shown.subplots()
    width = 0.8 / max(len(sides), 1)
    for i, (side, style) in enumerate(look(sides).items()):
        own = [row for row in rows if row["side"] == side]
        middle = [row["images_per_s"] for row in own]
        spread = [[row["images_per_s"] - row["p25"] for row in own], [row["p75"] - row["images_per_s"] for row in own]]
        places = [batches.index(row["batch"]) + (i - (len(sides) - 1) / 2) * width for row in own]
        axes.bar(places, middle, width, yerr=spread, capsize=2, color=style["color"], label=side)
    axes.set_xticks(range(len(batches)), [f"batch {batch}" for batch in batches])
    axes.set_ylabel("images per second")
    axes.set_title(f"{NETWORK} at 299x299: inference (median, quartiles)", fontsize="medium")
    axes.set_ylim(top=1.35 * max((row["p75"] for row in rows), default=1))
    axes.set_axisbelow(True)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(fontsize="small", ncols=2, loc="upper left")
    return shown


if __name__ == "__main__":
    main("inference", __doc__.splitlines()[0], measure, tables, figure)
