"""Pictures of lesson 10."""

import numpy as np

from tinyinception.course import COLOURS, figure, show

LOOKS = {
    "without": ("o--", "vermilion", "without"),
    "with": ("s-", "blue", "with batch-norm"),
}


def histograms(values, name):
    """How large the values after each layer are; zeros are left out."""
    drawn, rows = figure(2, 6, width=10, height=4, sharex=True)
    for row, (kind, layers) in zip(rows, values.items(), strict=True):
        _, colour, label = LOOKS[kind]
        for i, (axes, after) in enumerate(zip(row, layers, strict=True), 1):
            axes.hist(
                after[after > 0],
                bins=np.linspace(0, 2.5, 41),
                density=True,
                color=COLOURS[colour],
            )
            axes.set(yticks=[], xlim=(0, 2.5), title=f"layer {i}")
        row[0].set_ylabel(label)
    for axes in rows[1]:
        axes.set_xlabel("value")
    show(drawn, name)


def rates(runs, name):
    """Accuracy by learning rate and by step, and the kernels' length."""
    drawn, (left, middle, right) = figure(1, 3, width=12, height=4.2)
    for kind, (style, colour, label) in LOOKS.items():
        found = {
            float(key.split()[1]): 100 * np.array(three)
            for key, three in runs["final"].items()
            if key.split()[0] == kind
        }
        x = list(found)
        left.semilogx(
            x,
            [three.mean() for three in found.values()],
            style[1:],
            color=COLOURS[colour],
            label=label,
        )
        for rate, three in found.items():
            left.plot(
                [rate] * len(three), three, style[0], color=COLOURS[colour]
            )
    left.axhline(25, color=COLOURS["black"], linewidth=1)
    left.text(0.3, 21.5, "guessing", fontsize=9)
    left.set(
        xlabel="learning rate (log scale)",
        ylabel="accuracy in steps 150 to 200, %",
        title="Three trainings at each rate",
        ylim=(20, 85),
    )
    left.legend(loc="upper left")
    shades = {"without 0.3": "vermilion", "with 0.3": "blue"}
    shades["with 1.0"] = "green"
    for key, colour in shades.items():
        label = key.replace("with ", "with, rate ").replace(
            "without ", "without, rate "
        )
        for i, curve in enumerate(runs["curves"][key]):
            means = np.convolve(curve, np.ones(5) / 5, mode="valid")
            middle.plot(
                50 + 10 * np.arange(len(means)),
                100 * means,
                color=COLOURS[colour],
                linewidth=1.4,
                label=label if i == 0 else None,
            )
        for curve in runs["norms"][key]:
            right.plot(
                10 * np.arange(len(curve)),
                curve,
                color=COLOURS[colour],
                linewidth=1.4,
            )
    middle.axhline(60, color=COLOURS["black"], linewidth=1)
    middle.set(
        xlabel="step",
        ylabel="accuracy, mean of 50 steps, %",
        title="How fast",
        ylim=(20, 100),
    )
    middle.legend(loc="lower right")
    right.set(
        xlabel="step", ylabel="length of all kernels", title="Weights grow"
    )
    show(drawn, name)
