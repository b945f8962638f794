"""Pictures in lessons: one style, and one way to show them wherever the lesson runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyinception.checks import whole
from tinyinception.plots.alternative import described, is_drawn
from tinyinception.plots.colours import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION
from tinyinception.plots.file import write
from tinyinception.plots.style import defaults, import_matplotlib, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, apart for every kind of colour vision.
COLOURS = {
    "blue": BLUE,
    "vermilion": VERMILION,
    "green": GREEN,
    "purple": PURPLE,
    "orange": ORANGE,
    "sky": SKY,
    "black": BLACK,
    "grey": GREY,
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

_unseen = False
_kept: tuple[Path, Callable[[Path, str, bool], Any]] | None = None  # see `kept`


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


def animate(draw: Callable[[int], Any], count: int, name: str, *, seconds: float = 0.8) -> None:
    """Show a picture that moves: `draw(i)` draws step i of `count` and returns what it drew, or the figure.

    `draw` draws on one figure, the one that `figure` made last, and removes or changes what it drew before. A notebook
    plays the GIF; elsewhere it is runs/lessons/NAME.gif, beside NAME.png, the last step. seconds: of each step.
    """
    from matplotlib import pyplot

    count = whole("animate: count", count)
    drawn = pyplot.gcf()
    inline, _, folder = _where()
    if _unseen:
        for i in range(count):  # its cell may go on with what it drew
            draw(i)
    elif _kept is not None:
        path = _kept[0] / f"{name}.gif"
        _write_frames(drawn, draw, count, path, seconds)
        _kept[1](path, f"Moving picture. {described(drawn)}", is_drawn(drawn))
    else:
        path = Path(folder or Path("runs") / "lessons") / f"{name}.gif"
        _write_frames(drawn, draw, count, path, seconds)
        if inline:
            display = sys.modules["IPython.display"]
            display.display(display.Image(data=path.read_bytes(), format="gif"))
        else:
            print(f"moving figure: {path}", flush=True)
            _display(drawn, name)
    pyplot.close(drawn)


def _write_frames(drawn: Figure, draw: Callable[[int], Any], count: int, path: Path, seconds: float) -> None:
    from matplotlib.animation import FuncAnimation, PillowWriter

    path.parent.mkdir(parents=True, exist_ok=True)
    frames = [*range(count), count - 1, count - 1]  # the end stays
    rate: Any = 1 / seconds  # a writer takes fractions, too
    moving = FuncAnimation(drawn, draw, frames=frames, init_func=lambda: (), blit=False)
    with style(**STYLE, **{"text.parse_math": True}):
        moving.save(path, writer=PillowWriter(fps=rate), dpi=80)
    draw(count - 1)


@contextmanager
def unseen() -> Iterator[None]:
    """Context in which pictures are drawn and not shown."""
    global _unseen
    before, _unseen = _unseen, True
    try:
        yield
    finally:
        _unseen = before


@contextmanager
def kept(folder: Path, tell: Callable[[Path, str, bool], Any]) -> Iterator[None]:
    """Context in which pictures become files in a folder.

    `tell` gets each file, what it shows in words, and whether it is drawn (`is_drawn`).
    """
    global _kept
    before, _kept = _kept, (folder, tell)
    try:
        yield
    finally:
        _kept = before


def _where() -> tuple[bool, bool, str | None]:
    """Whether pictures appear in a notebook, whether in a window, and the folder that was asked for."""
    from matplotlib import get_backend

    backend, folder = get_backend().lower(), os.environ.get("TINYINCEPTION_FIGURES")
    inline = "inline" in backend or "nbagg" in backend or "ipympl" in backend
    window = not inline and backend not in ("agg", "cairo", "pdf", "pgf", "ps", "svg", "template")
    return inline, window, folder


def _display(drawn: Figure, name: str) -> None:
    from matplotlib import pyplot

    if _unseen:
        return
    if _kept is not None:
        path = _kept[0] / f"{name}.png"
        _write(drawn, path)
        _kept[1](path, described(drawn), is_drawn(drawn))
        return
    inline, window, folder = _where()
    if folder is not None or not (inline or window):
        path = Path(folder or Path("runs") / "lessons") / f"{name}.png"
        _write(drawn, path)
        print(f"figure: {path}", flush=True)
    if inline:
        sys.modules["IPython.display"].display(drawn)
    elif window:
        pyplot.show()  # returns when the reader closes it


def _write(drawn: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with style(**STYLE, **{"text.parse_math": True}):  # formulas are welcome here
        write(drawn, path, "show")
