"""The two halves of `factorization`'s picture: where the saving ends, and the relatives."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.common import COLOURS, Row
from benchmarks.factorization_cases import FIVE, OURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOP = 2.1  # of the threshold's picture


def draw_threshold(axes: Axes, sweep: Sequence[Row], modules: Sequence[Row]) -> None:
    """The counted ratio as a curve, the measured ones of the sweep and of GoogLeNet's modules as points."""
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


def draw_relatives(axes: Axes, rows: Sequence[Row]) -> None:
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
