"""Which learning rate? Steps at rates from far too low to far too high (Smith 2015), and what the loss did."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyinception.checks import number, whole
from tinyinception.context import unchecked_inputs
from tinyinception.data import Dataset
from tinyinception.errors import ArgumentError, NonFiniteError
from tinyinception.habits import named
from tinyinception.kernels import prepare
from tinyinception.nn import Module, random
from tinyinception.train.config import Config
from tinyinception.train.images import load_data
from tinyinception.train.network import own
from tinyinception.train.session import Session

KEEP, DIVERGED = 0.8, 3.0  # of the smoothed loss at each step; how many times the lowest one ends the search


@dataclass(frozen=True)
class Found:
    """Rates, the loss of the batch before the step at each, smoothed losses, and the rate suggested for `lr`."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggestion: float

    def __str__(self) -> str:
        every = max(1, len(self.rates) // 20)
        rows = [f"{'lr':>10}{'loss':>10}{'smoothed':>10}"]
        rows += [
            f"{rate:10.2e}{loss:10.4f}{smooth:10.4f}"
            for rate, loss, smooth in list(zip(self.rates, self.losses, self.smoothed, strict=True))[::every]
        ]
        return "\n".join(
            [
                *rows,
                f"suggestion: --lr {self.suggestion:.2g}, a third of the rate at which the smoothed loss was lowest",
            ]
        )

    def draw(self, folder: str | Path) -> Path:
        """The curve as lr.png in a folder."""
        from tinyinception.plots.file import write_each
        from tinyinception.plots.training import rates

        place = Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        if failed := write_each(place, {"lr": lambda: rates(self.rates, self.losses, self.smoothed, self.suggestion)}):
            raise ArgumentError(failed)
        return place / "lr.png"


@named
def find_lr(
    config: Config,
    *,
    network: Module | None = None,
    dataset: Dataset | None = None,
    low: float = 1e-5,
    high: float = 10.0,
    steps: int = 100,
    progress: bool = True,
) -> Found:
    """Try rates from `low` to `high`, each a constant factor above the last, one step each, on a session of a config.

    Ends where the smoothed loss is three times its lowest, or no number any more. The suggestion is a third of the rate
    at which it was lowest. Nothing is kept: a Module that was given has its numbers, and its mode, back at the end.
    """
    number("low", low, "(0, inf)")
    number("high", high, f"({low}, inf)")
    whole("steps", steps, 10)
    prepare()
    config = own(config, network, dataset)
    session = Session(config, load_data(config, progress, dataset), network)
    with _restored(session), np.errstate(all="ignore"), unchecked_inputs():
        return _search(session, [low * (high / low) ** (k / (steps - 1)) for k in range(steps)])


def _search(session: Session, rates: list[float]) -> Found:
    from tinyinception.train.loop import train_step

    losses, smoothed, mean, at = [], [], 0.0, session.position
    session.schedule = lambda step: rates[step]
    while at.step < len(rates):
        for images, labels in session.train_loader.epoch(at.epoch):
            try:
                loss, correct = train_step(session, images, labels)
            except NonFiniteError:
                loss = math.inf
            else:
                losses.append(loss)
                mean = KEEP * mean + (1 - KEEP) * loss
                smoothed.append(mean / (1 - KEEP ** len(losses)))
            if not losses:
                raise ArgumentError(f"find_lr: the loss is no number at {rates[0]:g}, the lowest rate; try a lower one")
            if loss == math.inf or smoothed[-1] > DIVERGED * min(smoothed) or at.step + 1 == len(rates):
                tried = tuple(rates[: len(losses)])
                return Found(tried, tuple(losses), tuple(smoothed), tried[int(np.argmin(smoothed))] / 3)
            at.add(loss, correct, len(labels))
        at.next_epoch()
    raise AssertionError("the last rate ends the search")


@contextmanager
def _restored(session: Session) -> Iterator[None]:
    """Afterwards the network is as it was before, numbers, statistics and modes, and so is the session's generator."""
    network, modules = session.network, list(session.network.modules())
    numbers, modes = network.state_dict(), [module.training for module in modules]
    schedule, position = session.schedule, deepcopy(session.position)
    with random.using(session.generator):
        drawn = random.get_state()
    try:
        yield
    finally:
        network.load_state_dict(numbers)
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
        session.optimizer.zero_grad()
        session.schedule, session.position = schedule, position
        with random.using(session.generator):
            random.set_state(drawn)
