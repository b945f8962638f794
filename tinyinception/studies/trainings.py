"""The trainings of one study on Dask's workers, as `cluster` has them: submitted, moved, ended, stopped."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, NamedTuple

from distributed import Future
from distributed.comm import get_address_host
from distributed.scheduler import KilledWorker

from tinyinception.errors import CheckpointError, TinyInceptionError
from tinyinception.studies import dask_worker
from tinyinception.studies.dask_worker import TOPIC, Elsewhere, Facts, crowds
from tinyinception.studies.estimate import distinct
from tinyinception.studies.tasks import Outcome, Stopping, Task
from tinyinception.terminal import say

if TYPE_CHECKING:
    from tinyinception.studies.cluster import Cluster

TICK = 0.2  # seconds between two looks at how it goes
FETCH = 60.0  # seconds for an outcome, which is in a worker's memory, and is taken from the disk again if that is lost
LATE = (TimeoutError, asyncio.TimeoutError)  # one and the same from Python 3.11 on


class Job(NamedTuple):
    """What a future stands for. task: None where kernels are compiled. worker: its first, if that lives."""

    task: Task | None
    worker: str


class Trainings:
    """Those of one study on a cluster. running: what was submitted and has not ended."""

    def __init__(self, cluster: Cluster, tasks: Iterable[Task]) -> None:
        self.cluster, self.client, self.token = cluster, cluster.client, secrets.token_hex(4)
        self.todo = deque(_located(task) for task in tasks)
        self.running: dict[Future, Job] = {}
        self._stopping = self._alone = False
        self._times: Counter[str] = Counter()
        self.client.subscribe_topic(TOPIC.format(self.token), lambda event: say(event[1]))

    def compile(self) -> None:
        """Have kernels compiled once in each place where that has not been done, by one worker of it."""
        places = {one.place: worker for worker, one in self.cluster.facts.items()}
        places.pop(dask_worker.facts().place, None)  # they are there, since steps were measured
        configs = [config.to_json() for config in distinct(self.todo)]
        for worker in places.values():
            self._submit(dask_worker.compile_kernels, configs, Job(None, worker), [worker])

    def assign(self) -> None:
        """A training for each worker that has none, once all kernels are compiled."""
        workers = self.cluster.working()
        if self._alone != (not workers):
            self._alone = not workers
            told = "it has no workers left; waiting for new ones" if self._alone else "it has workers again"
            say(f"scheduler {self.cluster.address}: {told}")
        if self._stopping:  # what no worker has will not end
            held = {key for keys in workers.values() for key in keys}
            self.running = {one: job for one, job in self.running.items() if one.done() or one.key in held}
        elif all(job.task for job in self.running.values()):
            busy = {job.worker for job in self.running.values()}
            for worker in [one for one in workers if one not in busy][: max(0, len(workers) - len(self.running))]:
                if self.todo:
                    task = self.todo.popleft()
                    self._submit(dask_worker.train, task, Job(task, worker), [worker])

    def ended(self) -> Iterator[tuple[Task, Outcome | TinyInceptionError]]:
        """What has, since this was asked last."""
        for future in list(self.running):
            if future.status in ("pending", "lost"):  # asked anew: workers die while another is looked at
                continue
            try:
                outcome = self._outcome(future)
            except LATE:  # it was lost with its worker, and another one has it now
                continue
            task = self.running.pop(future).task
            if task is None or outcome is None or (self._stopping and isinstance(outcome, Elsewhere)):
                continue
            if not isinstance(outcome, Elsewhere):
                yield task, outcome
            elif not self._sent_home(task, outcome.host):
                yield task, CheckpointError(outcome.told)

    def stop(self, at_once: bool = False) -> None:
        """Ask the workers, without waiting for one that does not answer. Nothing more is begun."""
        if self._stopping and not at_once:
            return
        self._stopping = True
        self.todo.clear()
        asking = Thread(target=self._ask_to_stop, args=(at_once,), daemon=True)
        asking.start()
        if at_once:
            asking.join(TICK * 10)

    def close(self) -> None:
        """Want nothing more of it."""
        with suppress(Exception):
            self.client.unsubscribe_topic(TOPIC.format(self.token))
            for future in self.running:
                future.release()

    def _ask_to_stop(self, at_once: bool) -> None:
        with suppress(Exception):  # whoever does not answer is not there
            self.client.run(dask_worker.stop, self.token, at_once, on_error="return")

    def _outcome(self, future: Future) -> Outcome | TinyInceptionError | Elsewhere | None:
        """None where it was asked to stop, or only compiled. Raises TimeoutError, and Gone."""
        if future.status == "cancelled":
            raise self.cluster.gone()
        try:
            error = future.exception(timeout=FETCH)
            if error is None:
                return future.result(timeout=FETCH)
        except CancelledError:
            raise self.cluster.gone() from None
        if isinstance(error, KilledWorker):
            last = error.last_worker.address
            return CheckpointError(f"one worker after the other died with this training, the last of them {last}")
        if isinstance(error, (TinyInceptionError, Elsewhere)):
            return error
        if isinstance(error, Stopping):
            return None
        raise error

    def _sent_home(self, task: Task, host: str) -> bool:
        """Whether a worker of the machine whose process holds the run was given it: there, it can wait for that."""
        with suppress(CheckpointError):
            facts = self.cluster.ask(dask_worker.facts)
            home = [at for at, one in facts.items() if isinstance(one, Facts) and one.host == host]
            if home:
                self._submit(dask_worker.train, task, Job(task, home[0]), [get_address_host(at) for at in home])
                return True
        return False

    def _submit(self, function: Callable, what: Any, job: Job, workers: list[str]) -> None:
        name = job.task.key if job.task else f"kernels/{job.worker}"
        again = f"-{self._times[name]}" if self._times[name] else ""
        self._times[name] += 1
        self.running[
            self.client.submit(
                function,
                what,
                self.token,
                crowds(self.cluster.working()),
                key=f"{name}-{self.token}{again}",
                workers=workers,
                allow_other_workers=True,
                pure=False,
            )
        ] = job


def _located(task: Task) -> Task:
    """The same for a process that works in another folder."""
    return replace(task, config=task.config.located, folder=Path(os.path.abspath(task.folder)))
