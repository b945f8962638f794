"""What can be done with a trained run: measure it, and classify pictures with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinyinception.data import Loader, Normalize, load, read_image
from tinyinception.errors import ArgumentError
from tinyinception.train import checkpoint
from tinyinception.train.config import Config
from tinyinception.train.run import Run
from tinyinception.train.scores import log_probabilities, score
from tinyinception.train.session import DataFacts, load_network

BATCH = 256


@dataclass(frozen=True, eq=False)
class Trained:
    """The network of a run, ready for use, with what has to be known of its data."""

    run: Run
    config: Config
    facts: DataFacts
    network: Any
    averaged: bool


def load_run(folder: str | Path, averaged: bool | None = None) -> Trained:
    """The network of a run folder, in evaluation mode.

    averaged: with the running average of the parameters; None = where the run kept one. Raises CheckpointError for a
    folder without a run or with a damaged checkpoint, ArgumentError where averages are wanted and there are none.
    """
    run = Run.open(folder)
    config = run.config
    if averaged and config.average is None:
        raise ArgumentError(f"averaged: {run.folder} was trained without a running average of parameters")
    averaged = config.average is not None if averaged is None else averaged
    tensors, state = checkpoint.load(run.folder)
    facts = DataFacts.restore(state["data"])
    network = facts.build(config.model)
    load_network(run, tensors, network, averaged)
    return Trained(run, config, facts, network.eval(), averaged)


def evaluate(folder: str | Path, data: str | None = None, *, batch_size: int = BATCH, crops: int = 1,
             averaged: bool | None = None, progress: bool = True) -> dict:
    """Measure a run's network on test images, by default those of its own data set.

    data: another data set with the same classes, by name or as a folder of images sorted by class. crops: 1, or 2 to
    average each image with its mirror image. Returns what JSON can hold: test_accuracy, test_top5, test_loss, per class
    its accuracy, and the confusion counts (rows the true class). Raises as `load_run`, and ArgumentError or DataError.
    """
    if crops not in (1, 2):
        raise ArgumentError(f"crops must be 1, or 2 for the image and its mirror image, got {crops!r}")
    trained = load_run(folder, averaged)
    facts, config = trained.facts, trained.config
    own = data is None or data == config.data
    dataset = load(config.data if own else data, source=config.source if own else None,
                   limit=config.limit if own else None, progress=progress)
    if dataset.classes != facts.classes:
        raise ArgumentError(f"data: {dataset.name} has the classes {_some(dataset.classes)}, {folder} was trained for "
                            f"{_some(facts.classes)}")
    if dataset.image_shape[-1] != facts.image_shape[-1]:
        raise ArgumentError(f"data: {dataset.name} has {dataset.image_shape[-1]} channels, {folder} was trained for "
                            f"{facts.image_shape[-1]}")
    scores = score(trained.network, Loader(dataset.test_images, dataset.test_labels, batch_size, mean=facts.mean,
                                           std=facts.std), crops)
    confusion = scores.confusion
    return {
        "run": str(trained.run.folder), "model": config.model, "data": dataset.name, "images": len(scores.labels),
        "crops": crops, "averaged": trained.averaged, "test_accuracy": scores.accuracy, "test_top5": scores.top(5),
        "test_loss": scores.loss,
        "classes": [{"name": name, "images": int(n), "accuracy": float(right / n) if n else None}
                    for name, n, right in zip(facts.classes, confusion.sum(axis=1), confusion.diagonal(), strict=True)],
        "confusion": confusion.tolist(),
    }


def predict(folder: str | Path, images: Sequence[str | Path], *, top: int = 5,
            averaged: bool | None = None) -> list[list[tuple[str, float]]]:
    """Classify image files: for each the `top` most probable (class, probability), best first.

    The largest central square of a picture is scaled to what the network was trained on. Raises DataError for a file
    that is no image, before any is classified, ArgumentError for top below 1 or no images, and as `load_run`.
    """
    if top < 1:
        raise ArgumentError(f"top must be at least 1, got {top!r}")
    if not images:
        raise ArgumentError("images: no files given")
    trained = load_run(folder, averaged)
    height, width, channels = trained.facts.image_shape
    if height != width:
        raise ArgumentError(f"predict: files are cut square, {folder} was trained on images of {height}x{width}")
    pixels = np.stack([read_image(path, height, channels) for path in images])
    normalize = Normalize(trained.facts.mean, trained.facts.std)
    answers = []
    for start in range(0, len(pixels), BATCH):
        probabilities = np.exp(log_probabilities(trained.network, normalize(pixels[start:start + BATCH])))
        answers += [[(trained.facts.classes[k], float(row[k])) for k in np.argsort(-row, kind="stable")[:top]]
                    for row in probabilities]
    return answers


def _some(names: tuple[str, ...], most: int = 4) -> str:
    return ", ".join(names[:most]) + (f", ... ({len(names)})" if len(names) > most else "")
