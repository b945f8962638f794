"""Pictures of lesson 2."""

import numpy as np
from matplotlib.colors import ListedColormap

from tinyinception.course import COLOURS, figure, show


def steps(curves, imaginary):
    """Errors against steps, on logarithmic axes."""
    drawn, ax = figure()
    looks = {
        "central, float32": ("--", "vermilion", (2e-6, 1)),
        "forward, float64": (":", "green", (2e-5, 1e-8)),
        "central, float64": ("-", "blue", (6e-9, 3e-11)),
    }
    for name, (hs, errors) in curves.items():
        line, colour, at = looks[name]
        ax.loglog(hs, errors, line, color=COLOURS[colour])
        ax.text(*at, name, color=COLOURS[colour], ha="center")
    ax.axhline(imaginary, color="black", linewidth=1, linestyle="-.")
    ax.text(1.5e-15, 3 * imaginary, "complex step")
    ax.text(2e-11, 1.5e-5, "rounding: eps / h", rotation=-19, color="grey")
    ax.text(3e-3, 1e-8, "bending: $h^2$ / 6", color="grey")
    ax.set(xlabel="step h", ylabel="relative error of the derivative")
    ax.set(ylim=(3e-17, 30), xlim=(1e-15, 1))
    ax.set_title("Too small a step is as bad as too large a one")
    show(drawn, "02_steps")


def holes(changes):
    """What a missing gradient changes along one direction."""
    drawn, ax = figure(height=3.4)
    bins = np.logspace(-9, -1, 49)
    ax.hist(changes, bins, color=COLOURS["blue"])
    seen = np.searchsorted(bins, 1e-6)
    ax.hist(changes, bins[: seen + 1], color=COLOURS["vermilion"])
    ax.axvline(1e-6, color=COLOURS["vermilion"], linestyle="--")
    unseen = np.sum(changes < 1e-6)
    label = f"not seen:\n{unseen} of 10,000 "
    ax.text(1e-6, 300, label, ha="right", color=COLOURS["vermilion"])
    ax.set(xscale="log", xlabel="change of the derivative, relative")
    ax.set(ylabel="number of holes")
    ax.set_title("One gradient missing, each of 10,000 in turn")
    show(drawn, "02_holes")


def table(passes, gradients, tests):
    """Which test passes which gradient."""
    drawn, ax = figure(height=3.2)
    passes = np.array(passes)
    lies = passes & (np.arange(len(gradients)) > 0)
    colours = ListedColormap(["#d8e6f3", COLOURS["vermilion"]])
    ax.pcolormesh(lies, cmap=colours, edgecolors="white", linewidth=4)
    for i, j in np.ndindex(passes.shape):
        ax.text(
            j + 0.5,
            i + 0.5,
            "passes" if passes[i, j] else "caught",
            ha="center",
            va="center",
            color="white" if lies[i, j] else "black",
        )
    ax.set_xticks(np.arange(len(gradients)) + 0.5, gradients)
    names = [test.__name__ for test in tests]
    ax.set_yticks(np.arange(len(tests)) + 0.5, names)
    ax.tick_params(length=0)
    ax.invert_yaxis()
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.set_title("Gradients (columns), and which test notices (rows)")
    show(drawn, "02_tests")
