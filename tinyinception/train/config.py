"""Everything that decides what a training run computes: two runs of equal config end with equal bits."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from numbers import Integral
from pathlib import Path
from typing import Any

from tinyinception import data as data_sets
from tinyinception import models
from tinyinception.checks import number
from tinyinception.errors import ArgumentError, suggest
from tinyinception.files import as_path, json_object

LEARNING_RATES = {"sgd": 0.1, "rmsprop": 0.01, "adam": 2e-3}  # peak
SCHEDULES = ("constant", "staircase", "cosine", "triangular")

# What each data set wants otherwise than the drawn set, for which the defaults below were chosen.
RECIPES: dict[str, dict[str, Any]] = {
    "cifar10": {"epochs": 16, "batch_size": 128, "crop": 2},
    "cifar100": {"epochs": 18, "batch_size": 128, "crop": 4},
    "fashion_mnist": {"epochs": 10, "batch_size": 128, "crop": 2},
    "mnist": {"epochs": 5, "batch_size": 128, "crop": 2},
}

_INTERVALS = {
    "epochs": ("[1, 1e9]", Integral),
    "batch_size": ("[1, 1e9]", Integral),
    "lr": ("(0, inf)", None),
    "warmup": ("[0, 1)", None),
    "weight_decay": ("[0, inf)", None),
    "label_smoothing": ("[0, 1)", None),
    "aux_weight": ("[0, inf)", None),
    "clip": ("(0, inf)", None),
    "average": ("(0, 1)", None),
    "crop": ("[0, 1e9]", Integral),
    "cutout": ("[0, 1e9]", Integral),
    "seed": ("[0, inf)", Integral),
    "limit": ("[1, 1e9]", Integral),
    "checkpoint_seconds": ("(0, inf]", None),
}
_OPTIONAL = ("aux_weight", "clip", "average", "limit")


@dataclass(frozen=True)
class Config:
    """A training run as one value that can be written down; `Config.for_data` knows the defaults of each data set.

    data: a name of `data.names()`, or a folder of images sorted by class; source: where to take a named set's files.
    optimizer: sgd (Nesterov, momentum 0.9), rmsprop (the papers') or adam (decoupled decay). lr: the highest rate,
    None = the optimiser's usual one. schedule: constant, staircase (0.94 every two epochs), cosine or triangular.
    warmup: the part of all steps during which the last two rise.
    weight_decay: on kernels and matrices only. aux_weight: factor of the auxiliary heads' losses, None = the network's.
    clip: limit of the gradients' global norm.
    average: decay of the running average of the parameters, which is then what counts as the result.
    flip: None = what the data set says; crop, cutout: pixels, 0 = off. limit: at most so many images of each split.
    checkpoint_seconds: between two checkpoints in mid-epoch; each epoch ends with one anyway.

    Raises ArgumentError naming the field.
    """

    model: str = "inception_cifar"
    data: str = "drawn"
    source: str | None = None
    epochs: int = 3
    batch_size: int = 64
    optimizer: str = "sgd"
    lr: float | None = None
    schedule: str = "triangular"
    warmup: float = 0.25
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    aux_weight: float | None = None
    clip: float | None = None
    average: float | None = None
    flip: bool | None = None
    crop: int = 0
    cutout: int = 0
    seed: int = 0
    limit: int | None = None
    checkpoint_seconds: float = 60.0

    def __post_init__(self) -> None:
        for name in ("model", "data", "source", "optimizer", "schedule"):
            value = getattr(self, name)
            if isinstance(value, os.PathLike):
                object.__setattr__(self, name, os.fspath(value))
            elif not isinstance(value, str) and (value is not None or name != "source"):
                raise ArgumentError(f"{name} must be a name, got {getattr(self, name)!r}")
        for name in ("data", "source"):
            if getattr(self, name) is not None:
                as_path(name, getattr(self, name))
        models.info(self.model)
        if self.optimizer not in LEARNING_RATES:
            raise suggest(self.optimizer, list(LEARNING_RATES), "optimizer")
        if self.schedule not in SCHEDULES:
            raise suggest(self.schedule, SCHEDULES, "schedule")
        if self.lr is None:
            object.__setattr__(self, "lr", LEARNING_RATES[self.optimizer])
        for name, (interval, kind) in _INTERVALS.items():
            value = getattr(self, name)
            if value is None and name in _OPTIONAL:
                continue
            object.__setattr__(self, name, number(name, value, interval, *([kind] if kind else [])))
        if self.flip is not None and not isinstance(self.flip, bool):
            raise ArgumentError(f"flip must be True, False or None, got {self.flip!r}")

    @classmethod
    def for_data(cls, data: str, **changes: Any) -> Config:
        """The defaults for a data set, with the given fields changed."""
        unknown = [name for name in changes if name not in {field.name for field in fields(cls)}]
        if unknown:
            raise suggest(unknown[0], [field.name for field in fields(cls)], "field of Config")
        recipe = dict(RECIPES.get(data, {})) if isinstance(data, str) else {}
        if "optimizer" in changes:
            recipe.pop("lr", None)  # a rate chosen for one optimiser says nothing about another
        return cls(**{**recipe, "data": data, **changes})

    @property
    def located(self) -> Config:
        """The same with absolute paths, so that it says which data are meant wherever it is read."""
        changes = {"source": self.source and os.path.abspath(as_path("source", self.source))}
        if self.data not in data_sets.names() and is_folder(self.data):
            changes["data"] = os.path.abspath(as_path("data", self.data))
        return replace(self, **changes)

    def differences(self, other: Config | dict[str, Any]) -> list[str]:
        """In which fields another config, perhaps of an older version, differs: "lr 0.1, not 0.25"."""
        others = other if isinstance(other, dict) else asdict(other)
        return [f"{name} {others.get(name)!r}, not {value!r}" for name, value in asdict(self).items()
                if value != others.get(name)]

    def to_json(self) -> str:
        """The text of config.json."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Config:
        """The inverse of `to_json`. Raises ArgumentError for text that is no config."""
        return cls.for_data(**{"data": "drawn", **json_object("config", text, ArgumentError)})


def is_folder(path: str | Path) -> bool:
    """Whether there is such a folder, and it can be seen."""
    try:
        return as_path("data", path).is_dir()
    except OSError:  # a folder above it may not be entered: the error comes when it is read
        return False
