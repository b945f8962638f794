"""Pictures of lesson 4."""

import numpy as np
from matplotlib.patches import Rectangle

from tinyinception.course import COLOURS, figure, show


def alexnet(layers):
    """A box for each layer, as high as its grid and as wide as its width."""
    drawn, ax = figure(width=10, height=3.4)
    x = 0.0
    boxes = {"image": (227, 3), **{k: (v[0], v[3]) for k, v in layers.items()}}
    for name, (grid, channels) in boxes.items():
        height, width = max(grid, 4), channels / 30 + 3
        colour = COLOURS["orange" if name.startswith("fc") else "sky"]
        box = (x, -height / 2), width, height
        ax.add_patch(Rectangle(*box, facecolor=colour, edgecolor="black"))
        size = f"{grid} × {grid}\n× {channels:,}"
        ax.text(
            x + width / 2, -122, name, ha="center", va="top", weight="bold"
        )
        ax.text(x + width / 2, -140, size, ha="center", va="top", fontsize=9)
        x += max(width, 42) + 16
    ax.set(xlim=(-30, x), ylim=(-190, 122))
    ax.axis("off")
    ax.set_title("AlexNet: blue are convolutions, orange fully connected")
    show(drawn, "04_alexnet")


def where(networks):
    """Convolutions and fully connected layers: parameters and work."""
    drawn, axes = figure(1, 2, width=10, height=3.8)
    labels = "parameters, millions", "multiply-adds for one image, billions"
    for part, (ax, unit) in enumerate(zip(axes, (1e6, 1e9), strict=True)):
        for row, counts in enumerate(networks.values()):
            fc, everything = np.array(counts[part]) / unit
            others = everything - fc
            look = {"hatch": "///", "edgecolor": "white"}
            ax.barh(row, others, color=COLOURS["blue"])
            ax.barh(row, fc, left=others, color=COLOURS["orange"], **look)
            digits = 1 if part == 0 else 2
            ax.text(everything, row, f" {everything:.{digits}f}", va="center")
        ax.set(yticks=range(len(networks)), yticklabels=networks)
        ax.set_xlabel(labels[part])
        ax.margins(x=0.12)
        ax.grid(axis="y", visible=False)
        ax.invert_yaxis()
    axes[0].legend(["convolutions", "fully connected"], loc="lower right")
    drawn.suptitle("Where the parameters are, and where the work is")
    show(drawn, "04_where")


def networks(counts):
    """Parameters against multiply-adds, with lines of equal use."""
    drawn, ax = figure(height=4.6)
    x = np.array([3e6, 3e8])
    for times in (10, 100, 1000):
        ax.loglog(x, times * x, ":", color=COLOURS["grey"], linewidth=1)
    for at, text in (
        ((2.1e8, 1.0e9), "each parameter\nused 10 times"),
        ((2.3e8, 1.5e10), "100 times"),
        ((1.2e7, 1.9e10), "1,000 times"),
    ):
        ax.text(*at, text, color=COLOURS["grey"], ha="center", fontsize=9)
    for title, at in counts.items():
        old = title in ("AlexNet", "VGG-16")
        colour = COLOURS["vermilion" if old else "blue"]
        ax.plot(*at, "s" if old else "o", markersize=9, color=colour)
        side = -1 if title != "Inception-ResNet-v2" else 1
        ax.annotate(
            title,
            at,
            xytext=(8 * side, -6 * side),
            textcoords="offset points",
            ha="right" if side < 0 else "left",
            va="center",
        )
    ax.set(xlabel="parameters", ylabel="multiply-adds for one image")
    ax.set(xlim=(4e6, 3e8), ylim=(3e8, 3e10))
    ax.set_title("Parameters and work are two different things")
    show(drawn, "04_networks")
