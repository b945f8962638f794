"""The scheduler that needs nothing: threads of this process, each of which waits for one child at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from pathlib import Path

from tinyinception.errors import TinyInceptionError
from tinyinception.machine import here
from tinyinception.studies.scheduler import Ended, Stopped
from tinyinception.studies.shares import Shares, shares
from tinyinception.studies.tasks import Children, Stopping, Task, run_one
from tinyinception.train.interrupt import stop_signals

TICK = 0.1  # seconds between two looks at how it goes


class Local:
    """Processes of this machine, as many at a time and with as many threads as `shares` says."""

    def __init__(self, workers: int | None = None, threads: int | None = None) -> None:
        self.workers, self.threads, self.words = workers, threads, list[str]()

    @property
    def place(self) -> str:
        """See Scheduler, also below."""
        return here()

    def shares(self, trainings: int) -> Shares:
        """Raises ArgumentError for more than there are cores."""
        return shares(trainings, workers=self.workers, threads=self.threads)

    def check(self, folder: Path) -> None:
        """Whoever made it can write there."""

    def run(self, tasks: Sequence[Task], tick: Callable[[], None]) -> Ended:
        """The first signal lets each training save after its step, the second ends all at once."""
        children = Children()
        with stop_signals() as stop, ThreadPoolExecutor(self.shares(len(tasks)).workers) as pool:
            waiting = {pool.submit(run_one, task, children): task for task in tasks}
            try:
                while waiting:
                    ended, _ = wait(waiting, TICK, FIRST_COMPLETED)
                    if stop.signal and not children.stopping:
                        children.stop()
                    for future in ended:
                        task, error = waiting.pop(future), future.exception()
                        if error is None:
                            yield task, future.result()
                        elif isinstance(error, TinyInceptionError):
                            yield task, error
                        elif not isinstance(error, Stopping):
                            raise error
                    tick()
            except BaseException:
                children.stop(at_once=True)
                raise
        if stop.signal:
            raise Stopped(stop.signal)
