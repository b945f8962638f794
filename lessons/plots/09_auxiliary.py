"""Pictures of lesson 9."""

import numpy as np

from tinyinception.course import COLOURS, figure, show

LOOKS = {
    "Glorot": ("vermilion", "o"),
    "He": ("black", "s"),
    "batch-norm": ("blue", "^"),
}


def gradients(norms, name):
    """The gradient's length at every layer; means over draws of weights."""
    drawn, panels = figure(1, 3, width=11, height=4, sharey=True)
    for axes, (unit, (colour, mark)) in zip(
        panels, LOOKS.items(), strict=True
    ):
        for head, line, face, label in (
            (False, "-", COLOURS[colour], "main classifier alone"),
            (True, "--", "white", "second one after layer 12"),
        ):
            mean = np.exp(np.log(norms[unit][head]).mean(axis=0))
            axes.semilogy(
                range(1, len(mean) + 1),
                mean,
                line,
                marker=mark,
                markerfacecolor=face,
                markersize=10 if head else 5,  # seen behind the other
                color=COLOURS[colour if not head else "grey"],
                label=label,
                zorder=1 if head else 2,
            )
        axes.axvline(12, color=COLOURS["grey"], linewidth=1)
        axes.set(xlabel="layer (1 is next to the image)", title=unit)
        axes.legend(loc="lower right")
    panels[0].set_ylabel("length of the gradient (log scale)")
    show(drawn, name)


def learning(toy, name):
    """Training images and new images, with and without a second classifier."""
    rows = [
        (f"{unit}, rate {rate}", unit, rate)
        for unit in LOOKS
        if unit in toy
        for rate in toy[unit]["no head"]
    ]
    drawn, axes = figure(height=4.6)
    for place, (_, unit, rate) in enumerate(rows):
        for shift, kind, colour in (
            (-0.16, "no head", "blue"),
            (0.16, "head", "vermilion"),
        ):
            run = toy[unit][kind][rate]
            for part, mark in (("train", "o"), ("test", "s")):
                axes.plot(
                    100 * np.array(run[part]),
                    [place + shift] * len(run[part]),
                    mark,
                    color=COLOURS[colour],
                    markerfacecolor=COLOURS[colour]
                    if part == "test"
                    else "none",
                    markersize=7,
                )
    for kind, colour in (("without", "blue"), ("with", "vermilion")):
        axes.plot([], [], "s", color=COLOURS[colour], label=f"{kind}, new")
        axes.plot(
            [],
            [],
            "o",
            color=COLOURS[colour],
            markerfacecolor="none",
            label=f"{kind}, training images",
        )
    axes.axvline(25, color=COLOURS["black"], linewidth=1)
    axes.set(
        yticks=range(len(rows)),
        yticklabels=[label for label, *_ in rows],
        ylim=(len(rows) - 0.5, -0.5),
        xlim=(20, 101),
        xlabel="right answers of the main classifier, % (25 is guessing)",
        title="With and without a second classifier half-way",
    )
    drawn.legend(loc="outside lower center", ncols=4)
    show(drawn, name)
