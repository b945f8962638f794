"""The picture of a study: how its arms learned, and what became of them, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinyinception.plots.colours import SERIES
from tinyinception.plots.style import as_text, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKERS = "os^Dvp*X"
DPI = 120
NAME = 40  # characters of an arm's name

Curve = Sequence[tuple[float, float]]


def colour(index: int) -> str:
    """The colour of the arm at an index; beyond eight arms they come again."""
    return SERIES[index % len(SERIES)]


@style()
def outcomes(
    curves: Mapping[str, Sequence[Curve]],
    points: Mapping[str, Mapping[int, float]],
    *,
    label: str,
    title: str = "",
) -> Figure:
    """Left the accuracy of each arm (parts of 1) over steps, a line for each seed; right its measure for each seed.

    points: that measure's values by arm and seed, in the units of `label`; a thin line joins those of one seed.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, max(4.0, 1.5 + 0.4 * len(points))), dpi=DPI, layout="constrained")
    learned, came = figure.subplots(1, 2)
    for index, (arm, lines) in enumerate(curves.items()):
        look = {"color": colour(index), "marker": MARKERS[index % len(MARKERS)], "markersize": 3}
        for number, line in enumerate(lines):
            steps, accuracy = zip(*line, strict=True) if line else ((), ())
            name = as_text(arm, NAME) if number == 0 else None
            learned.plot(steps, 100 * np.asarray(accuracy), label=name, alpha=0.7, linewidth=1, **look)
    learned.set_xlabel("step")
    learned.set_ylabel("test accuracy (%)")
    learned.grid(alpha=0.3)
    if any(curves.values()):
        learned.legend(fontsize="x-small")
    rows = range(len(points))
    for seed in sorted({seed for values in points.values() for seed in values}):
        line = [(values[seed], row) for row, values in zip(rows, points.values(), strict=True) if seed in values]
        came.plot(*zip(*line, strict=True), color="#888888", alpha=0.4, linewidth=0.8, zorder=0)
    for row, values in zip(rows, points.values(), strict=True):
        found = list(values.values())
        came.plot(found, [row] * len(found), MARKERS[row % len(MARKERS)], color=colour(row), alpha=0.7, markersize=5)
        if found:
            spread = float(np.std(found, ddof=1)) if len(found) > 1 else None
            mean, look = float(np.mean(found)), {"marker": "|", "markersize": 9, "capsize": 3, "linewidth": 1}
            came.errorbar(mean, row + 0.2, xerr=spread, color="black", **look)
    came.set_yticks(rows, [as_text(arm, NAME) for arm in points])
    came.set_ylim(len(points) - 0.5, -0.5)
    came.set_xlabel(f"{as_text(label)}\neach seed, and mean ± deviation")
    came.grid(alpha=0.3, axis="x")
    figure.suptitle(as_text(title), fontsize="medium")
    return figure
