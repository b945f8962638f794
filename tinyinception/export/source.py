"""What can be exported: a trained run, or a network by its name."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tinyinception import __version__, models, nn
from tinyinception.checks import whole
from tinyinception.data import ARRAYS
from tinyinception.errors import ArgumentError
from tinyinception.habits import named
from tinyinception.tensor import Tensor, no_grad
from tinyinception.train import load_run
from tinyinception.train.checkpoint import load
from tinyinception.train.network import GIVEN
from tinyinception.weights import Exported, load_weights, published
from tinyinception.weights.exported import exported_by
from tinyinception.weights.file import class_count, is_own, opened
from tinyinception.weights.hub import local
from tinyinception.weights.names import TABLES


@named
def from_run(folder: str | Path, *, input_size: int | None = None) -> Exported:
    """The network of a run as `evaluate` measures it: with the running average of parameters where the run kept one.

    input_size: height and width of the images if not those it was trained on. Raises as `train.load_run`.
    """
    trained = load_run(folder)
    config, facts = trained.config, trained.facts
    figures = _figures(trained.run.folder, trained.averaged)
    result = trained.run.result
    planned = result.epochs if result is not None and result.epochs == figures["epochs"] else config.epochs
    own = config.data == ARRAYS or config.network == GIVEN  # which no command line has
    command = {} if own else {"command": shlex.join(["tinyinception", "train", *config.flags()])}
    exported = Exported(
        trained.network,
        config.model,
        facts.classes,
        facts.image_shape,
        facts.mean,
        facts.std,
        config.model_options,
        {
            **_library(),
            "data": facts.name,
            "averaged": trained.averaged,
            **figures,
            "epochs_planned": planned,
            **command,
            "config": asdict(config),
        },
    )
    return _sized(exported, input_size)


@named
def from_model(
    name: str, file: str | Path | None = None, *, num_classes: int | None = None, input_size: int | None = None
) -> Exported:
    """A network of `models.names()`, with fresh weights or with those of a file that `load_weights` takes.

    name: with a file of published weights also the name of a weight set, as for `weights.published`, whose mean and std
    are stated then; auxiliary classifiers are left out. Raises as `models.build` and `load_weights`.
    """
    if file is None:
        network, count = models.build(name, num_classes=num_classes), num_classes or models.info(name).num_classes
        return _sized(_unknown(name, network, count, "fresh"), input_size)
    path = local(file)
    with opened(path) as source:
        own = is_own(path, source)
    if own:
        count = models.info(name).num_classes if num_classes is None else num_classes
        exported = _unknown(name, _built(name, count, path), count, str(file))
    else:
        known = published(name)
        count = class_count(known.model, path)
        if num_classes not in (None, count):
            raise ArgumentError(f"num_classes: the weights in {file} are for {count}, not {num_classes}")
        options = {"aux": False} if TABLES[known.model].aux else {}
        network = _built(known.model, count, path, options, ignore_aux=True)
        exported = Exported(
            network,
            known.model,
            _numbered(count),
            (known.input_size, known.input_size, 3),
            known.mean,
            known.std,
            options,
            {**_library(), "weights": str(file), "weight_set": known.name},
        )
    return _sized(exported, input_size)


@named
def facts(exported: Exported) -> dict[str, Any]:
    """What an ONNX file says of the network beside its graph, for `to_onnx(..., metadata=...)`."""
    exported_by("facts", exported)
    known = {name: list(getattr(exported, name)) for name in ("classes", "image_shape", "mean", "std")}
    wanted = (
        "N x C x H x W, pixels from 0 to 1, RGB where there are three channels, then (pixel - mean) / std"
        if exported.mean
        else "N x C x H x W; what has to be done to pixels is not known"
    )
    return {"model": exported.model, **known, "preprocessing": wanted, **exported.origin}


def _unknown(name: str, network: nn.Module, count: int, weights: str) -> Exported:
    """A network of which nobody knows what it was trained on."""
    size = (*models.info(name).input_size, 3)
    return Exported(network.eval(), name, _numbered(count), size, origin={**_library(), "weights": weights})


def _built(
    name: str, classes: int, file: str | Path, options: Mapping[str, Any] | None = None, *, ignore_aux: bool = False
) -> models.Network:
    with nn.shape_only():
        network = models.build(name, num_classes=classes, **(options or {}))
    load_weights(network, file, ignore_aux=ignore_aux)
    return network.eval()


def _sized(exported: Exported, input_size: int | None) -> Exported:
    """For images of another size, which the network is seen to accept."""
    height, width, channels = exported.image_shape
    if input_size is not None:
        height = width = whole("input_size", input_size)
    values = {name: getattr(exported, name) for name in Exported.__dataclass_fields__}
    with no_grad():
        exported.network(Tensor.shape_only(1, height, width, channels))
    return Exported(**{**values, "image_shape": (height, width, channels)})


def _figures(folder: Path, averaged: bool) -> dict[str, Any]:
    """What the log of a run came to: its last epoch."""
    rows = load(folder)[1]["log"]
    if not rows:
        return {"test_accuracy": None, "epochs": 0, "seconds": 0.0}
    last = rows[-1]
    return {
        "test_accuracy": last["averaged_test_accuracy" if averaged else "test_accuracy"],
        "epochs": last["epoch"],
        "seconds": round(sum(row["seconds"] for row in rows), 1),
    }


def _library() -> dict[str, str]:
    return {"library_version": __version__}


def _numbered(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))
