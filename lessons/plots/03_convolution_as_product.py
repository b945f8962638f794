"""Pictures of lesson 3."""

from textwrap import fill

import numpy as np
from matplotlib.patches import Rectangle

from tinyinception.course import COLOURS, animate, figure, show

WINDOW = "#9cc9ea"


def product(image, matrix, weights, name):
    """A window moves; its row of the matrix and of the output appear."""
    parts = {
        "image, 5 × 5": image,
        "im2col: a row for each window": matrix,
        "weights": weights,
        "output": matrix @ weights,
    }
    _, axes = figure(1, 4, width=11, height=4.4, width_ratios=[5, 9, 2.6, 2.6])
    texts = [
        _table(ax, title, values)
        for ax, (title, values) in zip(axes, parts.items(), strict=True)
    ]
    middle = image[2, 2]
    for _, _, value, text in texts[0] + texts[1]:
        if value == middle:
            text.set(color=COLOURS["vermilion"], weight="bold")
    axes[1].set_xlabel("9 taps; pixel 12 in red")
    axes[2].set_xlabel("2 filters")
    axes[3].set_xlabel("2 channels")
    bands = [
        axes[part].add_patch(Rectangle((0, 0), *size, color=WINDOW, zorder=0))
        for part, size in ((0, (3, 3)), (1, (9, 1)), (3, (2, 1)))
    ]

    def draw(frame):
        row, column = divmod(frame, 3)
        bands[0].set_xy((column, row))
        bands[1].set_xy((0, frame))
        bands[2].set_xy((0, frame))
        shown = [
            text
            for part in (1, 3)
            for i, _, _, text in texts[part]
            if text.set_visible(i <= frame) is None
        ]
        return [*bands, *shown]

    animate(draw, len(matrix), name)


def _table(ax, title, values):
    """Numbers in squares; returns row, column, value and text of each."""
    rows, columns = values.shape
    ax.set(xlim=(0, columns), ylim=(rows, 0), aspect="equal", title=title)
    ax.set(xticks=range(columns + 1), yticks=range(rows + 1))
    ax.tick_params(length=0, labelleft=False, labelbottom=False)
    ax.grid(color=COLOURS["grey"], alpha=0.6)
    ax.spines[:].set_visible(False)
    return [
        (
            i,
            j,
            value,
            ax.text(
                j + 0.5,
                i + 0.5,
                f"{value:.0f}",
                ha="center",
                va="center",
                fontsize=9,
            ),
        )
        for (i, j), value in np.ndenumerate(values)
    ]


def table(stairs, macs):
    """Medians over rounds; factors are taken within each round."""
    seconds = np.array(list(stairs.values())).T
    factors = seconds[:, :-1] / seconds[:, 1:]
    print("           billion multiply-adds a second, times the one before")
    for column, name in enumerate(stairs):
        rate = macs / np.median(seconds[:, column]) / 1e9
        line = f"{name:10} {rate:18.2g}"
        if column:
            low, middle, high = np.quantile(
                factors[:, column - 1], (0, 0.5, 1)
            )
            line += f" {middle:18,.1f}  (from {low:,.1f} to {high:,.1f})"
        print(line)


def speed(measured, adds, macs):
    """Rates of the stairs, times of tiles, as lessons/experiments has them."""
    drawn, axes = figure(1, 2, width=11, height=4.8, width_ratios=[1.6, 1])
    left, right = axes
    rates = macs / np.array(list(measured["stairs"].values())) / 1e9
    middle = np.median(rates, axis=1)
    low, high = rates.min(axis=1), rates.max(axis=1)
    labels = [f"{stair}\n{fill(text, 48)}" for stair, text in adds.items()]
    colours = ["grey"] * 2 + [COLOURS["sky"]] * 3
    colours += [COLOURS["vermilion"], COLOURS["purple"]]
    left.barh(labels, middle, color=colours)
    spread = [middle - low, high - middle]
    rows = range(len(middle))
    left.errorbar(middle, rows, xerr=spread, fmt="none", color="k", capsize=3)
    for row, rate in enumerate(middle):
        left.text(1.3 * high[row], row, f"{rate:.2g}", va="center")
    left.set(xscale="log", xlim=(middle.min() / 3, 4 * high.max()))
    left.set_xlabel("billion multiply-adds per second (a step is ten times)")
    left.set_title("3 × 3, 64 to 64 channels, one core: yours")
    left.tick_params(axis="y", labelsize=8)
    left.invert_yaxis()
    left.grid(axis="y", visible=False)
    size, times = measured["kilobytes"], 1e3 * np.array(measured["tiles"])
    low, high = times.min(axis=0), times.max(axis=0)
    right.fill_between(size, low, high, alpha=0.2, color=COLOURS["blue"])
    right.semilogx(size, np.median(times, axis=0), "o-")
    right.set(xlabel="size of a tile's buffer, KB", ylim=(0, None))
    right.set(ylabel="time for the layer, ms")
    right.set_title("im2col in tiles: yours, median and range")
    show(drawn, "03_speed")
