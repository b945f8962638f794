"""How long a study will take: from steps that are really made, of each distinct network once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from tinyinception import data as data_sets
from tinyinception.context import unchecked_inputs
from tinyinception.errors import ArgumentError, NonFiniteError
from tinyinception.kernels import prepare
from tinyinception.kernels.jit import set_threads
from tinyinception.studies.measures import views_for
from tinyinception.studies.tasks import Task
from tinyinception.train.config import Config
from tinyinception.train.images import load_data
from tinyinception.train.loop import train_step
from tinyinception.train.session import Session

WARM, TIMED = 2, 2  # the first step runs, the second is recorded, those after it are replayed
START = 5.0  # seconds that a process takes to begin and end
MOST = 20  # networks that are measured; beyond, the others count as their mean
# What decides how long a step takes, and how many there are.
STEP = (
    "model",
    "model_options",
    "network",
    "data",
    "source",
    "input_size",
    "batch_size",
    "optimizer",
    "average",
    "clip",
)


@dataclass(frozen=True)
class Step:
    """Seconds of a training step and of testing one batch, and how many images the data set's two splits have."""

    seconds: float
    test_seconds: float
    train_images: int
    test_images: int

    def of_run(self, config: Config, views: Sequence[int] = ()) -> float:
        """Seconds of a whole training, and of the evaluations after it."""
        steps = max(1, self.train_images // config.batch_size)
        tests = -(-self.test_images // config.batch_size) * self.test_seconds
        return config.epochs * (steps * self.seconds + tests) + sum(START + k * tests for k in views) + START


def measure(tasks: Iterable[Task], threads: int, tell: Callable[[str], None] = lambda text: None) -> dict[str, Step]:
    """By arm, a step of each: measured here, by which the kernels that all of them need are compiled, too.

    Raises whatever a training would raise before its first step: data that are not there, a network that does not fit.
    """
    prepare()
    with suppress(ArgumentError):  # fewer threads were allowed than there are cores
        set_threads(threads)
    known: dict[str, Step] = {}
    found: dict[str, Step] = {}
    for task in tasks:
        key = _key(task.config)
        if key not in known:
            if len(known) < MOST:
                known[key] = _measure(task.config)
                tell(f"{task.arm}: a step of {task.config.batch_size} images takes {1000 * known[key].seconds:.0f} ms")
            else:
                known[key] = _mean(list(known.values()))
        step = known[key]
        train, test = step.train_images, step.test_images
        if (held := task.config.holdout) is not None:
            train, test = train - held, held
        if (limit := task.config.limit) is not None:
            train, test = min(limit, train), min(limit, test)
        found[task.arm] = replace(step, train_images=train, test_images=test)
    return found


def distinct(tasks: Iterable[Task]) -> list[Config]:
    """The configs that `measure` measures."""
    return list({_key(task.config): task.config for task in tasks}.values())[:MOST]


def rehearse(configs: Sequence[str]) -> None:
    """Make steps of each, given as JSON, for the sake of the kernels that are compiled for them and kept on disk."""
    for text in configs:
        _measure(Config.from_json(text))


def seconds(tasks: Sequence[Task], steps: dict[str, Step]) -> float:
    """Of all trainings one after the other."""
    return sum(steps[task.arm].of_run(task.config, views_for(task.measures)) for task in tasks)


def _key(config: Config) -> str:
    return repr([getattr(config, name) for name in STEP])


def _measure(config: Config) -> Step:
    rows = {row.name: (row.train, row.test) for row in data_sets.listing()}
    few = replace(config, limit=config.batch_size if config.data in rows else None, holdout=None)
    dataset = load_data(few, progress=False)
    sizes = rows.get(config.data) or (len(dataset.train_images), len(dataset.test_images))
    session = Session(few.located, dataset)
    images, labels = next(session.train_loader.epoch(0))
    test = next(iter(session.test_loader.epoch(0)))[0]
    step, tested = [], []
    with np.errstate(all="ignore"), unchecked_inputs():
        for _ in range(WARM + TIMED):
            began = time.perf_counter()
            with suppress(NonFiniteError):  # a rate at which it diverges takes as long
                train_step(session, images, labels)
            step.append(time.perf_counter() - began)
        session.network.eval()
        for _ in range(WARM + TIMED):
            began = time.perf_counter()
            session.classify(test)
            tested.append(time.perf_counter() - began)
    return Step(min(islice(step, WARM, None)), min(islice(tested, WARM, None)), *sizes)


def _mean(steps: Sequence[Step]) -> Step:
    seconds, test_seconds = (sum(getattr(one, name) for one in steps) for name in ("seconds", "test_seconds"))
    return replace(steps[-1], seconds=seconds / len(steps), test_seconds=test_seconds / len(steps))
