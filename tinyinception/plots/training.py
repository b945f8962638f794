"""The pictures of a training run: its curves, what it confuses, what it makes of an image, where it is most wrong.

Each function returns a matplotlib Figure, ready for `figure.savefig(path)`. The colours are Okabe and Ito's, apart for
every kind of colour vision; lines differ in their markers too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinyinception.errors import ShapeError
from tinyinception.plots.colours import BLUE, GREEN, VERMILION
from tinyinception.plots.style import as_text, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 120
NAMED_CLASSES = 40  # beyond, class names on an axis are too small to read
NAME = 32  # characters of a class name that are shown
MAPS = 10  # of each stage
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
            axes.text(
                column,
                row,
                str(counts[row, column]),
                ha="center",
                va="center",
                fontsize=7,
                color="white" if shares[row, column] > 0.3 else "black",
            )
    axes.set_title(as_text(title))
    return figure


@style()
def activations(image: np.ndarray, stages: Mapping[str, np.ndarray], title: str = "") -> Figure:
    """What a network makes of an image (H x W x C, uint8): of each stage, by name, the maps (H x W x C) that vary most.

    Each map is scaled by its own largest number; black is zero or less. ShapeError for maps of another shape.
    """
    for name, maps in stages.items():
        if maps.ndim != 3:
            raise ShapeError(f"activations: maps of {name} must be H x W x C, got shape {maps.shape}")
    figure = _figure(2.4 + 0.72 * MAPS, 0.6 + 0.86 * max(len(stages), 2))
    left, right = figure.subfigures(1, 2, width_ratios=(2.4, 0.72 * MAPS), squeeze=False).flat
    _show(left.subplots(), image)
    rows = right.subfigures(max(len(stages), 1), 1, squeeze=False).flat
    for row, (name, maps) in zip(rows, stages.items(), strict=False):
        height, width, count = maps.shape
        row.suptitle(
            f"{as_text(name, NAME)}: {min(count, MAPS)} of {count} maps, {height}x{width}",
            fontsize=7,
            x=0.01,
            ha="left",
        )
        strongest = np.argsort(-maps.std(axis=(0, 1)), kind="stable")
        for axes, channel in zip(row.subplots(1, MAPS), strongest, strict=False):
            axes.set_axis_off()
            chosen = maps[..., channel]
            axes.imshow(chosen, cmap="magma", vmin=0, vmax=max(chosen.max(), 1e-12), interpolation="nearest")
    figure.suptitle(as_text(title), fontsize="medium")
    return figure


@style()
def mistakes(
    images: np.ndarray,
    labels: np.ndarray,
    predicted: np.ndarray,
    probabilities: np.ndarray,
    classes: Sequence[str],
    title: str = "",
) -> Figure:
    """Wrongly classified images, in the order given: the true class, and the predicted one with its probability.

    images: N x H x W x C, uint8; labels, predicted: N class indices; probabilities: N, of the predicted class.
    """
    if not len(images):
        figure = _figure(5.0, 2.0)
        figure.text(0.5, 0.4, "every test image was classified correctly", ha="center")
    else:
        figure, grid = _grid(len(images), min(6, len(images)), 1.6)
        for axes, image, label, guess, p in zip(grid, images, labels, predicted, probabilities, strict=False):
            _show(axes, image)
            true, said = as_text(classes[label], NAME), as_text(classes[guess], NAME)
            axes.set_title(f"{true}\nsaid {said}, {p:.0%}", fontsize=7)
    figure.suptitle(as_text(title), fontsize="medium")
    return figure


def _show(axes: Axes, image: np.ndarray) -> None:
    pixels = image if image.shape[-1] == 3 else image[..., 0]
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()


@style()
def rates(tried: Sequence[float], losses: Sequence[float], smoothed: Sequence[float], suggestion: float) -> Figure:
    """The loss over the learning rate, on a logarithmic axis, with the rate that is suggested."""
    figure = _figure(6.0, 4.0)
    axes = figure.subplots()
    axes.plot(tried, losses, color=BLUE, alpha=0.35, linewidth=1, label="loss of the batch")
    axes.plot(tried, smoothed, color=VERMILION, label="smoothed")
    axes.axvline(suggestion, color=GREEN, linestyle="--", label=f"suggestion: {suggestion:.2g}")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")  # its own has formulas, which are not read here
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
