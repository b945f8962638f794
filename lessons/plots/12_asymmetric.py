"""Pictures of lesson 12."""

import numpy as np

from tinyinception.course import COLOURS, figure, show


def edges(angles, shares, edge, best_pair, name):
    """What one pair reaches of an edge at each angle, with four edges."""
    drawn, axes = figure()
    axes.plot(angles, 100 * shares, color=COLOURS["vermilion"])
    axes.set(
        xlim=(0, 90),
        ylim=(0, 105),
        xticks=range(0, 91, 15),
        xlabel="angle of the edge, degrees",
        ylabel="energy that one pair reaches, %",
        title="A column times a row makes vertical and horizontal edges",
    )
    for x, angle in ((0.04, 0), (0.28, 22.5), (0.52, 45), (0.76, 67.5)):
        for dx, picture, label in (
            (0, edge(angle), f"{angle:g}°"),
            (0.105, best_pair(edge(angle)), "best pair"),
        ):
            inset = axes.inset_axes((x + dx, 0.08, 0.1, 0.22))
            inset.imshow(picture, cmap="RdBu", vmin=-0.8, vmax=0.8)
            inset.set(xticks=[], yticks=[])
            inset.set_title(label, fontsize=9)
    show(drawn, name)


def matrices(name, n=3):
    """All kernels of a layer as one matrix, for one channel and for two."""
    drawn, both = figure(1, 2, width=9.5, height=4.8)
    for axes, m in zip(both, (1, 2), strict=True):
        size = n * m
        for i in range(size):
            for j in range(size):
                pair = (i % m) * m + j % m
                colour = ("sky", "orange", "green", "purple")[pair]
                axes.fill(
                    [j, j + 1, j + 1, j],
                    [i, i, i + 1, i + 1],
                    color=COLOURS[colour],
                    alpha=0.5,
                    edgecolor="white",
                )
                axes.text(
                    j + 0.5,
                    i + 0.5,
                    f"{i // m},{j // m}",
                    ha="center",
                    va="center",
                    fontsize=11 if m == 1 else 9,
                )
        axes.set(
            xlim=(0, size),
            ylim=(size, 0),
            aspect="equal",
            xticks=np.arange(size) + 0.5,
            yticks=np.arange(size) + 0.5,
            xticklabels=[f"{j // m}, out {j % m + 1}" for j in range(size)],
            yticklabels=[f"{i // m}, in {i % m + 1}" for i in range(size)],
            xlabel="place in the row, output channel",
            ylabel="place in the column, input channel",
            title=f"3x3 from {m} to {m} channel{'s' * (m > 1)}: "
            f"{size} x {size}, rank up to {size}",
        )
        axes.tick_params(length=0, labelsize=9)
        axes.tick_params(axis="x", rotation=45 if m > 1 else 0)
        axes.grid(False)
    drawn.suptitle(
        "A colour is one kernel (input and output channel), "
        "numbers are the place in it",
        fontsize=10,
    )
    show(drawn, name)


def training(runs, name):
    """How separable each layer is by epoch, and what splitting it costs."""
    drawn, (left, right) = figure(1, 2, width=10.5, height=4.4)
    layers = [layer for layer in runs if layer != "whole"]
    colours = ("vermilion", "blue", "green", "purple", "orange")
    for layer, colour in zip(layers, colours, strict=True):
        for i, shares in enumerate(runs[layer]["share"]):
            left.plot(
                range(len(shares)),
                100 * np.array(shares),
                color=COLOURS[colour],
                linewidth=1.3,
                label=f"{layer}, {'7x7' if layer == 'conv1' else '3x3'}"
                if i == 0
                else None,
            )
    left.set(
        xlabel="epoch",
        ylabel="energy that a pair of half the cost reaches, %",
        title="Training makes kernels easier to split",
    )
    left.legend(ncols=2)
    whole = np.array(runs["whole"]["renewed"])
    for kind, mark, colour, label in (
        ("stale", "s", "grey", "stale averages"),
        ("renewed", "o", "blue", "averages measured again"),
    ):
        for place, layer in enumerate(layers):
            lost = 100 * (np.array(runs[layer][kind]) - whole)
            right.plot(
                lost,
                [place + (0.12 if kind == "stale" else -0.12)] * len(lost),
                mark,
                color=COLOURS[colour],
                markersize=7,
                label=label if place == 0 else None,
            )
    right.axvline(0, color=COLOURS["black"], linewidth=1)
    right.set(
        yticks=range(len(layers)),
        yticklabels=layers,
        ylim=(len(layers) - 0.5, -0.5),
        xlabel="change of test accuracy, points (three trainings)",
        title="What one split layer costs",
    )
    right.legend(loc="lower left")
    show(drawn, name)
