"""The workers of a Dask scheduler, which may be on many machines, as what runs the trainings of a study.

A Dask task is `run_one` on a worker, and so a process of its own there; all that it comes to is in the study's folder,
which the machines share. So nothing is lost with a worker, the scheduler or this process: whoever runs the study again
takes what is finished and continues the rest, to the same bits.
"""

from __future__ import annotations

import os
import re
import secrets
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from distributed import Client
from distributed.comm import get_address_host

from tinyinception.errors import ArgumentError, CheckpointError, TinyInceptionError, some
from tinyinception.files import beside
from tinyinception.studies import dask_worker
from tinyinception.studies.dask_worker import Facts, crowds
from tinyinception.studies.scheduler import Ended, Gone, Stopped
from tinyinception.studies.shares import Shares
from tinyinception.studies.tasks import Task
from tinyinception.studies.trainings import LATE, TICK, Trainings
from tinyinception.train.interrupt import stop_signals

ADDRESS = re.compile(r"\w+://[^\s/]+:\d+")
WAIT = 10.0  # seconds for the scheduler, and then for a first worker
PATIENCE = 60.0  # seconds for the answers of all


class Cluster:
    """As many trainings at a time as there are workers, each with its worker's share of the machine; see Scheduler."""

    def __init__(self, address: str, wait: float = WAIT) -> None:
        """See `connect`. wait: seconds for the scheduler, and then for a first worker."""
        if not isinstance(address, str) or not ADDRESS.fullmatch(address):
            raise ArgumentError(
                f"scheduler must be the address of Dask's, such as tcp://127.0.0.1:8786, got {address!r}"
            )
        self.address, self.wait = address, wait
        self.client = self._connect()
        try:
            self.facts = self.ask_facts()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the scheduler. Its workers stay."""
        with suppress(Exception):
            self.client.close(timeout=self.wait)

    @property
    def words(self) -> list[str]:
        """See Scheduler, also below."""
        return ["--scheduler", self.address]

    @property
    def place(self) -> str:
        """By machine how many workers there were at first."""
        machines = Counter((one.host, one.machine) for one in self.facts.values())
        told = [f"{n} on {host} with {machine}" for (host, machine), n in sorted(machines.items())]
        return f"{len(self.facts)} Dask worker{'' if len(self.facts) == 1 else 's'}: {some(told)}"

    def shares(self, trainings: int) -> Shares:
        """Threads are of the worker that may have the fewest."""
        crowd = crowds(self.facts)
        threads = (
            dask_worker.share(one.threads, one.cores, crowd[get_address_host(at)]) for at, one in self.facts.items()
        )
        return Shares(max(1, min(len(self.facts), trainings)), min(threads))

    def check(self, folder: Path) -> None:
        """Every worker is asked whether it sees a file that is written there."""
        token = secrets.token_hex(8)
        try:
            with beside(Path(os.path.abspath(folder)) / "shared", token.encode()) as probe:
                answers = self.ask(dask_worker.sees, str(probe), token)
        except OSError as error:
            if isinstance(error, TinyInceptionError):
                raise
            raise CheckpointError(f"out: cannot write into {folder}: {error.strerror or error}") from error
        for worker, problem in answers.items():
            if problem:
                raise CheckpointError(
                    f"out: worker {worker} {problem}: {probe.parent} must be a folder that all machines share, at the "
                    "same path"
                )

    def run(self, tasks: Sequence[Task], tick: Callable[[], None]) -> Ended:
        """The first signal lets each training save after its step, the second ends all at once."""
        trainings = Trainings(self, tasks)
        with stop_signals() as stop:
            try:
                trainings.compile()
                while trainings.todo or trainings.running:
                    if stop.signal:
                        trainings.stop()
                    yield from trainings.ended()
                    trainings.assign()
                    tick()
                    time.sleep(TICK)
            except BaseException as error:
                if not isinstance(error, Gone):
                    trainings.stop(at_once=True)
                raise
            finally:
                trainings.close()
        if stop.signal:
            raise Stopped(stop.signal)

    # -- questions -----------------------------------------------------------------------------------------------------

    def ask(self, question: Callable, *args: Any) -> dict[str, Any]:
        """What each worker answers, or raises, by its address."""
        return self.call(self.client.run, question, *args, on_error="return")

    def call(self, call: Callable, *args: Any, **options: Any) -> Any:
        """Of the client. Raises Gone where the scheduler is not there, or it or a worker takes too long."""
        if self.client.status != "running":
            raise self.gone()
        try:
            return call(*args, callback_timeout=PATIENCE, **options)
        except LATE:
            raise self.gone(f": it, or one of its workers, did not answer within {PATIENCE:g} s") from None
        except OSError as error:
            raise self.gone() from error

    def gone(self, how: str = " is gone") -> Gone:
        """The error for a scheduler that does not answer any more."""
        return Gone(f"scheduler {self.address}{how}")

    def working(self) -> dict[str, list[str]]:
        """The keys that each worker has."""
        return self.call(self.client.sync, self.client.scheduler.processing)

    def ask_facts(self) -> dict[str, Facts]:
        """Of all workers. Raises CheckpointError where one has other versions, or none of this package."""
        own, told = dask_worker.facts(), {}
        dask = self.call(self.client.run_on_scheduler, version, "distributed")
        versions = {"it": {"distributed": dask}}
        for worker, found in self.ask(dask_worker.facts).items():
            if not isinstance(found, Facts):  # there is none, or an old one, or the worker is not there any more
                raise self._unfit(f"its worker {worker} does not say which tinyinception it has: {found}")
            told[worker], versions[f"its worker {worker}"] = found, found.versions
        for name, there in versions.items():
            for what, value in there.items():
                if value != own.versions[what]:
                    raise self._unfit(f"{name} has {what} {value}, not {own.versions[what]} as there is here")
        return told

    def _unfit(self, why: str) -> CheckpointError:
        return CheckpointError(f"scheduler {self.address}: {why}; a study wants the same everywhere")

    def _connect(self) -> Client:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions, which are compared more strictly here
            try:
                client = Client(self.address, timeout=self.wait, set_as_default=False)
            except Exception as error:  # of the system, of TLS, of a protocol that is not known
                why = str(error).partition("\n")[0] or type(error).__name__
                raise CheckpointError(
                    f"scheduler: no connection to {self.address} within {self.wait:g} s: {why}"
                ) from None
        try:
            client.wait_for_workers(1, timeout=self.wait)
        except LATE:
            client.close()
            start = f"`dask worker {self.address} --nthreads 1` starts one"
            raise CheckpointError(
                f"scheduler {self.address}: it has no workers after {self.wait:g} s; {start}"
            ) from None
        return client
