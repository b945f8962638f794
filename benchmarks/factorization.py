"""A 5x5 convolution against two 3x3, and its relatives: counted, timed, and the ratio of widths where the saving ends.

`python -m benchmarks.factorization [--json FILE] [--plot FILE] [--quick] [--threads N]`
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from benchmarks.common import COLOURS, Column, Result, Row, Table, main, new_figure, spread
from benchmarks.factorization_cases import (
    ALONE,
    CHANNELS,
    FIVE,
    GOOGLENET,
    IN_NETWORK,
    KINDS,
    ONE,
    RELATIVES,
    SIZES,
    SWEEP,
    TWO,
    UNITS,
    cases,
    counted,
)
from benchmarks.sides import Outcome, Side, SideError, alternate
from tinyinception.count import Summary
from tinyinception.count.memory import FLOAT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Factorisation: a 5x5 against two 3x3"
OURS, PYTORCH = "tinyinception", "PyTorch, channels-last"
TARGETS = {OURS: "ours", PYTORCH: "pytorch"}
ACTIONS = ("forward", "both")
MIB = 2**20
TOP = 2.1  # of the picture


# -- measuring ---------------------------------------------------------------------------------------------------


def measure(options: Namespace) -> tuple[list[Row], dict[str, float]]:
    """A row for every case, unit and library: counts of both, times of both, and their ratios, two over one."""
    rounds, least = (2, 0.0) if options.quick else (7, 0.02)
    rows: list[Row] = []
    with ExitStack() as stack:
        sides = {
            (library, which): stack.enter_context(
                Side(f"{library}: {which}", f"benchmarks.factorization_cases:{target}_{which}", options.threads)
            )
            for library, target in TARGETS.items()
            for which in (ONE, TWO)
        }
        for case in cases(options.quick):
            for unit in UNITS:
                asked = {**case, "unit": unit}
                outcomes = alternate(list(sides.values()), asked, rounds, actions=ACTIONS, warmup=2, least=least)
                counts = _counts(asked)
                for library in TARGETS:
                    pair = {which: outcomes[sides[library, which].name] for which in (ONE, TWO)}
                    if library == OURS and (failed := [o for o in pair.values() if o.status != "measured"]):
                        raise SideError(failed[0].status, f"{asked}: {failed[0].reason}")
                    rows.append({**asked, **counts, "library": library, **_times(pair)})
                if case["what"] == GOOGLENET and unit == IN_NETWORK:
                    rows[-len(TARGETS)] |= _memory({which: sides[OURS, which] for which in (ONE, TWO)}, asked)
    return rows, {}


def _counts(case: Row) -> Row:
    """Parameters, multiply-adds forward, bytes kept for backward, all by image, and bytes moved forward by batch."""
    both = {which: counted(case, which) for which in (ONE, TWO)}

    def moved(count: Summary) -> int:
        weights = FLOAT * count.params  # read once, whatever the batch
        return case["batch"] * (count.bytes_moved - weights) + weights

    row: Row = {}
    for name, value in (
        ("params", lambda s: s.params),
        ("macs", lambda s: s.macs),
        ("kept_bytes", lambda s: s.memory.training),
        ("moved_bytes", moved),
    ):
        row |= _pair(name, {which: value(count) for which, count in both.items()})
    return row


def _times(pair: Mapping[str, Outcome]) -> Row:
    for outcome in pair.values():
        if outcome.status != "measured":
            return {"status": outcome.status, "reason": outcome.reason}
    row: Row = {"status": "measured", "reason": ""}
    for action in ACTIONS:
        times = {which: spread(outcome.seconds[action]) for which, outcome in pair.items()}
        row |= _pair(f"{action}_ms", {which: round(1e3 * time.median, 4) for which, time in times.items()})
        row |= {
            f"{which}_{action}_{part}_ms": round(1e3 * getattr(time, part), 4)
            for which, time in times.items()
            for part in ("p25", "p75")
        }
    return row


def _memory(pair: Mapping[str, Side], case: Row) -> Row:
    """Peaks of forward and backward in MiB, where the system tells them."""
    try:
        above = {which: side.memory(case, "both").above for which, side in pair.items()}
        return _pair("peak_mib", {which: round(size / MIB, 2) for which, size in above.items()})
    except SideError as error:
        return {"memory_status": f"{error.status}: {error.reason}"}


def _pair(name: str, values: Mapping[str, float]) -> Row:
    """one_NAME, two_NAME and two over one."""
    ratio = values[TWO] / values[ONE] if values[ONE] else None
    return {**{f"{which}_{name}": value for which, value in values.items()}, f"{name}_ratio": ratio}


class Fit(NamedTuple):
    """Forward time as multiply-adds at a rate plus bytes at a rate: GMAC/s, GB/s and the median relative error."""

    gmacs: float
    gbytes: float
    error: float


def fit(rows: Sequence[Row]) -> Fit:
    """Least squares, each time weighted by itself, over one and two of all rows."""
    points = np.array(
        [
            (row["batch"] * row[f"{which}_macs"], row[f"{which}_moved_bytes"], row[f"{which}_forward_ms"] / 1e3)
            for row in rows
            for which in (ONE, TWO)
        ]
    )
    terms = points[:, :2] / points[:, 2:]
    per_mac, per_byte = np.linalg.lstsq(terms, np.ones(len(terms)), rcond=None)[0]
    error = float(np.median(np.abs(terms @ [per_mac, per_byte] - 1)))
    return Fit(1e-9 / per_mac, 1e-9 / per_byte, error)


# -- showing -----------------------------------------------------------------------------------------------------


def lines(result: Result, what: str) -> list[Row]:
    """The rows of one question with those of all units and libraries side by side: a line for each pair."""
    found: dict[tuple, Row] = {}
    for row in result["rows"]:
        if row["what"] == what:
            line = found.setdefault(tuple(row[key] for key in ("kind", "name", "in", "out", "grid")), {})
            if (row["unit"], row["library"]) == (ALONE, OURS):
                apart = max(
                    (row[f"{which}_both_p75_ms"] - row[f"{which}_both_p25_ms"]) / row[f"{which}_both_ms"]
                    for which in (ONE, TWO)
                )
                line |= row | {"excess": row["both_ms_ratio"] / row["macs_ratio"], "spread": apart}
            elif row["library"] == OURS:
                line |= {
                    "network": row["both_ms_ratio"],
                    "network_kept": row["kept_bytes_ratio"],
                    "peak": row.get("peak_mib_ratio"),
                }
            else:
                peer = "peer" if row["unit"] == ALONE else "peer_network"
                line |= {peer: row.get("both_ms_ratio", row["status"])}
    return list(found.values())


def tables(result: Result) -> list[Table]:
    """Thresholds, then a table for each question; ratios are two over one, "both" is forward and backward.

    Quartiles: of both, how far apart in parts of the median, the larger of one's and two's.
    Multiply-adds and weights have one ratio, since every pixel uses every weight once.
    """
    rows = result["rows"]
    thresholds = [
        {
            "kind": str(kind),
            "saving": 1 - kind.ratio(1),
            "threshold": str(kind.threshold),
            "decimal": float(kind.threshold),
        }
        for kind in (FIVE, *RELATIVES)
    ]
    shape = [Column("in", "in"), Column("out", "out"), Column("grid", "grid"), Column("batch", "batch")]
    times = [
        Column(f"{which}_{action}_ms", f"{which}: {words} ms", ".2f")
        for action, words in (("forward", "forward"), ("both", "both"))
        for which in (ONE, TWO)
    ]
    times.append(Column("spread", "quartiles apart", ".0%"))
    weights = [Column(f"{which}_params", f"{which}: weights", ",") for which in (ONE, TWO)]
    ratios = [
        Column("macs_ratio", "MACs, weights", ".2f"),
        Column("moved_bytes_ratio", "bytes moved", ".2f"),
        Column("kept_bytes_ratio", "bytes kept", ".2f"),
        Column("forward_ms_ratio", "time, forward", ".2f"),
        Column("both_ms_ratio", "time, both", ".2f"),
        Column("excess", "time / MACs", ".2f"),
        Column("network", "with BN, ReLU", ".2f"),
        Column("peer", "PyTorch", ".2f"),
        Column("peer_network", "PyTorch with BN, ReLU", ".2f"),
    ]
    captions = {
        SWEEP: ([], "Two 3x3 over one 5x5, by the ratio of widths; the middle is as wide as the output"),
        GOOGLENET: ([Column("name", "module"), *weights], "The 5x5 of GoogLeNet's modules, as two 3x3 in its place"),
        CHANNELS: ([], "Two 3x3 over one 5x5 at equal widths, by channels"),
        SIZES: ([], "Two 3x3 over one 5x5 at equal widths, by grid; equally many pixels"),
        KINDS: ([Column("kind", "one -> two")], "Other factorisations at equal widths"),
    }
    asked = [what for what in captions if any(row["what"] == what for row in rows)]
    memory = [row for row in rows if "peak_mib_ratio" in row]
    return [
        Table(
            "Multiply-adds of two over those of one: saving at equal widths, and out / in from which two cost more",
            [
                Column("kind", "one -> two"),
                Column("saving", "saved at out = in", ".0%"),
                Column("threshold", "threshold"),
                Column("decimal", "or", ".2f"),
            ],
            thresholds,
        ),
        *[
            Table(captions[what][1], [*captions[what][0], *shape, *times, *ratios], lines(result, what))
            for what in asked
        ],
        Table(
            "Memory of GoogLeNet's pairs with batch-norm and ReLU: peak of forward and backward above input, "
            "weights and gradient",
            [
                Column("name", "module"),
                *shape,
                Column("one_peak_mib", "one: MiB", ".1f"),
                Column("two_peak_mib", "two: MiB", ".1f"),
                Column("peak_mib_ratio", "ratio", ".2f"),
                Column("kept_bytes_ratio", "counted", ".2f"),
            ],
            memory,
        ),
    ]


def figure(result: Result) -> Figure:
    """Left, the threshold: cost of two 3x3 over one 5x5 against the ratio of widths. Right, the relatives."""
    drawn = new_figure(12.5, 6.2)
    threshold, relatives = drawn.subplots(1, 2, width_ratios=[1.6, 1])
    _draw_threshold(threshold, result)
    _draw_relatives(relatives, lines(result, KINDS))
    return drawn


def _draw_threshold(axes: Axes, result: Result) -> None:
    ends, limit = (0.28, 6.0), float(FIVE.threshold)
    x = np.geomspace(*ends, 400)
    axes.axhspan(1, TOP, color=COLOURS[4], alpha=0.10, linewidth=0)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.plot(x, [FIVE.ratio(r) for r in x], color="black", linewidth=2.2, label="multiply-adds, counted", zorder=3)
    axes.plot([limit, limit], [0, 1], color="black", linewidth=1.4, linestyle="--", zorder=2)
    equal = FIVE.ratio(1)
    axes.plot([1], [equal], "o", color="black", markersize=7, zorder=4)

    def say(words: str, where: tuple[float, float], offset: tuple[float, float], **style: Any) -> None:
        axes.annotate(words, where, offset, textcoords="offset points", **style)

    say("two 3x3 cost more", (ends[0], 1), (8, 7), weight="bold")
    say("two 3x3 cost less", (ends[0], 0), (8, 8), weight="bold")
    say(f"out / in = {FIVE.threshold}", (limit, 0), (8, 42), weight="bold", fontsize="large")
    say("25 in out = 9 in out + 9 out out,\nthe 5x5 and the two 3x3", (limit, 0), (8, 12), fontsize="small")
    say(
        f'equal widths: {1 - equal:.0%} saved, as\n"Rethinking Inception" says',
        (1, equal),
        (-150, -88),
        arrowprops={"arrowstyle": "-", "linewidth": 0.8},
    )

    sweep, modules = lines(result, SWEEP), lines(result, GOOGLENET)
    for key, label, colour, marker in (
        ("both_ms_ratio", f"time, {OURS}", COLOURS[0], "o"),
        ("peer", "time, PyTorch (channels-last)", COLOURS[1], "s"),
    ):
        points = [(row["out"] / row["in"], row[key]) for row in sweep if isinstance(row[key], float)]
        if points:
            axes.plot(
                *zip(*points, strict=True),
                marker=marker,
                color=colour,
                linewidth=1.2,
                markersize=5.5,
                label=label,
                zorder=3,
            )
    axes.plot(
        [row["out"] / row["in"] for row in modules],
        [row["macs_ratio"] for row in modules],
        linestyle="",
        marker="D",
        markersize=9,
        color=COLOURS[2],
        markeredgecolor="black",
        zorder=5,
        label="GoogLeNet's 5x5, multiply-adds",
    )
    axes.plot(
        [row["out"] / row["in"] for row in modules],
        [row["both_ms_ratio"] for row in modules],
        linestyle="",
        marker="D",
        markersize=6,
        markerfacecolor="none",
        markeredgecolor=COLOURS[2],
        markeredgewidth=1.4,
        label=f"GoogLeNet's 5x5, time, {OURS}",
        zorder=4,
    )
    together: dict[tuple[float, float], list[str]] = {}
    for row in modules:
        together.setdefault((row["out"] / row["in"], row["macs_ratio"]), []).append(row["name"])
    for where, names in together.items():
        say(", ".join(names), where, (11, -9))
    ticks = (1 / 3, 2 / 3, 1, 4 / 3, 2, 3, 4)
    axes.set_xscale("log")
    axes.set_xticks(ticks, [str(Fraction(tick).limit_denominator(9)) for tick in ticks])
    axes.minorticks_off()
    axes.set(
        xlim=ends,
        ylim=(0, TOP),
        title="Two 3x3 for a 5x5: where the saving ends",
        xlabel="output channels / input channels (the middle is as wide as the output)",
        ylabel="cost of two 3x3, one 5x5 being 1 (forward and backward)",
    )
    axes.grid(alpha=0.25)
    axes.legend(loc="upper left", fontsize="small")


def _draw_relatives(axes: Axes, rows: Sequence[Row]) -> None:
    """A line for each kind at its widest: counted, and the times of both libraries."""
    widest = max(row["out"] for row in rows)
    shown = [row for row in rows if row["out"] == widest]
    for key, label, colour, marker, size in (
        ("macs_ratio", "multiply-adds, counted", "black", "|", 22),
        ("both_ms_ratio", f"time, {OURS}", COLOURS[0], "o", 8),
        ("peer", "time, PyTorch (channels-last)", COLOURS[1], "s", 7),
    ):
        points = [(row[key], place) for place, row in enumerate(shown) if isinstance(row[key], float)]
        if points:
            axes.plot(
                *zip(*points, strict=True),
                linestyle="",
                marker=marker,
                color=colour,
                markersize=size,
                markeredgewidth=3 if marker == "|" else 1,
                label=label,
            )
    for place, row in enumerate(shown):
        axes.annotate(
            f"{row['macs_ratio'] - 1:+.0%}".replace("-", "\u2212"),
            (row["macs_ratio"], place),
            (-7, 0),
            textcoords="offset points",
            ha="right",
            va="center",
        )
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [row["kind"].replace(" -> ", "\nas ") for row in shown])
    axes.set(
        xlim=(0, None),
        ylim=(len(shown) - 0.5, -0.5),
        xlabel="cost of the two, the one being 1 (forward and backward)",
        title=f"Other factorisations, {widest} to {widest} channels",
    )
    axes.grid(alpha=0.25)
    axes.legend(loc="lower right", fontsize="small")


def text(result: Result) -> str:
    """What one sees, and why time and counts differ."""
    rows = [row for row in result["rows"] if row["status"] == "measured"]
    modules = lines(result, GOOGLENET)
    costly = [row for row in modules if row["macs_ratio"] > 1]
    slower = [row for row in modules if row["both_ms_ratio"] > 1]
    grown = sum(row["two_params"] - row["one_params"] for row in modules)
    swept = [line for what in (SWEEP, CHANNELS, SIZES, KINDS) for line in lines(result, what)]
    cheaper = max((row["out"] / row["in"] for row in lines(result, SWEEP) if row["both_ms_ratio"] < 1), default=0)
    said = (
        "*Rethinking the Inception Architecture* replaces a 5x5 by two 3x3 and saves 28 %: 25 multiply-adds against "
        "9 + 9, where input, middle and output are equally wide. In general the 5x5 costs 25 in out, the pair "
        "9 in middle + 9 middle out. With the middle as wide as the output, as in BN-Inception, the pair is cheaper "
        f"only while 9 out < 16 in: up to out / in = {FIVE.threshold}. A GoogLeNet module reduces the channels before "
        f"its 5x5 and widens them in it, and {len(costly)} of its {len(modules)} modules lie beyond the threshold: "
        f"there the two 3x3 cost more, together {grown:,} weights. (With the middle as wide as the input, the pair is "
        "cheaper from out / in = 9/16 on.) In time, forward and backward, the pair is slower in "
        f"{len(slower)} of {len(modules)}.\n\n"
        'Column "time / MACs" says how far measured time departs from counted operations, 1.00 being not at all; its '
        f"median is {spread([row['excess'] for row in swept]).median:.2f}. Two effects pull in opposite directions. "
        "Our 3x3 of stride 1, with 32 channels or more in whole vectors and enough pixels, multiplies 16 times where "
        "36 are counted (Winograd's F(2x2, 3x3), `kernels/winograd.py`), and no other kernel of ours has such a short "
        f"cut: two 3x3 stay cheaper than a 5x5 up to out / in = {cheaper:.0f} of those measured, and what replaces a "
        "3x3 by something else, two 2x2 or 3x1 and 1x3, does not pay. But a pair also moves more memory: its middle is "
        "written and read once more, forward and backward, and with batch-norm and ReLU that comes with another pass."
    )
    plain = [row for row in rows if row["library"] == PYTORCH and row["unit"] == ALONE]
    if plain:
        at = fit(plain)
        departs = spread([row["both_ms_ratio"] / row["macs_ratio"] for row in plain if row["what"] != GOOGLENET]).median
        said += (
            f" PyTorch's times show that second effect alone, with a median of {departs:.2f}. A model with two terms, "
            f"{at.gmacs:.0f} G multiply-adds/s and {at.gbytes:.0f} GB/s for the bytes that must move, explains its "
            f"forward times with a median error of {at.error:.0%}. The fewer channels and taps, the more the second "
            "term weighs."
        )
    return said


if __name__ == "__main__":
    main("factorization", __doc__.splitlines()[0], measure, tables, figure)
