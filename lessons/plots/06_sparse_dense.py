"""Drawings of lesson 6: CSR on a small matrix, correlations, what leaving out weights saves."""

import numpy as np

from tinyinception.course import COLOURS, figure


def csr(matrix):
    """A small matrix, and the three lists that CSR keeps of it."""
    drawn, (left, right) = figure(1, 2, width=10, height=3.0)
    left.imshow(matrix != 0, cmap="Blues", vmin=0, vmax=3)
    for (y, x), value in np.ndenumerate(matrix):
        left.text(
            x,
            y,
            f"{value:g}",
            ha="center",
            va="center",
            color="black" if value else "#AAAAAA",
        )
    left.set(
        title="the matrix: 4 rows, 6 columns", xlabel="column", ylabel="row"
    )
    left.set(xticks=range(6), yticks=range(4))
    left.grid(visible=False)
    rows, columns = np.nonzero(matrix)
    starts = np.searchsorted(rows, np.arange(len(matrix) + 1))
    shades = ["sky", "orange", "green", "purple"]
    for y, (name, numbers) in enumerate(
        {
            "values": matrix[rows, columns],
            "columns": columns,
            "starts": starts,
        }.items()
    ):
        right.text(-0.8, -y, name, ha="right", va="center", weight="bold")
        for x, number in enumerate(numbers):
            colour = (
                "#DDDDDD" if name == "starts" else COLOURS[shades[rows[x]]]
            )
            box = {
                "facecolor": colour,
                "edgecolor": "white",
                "boxstyle": "square,pad=0.35",
            }
            right.text(
                x, -y, f"{number:g}", ha="center", va="center", bbox=box
            )
    right.set(
        xlim=(-2.6, 7.2),
        ylim=(-2.7, 0.9),
        title="in CSR: a colour for each row (row 1 is empty)",
    )
    right.axis("off")
    return drawn


def correlated(units, order, near):
    """Correlations of units as they come and sorted, and of one unit with itself some pixels away."""
    drawn, axes = figure(1, 3, width=12, height=4)
    for ax, index, title in (
        (axes[0], range(len(units)), "48 units as they come"),
        (axes[1], order, "the same, sorted by cluster"),
    ):
        picture = ax.imshow(
            units[np.ix_(index, index)], cmap="RdBu_r", vmin=-1, vmax=1
        )
        ax.set(title=title, xlabel="unit", ylabel="unit")
        ax.grid(visible=False)
    drawn.colorbar(
        picture, ax=axes[:2], label="correlation (white: none)", shrink=0.8
    )
    axes[2].plot(near, "o-")
    axes[2].set(
        xlabel="distance, pixels",
        ylabel="correlation with itself",
        ylim=(0, 1.05),
        title="the same unit, some pixels away",
    )
    return drawn


def crossing(yours, quiet):
    """Time against the weights that are left, over the dense product's time. Both: the result of a race."""
    drawn, axes = figure(1, 2, width=11.5, height=4.6, sharey=True)
    for ax, race, title in (
        (axes[0], quiet, "stored, on a quiet machine"),
        (axes[1], yours, "yours, just now"),
    ):
        lines = [
            (
                "scattered zeros (CSR)",
                "density",
                "scattered",
                "o-",
                "vermilion",
            ),
            ("dense blocks", "share", "blocks", "s--", "blue"),
        ]
        for label, axis, key, style, colour in lines:
            x, ratios = 100 * np.array(race[axis]), 100 * np.array(race[key])
            low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75), axis=0)
            ax.loglog(x, middle, style, color=COLOURS[colour], label=label)
            ax.fill_between(x, low, high, color=COLOURS[colour], alpha=0.25)
        x = 100 * np.array(race["density"])
        ax.loglog(
            x,
            x,
            "-.",
            color=COLOURS["grey"],
            linewidth=1,
            label="if time were multiply-adds",
        )
        ax.axhline(100, color=COLOURS["black"], linewidth=1.5)
        ax.text(0.5, 112, "dense product", va="bottom", fontsize=9)
        ax.set(
            xlabel="weights that are left, %", title=title, xlim=(0.45, 115)
        )
    axes[0].set(
        ylabel="time, % of the dense product's\n(median; band: middle half of the rounds)"
    )
    axes[0].legend(loc="lower right")
    return drawn
