"""The pictures that a finished run leaves in its folder."""

from __future__ import annotations

from io import BytesIO

import numpy as np

from tinyinception.plots import training as plots
from tinyinception.train.checkpoint import replace_file
from tinyinception.train.run import Run
from tinyinception.train.scores import Scores
from tinyinception.train.session import Session

WORST = 24


def draw_pictures(session: Session, run: Run, scores: Scores) -> None:
    """curves.png, confusion.png, filters.png (first layer) and mistakes.png (the wrong ones of highest loss)."""
    facts, dataset = session.facts, session.dataset
    name = f"{session.config.model} on {facts.name}"
    first, weight = next((n, p.numpy()) for n, p in session.network.named_parameters() if p.ndim == 4)
    wrong = np.flatnonzero(scores.predicted != scores.labels)
    worst = wrong[np.argsort(-scores.losses[wrong], kind="stable")][:WORST]
    pictures = {
        "curves": plots.curves(session.log, name),
        "confusion": plots.confusion_matrix(
            scores.confusion, facts.classes, f"{name}: {scores.accuracy:.2%} of {len(scores.labels):,} test images"),
        "filters": plots.filters(weight, f"{name}: {first}"),
        "mistakes": plots.mistakes(
            dataset.test_images[worst], scores.labels[worst], scores.predicted[worst],
            np.exp(scores.log_probabilities[worst].max(axis=1)), facts.classes,
            f"{name}: the {len(worst)} worst of {len(wrong)} mistakes"),
    }
    for file, figure in pictures.items():
        png = BytesIO()
        figure.savefig(png)
        replace_file(run.folder / f"{file}.png", png.getvalue())
