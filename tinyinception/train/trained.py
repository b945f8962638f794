"""A trained run, loaded, and pictures classified with it; how it is measured stands in evaluation.py."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyinception.checks import whole
from tinyinception.data import Normalize, read_image
from tinyinception.errors import ArgumentError
from tinyinception.habits import named
from tinyinception.judge.scores import best_classes, check_request
from tinyinception.nn import Module
from tinyinception.train import checkpoint
from tinyinception.train.config import Config
from tinyinception.train.images import load_data
from tinyinception.train.network import Factory, build
from tinyinception.train.run import Run
from tinyinception.train.session import belonging, load_network, with_slow
from tinyinception.train.state import DataFacts

BATCH = 256


@dataclass(frozen=True, eq=False)
class Trained:
    """The network of a run, ready for use, with what has to be known of its data."""

    run: Run
    config: Config
    facts: DataFacts
    network: Module
    averaged: bool

    def __repr__(self) -> str:
        return (
            f"Trained({str(self.run.folder)!r}: {self.config.model} on {self.facts.name}, "
            f"{len(self.facts.classes)} classes{', averaged parameters' if self.averaged else ''})"
        )


@named
def load_run(folder: str | Path, averaged: bool | None = None, *, network: Module | Factory | None = None) -> Trained:
    """The network of a run folder, in evaluation mode.

    averaged: with the running average of the parameters; None = where the run kept one. network: the caller's own,
    where the run has one without an import path. Raises CheckpointError for a
    folder without a run or with a damaged checkpoint, ArgumentError where averages are wanted and there are none.
    """
    run = Run.open(folder)
    config = run.config
    if averaged and config.average is None:
        raise ArgumentError(f"averaged: {run.folder} was trained without a running average of parameters")
    averaged = config.average is not None if averaged is None else averaged
    tensors, state = checkpoint.load(run.folder)
    with belonging(run):
        facts = DataFacts.restore(state.get("data"))
    built = build(config, facts, network)
    load_network(run, with_slow(tensors), built, averaged)
    return Trained(run, config, facts, built.eval(), averaged)


@named
def predict(
    folder: str | Path,
    images: Sequence[str | Path],
    *,
    top: int = 5,
    averaged: bool | None = None,
    network: Module | Factory | None = None,
    say: Callable[[str], None] | None = None,
) -> list[list[tuple[str, float]]]:
    """Classify image files: for each the `top` most probable (class, probability), best first.

    The largest central square of a picture is scaled to what the network was trained on. say: told of converted colours
    as by `read_image`. Raises DataError for a file that is no image, before any is classified, ArgumentError for top
    below 1 or no images, NonFiniteError where the network gives no probabilities, and as `load_run`.
    averaged, network: as there.
    """
    check_request(images, top)
    trained = load_run(folder, averaged, network=network)
    height, width, channels = trained.facts.image_shape
    if height != width:
        raise ArgumentError(f"predict: files are cut square, {folder} was trained on images of {height}x{width}")
    return _classify(trained, [read_image(path, height, channels, say=say) for path in images], top)


@named
def predict_test(
    folder: str | Path, number: int, *, top: int = 5, averaged: bool | None = None, progress: bool = True
) -> tuple[str, str, list[tuple[str, float]]]:
    """Classify one test image of the run's own data set, counted from 0: its name, its true class, and the answer as
    by `predict`. Raises ArgumentError for a number that no test image has, or data that are no longer the run's.
    """
    number = whole("test", number, least=0)
    check_request([number], top)
    trained = load_run(folder, averaged)
    config, facts = trained.run.find_data(trained.config), trained.facts
    dataset = load_data(config, progress)
    if (dataset.classes, dataset.image_shape) != (facts.classes, facts.image_shape):
        raise ArgumentError(f"test: {dataset.name} has other classes or sizes now than when {folder} was trained")
    if number >= len(dataset.test_images):
        raise ArgumentError(
            f"test must be at most {len(dataset.test_images) - 1:,}, the last test image of "
            f"{dataset.name}, got {number:,}"
        )
    (answer,) = _classify(trained, [dataset.test_images[number]], top)
    return f"test image {number} of {dataset.name}", dataset.classes[dataset.test_labels[number]], answer


def _classify(trained: Trained, images: Sequence[np.ndarray], top: int) -> list[list[tuple[str, float]]]:
    pixels, normalize = np.stack(images), Normalize(trained.facts.mean, trained.facts.std)
    batches = (normalize(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH))
    return best_classes(trained.network, batches, trained.facts.classes, top, trained.run.folder)
