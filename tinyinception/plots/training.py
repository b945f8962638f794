"""The pictures of a training run: its curves, what it confuses, what its first layer looks for, where it is most wrong.

Each function returns a matplotlib Figure, ready for `figure.savefig(path)`. The colours are Okabe and Ito's, apart for
every kind of colour vision; lines differ in their markers too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinyinception.errors import ShapeError
from tinyinception.plots.style import as_text, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILION, GREEN = "#0072B2", "#D55E00", "#009E73"
DPI = 120
NAMED_CLASSES = 40  # beyond, class names on an axis are too small to read
NAME = 32  # characters of a class name that are shown
COUNTED_CLASSES = 20  # beyond, so are numbers in the cells


@style()
def curves(rows: Sequence[dict], title: str = "") -> Figure:
    """Loss and accuracy over the epochs; rows as in log.csv, with None where there is no averaged accuracy."""
    figure = _figure(9.0, 4.0)
    loss, accuracy = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in rows]

    def line(axes: Axes, column: str, label: str, colour: str, marker: str, scale: float = 1.0) -> None:
        values = [math.nan if row[column] is None else scale * row[column] for row in rows]
        if not all(map(math.isnan, values)):
            axes.plot(epochs, values, color=colour, marker=marker, markersize=4, label=label)

    line(loss, "train_loss", "training (with label smoothing)", BLUE, "o")
    line(loss, "test_loss", "test", VERMILION, "s")
    line(accuracy, "train_accuracy", "training (augmented images)", BLUE, "o", 100)
    line(accuracy, "test_accuracy", "test", VERMILION, "s", 100)
    line(accuracy, "averaged_test_accuracy", "test, averaged parameters", GREEN, "^", 100)
    for axes, name in ((loss, "cross-entropy (nats)"), (accuracy, "accuracy (%)")):
        axes.set_xlabel("epoch")
        axes.set_ylabel(name)
        axes.locator_params(axis="x", integer=True)
        axes.grid(alpha=0.3)
        axes.legend(fontsize="small")
    figure.suptitle(as_text(title), fontsize="medium")
    return figure


@style()
def confusion_matrix(counts: np.ndarray, classes: Sequence[str], title: str = "") -> Figure:
    """Shares of each true class (row) that were given each class (column); counts is K x K. ShapeError otherwise."""
    k = len(classes)
    if counts.shape != (k, k):
        raise ShapeError(f"confusion_matrix: counts are {counts.shape}, expected {k} x {k} for {k} classes")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(10.0, 3.0 + 0.42 * k)
    figure = _figure(side + 0.8, side)
    figure.set_layout_engine("compressed")  # knows that the axes are square; "constrained" cuts the label off
    axes = figure.subplots()
    # the square root makes single confusions visible beside a diagonal near 100 %
    shown = axes.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)
    bar = figure.colorbar(shown, ax=axes, fraction=0.045)
    bar.set_ticks([math.sqrt(p / 100) for p in (0, 1, 5, 20, 50, 100)], labels=["0", "1", "5", "20", "50", "100"])
    bar.set_label("% of the true class (square-root scale)")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    if k <= NAMED_CLASSES:
        names = [as_text(name, NAME) for name in classes]
        axes.set_xticks(range(k), names, rotation=90)
        axes.set_yticks(range(k), names)
    if k <= COUNTED_CLASSES:
        for row, column in zip(*np.nonzero(counts), strict=True):
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", fontsize=7,
                      color="white" if shares[row, column] > 0.3 else "black")
    axes.set_title(as_text(title))
    return figure


@style()
def filters(weight: np.ndarray, title: str = "") -> Figure:
    """The kernels of a first layer (KH x KW x Cin x Cout): in colour where they see RGB, else one row of planes each.

    Each filter is scaled by its own largest weight; mid-grey is zero. ShapeError for other weights.
    """
    if weight.ndim != 4:
        raise ShapeError(f"filters: weight must be KH x KW x Cin x Cout, but has shape {weight.shape}")
    channels, count = weight.shape[2:]
    scale = np.abs(weight).max(axis=(0, 1, 2), keepdims=True)
    shown = 0.5 + 0.5 * weight / np.where(scale == 0, 1, scale)
    if channels == 3:
        tiles = [shown[..., i] for i in range(count)]
    else:
        tiles = [shown[:, :, c, i] for i in range(count) for c in range(channels)]
    columns = min(8, len(tiles)) if channels in (1, 3) else channels
    figure, grid = _grid(len(tiles), columns, 0.6)
    for axes, tile in zip(grid, tiles, strict=False):
        axes.imshow(tile, cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    figure.suptitle(as_text(title), fontsize="medium")
    return figure


@style()
def mistakes(images: np.ndarray, labels: np.ndarray, predicted: np.ndarray, probabilities: np.ndarray,
             classes: Sequence[str], title: str = "") -> Figure:
    """Wrongly classified images, in the order given: the true class, and the predicted one with its probability.

    images: N x H x W x C, uint8; labels, predicted: N class indices; probabilities: N, of the predicted class.
    """
    if not len(images):
        figure = _figure(5.0, 2.0)
        figure.text(0.5, 0.4, "every test image was classified correctly", ha="center")
    else:
        figure, grid = _grid(len(images), min(6, len(images)), 1.6)
        for axes, image, label, guess, p in zip(grid, images, labels, predicted, probabilities, strict=False):
            pixels = image if image.shape[-1] == 3 else image[..., 0]
            axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
            true, said = as_text(classes[label], NAME), as_text(classes[guess], NAME)
            axes.set_title(f"{true}\nsaid {said}, {p:.0%}", fontsize=7)
    figure.suptitle(as_text(title), fontsize="medium")
    return figure


@style()
def rates(tried: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], suggestion: float) -> Figure:
    """The loss over the learning rate, on a logarithmic axis, with the rate that is suggested."""
    figure = _figure(6.0, 4.0)
    axes = figure.subplots()
    axes.plot(tried, losses, color=BLUE, alpha=0.35, linewidth=1, label="loss of the batch")
    axes.plot(tried, smoothed, color=VERMILION, label="smoothed")
    axes.axvline(suggestion, color=GREEN, linestyle="--", label=f"suggestion: {suggestion:.2g}")
    axes.set_xscale("log")
    axes.set_xlabel("learning rate")
    axes.set_ylabel("cross-entropy (nats)")
    axes.set_ylim(min(losses) * 0.9, 1.5 * max(smoothed[0], losses[0]))
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    return figure


def _figure(width: float, height: float) -> Figure:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def _grid(count: int, columns: int, inches: float) -> tuple[Figure, list[Axes]]:
    """A figure with at least `count` bare square places, row by row."""
    rows = math.ceil(count / columns)
    figure = _figure(max(5.0, inches * columns), inches * rows * 1.2 + 0.6)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in grid:
        axes.set_axis_off()
    return figure, grid
