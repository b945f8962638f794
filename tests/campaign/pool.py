"""Cases on several worker processes; one that takes too long or dies costs its worker, not the campaign."""

from __future__ import annotations

import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.campaign.command import ROOT
from tests.campaign.outcome import Outcome

START = 300.0  # seconds to start and, the first time, to compile and to make what cases share

WORKER = ("-m", "tests.campaign.worker")

Job = tuple[str, int, int]  # kind, seed, index


class Lost(Exception):
    """The worker gave no answer."""


class Worker:
    """One process, started when it is first needed and again after it was lost."""

    def __init__(self, shared: Path) -> None:
        self.shared, self.process = shared, None

    def judge(self, job: Job) -> Outcome:
        """The outcome of one case."""
        name, seed, index = job
        again = f"python -m tests.campaign --seed {seed} --only '{name}:{index}'"
        what = "(not begun)"
        try:
            if self.process is None:
                self._start()
            self._write(kind=name, seed=seed, index=index)
            begun = self._read(START)
            what = begun["what"]
            answer = self._read(begun["seconds"])
        except Lost as lost:
            self.end()
            label = "hang" if lost.args[0] == "hang" else "traceback"
            return Outcome(name, what, label, lost.args[1], again)
        return Outcome(name, what, answer["label"], answer["detail"], again)

    def _start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *WORKER, str(self.shared)],
            cwd=ROOT,
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # `select` sees no line that waits in a buffer
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        self._read(START)

    def _write(self, **values: object) -> None:
        try:
            self.process.stdin.write(json.dumps(values).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            raise Lost("died", "the worker is gone") from None

    def _read(self, seconds: float) -> dict[str, Any]:
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise Lost("hang", f"no answer in {seconds:g} s")
        line = self.process.stdout.readline()
        if not line:
            raise Lost("died", f"the process ended with status {self.process.wait()}")
        return json.loads(line)

    def end(self) -> None:
        """Kill the process and what it started."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
            self.process = None


def run_all(jobs: Sequence[Job], shared: Path, workers: int, told: Callable[[Outcome], None]) -> list[Outcome]:
    """The outcomes of all jobs, in their order; `told` hears of each when it is done."""
    todo: queue.SimpleQueue = queue.SimpleQueue()
    for number, job in enumerate(jobs):
        todo.put((number, job))
    done: dict[int, Outcome] = {}
    lock = threading.Lock()

    def work() -> None:
        worker = Worker(shared)
        try:
            while True:
                try:
                    number, job = todo.get_nowait()
                except queue.Empty:
                    return
                outcome = worker.judge(job)
                with lock:
                    done[number] = outcome
                    told(outcome)
        finally:
            worker.end()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(workers, len(jobs)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [done[number] for number in sorted(done)]
