"""Pictures of lesson 18."""

import numpy as np

from tinyinception.course import COLOURS, figure, show


def death(logs):
    """Loss and zeros in each step, for two scales."""
    picture, both = figure(1, 2, height=3.6)
    for (scale, log), line, colour in zip(
        logs.items(), ("-", "--"), ("vermilion", "blue"), strict=True
    ):
        for axes, values in zip(both, log, strict=True):
            steps = np.arange(1, len(values) + 1)
            axes.plot(steps, values, line, color=COLOURS[colour])
        both[1].annotate(
            f"scale {scale}",
            (len(log[1]), log[1][-1]),
            (-4, 7),
            textcoords="offset points",
            ha="right",
            color=COLOURS[colour],
        )
    both[0].axhline(
        np.log(10),
        color=COLOURS["black"],
        linewidth=1,
        linestyle=":",
        label="guessing, ln 10",
    )
    both[0].legend()
    both[0].set(
        xlabel="training step",
        ylabel="loss",
        ylim=(0, None),
        title="The loss shoots up ...",
    )
    both[1].set(
        xlabel="training step",
        ylabel="zeros in the last layer (%)",
        ylim=(0, 105),
        title="... and the layer dies",
    )
    show(picture, "18_death")


def part_table(runs):
    """A line for each width and case, a number for each seed."""
    print("  W  slowed             highest loss          zeros %      right %")
    for width in (256, 32):
        wide = [run for run in runs if run["width"] == width]
        for case in dict.fromkeys(run["slowed"] for run in wide):
            own = [run for run in wide if run["slowed"] == case]
            high = " ".join(f"{run['highest_loss']:6.1f}" for run in own)
            zeros = " ".join(f"{100 * run['zeros']:3.0f}" for run in own)
            right = " ".join(f"{100 * run['accuracy']:3.0f}" for run in own)
            print(f"{width:3}  {case:18} {high}   {zeros}  {right}")


def parts(runs):
    """Zeros and accuracy of each case, a dot for each seed."""
    picture, both = figure(1, 2, height=3.8, sharey=True)
    cases = list(dict.fromkeys(run["slowed"] for run in runs))
    for axes, width in zip(both, (256, 32), strict=True):
        for key, mark, colour, name in (
            ("zeros", "o", "vermilion", "zeros in the last layer"),
            ("accuracy", "s", "blue", "right answers"),
        ):
            some = [run for run in runs if run["width"] == width]
            axes.plot(
                [100 * run[key] for run in some],
                [cases.index(run["slowed"]) for run in some],
                mark,
                color=COLOURS[colour],
                markerfacecolor="none",
                label=name,
            )
        axes.axvline(10, color=COLOURS["black"], linewidth=1, linestyle=":")
        axes.set(
            title=f"W = {width}", xlabel="% in steps 91 to 100", xlim=(0, 103)
        )
    both[0].set_yticks(range(len(cases)), cases)
    both[0].set(ylim=(len(cases) - 0.5, -0.5))
    both[0].legend(loc="lower right")
    show(picture, "18_parts")


def who_dies(runs):
    """Zeros at the end over the limit; filled marks are dead networks."""
    picture, axes = figure(height=4.4)
    axes.axvline(1, color=COLOURS["black"], linewidth=1)
    groups = [
        (f"scale {scale}", marker, colour, scale, 1)
        for scale, marker, colour in (
            (1, "o", "vermilion"),
            (0.3, "s", "green"),
            (0.1, "^", "blue"),
        )
    ]
    groups.append(("scale 1, up begins × 0.1", "D", "black", 1, 0.1))
    for name, marker, colour, scale, start in groups:
        own = [r for r in runs if (r["scale"], r["start"]) == (scale, start)]
        for dead, fill in ((False, "none"), (True, COLOURS[colour])):
            some = [run for run in own if run["dead"] == dead]
            axes.plot(
                [run["limit"] for run in some],
                [100 * run["zeros"] for run in some],
                marker,
                markersize=7,
                color=COLOURS[colour],
                markerfacecolor=fill,
                label="" if dead else name,
            )
    axes.plot([], [], "o", color=COLOURS["grey"], label="filled: dead")
    axes.annotate("limit", (1, 5), (4, 0), textcoords="offset points")
    axes.set(
        xscale="log",
        xlim=(0.0008, 3),
        xlabel="learning rate × curvature before training / 3.8",
        ylim=(0, 105),
        ylabel="zeros in the last layer (%)",
        title="All above the limit died, and half of the deaths lie below it",
    )
    axes.legend(loc="upper left")
    show(picture, "18_who_dies")
