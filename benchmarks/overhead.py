"""Overhead: the kernels' share of a training step, replayed and run from Python.

`python -m benchmarks.overhead [--json FILE] [--plot FILE] [--quick] [--threads N]`
"""

from __future__ import annotations

from argparse import Namespace
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.common import COLOURS, Column, Result, Row, Table, main, new_figure, spread
from benchmarks.ours import Descent, batch
from benchmarks.sides import Side
from tinyinception.replay import describe
from tinyinception.tensor import Tensor

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Overhead"
NETWORK, BATCHES = "inception_cifar", (2, 8, 32, 128)
STEPS = ("replayed", "eager")
MOST = 8  # functions that the picture tells apart


def measure(options: Namespace) -> tuple[list[Row], dict[str, float]]:
    """In one process, the replayed step, the eager one and the launches, each by itself, take turns."""
    rows: list[Row] = []
    with Side("tinyinception", "benchmarks.overhead:steps", options.threads) as side:
        for size in BATCHES[:2] if options.quick else BATCHES:
            side.prepare({"network": NETWORK, "batch": size})
            rounds, warm = (2, 2) if options.quick else (max(7, 512 // size), 3)
            for action in (*STEPS, "launches"):
                side.run(action, repeats=warm)
            seconds: dict[str, list[float]] = defaultdict(list)
            launches: list[dict[str, float]] = []
            for _ in range(rounds):
                for action in STEPS:
                    seconds[action] += side.run(action)[0]
                launches.append(side.run("launches")[1])
            rows += rows_of(size, seconds, launches)
    return rows, headline(rows)


def steps(case: Mapping[str, Any]) -> dict[str, Callable]:
    """The same step eager and replayed, each on a network of its own, and the replayed one launch by launch."""
    (images, labels), eager, recorded = batch(case), Descent(case), Descent(case)
    replayed = recorded.captured()
    for _ in range(2):
        replayed(images, labels)
    [recording] = replayed.recordings
    calls = [(describe(call).split()[0], call) for call in recording.calls]

    def launches() -> dict[str, float]:
        """Seconds by function, in the order of the step: a launch reads what those before it have written."""
        found: dict[str, float] = defaultdict(float)
        for name, call in calls:
            start = perf_counter()
            call()
            seconds = perf_counter() - start
            found[name] += seconds
        return {**found, "": len(calls)}

    return {
        "replayed": lambda: replayed(images, labels).item(),
        "eager": lambda: eager.step(Tensor(images), labels).item(),
        "launches": launches,
    }


def rows_of(size: int, seconds: Mapping[str, Sequence[float]], launches: Sequence[Mapping[str, float]]) -> list[Row]:
    """A row for each step, with the kernels' share of it, and one for each function that is launched."""
    count = int(launches[0][""])
    names = [name for name in launches[0] if name]
    sums = [sum(found[name] for name in names) for found in launches]
    kernels, rows = median(sums), []
    for step in STEPS:
        middle, low, high = spread(seconds[step])
        rows.append(
            {
                "what": "step",
                "network": NETWORK,
                "batch": size,
                "step": step,
                "ms": 1e3 * middle,
                "p25_ms": 1e3 * low,
                "p75_ms": 1e3 * high,
                "kernels_ms": 1e3 * kernels,
                "launches": count,
                "share": kernels / middle,
            }
        )
    by_time = sorted(((median(found[name] for found in launches), name) for name in names), reverse=True)
    return rows + [
        {
            "what": "function",
            "network": NETWORK,
            "batch": size,
            "function": name,
            "ms": 1e3 * time,
            "of": time / kernels,
        }
        for time, name in by_time
    ]


def headline(rows: Sequence[Row]) -> dict[str, float]:
    """The kernels' share of the replayed step, by batch."""
    return {
        f"overhead.kernels_share.batch_{row['batch']}": row["share"]
        for row in rows
        if row["what"] == "step" and row["step"] == "replayed"
    }


# -- showing -----------------------------------------------------------------------------------------------------


def tables(result: Result) -> list[Table]:
    """The steps, and the functions of the largest batch."""
    rows = result["rows"]
    return [
        Table(
            f"{NETWORK}: a training step, and the launches of its recording, each by itself",
            [
                Column("batch", "batch"),
                Column("step", "step"),
                Column("ms", "ms", ".2f"),
                Column("p25_ms", "25 %", ".2f"),
                Column("p75_ms", "75 %", ".2f"),
                Column("launches", "launches"),
                Column("kernels_ms", "kernels, ms", ".2f"),
                Column("share", "kernels' share", ".0%"),
            ],
            [row for row in rows if row["what"] == "step"],
        ),
        Table(
            f"What is launched, batch {_largest(rows)}",
            [Column("function", "function"), Column("ms", "ms", ".3f"), Column("of", "of the kernels' time", ".1%")],
            _functions(rows, _largest(rows)),
        ),
    ]


def _largest(rows: Sequence[Row]) -> int:
    return max(row["batch"] for row in rows)


def _functions(rows: Sequence[Row], size: int) -> list[Row]:
    return [row for row in rows if row["what"] == "function" and row["batch"] == size]


def text(result: Result) -> str:
    """What one sees."""
    found = "; ".join(
        f"batch {row['batch']}: {row['share']:.0%} {row['step']}" for row in result["rows"] if row["what"] == "step"
    )
    return (
        "A step is recorded, and each launch of the recording timed by itself, in the order of the step; their sum is "
        "the kernels' time, with what it costs to call a compiled function. The rest of a replayed step is the walk "
        "through the list and the copies of images and results, that of an eager one shape checks, graph, memory and "
        f"decisions. Both steps compute the same bits. Kernels' share of a step, {found}."
    )


def figure(result: Result) -> Figure:
    """Both steps as bars, kernels and the rest, in units of the kernels' time; and the functions' shares by batch."""
    shown = new_figure(11.5, 4.4)
    left, right = shown.subplots(1, 2)
    _draw_steps(left, [row for row in result["rows"] if row["what"] == "step"])
    _draw_functions(right, result["rows"])
    return shown


def _draw_steps(axes: Axes, rows: Sequence[Row]) -> None:
    batches, width = sorted({row["batch"] for row in rows}), 0.38
    for number, step in enumerate(STEPS):
        own = [row for row in rows if row["step"] == step]
        places = [batches.index(row["batch"]) + (number - 0.5) * width for row in own]
        times = [row["ms"] / row["kernels_ms"] for row in own]
        rest = [max(time - 1, 0.0) for time in times]
        axes.bar(places, [1.0] * len(own), 0.9 * width, color=COLOURS[0], label="kernels" if number == 0 else None)
        bars = axes.bar(places, rest, 0.9 * width, bottom=1.0, color=COLOURS[4 - 3 * number], label=f"rest, {step}")
        axes.bar_label(bars, [f"{row['ms']:.3g} ms" for row in own], fontsize=7, padding=2)
    axes.set_xticks(range(len(batches)), [f"batch {size}" for size in batches])
    axes.set_ylabel("time of a step over its kernels' time")
    axes.set_title(f"{NETWORK}: what a step adds to its kernels", fontsize="medium")
    axes.set_ylim(top=1.3 * axes.get_ylim()[1])
    axes.legend(fontsize="small", ncols=3, loc="upper center")


def _draw_functions(axes: Axes, rows: Sequence[Row]) -> None:
    batches = sorted({row["batch"] for row in rows})
    names = [row["function"] for row in _functions(rows, batches[-1])[: MOST - 1]]
    left = [0.0] * len(batches)
    for number, name in enumerate([*names, "others"]):
        parts = [
            sum(
                r["of"]
                for r in _functions(rows, size)
                if r["function"] == name or (name == "others" and r["function"] not in names)
            )
            for size in batches
        ]
        axes.barh(range(len(batches)), parts, left=left, color=COLOURS[number], label=name.lstrip("_"))
        left = [start + part for start, part in zip(left, parts, strict=True)]
    axes.set_yticks(range(len(batches)), [f"batch {size}" for size in batches])
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of the kernels' time")
    axes.set_title("what is launched", fontsize="medium")
    axes.legend(fontsize="x-small", ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.15))


if __name__ == "__main__":
    main("overhead", __doc__.splitlines()[0], measure, tables, figure)
