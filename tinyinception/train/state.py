"""What a checkpoint says beside its tensors: where training stands, its log, its data; checked when it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from typing import Any, final

import numpy as np

from tinyinception.checks import number, whole
from tinyinception.data import Dataset
from tinyinception.errors import ArgumentError

COLUMNS = (
    "epoch",
    "step",
    "lr",
    "train_loss",
    "train_accuracy",
    "test_loss",
    "test_accuracy",
    "averaged_test_accuracy",
    "seconds",
    "images_per_second",
)
FINITE = "(-inf, inf)"


@final
@dataclass
class Position:
    """Where training stands: `batch` batches of epoch `epoch` are done, and the sums below are over these."""

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    correct: int = 0
    images: int = 0
    seconds: float = 0.0

    @classmethod
    def restore(cls, values: Any) -> Position:
        """The inverse of `dataclasses.asdict`. Raises ArgumentError naming the field that cannot be."""
        _check_keys("position", values, {field.name for field in fields(cls)})
        for name in ("epoch", "batch", "step", "correct", "images"):
            whole(f"position.{name}", values[name], 0)
        number("position.loss_sum", values["loss_sum"], FINITE)
        number("position.seconds", values["seconds"], "[0, inf)")
        if values["correct"] > values["images"] or (values["images"] > 0) != (values["batch"] > 0):
            raise ArgumentError(
                f"position.images must be what {values['batch']} batches hold, got {values['images']}, "
                f"{values['correct']} of them correct"
            )
        return cls(**values)

    def add(self, loss: float, correct: int, images: int) -> None:
        """Count one step."""
        self.batch += 1
        self.step += 1
        self.loss_sum += loss * images
        self.correct += correct
        self.images += images

    def next_epoch(self) -> None:
        """Start the following epoch at its first batch."""
        self.__init__(epoch=self.epoch + 1, step=self.step)


@dataclass(frozen=True)
class DataFacts:
    """What a trained network has to know of its data, so that it can be used without them.

    train, test: how many images each split has, and a digest of all of it, by which the same data are known again
    wherever they lie; None in checkpoints of old.
    """

    name: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    train: str | None = None
    test: str | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> DataFacts:
        """The facts of a data set."""
        return cls(
            dataset.name,
            dataset.classes,
            dataset.image_shape,
            dataset.mean,
            dataset.std,
            train=_digest(dataset.train_images, dataset.train_labels),
            test=_digest(dataset.test_images, dataset.test_labels),
        )

    @classmethod
    def restore(cls, values: Any) -> DataFacts:
        """The inverse of `dataclasses.asdict`, after a detour through JSON. ArgumentError names what is wrong."""
        known = {field.name for field in fields(cls)}
        _check_keys("data", values, known, optional={"train", "test"})
        for name in ("name", "train", "test"):
            if not isinstance(values.get(name), str) and (name == "name" or values.get(name) is not None):
                raise ArgumentError(f"data.{name} must be a text, got {values[name]!r}")
        for name in ("classes", "image_shape", "mean", "std"):
            if not isinstance(values[name], list | tuple) or not values[name]:
                raise ArgumentError(f"data.{name} must be a list that is not empty, got {values[name]!r}")
        for name in values["classes"]:
            if not isinstance(name, str):
                raise ArgumentError(f"data.classes must be names, got {name!r}")
        if len(values["image_shape"]) != 3:
            raise ArgumentError(f"data.image_shape must be height, width and channels, got {values['image_shape']!r}")
        sizes = [whole("data.image_shape", size) for size in values["image_shape"]]
        for name, interval in (("mean", FINITE), ("std", "(0, inf)")):
            if len(values[name]) != sizes[2]:
                raise ArgumentError(f"data.{name} must be {sizes[2]} numbers, one a channel, got {values[name]!r}")
            for value in values[name]:
                number(f"data.{name}", value, interval)
        given: dict[str, Any]
        given = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return cls(**given)

    def differences(self, other: DataFacts) -> list[str]:
        """What tells these data from others, apart from what they are called."""
        pairs = {
            name: (getattr(self, name), getattr(other, name))
            for name in ("classes", "image_shape", "mean", "std", "train", "test")
        }
        return [
            f"data {name} {one!r}, not {two!r}"
            for name, (one, two) in pairs.items()
            if one != two and None not in (one, two)
        ]


def check_log(rows: Any, epochs: int) -> list[dict]:
    """The rows of a log of so many epochs. Raises ArgumentError naming what cannot be."""
    if not isinstance(rows, list) or len(rows) != epochs:
        raise ArgumentError(
            f"log must be a list of {epochs} rows, one an epoch, got "
            f"{f'{len(rows)} rows' if isinstance(rows, list) else repr(rows)[:80]}"
        )
    for index, row in enumerate(rows):
        _check_keys(f"log[{index}]", row, set(COLUMNS))
        for name in COLUMNS:
            if name != "averaged_test_accuracy" or row[name] is not None:
                number(f"log[{index}].{name}", row[name], FINITE)
    return rows


def _check_keys(name: str, values: Any, known: Collection[str], optional: Collection[str] = ()) -> None:
    if not isinstance(values, Mapping):
        raise ArgumentError(f"{name} must be an object with names and values, got {repr(values)[:80]}")
    missing, unknown = set(known) - set(optional) - set(values), set(values) - set(known)
    for problem, keys in (("has no", missing), ("has an unknown", unknown)):
        if keys:
            raise ArgumentError(f"{name} {problem} {', '.join(sorted(keys))}")


def _digest(images: np.ndarray, labels: np.ndarray) -> str:
    total = hashlib.sha256(np.ascontiguousarray(labels).data)
    total.update(np.ascontiguousarray(images).data)
    return f"{len(images):,} images, {total.hexdigest()[:32]}"
