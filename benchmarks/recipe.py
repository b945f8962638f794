"""A recipe trained for the same time by us and by PyTorch in its fastest mode: test accuracy, plain and with six views.

`python -m benchmarks.recipe [--minutes M] [--config FILE] [--side ours|torch] [--json FILE] [--plot FILE] [--quick]`
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.common import COLOURS, Column, Result, Row, Table, main, new_figure, spread
from benchmarks.comparison import OURS, Entrant, difference
from benchmarks.peers.torch import MODES
from benchmarks.sides import Side, SideError, alternate
from tinyinception.train.budgets import BUDGETS
from tinyinception.train.config import read

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "A recipe in the same time"
MINUTES = 20.0
TOLERANCE = 1e-4  # relative difference of the losses of STEPS steps, of 64 images each
STEPS = 5
SIDES = ("ours", "torch")
RECIPE: dict[str, Any] = {"data": "cifar10", **BUDGETS["coffee"].values}
GENTLE = 0.1  # of its rates; at the whole, differences of rounding grow a hundredfold with each step
SMALL = {"data": "drawn", "source": None, "limit": 64, "batch_size": 64, "epochs": STEPS}


def options(parser: argparse.ArgumentParser) -> None:
    """Those of its own."""
    parser.add_argument("--minutes", type=float, default=MINUTES, metavar="M", help=f"default: {MINUTES:g}")
    parser.add_argument("--config", type=Path, metavar="FILE", help="a run's config.json, or TOML, of another recipe")
    parser.add_argument("--side", choices=SIDES, help="only one of them; default: both")
    parser.add_argument("--mode", choices=tuple(MODES), help="PyTorch's; default: whichever takes the fastest steps")


def measure(given: argparse.Namespace) -> tuple[list[Row], dict[str, float]]:
    """That both compute the same, how fast PyTorch's modes are, and what each side comes to."""
    settings = RECIPE if given.config is None else read(given.config)
    seconds = 60 * given.minutes
    if given.config is not None:  # what is in it stands in the rows, where it lies is nobody's business
        given.command = given.command.replace(str(given.config), given.config.name)
    if given.quick:
        settings, seconds = {**settings, **SMALL}, 10.0
    wanted = SIDES if given.side is None else (given.side,)
    rows: list[Row] = [{"what": "settings", "minutes": seconds / 60, **settings}]
    with ExitStack() as stack:
        ours = Side(OURS, "benchmarks.recipe_training:train", given.threads)
        modes = [given.mode] if given.mode else [mode for mode in MODES if not (given.quick and "compile" in mode)]
        peers = [
            Entrant(f"PyTorch {mode}", "benchmarks.peers.torch_recipe:train", given.threads, mode=mode)
            for mode in modes
        ]
        for side in (ours, *peers):
            stack.callback(side.close)
        rows += agreement([ours, *peers[:1]], settings)
        fastest = peers[:1]
        if "torch" in wanted and len(peers) > 1:
            rows += speeds(peers, settings, 2 if given.quick else 6)
            fastest = [peer for peer in peers if peer.name == quickest(rows)]
        for side in (ours, *peers):
            side.close()
        for side in ([ours] if "ours" in wanted else []) + (fastest if "torch" in wanted else []):
            rows.append(trained(side, {"settings": settings, "seconds": seconds}))
    return rows, headline(rows)


def agreement(sides: Sequence[Side], settings: Mapping[str, Any]) -> list[Row]:
    """The losses of some steps from equal weights on equal batches, beside ours."""
    rows: list[Row] = []
    expected: list[float] = []
    for side in sides:
        row: Row = {"what": "agreement", "side": side.name}
        try:
            side.prepare({"settings": gentle({**settings, **SMALL}), "steps": STEPS})
            losses = side.run("losses")[1]
        except SideError as error:
            rows.append({**row, "status": error.status, "reason": error.reason})
            continue
        expected = expected or losses
        off = difference(expected, losses)
        same = {"status": "measured"} if off <= TOLERANCE else {"status": "failed", "reason": f"ours {expected}"}
        rows.append({**row, "difference": off, "losses": losses, **same})
    return rows


def gentle(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The same recipe with a tenth of its rates."""
    rates = {name: GENTLE * settings[name] for name in ("lr", "bias_lr", "head_lr") if settings.get(name)}
    return {**settings, **rates}


def speeds(peers: Sequence[Side], settings: Mapping[str, Any], rounds: int) -> list[Row]:
    """Images per second of a step in each of PyTorch's modes."""
    case = {"settings": {**settings, "limit": settings["batch_size"]}, "steps": 1}
    outcomes = alternate(peers, case, rounds, actions=["step"], warmup=2, settle=1)
    rows: list[Row] = []
    for name, one in outcomes.items():
        row: Row = {"what": "speed", "side": name, "status": one.status}
        if one.status != "measured":
            rows.append({**row, "reason": one.reason})
            continue
        rows.append({**row, "images_per_s": settings["batch_size"] / spread(one.seconds["step"]).median})
    return rows


def quickest(rows: Sequence[Row]) -> str:
    """The name of the fastest of the modes, an empty one where none could."""
    able = [row for row in rows if row["what"] == "speed" and row["status"] == "measured"]
    return max(able, key=lambda row: row["images_per_s"])["side"] if able else ""


def trained(side: Side, case: Mapping[str, Any]) -> Row:
    """A whole training by one side, which has the machine to itself."""
    row: Row = {"what": "training", "side": side.name}
    try:
        side.prepare(case)
        return {**row, "status": "measured", **side.run("train")[1]}
    except SideError as error:
        return {**row, "status": error.status, "reason": error.reason}
    finally:
        side.close()


def headline(rows: Sequence[Row]) -> dict[str, float]:
    """Accuracy with six views of each side, and their difference in points where both were measured."""
    found = {row["side"]: row["accuracy_6_views"] for row in rows if row["what"] == "training" and "accuracy" in row}
    own, others = found.get(OURS), [value for name, value in found.items() if name != OURS]
    figures = {} if own is None else {"recipe.accuracy_6_views": own}
    if others:
        figures["recipe.pytorch_accuracy_6_views"] = max(others)
    if own is not None and others:
        figures["recipe.points_ahead"] = 100 * (own - max(others))
    return figures


# -- showing -----------------------------------------------------------------------------------------------------


def tables(result: Result) -> list[Table]:
    """The trainings, PyTorch's modes, and the agreement of losses."""
    rows, status = result["rows"], [Column("status", "status"), Column("reason", "reason")]
    trainings = [
        Column("side", "side"),
        Column("accuracy", "test accuracy", ".2%"),
        Column("accuracy_6_views", "six views", ".2%"),
        Column("epochs", "epochs", ".2f"),
        Column("images_per_s", "images/s", ".0f"),
        Column("seconds", "seconds", ".0f"),
        *status,
    ]
    modes = [Column("side", "side"), Column("images_per_s", "images/s", ".0f"), *status]
    losses = [Column("side", "side"), Column("difference", "largest difference", ".1e"), *status]
    kinds = {"training": trainings, "speed": modes, "agreement": losses}
    captions = {
        "training": "What it comes to",
        "speed": "Steps of the recipe in PyTorch's modes",
        "agreement": f"Losses of {STEPS} steps from equal weights, against ours",
    }
    return [Table(captions[kind], kinds[kind], [row for row in rows if row["what"] == kind]) for kind in kinds]


def figure(result: Result) -> Figure:
    """Accuracy of each side, plain and with six views."""
    rows = [row for row in result["rows"] if row["what"] == "training" and row["status"] == "measured"]
    drawn = new_figure(8, 1.5 + 0.8 * len(rows))
    axes = drawn.subplots()
    for i, (key, label) in enumerate((("accuracy", "plain"), ("accuracy_6_views", "six views"))):
        values = [100 * row[key] for row in rows]
        bars = axes.barh([k + 0.4 * i for k in range(len(rows))], values, 0.38, color=COLOURS[i], label=label)
        axes.bar_label(bars, fmt="%.2f", padding=3, fontsize="small")
    axes.set_yticks([k + 0.2 for k in range(len(rows))], [row["side"] for row in rows])
    lowest = min((100 * row["accuracy"] for row in rows), default=0.0)
    axes.set_xlim(max(0.0, lowest - 5), 100)
    axes.invert_yaxis()
    axes.set_xlabel("test accuracy (%)")
    if rows:
        axes.legend(fontsize="small", loc="lower right")
    return drawn


def text(result: Result) -> str:
    """What one sees."""
    rows = result["rows"]
    about = next(row for row in rows if row["what"] == "settings")
    done = [row for row in rows if row["what"] == "training" and row["status"] == "measured"]
    told = "; ".join(
        f"{row['side']} {row['accuracy']:.2%}, with six views {row['accuracy_6_views']:.2%}, after {row['epochs']:.1f} "
        "epochs"
        for row in done
    )
    return (
        f"`{about['model']}` on `{about['data']}`, each side for {about['minutes']:g} minutes of training and testing: "
        f"{told or 'nothing was measured'}. Network, first weights, order and augmentation of the images, rates and "
        "optimiser are the same, which the losses of the first steps show; what differs is how many images a side gets "
        "through. Rates follow the time, so that each is at the end of its recipe when its time is over. Images are "
        "loaded before the time begins; PyTorch's mode is chosen, and its steps are compiled, before that as well."
    )


if __name__ == "__main__":
    main("recipe", __doc__.splitlines()[0], measure, tables, figure, more=options)
