"""A network as a picture: modules as boxes with their branches and widths, coloured by what each costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tinyinception import count, models, nn
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.habits import named
from tinyinception.models.network import Network
from tinyinception.plots.colours import AUX, BLUE, BRANCHES, CARD, FRAME, FREE, INK, JOIN, costs
from tinyinception.plots.file import check_format, write
from tinyinception.plots.network_flow import compose, magnification
from tinyinception.plots.network_layout import FONT, Box, Line, Scene, Text, text_width
from tinyinception.plots.network_tree import Stage, stages, times
from tinyinception.plots.style import as_text, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap, Normalize
    from matplotlib.figure import Figure
    from matplotlib.typing import ColorType

COLOURS = {"macs": "multiply-adds", "params": "parameters", "kind": "kinds of layers"}
KINDS = {
    "1x1": "1×1",
    "3x3": "3×3",
    "5x5": "5×5",
    "pool": "pooling",
    "other": "other kernels, linear",
}
PAGE, DPI = (16.0, 9.0), 120  # inches: a slide of 1920 x 1080 pixels
HEADER, MARGIN, BAR = 0.95, 0.25, 3.6
PLAIN = {"card": CARD, "aux": AUX, "join": JOIN}  # of boxes that are no units
LARGEST = 1.4  # small networks and lone blocks get a smaller page instead of larger letters


@named
def draw(
    model: nn.Module | str,
    input_size: int | tuple[int, int] | None = None,
    *,
    color: str = "macs",
    channels: int | None = None,
    num_classes: int | None = None,
    title: str | None = None,
    path: str | Path | None = None,
) -> Figure:
    """A network, by name or as a module, as a slide of 16 to 9: `draw("inception_v4", path="v4.png")`.

    Each box is a convolution with what follows it ("3×3/2 96": kernel, stride, width), a pooling or a linear layer;
    equal modules in a row are drawn once, with their number. Activations, dropout and flattening have none, a module of
    a class that is none of `nn`'s is one box. Auxiliary classifiers hang at the side, unless the input does not fit
    them. color: the share of "macs" or "params" that the boxes are coloured by, a box that stands for several by their
    sum, in percent of the network without auxiliary classifiers; or their "kind": 1x1, 3x3, 5x5, pooling. input_size:
    pixels, or (height, width); a lone module needs it, and `channels` unless 3. title: its name unless given. path: a
    file to write it to.
    It is what Keras calls plot_model.
    Raises ArgumentError for unknown names and arguments, ShapeError where the input does not fit the network.
    """
    if color not in COLOURS:
        raise ArgumentError(f"draw: color must be one of {', '.join(COLOURS)}, got {color!r}")
    if path is not None:
        check_format(path, "draw")
    name, model, size = _resolve(model, input_size, channels, num_classes)
    if channels is None:
        channels = model.channels if isinstance(model, Network) else 3
    try:
        counted = count.summary(model, size, channels=channels, training=True)
    except ShapeError:  # auxiliary classifiers take fewer sizes than the network itself
        counted = count.summary(model, size, channels=channels)
    found = stages(model, counted.rows)
    if not found:
        raise ArgumentError(f"draw: {name} has nothing to draw: no convolution, pooling or linear layer")
    with style():
        figure = _paint(found, as_text(title or name), times(counted.input), color)
        if path is not None:
            write(figure, path, "draw")
    return figure


def _resolve(
    model: nn.Module | str, input_size: int | tuple[int, int] | None, channels: int | None, num_classes: int | None
) -> tuple[str, nn.Module, int | tuple[int, int]]:
    """Name, module and input size, with the defaults that a network has."""
    if isinstance(model, str):
        info = models.info(model)
        with nn.shape_only():
            built = models.build(model, num_classes=num_classes, channels=3 if channels is None else channels)
        return model, built, info.input_size if input_size is None else input_size
    if num_classes is not None:
        raise ArgumentError("draw: num_classes goes with the name of a network; this is a module, already built")
    if input_size is None and isinstance(model, Network):
        input_size = model.input_size
    if input_size is None:
        raise ArgumentError("draw: a module needs input_size, in pixels")
    return model._name or type(model).__name__, model, input_size


def _paint(found: list[Stage], name: str, source: str, color: str) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    room = PAGE[0] - 2 * MARGIN, PAGE[1] - HEADER - MARGIN
    field = "macs" if color == "kind" else color
    total = sum(stage.total(field) for stage in found)
    scene = compose(found, f"input {source}", field, total, room)
    fit = magnification((scene.width, scene.height), room)
    scale = min(fit, LARGEST)
    words = name, _subtitle(found, source)
    width, height = PAGE
    if fit > LARGEST:
        least = max(text_width(words[0], bold=True, size=2.2), text_width(words[1], size=1.3)) + BAR + 4 * MARGIN
        width = max(scene.width * scale + 2 * MARGIN, least)
        height = scene.height * scale + HEADER + MARGIN
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    left, top = (width - scene.width * scale) / 2, HEADER + (height - HEADER - MARGIN - scene.height * scale) / 2
    axes.set(xlim=(-left / scale, (width - left) / scale), ylim=((height - top) / scale, -top / scale))
    axes.set_axis_off()
    _write_header(figure, words)
    if color == "kind":
        _paint_scene(axes, scene, scale, lambda box: BRANCHES[box.unit.kind] if box.unit else PLAIN[box.kind])
        _paint_key(figure, {box.unit.kind for box in scene.boxes if box.unit})
        return figure
    palette, norm = _colours(scene, color, total)
    _paint_scene(axes, scene, scale, lambda box: _fill(box, color, total, palette, norm))
    _paint_bar(figure, color, palette, norm, any(stage.times > 1 for stage in found))
    return figure


def _subtitle(found: list[Stage], source: str) -> str:
    macs, params = (sum(stage.total(field) for stage in found) for field in ("macs", "params"))
    text = f"{source}   {_short(params)} parameters   {_short(macs)} multiply-adds"
    heads = [stage.aux for stage in found if stage.aux]
    if heads:
        macs, params = (sum(head.total(field) for head in heads) for field in ("macs", "params"))
        text += f"   (auxiliary classifiers, in training: {_short(params)} and {_short(macs)} more)"
    return text


def _short(n: int) -> str:
    """Three digits and a unit: 23.8 M, 5.71 G."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if n >= 0.9995 * size:
            texts = (f"{n / size:.{places}f}" for places in (2, 1, 0))
            return f"{next(text for text in texts if len(text.replace('.', '')) <= 3)} {unit}"
    return str(n)


def _colours(scene: Scene, color: str, total: int) -> tuple[Colormap, Normalize]:
    """The square root sets small shares apart."""
    from matplotlib.colors import PowerNorm

    largest = max((box.times * getattr(box.unit, color) for box in scene.boxes if box.unit), default=0)
    return costs(), PowerNorm(0.5, vmin=0, vmax=max(100 * largest / max(total, 1), 0.01))


def _fill(box: Box, color: str, total: int, palette: Colormap, norm: Normalize) -> ColorType:
    if box.unit is None:
        return PLAIN[box.kind]
    cost = box.times * getattr(box.unit, color)
    return palette(norm(100 * cost / total)) if cost and total else FREE


def _paint_scene(axes: Axes, scene: Scene, scale: float, fill: Callable[[Box], ColorType]) -> None:
    for line in scene.lines:
        _paint_line(axes, line, scale)
    for box in scene.boxes:
        _paint_box(axes, box, scale, fill(box))
    for text in scene.texts:
        _paint_text(axes, text, scale)


def _paint_box(axes: Axes, box: Box, scale: float, fill: ColorType) -> None:
    from matplotlib.patches import FancyBboxPatch

    small = box.kind in ("unit", "join")
    axes.add_patch(
        FancyBboxPatch(
            (box.x, box.y),
            box.width,
            box.height,
            boxstyle=f"round,pad=0,rounding_size={0.04 if small else 0.07}",
            facecolor=fill,
            edgecolor=FRAME,
            linewidth=(0.6 if small else 0.9) * scale,
            zorder=2 if small else 0,
            linestyle="--" if box.kind == "aux" else "-",
            gid=f"{box.kind} {box.unit.path}" if box.unit else box.kind,
        )
    )
    if box.text:
        axes.text(
            box.x + box.width / 2,
            box.y + box.height / 2,
            box.text,
            ha="center",
            va="center_baseline",
            fontsize=FONT * scale * (1 if box.kind == "unit" else 0.9),
            color=_ink(fill),
            zorder=3,
        )


def _ink(fill: ColorType) -> str:
    """Black or white, whichever has more contrast (relative luminance as in WCAG 2)."""
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(fill)]
    luminance = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "black" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "white"


def _paint_line(axes: Axes, line: Line, scale: float) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    inner, colour = line.kind == "inner", BLUE if line.kind == "identity" else INK
    axes.add_patch(
        FancyArrowPatch(
            path=Curve(line.points),
            arrowstyle="-|>" if line.arrow else "-",
            mutation_scale=7 * scale,
            color=colour,
            linewidth=(0.7 if inner else 1.1) * scale,
            linestyle="--" if line.kind == "aux" else "-",
            fill=not inner,
            shrinkA=0,
            shrinkB=0,
            capstyle="butt",
            joinstyle="round",
            zorder=1,
            gid=line.kind,
        )
    )


def _paint_text(axes: Axes, text: Text, scale: float) -> None:
    axes.text(
        text.x,
        text.y,
        text.text,
        ha=text.align,
        va="center_baseline",
        fontsize=FONT * text.size * scale,
        weight="bold" if text.bold else "normal",
        color="black" if text.bold else INK,
        zorder=3,
    )


def _write_header(figure: Figure, words: tuple[str, str]) -> None:
    width, height = figure.get_size_inches()
    figure.text(MARGIN / width, 1 - 0.34 / height, words[0], fontsize=FONT * 2.2, weight="bold", va="center")
    figure.text(MARGIN / width, 1 - 0.68 / height, words[1], fontsize=FONT * 1.3, va="center", color=INK)


def _paint_key(figure: Figure, kinds: set[str]) -> None:
    from matplotlib.patches import Patch

    width, height = figure.get_size_inches()
    patches = [Patch(facecolor=BRANCHES[kind], edgecolor=FRAME, label=KINDS[kind]) for kind in KINDS if kind in kinds]
    place = 1 - MARGIN / width, 1 - 0.2 / height
    options = {"fontsize": FONT * 1.1, "frameon": False, "borderaxespad": 0, "columnspacing": 1.2, "handlelength": 1.2}
    figure.legend(handles=patches, loc="upper right", bbox_to_anchor=place, ncols=3, **options)


def _paint_bar(figure: Figure, color: str, palette: Colormap, norm: Normalize, repeats: bool) -> None:
    from matplotlib.cm import ScalarMappable

    width, height = figure.get_size_inches()
    place = figure.add_axes(((width - MARGIN - BAR) / width, 1 - 0.4 / height, BAR / width, 0.16 / height))
    bar = figure.colorbar(ScalarMappable(norm, palette), cax=place, orientation="horizontal")
    steps = [0.0]
    for step in (0.1, 0.5, 1, 2, 5, 10, 20, 40, 60, 80, 100):
        if step <= (norm.vmax or 0) and norm(step) - norm(steps[-1]) > 0.07:  # room for its label
            steps.append(step)
    bar.set_ticks(steps, labels=[f"{t:g}" for t in steps], fontsize=FONT * 1.1)
    bar.ax.minorticks_off()
    bar.set_label(
        f"share of {COLOURS[color]} (%), square-root scale" + ("\n×n: all n together" if repeats else ""),
        fontsize=FONT * 1.1,
    )
