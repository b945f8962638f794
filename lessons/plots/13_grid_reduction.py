"""Pictures of lesson 13."""

import numpy as np

from tinyinception.course import COLOURS, figure, show

LOOKS = {
    "pool, then convolve": ("vermilion", "s"),
    "convolve, then pool": ("blue", "D"),
    "side by side": ("green", "o"),
}


def three_ways(places, name):
    """Cost and narrowest point of the three ways."""
    drawn, axes = figure()
    axes.axhline(184.96, color=COLOURS["black"], linewidth=1, linestyle=":")
    axes.text(1.25, 190, "what comes out: 17x17x640", ha="center")
    for way, (cost, numbers) in places.items():
        colour, mark = LOOKS[way]
        point = cost / 1e9, numbers / 1000
        axes.plot(*point, mark, color=COLOURS[colour], markersize=12)
        axes.annotate(
            f"{way}\n{point[0]:.2f} billion",
            point,
            xytext=(0, -36),
            textcoords="offset points",
            ha="center",
            color=COLOURS[colour],
        )
    axes.set(
        xlim=(0, 2.5),
        ylim=(0, 215),
        xlabel="multiply-adds with 3x3 convolutions, billions",
        ylabel="numbers at the narrowest point, thousands",
        title="From 35x35x320 to 17x17x640",
    )
    show(drawn, name)


def rebuilt(results, truth, chosen, name):
    """Images as rebuilt by each way, one row for each."""
    drawn, rows = figure(len(results), len(chosen), width=8.0, height=5.6)
    for row, (way, pictures) in zip(rows, results.items(), strict=True):
        for cell, i in zip(row, chosen, strict=True):
            cell.imshow(pictures[i].clip(0, 1), interpolation="nearest")
            cell.set(xticks=[], yticks=[])
        error = 255 * np.sqrt(((pictures - truth) ** 2).mean())
        row[0].set_ylabel(
            f"{way}\nerror {error:.1f}" if error else way,
            rotation=0,
            ha="right",
            va="center",
            labelpad=8,
        )
    drawn.suptitle(
        "Rebuilt from 16x16x6 numbers, one training each", fontsize=11
    )
    show(drawn, name)


def errors(runs, name):
    """The five ways' errors on images and on noise, with the limits."""
    drawn, both = figure(1, 2, width=10, height=4, sharey=True)
    for axes, what in zip(both, ("drawn", "noise"), strict=True):
        for place, run in enumerate(runs[what].values()):
            few = run["narrowest"] == 768
            axes.plot(
                run["errors"],
                [place] * len(run["errors"]),
                "s" if few else "o",
                color=COLOURS["vermilion" if few else "blue"],
                markersize=8,
            )
        axes.set(
            xlabel="error, grey levels (three trainings)",
            title="images" if what == "drawn" else "noise",
            ylim=(4.5, -0.5),
            yticks=range(5),
            yticklabels=list(runs[what]),
        )
    for narrowest, colour in ((768, "vermilion"), (1536, "blue")):
        limit = runs["spread"] * np.sqrt(1 - narrowest / 3072)
        both[1].axvline(
            limit,
            color=COLOURS[colour],
            linestyle="--",
            linewidth=1.5,
            label=f"limit for {narrowest:,} independent numbers",
        )
    both[0].plot(
        [], [], "s", color=COLOURS["vermilion"], label="narrowest 768"
    )
    both[0].plot([], [], "o", color=COLOURS["blue"], label="narrowest 1,536")
    both[0].legend(loc="lower right")
    both[1].legend(loc="upper left", fontsize=8)
    show(drawn, name)
