"""A training step: forward, backward and update, against PyTorch in all its modes and against other libraries.

`python -m benchmarks.train_step [--json FILE] [--plot FILE] [--quick] [--threads N]`
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import ExitStack
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.common import COLOURS, Column, Result, Row, Table, look, main, new_figure
from benchmarks.comparison import OURS, best, difference, entrants, memory, memory_table, speed
from benchmarks.ours import ALL_KINDS, PLAIN, REST
from benchmarks.peers.torch import MODES
from benchmarks.sides import Side, SideError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Training step"
NETWORK = "inception_cifar"
BATCHES, HEADLINE_BATCH = (4, 8, 16, 32, 64, 128, 256), 128
TOLERANCE = 2e-3  # relative difference of losses, after updates, that rounding explains


class Peer(NamedTuple):
    """Another library: what it is asked to do, and how often."""

    name: str
    target: str
    network: str
    batch: int
    rounds: int


PEERS = (
    Peer("jax", "benchmarks.peers.jax:train_step", NETWORK, 128, 10),
    Peer("tinygrad", "benchmarks.peers.tinygrad:train_step", NETWORK, 32, 5),
    Peer("dezero", "benchmarks.peers.dezero:train_step", PLAIN, 32, 8),
    Peer("smallpebble", "benchmarks.peers.smallpebble:train_step", PLAIN, 32, 10),
    Peer("numpy_ml", "benchmarks.peers.numpy_ml:train_step", PLAIN, 32, 10),
)


def measure(options: argparse.Namespace) -> tuple[list[Row], dict[str, float]]:
    """Speed by batch, split and memory at the headline's batch, and each peer."""
    modes = [mode for mode in MODES if not (options.quick and "compile" in mode)]
    batches = (4, 8) if options.quick else BATCHES
    shown = batches[-1] if options.quick else HEADLINE_BATCH
    rows: list[Row] = []
    with ExitStack() as stack:
        sides = entrants("train_step", options.threads, modes, stack)
        rows += agreement(sides, NETWORK)
        for batch in batches:
            case = {"network": NETWORK, "batch": batch}
            rows += speed(sides, case, 2 if options.quick else min(48, max(6, 1536 // batch)))
            if batch == shown:
                rows += split(sides[1:], batch, 1 if options.quick else 7)  # a captured step is a list of launches
        rows += memory(sides, {"network": NETWORK, "batch": shown}, small={"network": NETWORK, "batch": 2})
        for peer in PEERS:
            rows += against(peer, sides[0], options)
    return rows, headline(rows, shown)


def agreement(sides: Sequence[Side], network: str) -> list[Row]:
    """That all sides compute the same: losses of four steps from equal weights, dropout off, against ours."""
    case = {"network": network, "batch": 8, **({} if network == PLAIN else {"dropout": 0.0})}
    rows, expected = [], []
    for side in sides:
        row: Row = {"what": "agreement", "network": network, "side": side.name}
        try:
            side.prepare(case)
            losses = [side.run()[1] for _ in range(4)]
        except SideError as error:
            rows.append({**row, "status": error.status, "reason": error.reason})
            continue
        expected = expected or losses
        off = difference(expected, losses)
        if off <= TOLERANCE:
            rows.append({**row, "status": "measured", "difference": off})
        else:
            rows.append({**row, "status": "failed", "difference": off, "reason": f"losses {losses}, ours {expected}"})
    return rows


def split(sides: Sequence[Side], batch: int, repeats: int) -> list[Row]:
    """Medians of the seconds that each kind of operation takes."""
    rows: list[Row] = []
    for side in sides:
        try:
            splits = [side.run("split")[1] for _ in range(repeats)]
        except SideError:
            continue  # its row of speeds says why
        rows += [
            {
                "what": "split",
                "network": NETWORK,
                "batch": batch,
                "side": side.name,
                "kind": kind,
                "forward_s": median(s[kind][0] for s in splits),
                "backward_s": median(s[kind][1] for s in splits),
            }
            for kind in ALL_KINDS
        ]
    return rows


def against(peer: Peer, ours: Side, options: argparse.Namespace) -> list[Row]:
    """One of the other libraries against ours, on a network that it can express."""
    if options.quick:
        peer = peer._replace(network=PLAIN, batch=2, rounds=1)
    with Side(peer.name, peer.target, options.threads) as side:
        same = agreement([ours, side], peer.network)[1]
        if same["status"] != "measured":
            return [same]
        case = {"network": peer.network, "batch": peer.batch}
        return [same, *speed([ours, side], case, peer.rounds, against=peer.name, warmup=3)]


def headline(rows: Sequence[Row], batch: int) -> dict[str, float]:
    """Ours over PyTorch's best in images per second and in memory; ours over each peer in images per second."""
    found = {}
    raced = [row for row in rows if row["what"] == "speed"]
    if bar := best([row for row in raced if row["against"] == "PyTorch" and row["batch"] == batch], "PyTorch"):
        found["train_step.vs_pytorch_best"] = bar["ratio"]
        used = {row["side"]: row.get("above_mib") for row in rows if row["what"] == "memory"}
        if used.get(bar["side"]) and used.get(OURS):
            found["train_step.memory_vs_pytorch"] = used[OURS] / used[bar["side"]]
    return found | {
        f"train_step.vs_{row['side']}": row["ratio"]
        for row in raced
        if row["side"] == row["against"] and row["status"] == "measured"
    }


# -- showing -----------------------------------------------------------------------------------------------------


def tables(result: Result) -> list[Table]:
    """Speeds, other libraries, the split, memory, and how far the sides agree."""
    rows = result["rows"]
    raced = [row for row in rows if row["what"] == "speed"]
    same = [row for row in rows if row["what"] == "agreement"]
    names = {peer.name for peer in PEERS}
    unable = [row for row in same if row["side"] in names and row["status"] != "measured"]
    speeds = [
        Column("batch", "batch"),
        Column("side", "side"),
        Column("images_per_s", "images/s", ".1f"),
        Column("p25", "25 %", ".1f"),
        Column("p75", "75 %", ".1f"),
        Column("ratio", "ours / it", ".2f"),
        Column("status", "status"),
        Column("reason", "reason"),
    ]
    sides, totals = _totals(rows)
    return [
        Table(f"{NETWORK}: images per second", speeds, [row for row in raced if row["against"] == "PyTorch"]),
        Table(
            "Other libraries, each with ours on the same network and batch in the same run",
            [Column("network", "network"), *speeds],
            [row for row in raced if row["against"] != "PyTorch"] + unable,
        ),
        Table(
            "Where the time goes, in ms forward + backward",
            [Column("kind", "kind of operation"), *[Column(side, side) for side in sides]],
            totals,
        ),
        memory_table("Memory of a step", rows),
        Table(
            "Losses of four steps from equal weights: largest difference to ours, relative",
            [
                Column("network", "network"),
                Column("side", "side"),
                Column("difference", "difference", ".1e"),
                Column("status", "status"),
            ],
            [row for row in same if row["side"] != OURS],
        ),
    ]


def _totals(rows: Sequence[Row]) -> tuple[list[str], list[Row]]:
    """The sides that have a split, and a row for each kind with a column for each of them."""
    parts = [row for row in rows if row["what"] == "split"]
    sides = list(dict.fromkeys(row["side"] for row in parts))
    table: list[Row] = [{"kind": kind} for kind in (*ALL_KINDS, "total")]
    by_kind = {row["kind"]: row for row in table}
    for side in sides:
        own = [row for row in parts if row["side"] == side]
        for row in own:
            by_kind[row["kind"]][side] = f"{1e3 * row['forward_s']:.1f} + {1e3 * row['backward_s']:.1f}"
        forward, backward = (sum(row[key] for row in own) for key in ("forward_s", "backward_s"))
        by_kind["total"][side] = f"{1e3 * forward:.1f} + {1e3 * backward:.1f}"
    return sides, table


def text(result: Result) -> str:
    """What one sees."""
    found, raced = result["headline"], [row for row in result["rows"] if row["what"] == "speed"]
    said = [
        "Every side trains the same network from the same weights; that it computes the same is checked first, by "
        "the losses of four steps. PyTorch has its fused optimiser and ReLU in place; one thing it cannot express "
        "without a copy, an odd pixel of padding, costs it about 1 % of its step. Ours is the captured step, recorded "
        "once and replayed, as `train.fit` does it; eager is the same step run from Python, to the same bits."
    ]
    if "train_step.vs_pytorch_best" in found:
        batch = next(row["batch"] for row in result["rows"] if row["what"] == "memory")  # that of the headline
        at = [row for row in raced if row["against"] == "PyTorch" and row["batch"] == batch]
        mode = best(at, "PyTorch")["side"].removeprefix("PyTorch ")
        said.append(
            f"At batch {batch} the fastest of PyTorch's modes is {mode}; ours makes "
            f"{found['train_step.vs_pytorch_best']:.2f} times its images per second."
        )
    if "train_step.memory_vs_pytorch" in found:
        said.append(
            f"A step takes {found['train_step.memory_vs_pytorch']:.2f} of its memory, counted as the most "
            "that is resident in later steps above what was before the first; one of two images has gone "
            "before, so that machine code does not count on either side."
        )
    said.append(
        f"Libraries that have no batch-norm or no concatenation get `{PLAIN}`, a network of what all have: "
        "convolutions with bias, ReLU, a linear layer, plain SGD. In the split, gradient sums are the "
        "additions where a value is used twice; the rest is losses, dropout, linear layers and Python. Of ours it is "
        "the eager step's; what a captured one consists of, `overhead` says. Generated kernels fuse many operations "
        "and count as the main one."
    )
    return " ".join(said)


def figure(result: Result) -> Figure:
    """Images per second by batch, the split as stacked bars, and the other libraries."""
    shown = new_figure(15, 4.8)
    speeds, parts, others = shown.subplots(1, 3, width_ratios=(1.1, 1.2, 0.8))
    _draw_speeds(speeds, [row for row in result["rows"] if row["what"] == "speed" and row["against"] == "PyTorch"])
    _draw_split(parts, result["rows"])
    _draw_others(
        others,
        [
            row
            for row in result["rows"]
            if row["what"] == "speed" and row["side"] == row["against"] and row["status"] == "measured"
        ],
    )
    return shown


def _draw_speeds(axes: Axes, rows: Sequence[Row]) -> None:
    rows = [row for row in rows if row["status"] == "measured"]
    for side, style in look(dict.fromkeys(row["side"] for row in rows)).items():
        own = [row for row in rows if row["side"] == side]
        middle = [row["images_per_s"] for row in own]
        spread = [[row["images_per_s"] - row["p25"] for row in own], [row["p75"] - row["images_per_s"] for row in own]]
        axes.errorbar(
            [row["batch"] for row in own],
            middle,
            yerr=spread,
            label=side,
            capsize=3,
            markersize=5,
            linewidth=2 if side == OURS else 1.2,
            **style,
        )
    batches = sorted({row["batch"] for row in rows})
    axes.set_xscale("log", base=2)
    axes.set_xticks(batches, [str(batch) for batch in batches])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("batch")
    axes.set_ylabel("images per second")
    axes.set_title(f"{NETWORK}: training (median, quartiles)", fontsize="medium")
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="lower right")


def _draw_split(axes: Axes, rows: Sequence[Row]) -> None:
    parts = [row for row in rows if row["what"] == "split"]
    sides = list(dict.fromkeys(row["side"] for row in parts))
    bottom = [0.0] * len(sides)
    colours = {**dict(zip(ALL_KINDS, COLOURS, strict=False)), REST: COLOURS[-1]}
    for way, hatch in (("forward", ""), ("backward", "///")):
        for kind in ALL_KINDS:
            values = [
                sum(1e3 * row[f"{way}_s"] for row in parts if row["side"] == side and row["kind"] == kind)
                for side in sides
            ]
            axes.bar(
                range(len(sides)),
                values,
                bottom=bottom,
                color=colours[kind],
                hatch=hatch,
                edgecolor="white",
                linewidth=0.4,
                label=kind if way == "forward" else None,
            )
            bottom = [low + value for low, value in zip(bottom, values, strict=True)]
    axes.set_xticks(
        range(len(sides)), [side.replace(" ", "\n", 1).replace(", ", ",\n") for side in sides], fontsize="small"
    )
    axes.set_ylabel("ms per step")
    axes.set_ylim(top=1.35 * max(bottom, default=1))
    batch = parts[0]["batch"] if parts else ""
    axes.set_title(f"where the time goes, batch {batch} (hatched: backward)", fontsize="medium")
    axes.legend(fontsize="x-small", ncols=3, loc="upper left")


def _draw_others(axes: Axes, rows: Sequence[Row]) -> None:
    rows = sorted(rows, key=lambda row: row["ratio"])
    axes.set_visible(bool(rows))
    axes.bar(range(len(rows)), [row["ratio"] for row in rows], color=COLOURS[1])
    for i, row in enumerate(rows):
        axes.text(i, row["ratio"], f"{row['ratio']:.3g}", ha="center", va="bottom")
    axes.set_xticks(
        range(len(rows)), [f"{row['side']}\n{row['network']}\nbatch {row['batch']}" for row in rows], fontsize="x-small"
    )
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set_yscale("log")
    axes.set_ylabel("our images/s over theirs")
    axes.set_title("other libraries (logarithmic scale)", fontsize="medium")


if __name__ == "__main__":
    main("train_step", __doc__.splitlines()[0], measure, tables, figure)
