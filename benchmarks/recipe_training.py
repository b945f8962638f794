"""Training by a recipe for a given time, whoever makes the steps; and our side of it.

A recipe is a Config; its epochs are the measure of schedule, whitening and Lookahead. In a given time a side gets
through as many images as it can, in the order and with the augmentation of `Session`, and is at each step as far in
its recipe as in its time, so that the rate is at its end when the time is. Testing is within it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, NamedTuple

import numpy as np

from tinyinception.context import unchecked_inputs
from tinyinception.judge.crops import Scheme, crop_scheme
from tinyinception.judge.scores import score
from tinyinception.train.config import Config
from tinyinception.train.images import load_data
from tinyinception.train.session import Session
from tinyinception.train.step import train_step

VIEWS = 6
TESTING = 0.4  # of a step's time, what the same images take when they are tested; a bit more than a third

Step = Callable[[np.ndarray, np.ndarray], float]


class Clock(NamedTuple):
    """How far a training is, as a part of 1: by its steps where these are given, else by its seconds."""

    seconds: float = 0.0
    steps: int = 0

    def done(self, made: int, elapsed: float, tests: float) -> float:
        """After so many steps and seconds. tests: how many steps' images are tested at the end."""
        if self.steps:
            return made / self.steps
        reserve = TESTING * tests * elapsed / made if made else 0.0
        return elapsed / max(self.seconds - reserve, 1e-9)


class Training:
    """The recipe of a case: {"settings": fields of Config, "seconds" or "steps"}, from one session for all sides."""

    def __init__(self, case: Mapping[str, Any]):
        config = Config.for_data(**case["settings"])
        self.session = Session(config, load_data(config, progress=False))
        self.clock = Clock(case.get("seconds", 0.0), case.get("steps", 0))
        self.planned = config.epochs * len(self.session.train_loader)
        self.made, self.losses = 0, list[float]()

    def run(self, step: Step) -> None:
        """Make steps until the clock says 1."""
        session, began = self.session, time.perf_counter()
        tests = (1 + VIEWS) * len(session.test_loader)
        for epoch in count():
            for images, labels in session.train_loader.epoch(epoch):
                done = self.clock.done(self.made, time.perf_counter() - began, tests)
                if done >= 1:
                    return
                at = self.made if self.clock.steps == self.planned else int(done * self.planned)
                session.position.step, session.position.epoch = at, at // len(session.train_loader)
                self.losses.append(step(images, labels))
                self.made += 1

    def whole(self, step: Step, test: Callable[[Scheme | None], float]) -> dict[str, Any]:
        """Train and test: seconds, epochs it got through, and `test` of the images as they are and in six views."""
        began = time.perf_counter()
        self.run(step)
        trained = time.perf_counter() - began
        size = self.session.dataset.image_shape[:2]
        plain, viewed = test(None), test(crop_scheme(VIEWS, size, size))
        return {
            "seconds": time.perf_counter() - began,
            "epochs": self.made / len(self.session.train_loader),
            "images_per_s": self.made * self.session.config.batch_size / trained,
            "accuracy": plain,
            "accuracy_6_views": viewed,
            "last_loss": self.losses[-1],
        }

    def traced(self, step: Step) -> list[float]:
        """The loss of every step."""
        self.run(step)
        return self.losses


def train(case: Mapping[str, Any]) -> dict[str, Callable]:
    """Ours, as `train.fit` does it: `train` and tests, `losses` of each step, or one `step` on the first batch."""
    training = Training(case)
    session = training.session
    images, labels = next(session.train_loader.epoch(0))

    def step(images: np.ndarray, labels: np.ndarray) -> float:
        with np.errstate(all="ignore"), unchecked_inputs():
            return train_step(session, images, labels)[0]

    def test(scheme: Scheme | None) -> float:
        with session.judged():
            return score(session.network, session.test_loader, scheme, classify=session.classify).accuracy

    return {
        "train": lambda: training.whole(step, test),
        "losses": lambda: training.traced(step),
        "step": lambda: step(images, labels),
    }
