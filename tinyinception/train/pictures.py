"""The pictures that a finished run leaves in its folder."""

from __future__ import annotations

import numpy as np

from tinyinception.plots import training as plots
from tinyinception.plots.file import write_each
from tinyinception.plots.style import as_text
from tinyinception.terminal import say
from tinyinception.train.run import Run
from tinyinception.train.scores import Scores
from tinyinception.train.session import Session

WORST = 24


def draw_pictures(session: Session, run: Run, scores: Scores) -> None:
    """curves.png, confusion.png, filters.png (first layer) and mistakes.png (the wrong ones of highest loss).

    What cannot be drawn is one line on standard error: a picture is no reason to lose a run.
    """
    facts, dataset = session.facts, session.dataset
    name = f"{session.config.model} on {as_text(facts.name, 40)}"
    kernels = [(n, p.numpy()) for n, p in session.network.named_parameters() if p.ndim == 4]
    wrong = np.flatnonzero(scores.predicted != scores.labels)
    worst = wrong[np.argsort(-scores.losses[wrong], kind="stable")][:WORST]
    pictures = {
        "curves": lambda: plots.curves(session.log, name),
        "confusion": lambda: plots.confusion_matrix(
            scores.confusion, facts.classes, f"{name}: {scores.accuracy:.2%} of {len(scores.labels):,} test images"),
        **({"filters": lambda: plots.filters(kernels[0][1], f"{name}: {kernels[0][0]}")} if kernels else {}),
        "mistakes": lambda: plots.mistakes(
            dataset.test_images[worst], scores.labels[worst], scores.predicted[worst],
            np.exp(scores.log_probabilities[worst].max(axis=1)), facts.classes,
            f"{name}: the {len(worst)} worst of {len(wrong)} mistakes"),
    }
    if failed := write_each(run.folder, pictures):
        say(failed)
