"""How time and memory of a training step grow with batch, width and image size, on one thread and on all.

`python -m benchmarks.scaling [--json FILE] [--plot FILE] [--quick] [--threads N]`
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.common import Column, Result, Row, Table, look, main, new_figure, spread
from benchmarks.sides import ONLY, Side, SideError, alternate
from benchmarks.width import widen
from tinyinception import models, nn
from tinyinception.count import summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Scaling"
NETWORK = "inception_cifar"
BASE = {"batch": 64, "width": 1.0, "size": 32}
STEPS = {"batch": [8, 16, 32, 64, 128, 256], "width": [0.5, 1.0, 1.5, 2.0, 3.0], "size": [24, 32, 48, 64, 96]}
QUICK_BASE = {"batch": 4, "width": 0.5, "size": 24}
QUICK_STEPS = {"batch": [2, 4], "width": [0.5, 1.0], "size": [24, 32]}
NAMES = {"batch": "batch (images)", "width": "width (times the channels)", "size": "image size (pixels a side)"}
MIB = 2**20


class Power(NamedTuple):
    """y = factor * x ** exponent. residual: root mean square of what is left of log y, about a relative error."""

    exponent: float
    factor: float
    residual: float


def power_law(x: Sequence[float], y: Sequence[float]) -> Power:
    """Least squares between the logarithms; ValueError for fewer than two points."""
    if len(x) < 2:
        raise ValueError("a power law needs two points or more")
    logs = np.log(np.asarray(x, float)), np.log(np.asarray(y, float))
    exponent, offset = np.polyfit(*logs, 1)
    left = logs[1] - (exponent * logs[0] + offset)
    return Power(float(exponent), float(np.exp(offset)), float(np.sqrt(np.mean(left**2))))


def measure(options: Namespace) -> tuple[list[Row], dict[str, float]]:
    """A row for each step along each of the three, on each number of threads; then the fits."""
    base, steps = (QUICK_BASE, QUICK_STEPS) if options.quick else (BASE, STEPS)
    threads = sorted({1, options.threads})
    rows: list[Row] = []
    with ExitStack() as stack:
        sides = {n: stack.enter_context(Side(str(n), "benchmarks.ours:train_step", n)) for n in threads}
        for along, values in steps.items():
            for value in values:
                case = {"network": NETWORK, **base, along: value}
                outcomes = alternate(list(sides.values()), case, 2 if options.quick else 7, actions=[ONLY], warmup=2)
                counts = counted(case)
                for n, side in sides.items():
                    outcome = outcomes[side.name]
                    if outcome.status != "measured":
                        raise SideError(outcome.status, f"{case} on {n} threads: {outcome.reason}")
                    time = spread(outcome.seconds[ONLY])
                    rows.append(
                        {
                            "what": "step",
                            "along": along,
                            "value": value,
                            **case,
                            "threads": n,
                            "seconds": time.median,
                            "p25": time.p25,
                            "p75": time.p75,
                            **memory(side, case),
                            **counts,
                        }
                    )
    return [*rows, *fits(rows)], {}


def memory(side: Side, case: Row) -> Row:
    """Peak in MiB above what was there before the step, where the system tells it."""
    try:
        return {"above_mib": side.memory(case, small={**case, **QUICK_BASE}).above / MIB}
    except SideError as error:
        return {"above_mib": None, "memory_status": f"{error.status}: {error.reason}"}


def counted(case: Row) -> Row:
    """Multiply-adds of the step, and MiB of activations that it keeps for backward, by the package's counts."""
    with nn.shape_only():
        network = widen(models.build(case["network"]), case["width"])
    count = summary(network, case["size"], training=True)
    return {"macs": case["batch"] * count.training_macs, "kept_mib": case["batch"] * count.memory.training / MIB}


def fits(rows: Sequence[Row]) -> list[Row]:
    """Exponents of measured and counted quantities along each of the three."""
    found = []
    for along in dict.fromkeys(row["along"] for row in rows):
        for n in dict.fromkeys(row["threads"] for row in rows):
            own = [row for row in rows if (row["along"], row["threads"]) == (along, n)]
            for quantity, by_count in (("seconds", "macs"), ("above_mib", "kept_mib")):
                if any(row[quantity] is None for row in own):
                    continue
                fit, expected = (
                    power_law([row["value"] for row in own], [row[key] for row in own]) for key in (quantity, by_count)
                )
                found.append(
                    {
                        "what": "fit",
                        "along": along,
                        "threads": n,
                        "quantity": quantity,
                        **fit._asdict(),
                        "counted": expected.exponent,
                    }
                )
    return found


# -- showing -----------------------------------------------------------------------------------------------------


def tables(result: Result) -> list[Table]:
    """The steps, a line for each case, and the exponents."""
    steps = [row for row in result["rows"] if row["what"] == "step"]
    threads = sorted({row["threads"] for row in steps})
    columns = [
        Column("along", "along"),
        Column("batch", "batch"),
        Column("width", "width", "g"),
        Column("size", "size"),
        Column("gmacs", "GMACs", ".2f"),
        Column("kept_mib", "counted MiB", ".0f"),
    ]
    for n in threads:
        columns += [Column(f"ms {n}", f"ms, {_threads(n)}", ".1f"), Column(f"mib {n}", f"MiB, {_threads(n)}", ".0f")]
    columns += [
        Column("spread", "quartiles apart", ".0%"),
        Column("speedup", "speed-up", ".2f"),
        Column("rate", "images/s", ".0f"),
    ]
    table: dict[tuple, Row] = {}
    for row in steps:
        line = table.setdefault((row["along"], row["value"]), {**row, "gmacs": row["macs"] / 1e9})
        line |= {f"ms {row['threads']}": 1e3 * row["seconds"], f"mib {row['threads']}": row["above_mib"]}
        line["spread"] = max(line.get("spread", 0.0), (row["p75"] - row["p25"]) / row["seconds"])
        if row["threads"] == threads[-1]:
            line |= {"rate": row["batch"] / row["seconds"]}
            if len(threads) > 1:
                line |= {"speedup": line[f"ms {threads[0]}"] / line[f"ms {threads[-1]}"]}
    fitted = [
        {**row, "along": NAMES[row["along"]], "quantity": _quantity(row["quantity"]), "residual": 100 * row["residual"]}
        for row in result["rows"]
        if row["what"] == "fit"
    ]
    return [
        Table(
            f"A training step of {NETWORK}: time, and memory at its most above that of the network and the batch",
            columns,
            list(table.values()),
        ),
        Table(
            "Fitted exponents: quantity proportional to x to the power of",
            [
                Column("quantity", "quantity"),
                Column("along", "x"),
                Column("threads", "threads"),
                Column("exponent", "exponent", ".2f"),
                Column("residual", "residual (%)", ".1f"),
                Column("counted", "counted exponent", ".2f"),
            ],
            fitted,
        ),
    ]


def _threads(n: int) -> str:
    return f"{n} thread{'s' if n > 1 else ''}"


def _quantity(name: str) -> str:
    return {"seconds": "time", "above_mib": "memory"}[name]


def figure(result: Result) -> Figure:
    """Time above, memory below, against each of the three, with the fitted lines."""
    drawn = new_figure(11.0, 6.4)
    along = list(dict.fromkeys(row["along"] for row in result["rows"]))
    grid = drawn.subplots(2, len(along), sharex="col", sharey="row")
    for column, name in enumerate(along):
        for axes, quantity in zip(grid[:, column], ("seconds", "above_mib"), strict=True):
            _draw(axes, [row for row in result["rows"] if row["along"] == name], quantity)
            axes.set_xlabel(NAMES[name] if quantity == "above_mib" else "")
    grid[0, 0].set_ylabel("seconds per step")
    grid[1, 0].set_ylabel("memory of a step (MiB)")
    return drawn


def _draw(axes: Axes, rows: Sequence[Row], quantity: str) -> None:
    steps = [row for row in rows if row["what"] == "step"]
    values = sorted({row["value"] for row in steps})
    for n, style in look(sorted({row["threads"] for row in steps})).items():
        own = [row for row in steps if row["threads"] == n]
        fit = next(
            (row for row in rows if row["what"] == "fit" and (row["threads"], row["quantity"]) == (n, quantity)), None
        )
        if fit is None:
            continue
        axes.plot(
            values, [fit["factor"] * value ** fit["exponent"] for value in values], color=style["color"], linewidth=1
        )
        axes.plot(
            [row["value"] for row in own],
            [row[quantity] for row in own],
            linestyle="",
            markersize=9 if n == 1 else 6,
            label=f"{_threads(n)}: exponent {fit['exponent']:.2f}",
            **style,
        )
    axes.set(xscale="log", yscale="log")
    axes.set_xticks(values, [f"{value:g}" for value in values])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend(fontsize="small", loc="upper left")


def text(result: Result) -> str:
    """What one sees."""
    found = {(row["quantity"], row["along"], row["threads"]): row for row in result["rows"] if row["what"] == "fit"}
    most = max(key[2] for key in found)
    batch, width, size = (found["seconds", along, most] for along in ("batch", "width", "size"))
    base = ", ".join(f"{name} {value:g}" for name, value in BASE.items())
    return (
        f"One of the three is varied at a time, the others staying at {base}. On {_threads(most)} time grows with the "
        f"batch to the power of {batch['exponent']:.2f}, with the width to {width['exponent']:.2f} where multiply-adds "
        f"grow to {width['counted']:.2f}, with the side of the image to {size['exponent']:.2f} (counted "
        f"{size['counted']:.2f}). An exponent below one along the batch means that part of a step takes the same time "
        "whatever the batch: beginning several hundred launches, and waking threads for them; a second thread helps "
        "with the rest only. Time follows the width less than multiply-adds do because batch-norm, pooling and "
        "concatenation only move activations, which grow with the width itself, and because wide convolutions come "
        "closer to the machine's best."
        + (
            f" Memory grows with the batch to {memory['exponent']:.2f}; what a step needs whatever the batch, such as "
            "gradients and each thread's tiles, flattens the lower end of its curves."
            if (memory := found.get(("above_mib", "batch", most)))
            else ""
        )
    )


if __name__ == "__main__":
    main("scaling", __doc__.splitlines()[0], measure, tables, figure)
