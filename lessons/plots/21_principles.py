"""Picture of lesson 21."""

import numpy as np

from tinyinception.course import COLOURS, figure, show


def lines(axes, x, curves, mark, colour, label):
    """The mean of some curves as a line, each one's points beside it."""
    colour = COLOURS[colour]
    axes.plot(x, np.mean(curves, axis=0), color=colour, label=label)
    for curve in curves:
        axes.plot(x, curve, mark, color=colour, markerfacecolor="none")


def principles(narrowed, widths, reading, kept, right, at_random, deep):
    picture, ((first, second), (third, fourth)) = figure(2, 2, height=6.6)
    for i, accuracy in enumerate(narrowed.values()):
        first.plot([i] * len(accuracy), accuracy, "o", color=COLOURS["blue"])
        first.plot(
            [i - 0.25, i + 0.25], [accuracy.mean()] * 2, color=COLOURS["blue"]
        )
    first.set_xticks(range(len(narrowed)), list(narrowed))
    first.set(title="1. Bottleneck", xlim=(-0.6, 2.6))
    lines(second, widths, reading[True], "o", "blue", "with ReLU")
    lines(second, widths, reading[False], "s", "vermilion", "without ReLU")
    second.set(title="2. Random expansion, read linearly", xlabel="channels")
    lines(third, kept, right, "o", "blue", "main directions")
    lines(third, kept, at_random, "s", "vermilion", "random directions")
    third.set(
        title="3. Fewer directions before the 3 × 3",
        xlabel="directions kept of 64",
    )
    accuracy = np.array([accuracy for _, accuracy in deep.values()]).T
    lines(fourth, list(deep), accuracy, "o", "blue", "")
    fourth.set(title="4. Layers at equal cost", xlabel="3 × 3 layers")
    for axes in (first, third):
        axes.set_ylabel("test images right (%)")
    for axes, ticks in ((second, widths), (third, kept), (fourth, list(deep))):
        axes.set_xscale("log")
        axes.set_xticks(ticks, ticks, minor=False)
        axes.minorticks_off()
    second.legend()
    third.legend()
    show(picture, "21_principles")
