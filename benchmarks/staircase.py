"""The staircase of convolution: what each idea from seven loops to Winograd buys, forward and backward.

`python -m benchmarks.staircase [--json FILE] [--plot FILE] [--quick] [--threads N]`
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from textwrap import fill
from typing import TYPE_CHECKING

from benchmarks.common import COLOURS, Column, Result, Row, Table, main, new_figure, spread
from benchmarks.convolution_sides import macs
from benchmarks.sides import Outcome, Side, SideError, alternate
from tinyinception.kernels.choice import STAIRS, VARIABLE

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "The staircase of convolution"
KERNELS = [(1, 1), (3, 3), (5, 5), (1, 7)]
LAYER = {"size": 32, "batch": 32, "in": 64, "out": 64, "stride": 1}
QUICK_LAYER = {**LAYER, "size": 16, "batch": 4, "in": 32, "out": 32}
NUMPY = "im2col, NumPy"  # beside the stairs: the textbook's, whose product is a library's
PEER = "im2col with NumPy's product"
PASSES = {"forward": ("forward",), "backward": ("input_grad", "weight_grad")}
FIRST, TOP = next(iter(STAIRS)), "fast"
TOLERANCE = 1e-3


def measure(options: Namespace) -> tuple[list[Row], dict[str, float]]:
    """Every stair in a process of its own, taking turns on each kernel; a row for each of them and each pass."""
    layer, rounds, least = (QUICK_LAYER, 2, 0.0) if options.quick else (LAYER, 7, 0.02)
    actions = [action for parts in PASSES.values() for action in parts]
    rows: list[Row] = []
    with ExitStack() as stack:
        sides = {
            name: stack.enter_context(
                Side(name, "benchmarks.convolution_sides:ours", options.threads, environment={VARIABLE: name})
            )
            for name in STAIRS
        }
        sides[NUMPY] = stack.enter_context(Side(NUMPY, "benchmarks.convolution_sides:im2col", options.threads))
        for kernel in KERNELS:
            case = {**layer, "kernel": list(kernel)}
            climbing = [side for name, side in sides.items() if name != TOP or kernel == (3, 3)]
            outcomes = alternate(climbing, case, rounds, actions=actions, least=least)
            check_agreement(climbing, outcomes, case)
            rows += rows_of(case, outcomes)
    return rows, headline(rows)


def check_agreement(sides: Sequence[Side], outcomes: dict[str, Outcome], case: Row) -> None:
    """Raise SideError for a stair that failed, ValueError unless all compute the same output and gradients."""
    for name, outcome in outcomes.items():
        if name in STAIRS and outcome.status != "measured":
            raise SideError(outcome.status, f"{name} on {case}: {outcome.reason}")
    found = {side.name: side.run("check")[1] for side in sides if outcomes[side.name].status == "measured"}
    numbers = [number for three in found.values() for number in three]
    if max(numbers) - min(numbers) > TOLERANCE:
        raise ValueError(f"stairs disagree on {case}: {found}")


def rows_of(case: Row, outcomes: dict[str, Outcome]) -> list[Row]:
    """A row for each side and pass: milliseconds, billion multiply-adds a second, times the first stair's speed."""
    rows, name = [], "x".join(map(str, case["kernel"]))
    for which, parts in PASSES.items():
        slowest = None
        for side, outcome in outcomes.items():
            row: Row = {**case, "kernel": name, "pass": which, "stair": side, "status": outcome.status}
            if outcome.status == "measured":
                parts_of = [spread(outcome.seconds[part]) for part in parts]
                median, low, high = map(sum, zip(*parts_of, strict=True))
                slowest = slowest or median
                row |= {
                    "ms": 1e3 * median,
                    "p25_ms": 1e3 * low,
                    "p75_ms": 1e3 * high,
                    "gmacs": len(parts) * macs(case) / median / 1e9,
                    "times": slowest / median,
                }
            else:
                row["reason"] = outcome.reason
            rows.append(row)
    return rows


def headline(rows: Sequence[Row]) -> dict[str, float]:
    """The speed of the highest stair there is for a kernel, in seven loops."""
    highest = {(row["pass"], row["kernel"]): row["times"] for row in rows if row["stair"] in STAIRS and "times" in row}
    return {f"staircase.{which}.{kernel}": times for (which, kernel), times in highest.items()}


# -- showing -----------------------------------------------------------------------------------------------------


def tables(result: Result) -> list[Table]:
    """For each pass, a line for each stair: speed by kernel, and times the first stair's."""
    rows = result["rows"]
    kernels = list(dict.fromkeys(row["kernel"] for row in rows))
    columns = [Column("stair", "stair"), Column("adds", "what it adds")]
    columns += [Column(kernel, f"{kernel}, GMAC/s", ".1f") for kernel in kernels]
    columns += [Column(f"{kernel} times", f"{kernel}, times", ".1f") for kernel in kernels]
    columns += [Column("spread", "quartiles apart, at most", ".0%")]
    return [
        Table(
            f"{which.capitalize()}, {layer(rows)}: billion multiply-adds a second, and times the seven loops",
            columns,
            [_line(stair, which, rows) for stair in [*STAIRS, NUMPY]],
        )
        for which in PASSES
    ]


def layer(rows: Sequence[Row]) -> str:
    """`64 to 64 channels, 32 grids of 32x32`."""
    row = rows[0]
    return f"{row['in']} to {row['out']} channels, {row['batch']} grids of {row['size']}x{row['size']}"


def _line(stair: str, which: str, rows: Sequence[Row]) -> Row:
    own = [row for row in rows if (row["stair"], row["pass"]) == (stair, which) and "ms" in row]
    line: Row = {"stair": stair, "adds": STAIRS.get(stair, "beside the stairs: whole, with a library's product")}
    for row in own:
        line |= {row["kernel"]: row["gmacs"], f"{row['kernel']} times": row["times"]}
    if own:
        line["spread"] = max((row["p75_ms"] - row["p25_ms"]) / row["ms"] for row in own)
    return line


def figure(result: Result) -> Figure:
    """A group of bars for each stair, one for each kernel, forward on the left and backward on the right."""
    drawn = new_figure(12.5, 8.0)
    left, right = drawn.subplots(1, 2, sharey=True, sharex=True)
    for axes, which in ((left, "forward"), (right, "backward")):
        _stairs(axes, [row for row in result["rows"] if row["pass"] == which and "gmacs" in row])
        axes.set_title("forward" if which == "forward" else "backward: input and weights")
    left.set_yticks(
        range(len(STAIRS)), [f"{i}. {name}\n{fill(adds, 34)}" for i, (name, adds) in enumerate(STAIRS.items(), 1)]
    )
    left.invert_yaxis()
    left.set_xlim(0, 1.18 * max(row["gmacs"] for row in result["rows"] if "gmacs" in row))
    handles = sorted(zip(*left.get_legend_handles_labels(), strict=True), key=lambda entry: entry[1] == PEER)
    left.legend(*zip(*handles, strict=True), title="kernel", loc="upper right", fontsize="small")
    drawn.suptitle(
        f"Convolution step by step: {layer(result['rows'])}, {result['machine']['threads']} threads.  "
        "Each stair keeps the ideas above it and adds one."
    )
    drawn.supxlabel("billion multiply-adds of the definition per second (x: times the seven loops)", fontsize="medium")
    return drawn


def _stairs(axes: Axes, rows: Sequence[Row]) -> None:
    kernels, heights = list(dict.fromkeys(row["kernel"] for row in rows)), 0.82
    thick = heights / max(len(kernels), 1)
    for number, kernel in enumerate(kernels):
        own = {row["stair"]: row for row in rows if row["kernel"] == kernel}
        present = [stair for stair in STAIRS if stair in own]
        places = [list(STAIRS).index(stair) + (number + 0.5) * thick - heights / 2 for stair in present]
        bars = axes.barh(
            places, [own[stair]["gmacs"] for stair in present], 0.9 * thick, color=COLOURS[number], label=kernel
        )
        labels = [f"{own[stair]['gmacs']:.3g}  ({own[stair]['times']:.1f}x)" for stair in present]
        axes.bar_label(bars, labels, padding=3, fontsize=7)
        if NUMPY in own:
            place = list(STAIRS).index("im2col") + (number + 0.5) * thick - heights / 2
            axes.plot(
                [own[NUMPY]["gmacs"]] * 2,
                [place - thick / 2, place + thick / 2],
                color="black",
                linewidth=2,
                label=PEER if number == len(kernels) - 1 else None,
            )
    if len(kernels) > 1:
        axes.text(
            0.02 * axes.get_xlim()[1],
            list(STAIRS).index(TOP) - 0.42,
            "for other kernels than 3x3 the same as registers",
            fontsize=7,
            va="bottom",
        )
    axes.grid(alpha=0.3, axis="x")
    axes.set_axisbelow(True)


def text(result: Result) -> str:
    """What one sees."""
    heads = result["headline"]
    kernels = list(dict.fromkeys(row["kernel"] for row in result["rows"]))
    reached = "; ".join(
        f"{kernel} {heads[f'staircase.forward.{kernel}']:.1f} forward, "
        f"{heads[f'staircase.backward.{kernel}']:.1f} backward"
        for kernel in kernels
    )
    return (
        "The same convolution, written six times; each stair keeps the ideas of those before it and adds one. "
        '`kernels.using("im2col")`, or `TINYINCEPTION_KERNELS=im2col`, chooses one for a whole training. Stairs take '
        "turns in the same rounds, each in a process of its own, and have computed the same output and gradients "
        "before their times count. The three stairs in the middle share one plain matrix product, so that a bar "
        "differs from the next by its idea alone; NumPy's, with a library's product, stands beside them. Counted "
        "are the multiply-adds of the definition, of which Winograd's method does 36 in 144.\n\n"
        f"The highest stair, times the seven loops: {reached}."
    )


if __name__ == "__main__":
    main("staircase", __doc__.splitlines()[0], measure, tables, figure)
