"""Evaluating trained runs on test images: which data, seen how; what is made of the scores stands in `judge`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinyinception.checks import is_whole
from tinyinception.data import Dataset, Loader, load, names
from tinyinception.errors import ArgumentError, CheckpointError, NonFiniteError, some
from tinyinception.files import as_path
from tinyinception.habits import named
from tinyinception.judge.crops import SCHEMES, Scheme, crop_scheme
from tinyinception.judge.judgement import Judgement
from tinyinception.judge.nonfinite import blame_scores
from tinyinception.judge.scores import Scores, ensemble, score
from tinyinception.nn import Module
from tinyinception.train.config import Config
from tinyinception.train.network import Factory
from tinyinception.train.trained import BATCH, Trained, load_run

Folder = str | Path


@named
def evaluate(
    folder: Folder | Sequence[Folder],
    data: str | Dataset | None = None,
    *,
    batch_size: int = BATCH,
    crops: int = 1,
    averaged: bool | None = None,
    compare: bool = False,
    pictures: Folder | None = None,
    network: Module | Factory | None = None,
    progress: bool = True,
) -> dict:
    """Measure a run's network, or the ensemble of several, on test images, by default those of its own data set.

    An ensemble's probability is the mean of its networks', each of which counts as much. All must have been trained
    for the same classes and are measured on the same images.

    data: another data set with the same classes, itself, by name or as a folder of images sorted by class. batch_size:
    views that a network sees at once. crops: 1, 2, 6, 10, 12 or 144 views of each image, see `crops.crop_scheme`.
    averaged: as for `load_run`. compare: of two runs, add the difference with its interval, see `bootstrap_difference`.
    pictures: a folder for confusion.png, calibration.png and, of several views, crops.png. network: as for `load_run`,
    of a single run.

    Returns what JSON can hold: test_accuracy, test_top5 (1 where there are no more than five classes), test_loss, ece
    (expected calibration error), the calibration in 15 bins, per class its accuracy, the confusion counts (rows the
    true class), and for several runs under "runs" what each does alone. Raises as `load_run`, and ArgumentError,
    DataError, or NonFiniteError for a network that gives no probabilities.
    """
    given: Any = folder
    folders: list[Folder] = list(given) if isinstance(given, list | tuple) else [given]
    for one in folders:
        as_path("evaluate: folder", one)
    _check(folders, crops, compare)
    if network is not None and len(folders) > 1:
        raise ArgumentError(f"network: goes with one run, got {len(folders)}")
    place = None if pictures is None else _make_folder(pictures)
    judged = [load_run(one, averaged, network=network) for one in folders]
    dataset = _common_data(judged, data, progress)
    schemes = [crop_scheme(crops, dataset.image_shape[:2], one.facts.image_shape[:2]) for one in judged]
    each = [_score(one, dataset, scheme, batch_size, progress) for one, scheme in zip(judged, schemes, strict=True)]
    about = [{"run": str(one.run.folder), "model": one.config.model, "averaged": one.averaged} for one in judged]
    judgement = Judgement(_names(judged), about, dataset, schemes, each, ensemble(each))
    report = judgement.report(crops)
    if compare:
        report["comparison"] = judgement.comparison()
    if place is not None:
        judgement.draw(place)
    return report


def _check(folders: list[Folder], crops: int, compare: bool) -> None:
    """Refuse what cannot be done before anything is loaded."""
    if not folders:
        raise ArgumentError("folder: no runs given")
    if not is_whole(crops, 1) or crops not in SCHEMES:
        raise ArgumentError(f"crops must be one of {', '.join(map(str, SCHEMES))}, got {crops!r}")
    if compare and len(folders) != 2:
        raise ArgumentError(f"compare: needs exactly two runs, got {len(folders)}")


def _make_folder(pictures: Folder) -> Path:
    """The folder for pictures, before anything is computed for them."""
    folder = as_path("pictures", pictures)
    if os.path.isfile(folder):
        raise ArgumentError(f"pictures: {pictures} is a file, not a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"pictures: cannot make the folder {folder}: {error.strerror or error}") from error
    return folder


def _score(one: Trained, dataset: Dataset, scheme: Scheme, batch_size: int, progress: bool) -> Scores:
    loader = Loader(dataset.test_images, dataset.test_labels, batch_size, mean=one.facts.mean, std=one.facts.std)
    with np.errstate(all="ignore"):  # the one error says more than NumPy's warnings
        scores = score(one.network, loader, scheme, progress=progress)
        if not np.isfinite(scores.loss):
            raise NonFiniteError(
                f"{one.run.folder}: its test loss is {scores.loss}; the first to be so was "
                f"{blame_scores(one.network, loader)}"
            )
    return scores


def _common_data(runs: list[Trained], data: str | Dataset | None, progress: bool) -> Dataset:
    """The data set on which all runs can be measured. Raises ArgumentError where they differ in classes or images."""
    loaded: dict[tuple[str, str | None, int | None, int | None, int | None], Dataset] = {}
    found: list[Dataset] = []
    size = None
    if data is not None and not isinstance(data, Dataset):
        data = Config(data=data).located.data
        size = None if data in names() else runs[0].facts.image_shape[0]
    for one in runs:
        config, facts, folder = one.config.located, one.facts, one.run.folder
        if isinstance(data, Dataset):
            dataset = data
        else:
            if data is None or data == config.data:
                config = one.run.find_data(config)
                key = (config.data, config.source, config.limit, config.input_size, config.holdout)
            else:
                key = (data, None, None, size, None)
            if key not in loaded:
                name, source, limit, side, held = key
                loaded[key] = load(name, source=source, limit=limit, image_size=side, holdout=held, progress=progress)
            dataset = loaded[key]
        if dataset.classes != facts.classes:
            raise ArgumentError(
                f"data: {dataset.name} has the classes {some(dataset.classes)}, {folder} was trained "
                f"for {some(facts.classes)}"
            )
        if dataset.image_shape[-1] != facts.image_shape[-1]:
            raise ArgumentError(
                f"data: {dataset.name} has {dataset.image_shape[-1]} channels, {folder} was trained "
                f"for {facts.image_shape[-1]}"
            )
        found.append(dataset)
        _same_images(runs[0], found[0], one, dataset)
    return found[0]


def _same_images(first: Trained, data: Dataset, other: Trained, others: Dataset) -> None:
    if data is others:
        return
    same = (
        data.classes == others.classes
        and np.array_equal(data.test_images, others.test_images)
        and np.array_equal(data.test_labels, others.test_labels)
    )
    if not same:
        raise ArgumentError(
            f"runs: {first.run.folder} is measured on {len(data.test_images):,} test images of {data.name} with the "
            f"classes {some(data.classes)}, {other.run.folder} on {len(others.test_images):,} of {others.name} with "
            f"{some(others.classes)}; together they need the same images"
        )


def _names(runs: list[Trained]) -> list[str]:
    """What to call runs: the names of their folders, in full where these are equal."""
    short = [one.run.folder.resolve().name for one in runs]
    return short if len(set(short)) == len(short) else [str(one.run.folder) for one in runs]
