"""Drawings of lesson 8: how far the printed cells are off, and where weights and work are."""

import numpy as np

from tinyinception.course import COLOURS, figure


def cells(off, fits):
    """Printed against counted, in percent. off, fits: row -> a pair for parameters and operations."""
    drawn, axes = figure(width=9.5, height=4.4)
    axes.axhline(0, color=COLOURS["black"], linewidth=1)
    looks = [
        ("parameters", "o", "vermilion", -0.1),
        ("operations", "s", "blue", 0.1),
    ]
    for column, (label, marker, colour, shift) in enumerate(looks):
        for x, name in enumerate(off):
            full = COLOURS[colour] if not fits[name][column] else "white"
            axes.plot(
                x + shift,
                off[name][column],
                marker,
                color=COLOURS[colour],
                markerfacecolor=full,
                markersize=9,
                markeredgewidth=2,
            )
        axes.plot(
            [],
            [],
            marker,
            color=COLOURS[colour],
            markersize=9,
            label=f"{label}, wrong",
        )
    axes.plot(
        [],
        [],
        "o",
        color=COLOURS["grey"],
        markerfacecolor="white",
        markersize=9,
        label="right to rounding",
    )
    notes = {
        "4c": ("463K printed,\n497.5K counted", -1),
        "5a": ("both cells too large,\nby about the same", -1),
        "4a": ("both cells too small,\nby about the same", 0),
    }
    for name, (text, side) in notes.items():
        x, y = list(off).index(name), off[name][0]
        at, align = (
            ((x - 0.35, y), "right") if side else ((x, y - 0.6), "center")
        )
        axes.text(
            *at, text, ha=align, va="center" if side else "top", fontsize=9
        )
    axes.set_xticks(range(len(off)), off)
    axes.set(
        xlabel="row of Table 1",
        ylabel="printed against counted, %",
        ylim=(-8.5, 8.5),
        title="GoogLeNet's Table 1: how far the printed cells are off",
    )
    axes.legend(loc="upper left")
    return drawn


def shares(rows):
    """Bars of each row's share of weights and multiply-adds. rows: row -> (weights, multiply-adds)."""
    drawn, axes = figure(width=9.5, height=4)
    share = np.array(list(rows.values()), dtype=float)
    share *= 100 / share.sum(axis=0)
    x = np.arange(len(rows))
    axes.bar(
        x - 0.2,
        share[:, 1],
        0.4,
        color=COLOURS["blue"],
        hatch="//",
        edgecolor="white",
        label="multiply-adds",
    )
    axes.bar(
        x + 0.2, share[:, 0], 0.4, color=COLOURS["vermilion"], label="weights"
    )
    axes.text(
        1.35, 25, "conv2: a quarter of the work,\n2 % of the weights", va="top"
    )
    axes.text(
        10.5,
        25,
        "5b and linear: 5 % of the work,\n35 % of the weights",
        ha="right",
        va="top",
    )
    axes.set_xticks(x, rows)
    axes.set(
        xlabel="row of Table 1",
        ylabel="share of the network, %",
        ylim=(0, 28),
        title="Early rows do the work, late ones hold the weights",
    )
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.72))
    return drawn
