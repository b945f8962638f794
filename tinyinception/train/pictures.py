"""The pictures that a finished run leaves in its folder."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyinception.judge.scores import Scores
from tinyinception.nn import Module
from tinyinception.plots import training as plots
from tinyinception.plots.file import write_each
from tinyinception.plots.style import as_text
from tinyinception.tape import Node
from tinyinception.tensor import Hook, Tensor, no_grad, observe
from tinyinception.terminal import say
from tinyinception.train.run import Run
from tinyinception.train.session import Session

WORST = 24


def draw_pictures(session: Session, run: Run, scores: Scores) -> None:
    """curves.png, confusion.png, activations.png (one image) and mistakes.png (the wrong ones of highest loss).

    What cannot be drawn is one line on standard error: a picture is no reason to lose a run.
    """
    facts, dataset = session.facts, session.dataset
    name = f"{session.config.model} on {as_text(facts.name, 40)}"
    wrong = np.flatnonzero(scores.predicted != scores.labels)
    worst = wrong[np.argsort(-scores.losses[wrong], kind="stable")][:WORST]
    pictures = {
        "curves": lambda: plots.curves(session.log, name),
        "confusion": lambda: plots.confusion_matrix(
            scores.confusion, facts.classes, f"{name}: {scores.accuracy:.2%} of {len(scores.labels):,} test images"
        ),
        "activations": lambda: plots.activations(
            dataset.test_images[0],
            stages(session.network, session.test_loader.normalize(dataset.test_images[:1])),
            f"{name}: {as_text(facts.classes[scores.labels[0]], plots.NAME)}, "
            f"said {as_text(facts.classes[scores.predicted[0]], plots.NAME)}",
        ),
        "mistakes": lambda: plots.mistakes(
            dataset.test_images[worst],
            scores.labels[worst],
            scores.predicted[worst],
            np.exp(scores.log_probabilities[worst].max(axis=1)),
            facts.classes,
            f"{name}: the {len(worst)} worst of {len(wrong)} mistakes",
        ),
    }
    if failed := write_each(run.folder, pictures):
        say(failed, always=True)


class _Maps(Hook):
    """The last output of the first unit, and of each part of the network, where these are maps of one image."""

    def __init__(self) -> None:
        self.parts: dict[str, np.ndarray] = {}
        self.first = ""

    def after(self, node: Node, inputs: Sequence[Tensor | np.ndarray | None], output: Tensor) -> None:
        part, _, rest = node.path.partition(".")
        if output.ndim != 4 or output.shape[1] * output.shape[2] == 1:
            return
        unit = node.path if not rest else node.path.rpartition(".")[0]
        self.first = self.first or unit
        for name in {part, unit if unit == self.first else part}:
            self.parts[name] = output.numpy()[0].copy()


def stages(network: Module, image: np.ndarray) -> dict[str, np.ndarray]:
    """What a network in evaluation computes of one normalised image (1 x H x W x C): maps (H x W x C) by layer.

    Those of the first unit, and then the last ones of each size.
    """
    training, maps = network.training, _Maps()
    network.eval()
    try:
        with no_grad(), observe(maps):
            network(Tensor(np.ascontiguousarray(image)))
    finally:
        network.train(training)
    last = {array.shape[:2]: name for name, array in maps.parts.items() if name != maps.first}
    return {name: maps.parts[name] for name in dict.fromkeys([maps.first, *last.values()]) if name in maps.parts}
