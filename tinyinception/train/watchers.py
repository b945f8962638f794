"""Whoever wants to know how training goes: one small interface, and what writes a run's steps to a file.

class Loud(train.Watcher):
    def epoch(self, row):
        print(row["epoch"], row["test_accuracy"])

train.fit(config, watchers=[Loud()])
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tinyinception.errors import ArgumentError
from tinyinception.files import plain, replace_file
from tinyinception.terminal import say

if TYPE_CHECKING:
    from tinyinception.train.run import Result, Run
    from tinyinception.train.session import Session

STEPS = "steps.csv"
COLUMNS = ("step", "epoch", "lr", "loss", "images_per_second")


class Watcher:
    """Is told of a training run; overwrite what you need. Whatever goes wrong in it costs one line, not the training.

    A session has config, dataset, network, optimizer, position (epoch, batch, step, ...), log, and the loss of the last
    step; it is for reading.
    """

    def begin(self, session: Session, run: Run) -> None:
        """Before the first step, also of a run that is continued."""

    def step(self, session: Session) -> None:
        """After each step."""

    def epoch(self, row: dict) -> None:
        """After each epoch, with its row of log.csv."""

    def end(self, result: Result) -> None:
        """When the run is finished."""

    def close(self) -> None:
        """However it ended; always the last."""


@contextmanager
def watching(watchers: Sequence[Watcher], session: Session, run: Run) -> Iterator[Callable[..., None]]:
    """Inside, `tell("step", session)` tells all of them; one that fails is named in a line, and told no more.

    Raises ArgumentError for what is no Watcher.
    """
    for watcher in watchers:
        if not isinstance(watcher, Watcher):
            raise ArgumentError(f"watchers must be train.Watcher objects, got {watcher!r}")
    told = list(watchers)

    def tell(event: str, *arguments: object) -> None:
        for watcher in list(told):
            try:
                getattr(watcher, event)(*arguments)
            except Exception as error:
                told.remove(watcher)
                say(
                    f"{type(watcher).__name__} watches no longer, training goes on: {type(error).__name__} in "
                    f"{event}: {' '.join(str(error).split())}"
                )

    try:
        tell("begin", session, run)
        yield tell
    finally:
        told[:] = watchers
        tell("close")


class StepLog(Watcher):
    """steps.csv: a row every so many steps, with the loss of that step's batch and the speed since the row before.

    A run that is continued goes on behind the last row that its checkpoint knows.
    """

    def __init__(self, every: int = 50) -> None:
        self.every = every

    def begin(self, session: Session, run: Run) -> None:
        self.path, self.images, self.began = run.folder / STEPS, 0, time.monotonic()
        rows = [row for row in read_steps(self.path) if row["step"] <= session.position.step]
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        replace_file(self.path, text.getvalue().encode())

    def step(self, session: Session) -> None:
        at = session.position
        self.images += session.train_loader.batch_size
        if at.step % self.every:
            return
        now = time.monotonic()
        speed = self.images / max(now - self.began, 1e-9)
        self.images, self.began = 0, now
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{at.step},{at.epoch + 1},{session.optimizer.lr!r},{session.loss!r},{speed:.1f}\n")


def read_steps(path: Path) -> list[dict]:
    """The rows of a steps.csv up to the first that a killed process left unfinished; none where there is no file."""
    rows = []
    try:
        with open(plain(path), newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                kinds = (int, int, float, float, float)
                rows.append({name: kind(row[name]) for name, kind in zip(COLUMNS, kinds, strict=True)})
    except (OSError, ValueError, TypeError, KeyError):
        return rows
    return rows
