"""Pictures in lessons: one style, and one way to show them wherever the lesson runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyinception.plots.file import write
from tinyinception.plots.style import defaults, import_matplotlib, style
from tinyinception.plots.training import BLUE, GREEN, VERMILION

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, apart for every kind of colour vision.
COLOURS = {
    "blue": BLUE,
    "vermilion": VERMILION,
    "green": GREEN,
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
    "black": "#000000",
    "grey": "#7F7F7F",
}
STYLE = {
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
    "axes.titlesize": 11,
    "legend.fontsize": 9,
    "lines.linewidth": 2,
    "lines.markersize": 5,
    "image.cmap": "viridis",
    "savefig.dpi": 120,
    "figure.dpi": 100,
}


def figure(rows: int = 1, columns: int = 1, *, width: float = 9.0, height: float = 4.2, **options: Any) -> tuple:
    """A figure in the lessons' style and its axes, as `plt.subplots` returns them; width and height in inches."""
    matplotlib = import_matplotlib()
    from matplotlib import pyplot

    matplotlib.rcParams.update({**defaults(matplotlib), **STYLE})
    matplotlib.rcParams["axes.prop_cycle"] = matplotlib.cycler(color=list(COLOURS.values()))
    options |= {"figsize": (width, height), "layout": "constrained"}
    try:
        return pyplot.subplots(rows, columns, **options)
    except ImportError:  # MPLBACKEND names a notebook's backend, and this is another Python
        pyplot.switch_backend("agg")
        return pyplot.subplots(rows, columns, **options)


def show(drawn: Figure, name: str) -> None:
    """Show a finished figure: in the notebook, in a window, or where there is neither as runs/lessons/NAME.png.

    The folder is $TINYINCEPTION_FIGURES where that is set, and then the file is written in any case.
    """
    from matplotlib import pyplot

    _display(drawn, name)
    pyplot.close(drawn)


def _display(drawn: Figure, name: str) -> None:
    from matplotlib import get_backend, pyplot

    backend, folder = get_backend().lower(), os.environ.get("TINYINCEPTION_FIGURES")
    inline = "inline" in backend or "nbagg" in backend or "ipympl" in backend
    window = not inline and backend not in ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")
    if folder is not None or not (inline or window):
        path = Path(folder or Path("runs") / "lessons") / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with style(**STYLE, **{"text.parse_math": True}):  # formulas are welcome here
            write(drawn, path, "show")
        print(f"figure: {path}", flush=True)
    if inline:
        sys.modules["IPython.display"].display(drawn)
    elif window:
        pyplot.show()  # returns when the reader closes it
