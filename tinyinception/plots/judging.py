"""The pictures of an evaluation: how far its probabilities can be trusted, and what a crop scheme shows the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.habits import named
from tinyinception.plots.colours import BLACK, BLUE, GREEN, ORANGE, PURPLE, VERMILION
from tinyinception.plots.style import as_text, style
from tinyinception.plots.training import DPI

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tinyinception.judge.statistics import Calibration

# The black of the centre last; a scheme has at most six positions
OUTLINES = (ORANGE, BLUE, GREEN, VERMILION, PURPLE, BLACK)
Box = tuple[int, int, int, int]


@style()
@named
def calibration_curve(bins: Calibration, title: str = "") -> Figure:
    """Reliability diagram: accuracy against the probability given to the answer, and below it the images per bin.

    Raises ShapeError for bins without images. Source: Guo et al. 2017, figures 1 and 4.
    """
    total = int(bins.images.sum())
    if not total:
        raise ShapeError("calibration_curve: no images in any bin")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 6.8), dpi=DPI, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    filled = bins.images > 0
    middle, width = 50 * (bins.low + bins.high), 100 * (bins.high - bins.low)
    accuracy, confidence = 100 * bins.accuracy[filled], 100 * bins.confidence[filled]
    upper.bar(middle[filled], accuracy, width[filled], color=BLUE, alpha=0.45, edgecolor=BLUE, label="accuracy of bin")
    upper.vlines(
        confidence,
        np.minimum(accuracy, confidence),
        np.maximum(accuracy, confidence),
        color=VERMILION,
        linewidth=2,
        label="gap to the mean probability",
    )
    upper.plot(confidence, accuracy, "o", color=BLUE, markersize=5, clip_on=False, label="mean probability, accuracy")
    upper.plot([0, 100], [0, 100], "--", color="black", linewidth=1, label="perfectly calibrated")
    upper.set(ylabel="accuracy (%)", xlim=(0, 100), ylim=(0, 100))
    figure.legend(fontsize="small", loc="outside lower center", ncols=2)  # within, it would lie on bars
    said = f"expected calibration error {bins.error:.2%}, {len(bins.images)} bins, {total:,} images"
    upper.set_title(f"{as_text(title)}\n{said}" if title else said, fontsize="medium")
    _counts(lower, middle, width, bins.images)
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    return figure


def _counts(axes: Axes, middle: np.ndarray, width: np.ndarray, images: np.ndarray) -> None:
    axes.bar(middle, images, width, color=BLUE, alpha=0.45, edgecolor=BLUE)
    for x, n in zip(middle, images, strict=True):
        axes.annotate(f"{n:,}", (x, n), (0, 2), textcoords="offset points", ha="center", fontsize=6.5)
    axes.set(xlabel="probability of the answer (%)", ylabel="images in bin", ylim=(0, 1.2 * images.max()))


@style()
@named
def crop_views(
    scaled: Sequence[tuple[np.ndarray, Sequence[tuple[str, Box]]]],
    rows: Mapping[str, Mapping[str, tuple[np.ndarray, int]]],
    columns: Sequence[str],
    title: str = "",
) -> Figure:
    """A crop scheme on one image: above, the image at each size with the boxes cut from it; below, the views.

    scaled: images (H x W x C) with the name and the (top, left, height, width) of each box. rows: row name -> column
    name -> a view and how many equal views it stands for, which is written below where it is not 1 for all.
    Raises ArgumentError for a view in no column.
    """
    unknown = {column for row in rows.values() for column in row} - set(columns)
    if unknown:
        raise ArgumentError(f"crop_views: no column for {', '.join(sorted(unknown))}")
    from matplotlib.figure import Figure

    width = max(6.0, 1.2 + 0.85 * len(columns))
    heights = (2.9, 0.4 + 0.98 * len(rows))
    figure = Figure(figsize=(width, sum(heights) + 0.4), dpi=DPI, layout="constrained")
    figure.suptitle(as_text(title), fontsize="medium")
    upper, lower = figure.subfigures(2, 1, height_ratios=heights, squeeze=False).flat
    _boxes(upper, scaled)
    _tiles(lower, rows, columns)
    return figure


def _boxes(figure: Figure, scaled: Sequence[tuple[np.ndarray, Sequence[tuple[str, Box]]]]) -> None:
    from matplotlib.patches import Rectangle

    names = list(dict.fromkeys(name for _, boxes in scaled for name, _ in boxes))
    tallest = max(image.shape[0] for image, _ in scaled)
    grid = figure.subplots(1, len(scaled), squeeze=False, width_ratios=[image.shape[1] for image, _ in scaled])[0]
    outlines = {}
    for axes, (image, boxes) in zip(grid, scaled, strict=True):
        _show(axes, image)
        axes.set_ylim(tallest - 0.5, -0.5)  # so that a pixel is as large in every picture
        axes.set_title(f"{image.shape[0]} x {image.shape[1]} pixels", fontsize=8)
        for name, (top, left, height, width) in boxes:
            which = names.index(name)
            inset = 0.005 * tallest * which  # so that edges on the same pixels can be told apart
            outlines[name] = axes.add_patch(
                Rectangle(
                    (left - 0.5 + inset, top - 0.5 + inset),
                    width - 2 * inset,
                    height - 2 * inset,
                    fill=False,
                    label=name,
                    linewidth=1.6 if len(boxes) <= len(names) else 0.9,
                    edgecolor=OUTLINES[which % len(OUTLINES)],
                )
            )
    figure.legend(handles=list(outlines.values()), loc="outside lower center", ncols=len(outlines), fontsize=7)


def _tiles(figure: Figure, rows: Mapping[str, Mapping[str, tuple[np.ndarray, int]]], columns: Sequence[str]) -> None:
    grid = figure.subplots(len(rows), len(columns), squeeze=False)
    counted = any(count > 1 for row in rows.values() for _, count in row.values())
    for axes, column in zip(grid[0], columns, strict=True):
        axes.set_title(column.replace(", ", ",\n"), fontsize=7)
    for line, (name, views) in zip(grid, rows.items(), strict=True):
        line[0].set_ylabel(name, fontsize=7, rotation=0, ha="right", va="center")
        for axes, column in zip(line, columns, strict=True):
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
            if column in views:
                tile, count = views[column]
                _show(axes, tile)
                axes.set_axis_on()
                axes.set_xlabel(f"x {count}" if counted else "", fontsize=6.5, labelpad=2)


def _show(axes: Axes, image: np.ndarray) -> None:
    axes.imshow(
        image if image.shape[-1] == 3 else image[..., 0],
        cmap="gray",
        vmin=0,
        vmax=255 if image.dtype == np.uint8 else 1,
        interpolation="nearest",
    )
    axes.set_axis_off()
