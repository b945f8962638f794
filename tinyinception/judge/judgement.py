"""What is said of networks that were measured on the same images: figures, a comparison, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyinception.data import Dataset
from tinyinception.judge.crops import POSITIONS, SHIFTED, Scheme, resize
from tinyinception.judge.scores import Scores
from tinyinception.judge.statistics import Difference, bootstrap_difference
from tinyinception.terminal import say

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Judgement:
    """Networks that were measured on the same images, in which views, the scores of each, and of all together.

    names: what to call each in a sentence. about: what the report says of each besides its figures.
    """

    names: list[str]
    about: list[dict[str, Any]]
    dataset: Dataset
    schemes: list[Scheme]
    each: list[Scores]
    together: Scores

    def report(self, crops: int) -> dict:
        """What JSON can hold: see `train.evaluate`."""
        scores, confusion = self.together, self.together.confusion
        alone = [{**about, **_figures(own)} for about, own in zip(self.about, self.each, strict=True)]
        return {
            **(self.about[0] if len(alone) == 1 else {"runs": alone}),
            "data": self.dataset.name,
            "images": len(scores.labels),
            "crops": crops,
            **_figures(scores),
            "calibration": scores.calibration().rows(),
            "classes": [
                {"name": name, "images": int(n), "accuracy": float(right / n) if n else None}
                for name, n, right in zip(
                    self.dataset.classes, confusion.sum(axis=1), confusion.diagonal(), strict=True
                )
            ],
            "confusion": confusion.tolist(),
        }

    def comparison(self) -> dict:
        """The second of two networks against the first, with the sentence that says it."""
        found: Difference = bootstrap_difference(*(own.correct for own in self.each))
        return {
            "first": found.first,
            "second": found.second,
            "difference": found.difference,
            "interval": [found.low, found.high],
            "confidence": found.confidence,
            "resamples": found.resamples,
            "seed": found.seed,
            "only_first": found.only_first,
            "only_second": found.only_second,
            "sentence": found.sentence(*self.names),
        }

    def draw(self, folder: Path) -> None:
        """Write confusion.png, calibration.png and, of several views, crops.png.

        That shows the first test image, for the first of several networks.
        """
        from tinyinception.plots import judging as plots
        from tinyinception.plots.file import write_each
        from tinyinception.plots.style import as_text
        from tinyinception.plots.training import confusion_matrix

        scores, names = self.together, self.names
        name = f"{' + '.join(names) if len(names) < 4 else f'{len(names)} runs'} on {as_text(self.dataset.name, 40)}"
        pictures = {
            "confusion": lambda: confusion_matrix(
                scores.confusion,
                self.dataset.classes,
                f"{name}: {scores.accuracy:.2%} of {len(scores.labels):,} test images",
            ),
            "calibration": lambda: plots.calibration_curve(scores.calibration(), name),
        }
        if len(self.schemes[0].views) > 1:
            pictures["crops"] = lambda: crops_picture(self.schemes[0], self.dataset.test_images[0])
        if failed := write_each(folder, pictures):
            say(failed, always=True)


def crops_picture(scheme: Scheme, image: np.ndarray) -> Figure:
    """A scheme as a matplotlib Figure: its boxes on one image (H x W x C) at every size, and the views they give."""
    from tinyinception.plots.judging import crop_views

    distinct, views = scheme.distinct, len(scheme.views)
    squares = {view.square for view in distinct}
    sizes = sorted({view.resized for view in distinct})
    scaled = {size: resize(image[None], size)[0] for size in sizes}
    boxes = {
        size: [(view.position, view.box) for view in distinct if view.resized == size and not view.mirrored]
        for size in sizes
    }
    rows: dict[str, dict[str, tuple[np.ndarray, int]]] = {}
    for view, tile, weight in zip(distinct, scheme.cut(image[None])[:, 0], scheme.weights, strict=True):
        # the whole square is the same at every scale and stands in the row of the first
        row = rows.setdefault(f"shorter side {view.scale}" + (f"\n{view.square}" if len(squares) > 1 else ""), {})
        row[view.position + (", mirrored" if view.mirrored else "")] = tile, round(weight * views)
    columns = [
        position + mirrored
        for mirrored in ("", ", mirrored")
        for position in (*POSITIONS, *SHIFTED)
        if any(position + mirrored in row for row in rows.values())
    ]
    title = f"{views} views, {len(distinct)} of them different; below each, how many it stands for"
    if len(distinct) == views:
        title = f"{views} views" if views > 1 else "one view"
    return crop_views([(scaled[size], boxes[size]) for size in sizes], rows, columns, title)


def _figures(scores: Scores) -> dict[str, float]:
    return {
        "test_accuracy": scores.accuracy,
        "test_top5": scores.top(5),
        "test_loss": scores.loss,
        "ece": scores.calibration().error,
        "logit_gap": scores.logit_gap,
    }
