"""What a study can measure: each figure by its name, and how it is read from what a finished run left."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Finished:
    """A finished run: result.json, the rows of log.csv, and by how many views what `evaluate` says of it."""

    result: Mapping[str, Any]
    rows: Sequence[Row]
    views: Mapping[int, Mapping[str, Any]]
    target: float | None = None

    @property
    def accuracies(self) -> list[float]:
        """The test accuracy that counts after each epoch."""
        return [accuracy_of(row) for row in self.rows]


@dataclass(frozen=True)
class Measure:
    """A figure of a run. unit: "%" of parts of 1, or what is counted. better: 1 for more, -1 for less, 0 for neither.

    views: what `evaluate --crops` it needs, 0 for none. read: None where the run never came so far.
    """

    title: str
    unit: str
    better: int
    read: Callable[[Finished], float | None]
    views: int = 0

    def told(self, value: float | None, sign: str = "") -> str:
        """A value in words; sign: "+" writes one before it."""
        if value is None:
            return "never"
        if self.unit == "%":
            return f"{100 * value:{sign}.2f} %"
        number = f"{value:{sign},.0f}" if self.unit in ("steps", "s") else f"{value:{sign}.4f}"
        return f"{number} {self.unit}".rstrip()

    def difference(self, value: float) -> str:
        """A difference in words: percentages differ by points."""
        return self.told(value, "+").replace(" %", " points")

    def interval(self, low: float, high: float) -> str:
        """`-0.28 to +1.62 points`."""
        unit = " points" if self.unit == "%" else f" {self.unit}"
        return f"{self.difference(low).removesuffix(unit)} to {self.difference(high)}"


def _last(column: str) -> Callable[[Finished], float | None]:
    return lambda run: run.rows[-1][column]


def _early(run: Finished) -> float:
    return run.accuracies[max(1, round(len(run.rows) / 4)) - 1]


def _steps(run: Finished) -> float | None:
    """Where the straight line between two tests crosses the target; the step of the first test where that has it."""
    target = run.target or 0.0
    before: tuple[float, float] | None = None
    for row, right in zip(run.rows, run.accuracies, strict=True):
        if right >= target:
            if before is None:
                return row["step"]
            step, accuracy = before
            return step + (row["step"] - step) * (target - accuracy) / (right - accuracy)
        before = row["step"], right
    return None


def _viewed(key: str, views: int = 1) -> Callable[[Finished], float | None]:
    return lambda run: run.views[views][key]


MEASURES = {
    "test_accuracy": Measure("test accuracy", "%", 1, lambda run: run.result["test_accuracy"]),
    "early_accuracy": Measure("test accuracy after a quarter of the epochs", "%", 1, _early),
    "test_loss": Measure("test loss", "nats", -1, _last("test_loss")),
    "train_accuracy": Measure("training accuracy, last epoch", "%", 1, _last("train_accuracy")),
    "train_loss": Measure("training loss, last epoch", "nats", -1, _last("train_loss")),
    "steps_to_target": Measure("steps to the target accuracy", "steps", -1, _steps),
    "calibration_error": Measure("expected calibration error", "%", -1, _viewed("ece"), 1),
    "test_top5": Measure("top-5 accuracy", "%", 1, _viewed("test_top5"), 1),
    "logit_gap": Measure("logit gap", "nats", 0, _viewed("logit_gap"), 1),
    **{
        f"accuracy_{k}_views": Measure(f"test accuracy, {k} views", "%", 1, _viewed("test_accuracy", k), k)
        for k in (2, 6, 10, 12, 144)
    },
    "seconds": Measure("training and testing time", "s", -1, lambda run: run.result["seconds"]),
}


def views_for(names: Sequence[str]) -> tuple[int, ...]:
    """The numbers of views with which runs have to be evaluated for these measures."""
    return tuple(sorted({MEASURES[name].views for name in names} - {0}))


def accuracy_of(row: Mapping[str, Any]) -> float:
    """Of a row of log.csv the test accuracy that counts: with averaged parameters where they are kept."""
    averaged = row["averaged_test_accuracy"]
    return row["test_accuracy"] if averaged is None else averaged


def read_rows(path: Path) -> list[Row]:
    """The rows of a log.csv as numbers; none where there is no such file yet, or it cannot be read."""
    try:
        with open(path, newline="", encoding="utf-8") as file:
            return [
                {name: None if text == "" else float(text) for name, text in row.items()}
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError):
        return []
