"""Pictures of lesson 19."""

import numpy as np

from tinyinception.course import COLOURS, figure, show


def blacklist(pairs):
    """Each pair of errors as two dots: without 1,762 images, and on all."""
    picture, both = figure(1, 2, height=3.4, sharey=True)
    marks = (("o", "blue"), ("s", "vermilion"))
    for which, axes in enumerate(both):
        for line, errors in enumerate(pairs.values()):
            axes.plot(errors[which], [line, line], color=COLOURS["grey"])
            for value, (mark, colour) in zip(
                errors[which], marks, strict=True
            ):
                axes.plot(
                    value, line, mark, color=COLOURS[colour], markersize=8
                )
        axes.set(
            xlabel=("top-1", "top-5")[which] + " error (%)", ylim=(2.5, -0.5)
        )
    both[0].set_yticks(range(3), list(pairs))
    both[0].plot([], [], "o", color=COLOURS["blue"], label="48,238 images")
    both[0].plot([], [], "s", color=COLOURS["vermilion"], label="all 50,000")
    both[0].legend(loc="upper left")
    picture.suptitle("The same Inception-v3 in two papers")
    show(picture, "19_blacklist")


def crops(cropped, table):
    """Errors by the number of views, each as a part of that with one view."""
    picture, axes = figure(height=3.6)
    ours, xs = np.array(list(cropped.values())), np.arange(len(cropped))
    axes.plot(xs, 100 * ours / ours[0], "s", color=COLOURS["vermilion"])
    axes.plot([], [], "s", color=COLOURS["vermilion"], label="ours, top-1")
    known = np.array([table[1, n] for n in (1, 10, 144)])
    axes.plot([0, 2, 3], 100 * known / known[0], "o", color=COLOURS["blue"])
    axes.plot([], [], "o", color=COLOURS["blue"], label="GoogLeNet, top-5")
    axes.axhline(100, color=COLOURS["black"], linewidth=1)
    axes.set_xticks(xs, list(cropped))
    axes.set(
        xlabel="crops",
        ylabel="error, % of that with one crop",
        title="More views help those who were trained on such views",
    )
    axes.legend()
    show(picture, "19_crops")


def best_of_many(tried, flattery):
    """How much better the best of many equal networks looks."""
    picture, axes = figure(height=3.6)
    for (images, points), line, colour in zip(
        flattery.items(), ("-", "--"), ("vermilion", "blue"), strict=True
    ):
        axes.plot(tried, points, line, color=COLOURS[colour])
        axes.annotate(
            f"{images:,} test images",
            (tried[-1], points[-1]),
            (-6, 6),
            textcoords="offset points",
            ha="right",
            color=COLOURS[colour],
        )
    axes.set(
        xscale="log",
        xlabel="networks tried, all with 20 % error",
        ylabel="the best looks better by (points)",
        ylim=(0, 3.4),
        title="Choose by these images, and they flatter the choice",
    )
    show(picture, "19_best_of_many")
