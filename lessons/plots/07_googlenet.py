"""Drawings of lesson 7: the network as boxes, a photograph's way through it, and what a number sees."""

import numpy as np

from tinyinception.course import COLOURS, figure

KINDS = {
    "convolution": "blue",
    "max pooling": "vermilion",
    "normalisation": "grey",
    "Inception module": "green",
    "head": "purple",
}
BOXES = [  # name, kind, grid after it
    ("7×7, stride 2", "convolution", 112),
    ("pool", "max pooling", 56),
    ("normalise", "normalisation", 56),
    ("1×1", "convolution", 56),
    ("3×3", "convolution", 56),
    ("normalise", "normalisation", 56),
    ("pool", "max pooling", 28),
    ("3a", "Inception module", 28),
    ("3b", "Inception module", 28),
    ("pool", "max pooling", 14),
    *((f"4{letter}", "Inception module", 14) for letter in "abcde"),
    ("pool", "max pooling", 7),
    *((f"5{letter}", "Inception module", 7) for letter in "ab"),
    ("average", "head", 1),
    ("dropout", "head", 1),
    ("linear", "head", 1),
]
STAGES = [
    ("stem", 0, 7),
    ("stage 3", 7, 10),
    ("stage 4", 10, 16),
    ("stage 5", 16, 18),
    ("head", 18, 21),
]
AFTER = [
    "28 × 28 × 192",
    "14 × 14 × 480",
    "7 × 7 × 832",
    "7 × 7 × 1,024",
    "1,000 scores",
]


def network():
    """All of GoogLeNet in a row: a box's height tells its grid."""
    drawn, axes = figure(width=11, height=3.9)
    for x, (name, kind, grid) in enumerate(BOXES):
        height = 0.9 + 0.35 * np.log2(grid)
        axes.bar(
            x, 2 * height, 0.78, bottom=-height, color=COLOURS[KINDS[kind]]
        )
        axes.text(
            x,
            0,
            name,
            rotation=90,
            ha="center",
            va="center",
            color="white",
            weight="bold",
            fontsize=9,
        )
    for (name, first, end), after in zip(STAGES, AFTER, strict=True):
        axes.plot(
            [first - 0.4, end - 0.6], [-3.75] * 2, color=COLOURS["black"]
        )
        axes.text(
            (first + end - 1) / 2,
            -3.9,
            f"{name}\n{after}",
            ha="center",
            va="top",
            fontsize=9,
        )
    for kind, colour in KINDS.items():
        axes.bar(0, 0, color=COLOURS[colour], label=kind)
    axes.text(
        -0.6, 0, "image\n224 × 224 × 3", ha="right", va="center", fontsize=9
    )
    axes.set(
        xlim=(-3.2, 20.6),
        ylim=(-5.4, 3.7),
        title="GoogLeNet; tall boxes have many pixels",
    )
    axes.legend(loc="upper right", ncols=5, frameon=False)
    axes.axis("off")
    return drawn


def shares(parts, seconds, seconds_text):
    """Bars of weights, multiply-adds and time of each stage, in percent. parts: name -> (weights, multiply-adds)."""
    drawn, axes = figure(height=3.8)
    columns = np.array(
        [
            [*counts, time]
            for counts, time in zip(parts.values(), seconds, strict=True)
        ],
        dtype=float,
    )
    columns *= 100 / columns.sum(axis=0)
    looks = [
        ("weights", "vermilion", ""),
        ("multiply-adds", "blue", "//"),
        (seconds_text, "orange", ".."),
    ]
    for i, (label, colour, hatch) in enumerate(looks):
        x = np.arange(len(parts)) + 0.27 * (i - 1)
        axes.bar(
            x,
            columns[:, i],
            0.25,
            color=COLOURS[colour],
            hatch=hatch,
            edgecolor="white",
            label=label,
        )
        for at, value in zip(x, columns[:, i], strict=True):
            axes.text(at, value + 0.8, f"{value:.0f}", ha="center", fontsize=8)
    axes.set_xticks(range(len(parts)), parts)
    axes.set(
        ylabel="share of the whole network, %",
        title="Stem and stage 3 do over half of the work with a tenth of the weights",
    )
    axes.legend()
    return drawn


def maps(photo, after):
    """The photograph, and the three most varied channels after each stage. after: name -> H x W x C."""
    drawn, axes = figure(3, 1 + len(after), width=10.5, height=6.4)
    for row in range(3):
        axes[row, 0].axis("off")
    axes[0, 0].imshow(photo)
    axes[0, 0].set_title("the photograph\n224 × 224", fontsize=10)
    for column, (name, values) in enumerate(after.items(), 1):
        spread = values.std(axis=(0, 1))
        for row, channel in enumerate(np.argsort(spread)[::-1][:3]):
            ax = axes[row, column]
            ax.imshow(values[:, :, channel], cmap="gray")
            ax.set(xticks=[], yticks=[], xlabel=f"channel {channel}")
            ax.grid(visible=False)
        axes[0, column].set_title(
            f"{name}\n{values.shape[0]} × {values.shape[1]}", fontsize=10
        )
    return drawn


def canvas(photo, margin=300):
    """Axes with the photograph and room around it."""
    drawn, axes = figure(width=6, height=6)
    size = len(photo)
    axes.imshow(photo)
    axes.set(
        xlim=(-margin, size + margin),
        ylim=(size + margin, -margin),
        xlabel="pixels",
        ylabel="pixels",
    )
    axes.grid(visible=False)
    axes.set_facecolor("#EEEEEE")
    return drawn, axes


def square(axes, middle, side, colour, label=""):
    """The square of `side` pixels that is seen around (row, column), and a label at its top; returns its line."""
    low, high = (np.array(middle) + sign * side / 2 for sign in (-1, 1))
    y, x = zip(low, high, strict=True)
    corners = [
        (x[0], y[0]),
        (x[1], y[0]),
        (x[1], y[1]),
        (x[0], y[1]),
        (x[0], y[0]),
    ]
    if label:
        box = {
            "facecolor": "white",
            "edgecolor": "none",
            "pad": 1.5,
            "alpha": 0.85,
        }
        axes.text(
            middle[1],
            low[0],
            label,
            ha="center",
            va="center",
            fontsize=8,
            bbox=box,
        )
    return axes.plot(*zip(*corners, strict=True), color=COLOURS[colour])[0]
