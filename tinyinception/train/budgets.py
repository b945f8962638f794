"""Budgets: for how long somebody is willing to train, and a recipe for it, one table to change.

    train.fit(train.Config.for_data("cifar10", budget="coffee"))

A budget is a name for values of Config, no more: what a run's config.json keeps are the values.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tinyinception.errors import ArgumentError, unknown_name
from tinyinception.terminal import duration, say
from tinyinception.train.watchers import Watcher

if TYPE_CHECKING:
    from tinyinception.train.config import Config
    from tinyinception.train.session import Session

DATA = ("cifar10", "cifar100")  # for which they were made

# The fastest known training's (Jordan 2024, airbench94_muon), whose rates go with its large batches.
FAST: dict[str, Any] = {
    "batch_size": 2000,
    "optimizer": "muon",
    "lr": 0.24,
    "momentum": 0.6,
    "bias_lr": 106.0,
    "head_lr": 1.64,
    "weight_decay": 2.4e-3,
    "schedule": "triangular",
    "warmup": 0.0,
    "label_smoothing": 0.2,
    "whiten": 3,
    "crop": 2,
    "border": "reflect",
    "alternating_flip": True,
}
WIDE = {"widths": (128, 384, 384), "reduce": (32, 32, 72, 120, 120, 120)}


@dataclass(frozen=True)
class Budget:
    """minutes: of training and testing on two cores. values: of Config's fields."""

    minutes: int
    values: Mapping[str, Any]


# As many epochs as fit on cores whose vectors hold eight numbers; with AVX-512 they end sooner.
BUDGETS = {
    "coffee": Budget(20, {**FAST, "model": "airbench_cifar", "epochs": 7}),
    "evening": Budget(60, {**FAST, "model": "inception_fast_cifar", "epochs": 18}),
    "night": Budget(
        180,
        {**FAST, "model": "inception_fast_cifar", "model_options": WIDE, "epochs": 22, "crop": 4, "cutout": 12},
    ),
}


def values(budget: Any, data: Any) -> dict[str, Any]:
    """What a budget sets; ArgumentError for one that is not known, and for data for which there is none."""
    if not isinstance(budget, str) or budget not in BUDGETS:
        raise unknown_name(str(budget), list(BUDGETS), "budget")
    if not isinstance(data, str) or data not in DATA:
        raise ArgumentError(f"budget: goes with data {' or '.join(DATA)}, got {str(data)!r}")
    return dict(BUDGETS[budget].values)


def told(budget: str, config: Config) -> str:
    """What it means, and what of it a config has otherwise: a sentence."""
    one, settings = BUDGETS[budget], type(config).settings()
    same, others = list[str](), list[str]()
    for name, value in one.values.items():
        there = getattr(config, name)
        text = f"{settings[name].name_of_flag(name)[2:]} {_text(there)}"
        (same if there == value else others).append(text)
    kept = f"budget {budget}, about {one.minutes} minutes on two cores: {', '.join(same)}"
    return kept + (f"; you say otherwise: {', '.join(others)}" if others else "")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={option}" for name, option in value.items()) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)


class Forecast(Watcher):
    """Says once, from steps that are measured, how long a run will take."""

    first, last = 5, 25  # before, kernels are compiled and the step is recorded

    def __init__(self) -> None:
        self.steps = 0

    def step(self, session: Session) -> None:
        """After each step."""
        self.steps += 1
        if self.steps == self.first:
            self.began = time.monotonic()
        elif self.steps == self.last:
            each = (time.monotonic() - self.began) / (self.last - self.first)
            left = session.config.epochs * len(session.train_loader) - session.position.step
            say(f"by its first steps, the training takes {duration(each * left)} more, beside the tests of each epoch")
