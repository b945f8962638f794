"""Kills: a training that is ended by SIGKILL at any moment, again and again, and resumed until it is done.

A template process imports everything once and forks a child for each piece of a run; it computes nothing itself, since
a child of a process whose threads have started could not. What the last child leaves must be what a run leaves that
nobody killed: the same numbers in the checkpoint, the same log but for its clocks.
"""

from __future__ import annotations

import csv
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.campaign.command import ROOT
from tests.campaign.outcome import Outcome
from tinyinception.errors import TinyInceptionError
from tinyinception.train.checkpoint import CHECKPOINT, load

KIND = "kill -9"
KILLS = 8  # of one run, at most
RUNS = 10  # for each kill, at most
SEEDS = 3  # so many different trainings
CLOCKS = ("seconds", "images_per_second")
START = 300.0  # seconds to wait for a process that may have to compile
EARLY, WRITING, ANY = "before the first checkpoint", "while writing", "at any moment"
MOMENTS = (ANY, WRITING)  # in turn; of a run that has no checkpoint yet, every third time an early one

TEMPLATE = """
import json, os, sys, traceback
from tinyinception import train
from tinyinception.train import loop
import matplotlib.figure, PIL.Image, safetensors.numpy, tqdm, tinyinception.train.session

def child(folder, seed, pictures):
    sys.stderr = open(folder + ".err", "w")
    if not pictures:
        loop.draw_pictures = lambda *_: None
    if os.path.exists(os.path.join(folder, "config.json")):
        return train.resume(folder, progress=False)
    config = train.Config(model="single_5x5_cifar", limit=48, batch_size=16, epochs=3, optimizer="adam", average=0.9,
                          checkpoint_seconds=1e-9, seed=seed)
    train.fit(config, folder, progress=False)

for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            child(*json.loads(line))
            status = 0
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Template:
    """The process that forks trainings, one at a time."""

    def __init__(self, threads: int) -> None:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "NUMBA_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", TEMPLATE],
            cwd=ROOT,
            env=env,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def train(self, folder: Path, seed: int, pictures: bool = False) -> int:
        """Begin a training, or go on with it; the process id of the child."""
        self.process.stdin.write(json.dumps([str(folder), seed, pictures]).encode() + b"\n")
        return self.wait()

    def wait(self, seconds: float = START) -> int | None:
        """The child's exit status; None where it does not end in time."""
        ready = select.select([self.process.stdout], [], [], seconds)[0]
        return int(self.process.stdout.readline()) if ready else None

    def until(self, seen: Callable[[], bool], seconds: float) -> int | None:
        """Wait for `seen()`, at most so long; the exit status of a child that ends before, otherwise None."""
        deadline, status = time.monotonic() + seconds, None
        while status is None and not seen() and time.monotonic() < deadline:
            status = self.wait(0.0002)
        return status

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


@dataclass
class Tally:
    """What the table of kinds does not show."""

    runs: int = 0
    kills: int = 0
    writing: int = 0
    early: int = 0

    def __str__(self) -> str:
        return (
            f"kills: {self.kills} in {self.runs} runs that then ended rightly, {self.writing} of them while a file "
            f"was being written, {self.early} before the first checkpoint"
        )


@dataclass(frozen=True)
class Undisturbed:
    """What runs end with that nobody kills, by seed, and how long one takes."""

    ends: dict[int, tuple]
    seconds: float

    @classmethod
    def make(cls, folder: Path) -> Undisturbed:
        """Train them; the time is the last one's, since the first may compile."""
        template, ends, seconds = Template(2), {}, 0.0
        try:
            for seed in range(SEEDS):
                place, began = folder / f"undisturbed-{seed}", time.monotonic()
                template.train(place, seed)
                if template.wait() != 0:
                    raise RuntimeError(f"the campaign's own training fails: {_last_words(place)}")
                ends[seed], seconds = ended(place), time.monotonic() - began
        finally:
            template.end()
        return cls(ends, seconds)


def campaign(
    kills: int, seed: int, folder: Path, workers: int, told: Callable[[Outcome], None] = lambda one: None
) -> tuple[list[Outcome], Tally]:
    """Kill trainings `kills` times, on so many processes at once; every run is finished and compared."""
    right = Undisturbed.make(folder)
    outcomes, tally, lock = [], Tally(), threading.Lock()
    left = [kills // workers + (worker < kills % workers) for worker in range(workers)]

    def work(worker: int) -> None:
        template, number = Template(1 + worker % 2), 0
        try:
            while left[worker] > 0 and number < RUNS * kills:
                run = Run(
                    template, folder / f"run-{worker}-{number}", np.random.default_rng([seed, worker, number]), right
                )
                for one in run.go(min(KILLS, left[worker]), pictures=number % 8 == 7):
                    with lock:
                        outcomes.append(one)
                        told(one)
                left[worker] -= run.tally.kills  # none where the run was done before its first moment came
                with lock:
                    for name, count in vars(run.tally).items():
                        setattr(tally, name, getattr(tally, name) + count)
                number += 1
        finally:
            template.end()

    threads = [threading.Thread(target=work, args=(worker,), daemon=True) for worker in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes, tally


class Run:
    """One run in its folder, killed some times and finished."""

    def __init__(self, template: Template, folder: Path, rng: np.random.Generator, right: Undisturbed) -> None:
        self.template, self.folder, self.rng, self.right = template, folder, rng, right
        self.seed, self.tally = int(rng.integers(SEEDS)), Tally()

    def go(self, kills: int, pictures: bool) -> Iterator[Outcome]:
        """An outcome for each kill; what is wrong at the end counts for the last."""
        shift, what = int(self.rng.integers(len(MOMENTS))), "not killed"
        label, detail = "right", ""
        while label == "right" and self.tally.kills < kills:
            moment = MOMENTS[(shift + self.tally.kills) % len(MOMENTS)]
            if not (self.folder / CHECKPOINT).exists() and self.rng.random() < 1 / 3:
                moment = EARLY
            status = self._kill(moment, pictures)
            if status == 0:
                break
            if status != -signal.SIGKILL:
                label, detail = "traceback", f"cannot go on: {_last_words(self.folder)}"
                break
            if self.tally.kills > 1:
                yield self._outcome(what, "right", "")
            what = f"{self.folder.name}, kill {self.tally.kills}, {moment}"
            label, detail = self._checked()
        if label == "right":
            label, detail = self._finish(pictures)
        self.tally.runs += label == "right"
        yield self._outcome(what, label, detail)

    def _outcome(self, what: str, label: str, detail: str) -> Outcome:
        return Outcome(
            KIND, what, label, detail, f"in {self.folder}, of a campaign with --keep; moments cannot be repeated"
        )

    def _kill(self, moment: str, pictures: bool) -> int | None:
        """Begin or go on, and kill at such a moment; the exit status."""
        pid = self.template.train(self.folder, self.seed, pictures)
        if moment == EARLY:
            status = self.template.until(self.folder.exists, START)
            status = self.template.wait(self.rng.uniform(0, 0.1)) if status is None else status
        else:
            status = self.template.wait(self.rng.uniform(0, self.right.seconds))
        if status is None and moment == WRITING:
            status = self.template.until(self._writing, self.right.seconds)
        if status is not None:
            return status
        os.kill(pid, signal.SIGKILL)
        status = self.template.wait()
        if status == -signal.SIGKILL:
            self.tally.kills += 1
            self.tally.writing += self._writing()
            self.tally.early += not (self.folder / CHECKPOINT).exists()
        return status

    def _writing(self) -> bool:
        """Whether a temporary file lies in the folder."""
        try:
            return any(".tmp" in name for name in os.listdir(self.folder))
        except OSError:
            return False

    def _checked(self) -> tuple[str, str]:
        """Whether the checkpoint, where there is one, is whole."""
        if (self.folder / CHECKPOINT).exists():
            try:
                load(self.folder)
            except TinyInceptionError as error:
                return "damaged", str(error)
        return "right", ""

    def _finish(self, pictures: bool) -> tuple[str, str]:
        self.template.train(self.folder, self.seed, pictures)
        status = self.template.wait()
        if status is None:
            return "hang", "the resumed run does not end"
        if status != 0:
            return "traceback", f"cannot be resumed: {_last_words(self.folder)}"
        numbers, log = (a == b for a, b in zip(ended(self.folder), self.right.ends[self.seed], strict=True))
        if numbers and log:
            return "right", ""
        return "silent", " and ".join(
            ["the numbers"] * (not numbers) + ["the log"] * (not log)
        ) + " not as in an undisturbed run"


def ended(folder: Path) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """What a run ends with, apart from clocks: the bytes of all tensors, and the rows of log.csv."""
    tensors, _ = load(folder)
    with open(folder / "log.csv", newline="", encoding="utf-8") as file:
        rows = [{name: value for name, value in row.items() if name not in CLOCKS} for row in csv.DictReader(file)]
    return {name: array.tobytes() for name, array in tensors.items()}, rows


def _last_words(folder: Path) -> str:
    try:
        lines = Path(f"{folder}.err").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else "no word"
