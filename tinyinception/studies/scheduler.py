"""What runs the trainings of a study: this machine (`local`), or the workers of a Dask scheduler (`cluster`)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tinyinception.errors import ArgumentError, CheckpointError, TinyInceptionError
from tinyinception.studies.shares import Shares
from tinyinception.studies.tasks import Outcome, Task

if TYPE_CHECKING:
    from tinyinception.studies.cluster import Cluster

Ended = Generator[tuple[Task, Outcome | TinyInceptionError], None, None]


class Stopped(Exception):
    """A signal asked to stop, and all trainings have saved. signal: its number."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Gone(CheckpointError):
    """What ran the trainings is no longer there; the message says what. What is finished is kept."""


class Scheduler(Protocol):
    """Where trainings run. It has to call `run_one` for each task, wherever, and hand back what that came to."""

    @property
    def words(self) -> list[str]:
        """What gives the command `study` this scheduler."""

    @property
    def place(self) -> str:
        """The machines, in words, for the report."""

    def shares(self, trainings: int) -> Shares:
        """How many of so many trainings run at a time, and with how many threads each."""

    def check(self, folder: Path) -> None:
        """CheckpointError where trainings could not write into the study's folder, which is there."""

    def run(self, tasks: Sequence[Task], tick: Callable[[], None]) -> Ended:
        """Each task with its outcome, or the error for which there is none, as they end; `tick` now and then.

        Raises Stopped and Gone.
        """


def connect(address: str) -> Cluster:
    """The workers of the Dask scheduler at an address such as tcp://127.0.0.1:8786, as a context.

    Raises ArgumentError without the library, and for what is no address, and CheckpointError, in one line and within
    seconds, where there is no scheduler, or no worker, or where one has another version of what computes.
    """
    try:
        from tinyinception.studies.cluster import Cluster
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("dask", "distributed"):
            raise
        raise ArgumentError(
            "scheduler: this needs distributed; install it with pip install 'tinyinception[study]'"
        ) from None
    return Cluster(address)
