"""Drawings of lesson 5: both modules, what each branch makes of a photograph, channels and costs of stacks."""

import numpy as np

from tinyinception.course import COLOURS, figure

KINDS = {"1": "sky", "3": "blue", "5": "green", "p": "vermilion", "c": "grey"}


def _box(axes, x, y, text, kind, width=1.5):
    axes.text(
        x,
        y,
        text,
        ha="center",
        va="center",
        color="white" if kind != "1" else "black",
        fontsize=9,
        bbox={
            "boxstyle": "round,pad=0.45",
            "facecolor": COLOURS[KINDS[kind]],
            "edgecolor": "none",
        },
    )


def _arrow(axes, start, end, label=""):
    axes.annotate(
        "",
        end,
        start,
        arrowprops={
            "arrowstyle": "-|>",
            "color": "#444444",
            "shrinkA": 13,
            "shrinkB": 13,
        },
    )
    if label:
        x, y = (np.array(start) + np.array(end)) / 2
        axes.text(
            x,
            y,
            label,
            ha="center",
            va="center",
            fontsize=8.5,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )


def _module(axes, title, branches, out):
    """branches: for each, its boxes from the bottom up as (text, kind, channels after it)."""
    xs = np.arange(len(branches)) * 2.0
    middle, top = xs.mean(), 6.0
    _box(axes, middle, 0, "what came before: 28 × 28 × 192", "c")
    _box(axes, middle, top, f"joined: 28 × 28 × {out}", "c")
    for x, boxes in zip(xs, branches, strict=True):
        heights = [3.0] if len(boxes) == 1 else [2.0, 4.0]
        before = (middle + (x - middle) * 0.3, 0)
        label = "192"
        for (text, kind, channels), y in zip(boxes, heights, strict=True):
            _arrow(axes, before, (x, y), label)
            _box(axes, x, y, text, kind)
            before, label = (x, y), str(channels)
        _arrow(axes, before, (middle + (x - middle) * 0.3, top), label)
    axes.set(xlim=(-1.1, xs[-1] + 1.1), ylim=(-0.5, 6.5), title=title)
    axes.axis("off")


def modules():
    """The naive module and the one with reductions, with the widths of 3a on the arrows."""
    drawn, (left, right) = figure(1, 2, width=11.5, height=4.8)
    naive = [
        [("1×1", "1", 64)],
        [("3×3", "3", 128)],
        [("5×5", "5", 32)],
        [("3×3 pooling", "p", 192)],
    ]
    _module(
        left, "naive module (Figure 2a), channels on the arrows", naive, 416
    )
    reduced = [
        [("1×1", "1", 64)],
        [("1×1", "1", 96), ("3×3", "3", 128)],
        [("1×1", "1", 16), ("5×5", "5", 32)],
        [("3×3 pooling", "p", 192), ("1×1", "1", 32)],
    ]
    _module(right, "module with 1×1 reductions (Figure 2b)", reduced, 256)
    return drawn


def branches(photo, channels):
    """The photograph and what four filters make of it. channels: name -> H x W."""
    drawn, axes = figure(1, 1 + len(channels), width=11, height=2.7)
    axes[0].imshow(photo)
    axes[0].set_title("goes in: 112 × 112 × 3")
    for ax, (name, values) in zip(axes[1:], channels.items(), strict=True):
        ax.imshow(values, cmap="gray")
        ax.set_title(name)
    for ax in axes:
        ax.axis("off")
    return drawn


def explosion(stacks):
    """Channels and cost of the nine modules. stacks: naive, reduced -> rows (name, channels, multiply-adds)."""
    drawn, (left, right) = figure(1, 2, width=11)
    styles = {"naive": ("o--", "vermilion"), "reduced": ("s-", "blue")}
    names = [row[0] for row in stacks["naive"]]
    for name, rows in stacks.items():
        style, colour = styles[name]
        left.plot(
            names, [row[1] for row in rows], style, color=COLOURS[colour]
        )
        right.semilogy(
            names, [row[2] / 1e6 for row in rows], style, color=COLOURS[colour]
        )
    left.text(
        5.1,
        3150,
        "naive: input + filters",
        color=COLOURS["vermilion"],
        ha="right",
    )
    left.text(
        3.6, 1130, "with 1×1: as wide as we choose", color=COLOURS["blue"]
    )
    left.axhline(0, color=COLOURS["black"], linewidth=0.8)
    for x, (a, b) in enumerate(
        zip(stacks["naive"], stacks["reduced"], strict=True)
    ):
        right.text(
            x,
            a[2] / 1e6 * 1.25,
            f"× {a[2] / b[2]:.1f}",
            ha="center",
            fontsize=8.5,
        )
    right.text(0, 20, "with 1×1: 1.10G in all", color=COLOURS["blue"])
    right.text(
        0,
        5200,
        "naive: 12.1G in all",
        color=COLOURS["vermilion"],
    )
    left.set(
        ylabel="channels out of the module",
        xlabel="GoogLeNet's modules, in order",
        title="Channels",
    )
    right.set(
        ylabel="multiply-adds, millions (log scale)",
        xlabel="GoogLeNet's modules, in order",
        title="Cost, and how many times as much",
        ylim=(15, 8000),
    )
    return drawn


def kept(shares):
    """How much the best mixtures hold. shares: label -> share of the variance in the best 1, 2, ... mixtures."""
    drawn, axes = figure(height=3.8)
    for (label, values), colour in zip(
        shares.items(), ("blue", "vermilion"), strict=True
    ):
        axes.plot(
            range(1, len(values) + 1),
            100 * values,
            color=COLOURS[colour],
            label=label,
        )
        axes.plot(16, 100 * values[15], "o", color=COLOURS[colour])
        axes.annotate(
            f"{values[15]:.0%}",
            (16, 100 * values[15]),
            (8, -12),
            textcoords="offset points",
        )
    axes.axvline(16, color=COLOURS["grey"], linewidth=1, linestyle="--")
    axes.set(
        xlabel="mixtures kept, of 192",
        ylabel="differences kept, %",
        ylim=(0, 104),
        title="16 mixtures of 192 numbers keep most of a photograph, little of noise",
    )
    axes.legend(loc="center right")
    return drawn


def shares(widths):
    """Bars of the output channels by branch. widths: module -> (n1, r3, n3, r5, n5, proj)."""
    parts = [
        ("3×3", "blue", "//", 2),
        ("5×5", "vermilion", "xx", 4),
        ("1×1", "grey", "", 0),
        ("pool", "sky", "..", 5),
    ]
    drawn, axes = figure(height=4.2)
    outputs = {name: w[0] + w[2] + w[4] + w[5] for name, w in widths.items()}
    bottom = np.zeros(len(widths))
    for label, colour, hatch, i in parts:
        heights = np.array(
            [100 * w[i] / outputs[name] for name, w in widths.items()]
        )
        axes.bar(
            list(widths),
            heights,
            bottom=bottom,
            color=COLOURS[colour],
            hatch=hatch,
            edgecolor="white",
            label=label,
        )
        bottom += heights
        if label == "5×5":
            for x, height in enumerate(bottom):
                axes.plot([x - 0.4, x + 0.4], [height] * 2, color="black")
                box = {"facecolor": "black", "edgecolor": "none", "pad": 1.5}
                axes.text(
                    x,
                    height + 1.5,
                    f"{height:.1f} %",
                    ha="center",
                    color="white",
                    weight="bold",
                    bbox=box,
                )
    axes.set(
        ylabel="share of the output channels, %",
        xlabel="GoogLeNet's modules, in order",
        ylim=(0, 100),
        title="3×3 and 5×5 together: no rise with depth",
    )
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), reverse=True)
    axes.grid(visible=False)
    return drawn
