"""The scheduler that needs nothing: threads of this process, each of which waits for one child at a time.

Another one has to do no more: call `run_one` for each task, wherever, and hand back what it returns or raises.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Protocol

from tinyinception.errors import TinyInceptionError
from tinyinception.studies.tasks import Children, Outcome, Stopping, Task, run_one
from tinyinception.train.interrupt import stop_signals

Ended = Generator[tuple[Task, Outcome | TinyInceptionError], None, None]
TICK = 0.1  # seconds between two looks at how it goes


class Stopped(Exception):
    """A signal asked to stop, and all trainings have saved. signal: its number."""

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


class Scheduler(Protocol):
    """Where trainings run."""

    def run(self, tasks: Sequence[Task], tick: Callable[[], None]) -> Ended:
        """Each task with its outcome, or the error for which there is none, as they end; `tick` now and then.

        Raises Stopped.
        """


class Local:
    """As many processes of this machine at a time as there are workers."""

    def __init__(self, workers: int) -> None:
        self.workers = workers

    def run(self, tasks: Sequence[Task], tick: Callable[[], None]) -> Ended:
        """See Scheduler. The first signal lets each training save after its step, the second ends all at once."""
        children = Children()
        with stop_signals() as stop, ThreadPoolExecutor(self.workers) as pool:
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
