"""Kills: a training that is ended by SIGKILL at any moment, again and again, and resumed until it is done.

A template process imports everything once and forks a child for each piece of a run; it computes nothing itself, since
a child of a process whose threads have started could not. The child that ends a run must leave what a run leaves that
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
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.campaign.command import ROOT
from tests.campaign.outcome import Outcome
from tinyinception.errors import TinyInceptionError
from tinyinception.train.checkpoint import CHECKPOINT, load

KIND = "kill -9"
KILLS = 8  # of one run, at most
CLOCKS = ("seconds", "images_per_second")
START = 300.0  # seconds to wait for a process that may have to compile
MOMENTS = ("any", "writing", "any", "writing", "before the first checkpoint", "writing", "any", "writing")

TEMPLATE = """
import json, os, sys
from tinyinception import train
import matplotlib.figure, PIL.Image, safetensors.numpy, tqdm, tinyinception.cli.commands

def child(folder, seed):
    config = train.Config(model="single_5x5_cifar", limit=48, batch_size=16, epochs=3, optimizer="adam", average=0.9,
                          checkpoint_seconds=1e-9, seed=seed)
    begun = os.path.exists(os.path.join(folder, "config.json"))
    sys.stderr = open(folder + ".err", "w")
    if begun:
        train.resume(folder, progress=False)
    else:
        train.fit(config, folder, progress=False)

for line in sys.stdin:
    folder, seed = json.loads(line)
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            child(folder, seed)
            status = 0
        except BaseException as error:
            import traceback
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(status)
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Template:
    """The process that forks trainings; `train` begins one and gives its process id, `wait` its exit status."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", TEMPLATE], cwd=ROOT, stdin=subprocess.PIPE, bufsize=0,
                                        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})

    def train(self, folder: Path, seed: int) -> int:
        self.process.stdin.write(json.dumps([str(folder), seed]).encode() + b"\n")
        return int(self._line(START))

    def wait(self, seconds: float = START) -> int | None:
        """The exit status of the child; None where it does not end in time."""
        line = self._line(seconds)
        return None if line is None else int(line)

    def _line(self, seconds: float) -> bytes | None:
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            return None
        return self.process.stdout.readline()

    def end(self) -> None:
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@dataclass
class Tally:
    """What the table of kinds does not show."""

    runs: int = 0
    kills: int = 0
    writing: int = 0
    before: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    def __str__(self) -> str:
        return (f"kills: {self.kills} in {self.runs} finished runs, {self.writing} of them while a file was being written, "
                f"{self.before} before the first checkpoint")


def campaign(kills: int, seed: int, folder: Path, told: Callable[[Outcome], None] = lambda one: None) -> Tally:
    """Kill trainings `kills` times; each run is finished and compared."""
    tally, number = Tally(), 0
    template = Template()
    try:
        while tally.kills < kills:
            rng = np.random.default_rng([seed, number])
            for one in _run(template, rng, folder / f"run-{number}", min(KILLS, kills - tally.kills), tally):
                tally.outcomes.append(one)
                told(one)
            number += 1
    finally:
        template.end()
    return tally


def _run(template, rng, folder, kills, tally):
    """One run, killed up to `kills` times; yields an outcome for each kill."""
    seed = int(rng.integers(3))  # three different trainings, of which each is also done undisturbed
    right, seconds = undisturbed(template, folder.parent, seed)
    done, label, detail = [], "right", ""
    while len(done) < kills:
        moment = MOMENTS[(len(done) + int(rng.integers(2))) % len(MOMENTS)]
        killed, hit = _kill(template, rng, folder, seed, moment, seconds)
        if killed == "finished":
            break
        if killed != "killed":
            label, detail = "traceback", killed
            break
        done.append((moment, hit))
        tally.kills += 1
        tally.writing += hit
        if not (folder / CHECKPOINT).exists():
            tally.before += 1
            continue
        try:
            load(folder)
        except TinyInceptionError as error:
            label, detail = "damaged", str(error)
            break
    if label == "right":
        label, detail = _finish(template, folder, seed, right)
    tally.runs += label == "right"
    again = f"python -m tests.campaign --inputs 0 --kills {tally.kills} --seed S   (moments are the machine's: not to the letter)"
    done = done or [("none", False)]
    for number, (moment, hit) in enumerate(done, 1):
        last = number == len(done)
        yield Outcome(KIND, f"{folder.name}, kill {number}: {moment}{', hit' if hit else ''}", label if last else "right",
                      detail if last else "", again)


def _kill(template, rng, folder, seed, moment, seconds):
    """Begin or go on, and kill: ("killed" or "finished" or an error's text, whether a file was being written)."""
    pid = template.train(folder, seed)
    if moment == "before the first checkpoint" and (folder / CHECKPOINT).exists():
        moment = "any"
    deadline = time.monotonic() + START
    if moment == "before the first checkpoint":
        status, _ = _until(template, lambda: (folder / "config.json").exists(), deadline)
        delay = rng.uniform(0, 0.05)
    else:
        status, delay = None, rng.uniform(0, seconds)
    if status is None:
        status, _ = _until(template, lambda: False, time.monotonic() + delay)
    hit = False
    if status is None and moment == "writing":
        status, hit = _until(template, lambda: _temporary(folder), time.monotonic() + seconds)
    if status is None:
        os.kill(pid, signal.SIGKILL)
        status = template.wait()
        hit = hit and _temporary(folder)
    if status == -signal.SIGKILL:
        return "killed", hit
    return ("finished" if status == 0 else f"{_error(folder)} (exit status {status})"), False


def _until(template, seen, deadline):
    """Wait, without sleep, until something is seen, the child ends or time is up: (its status or None, seen or not)."""
    while time.monotonic() < deadline:
        if seen():
            return None, True
        status = template.wait(0)
        if status is not None:
            return status, False
    return None, False


def _temporary(folder):
    try:
        return any(".tmp" in name for name in os.listdir(folder))
    except OSError:
        return False


def _error(folder):
    text = Path(f"{folder}.err")
    lines = text.read_text(encoding="utf-8", errors="replace").strip().splitlines() if text.exists() else []
    return lines[-1] if lines else "no word"


def _finish(template, folder, seed, right):
    template.train(folder, seed)
    status = template.wait()
    if status is None:
        return "hang", "the resumed run does not end"
    if status != 0:
        return "traceback", f"cannot be resumed: {_error(folder)}"
    found = ended(folder)
    differing = [what for what, a, b in zip(("the numbers", "the log"), found, right, strict=True) if a != b]
    return ("silent", f"{' and '.join(differing)} differ from the undisturbed run") if differing else ("right", "")


def ended(folder):
    """What a run ends with, apart from clocks: (bytes of all tensors, rows of log.csv)."""
    tensors, _ = load(folder)
    with open(folder / "log.csv", newline="", encoding="utf-8") as file:
        rows = [{k: v for k, v in row.items() if k not in CLOCKS} for row in csv.DictReader(file)]
    return {name: array.tobytes() for name, array in tensors.items()}, rows


_UNDISTURBED: dict[tuple[Path, int], tuple] = {}


def undisturbed(template, place, seed):
    """(what it ends with, seconds) of a run that nobody kills; made once, after one that compiles."""
    if (place, seed) not in _UNDISTURBED:
        if not _UNDISTURBED:
            template.train(Path(tempfile.mkdtemp(dir=place)) / "warm", seed)
            assert template.wait() == 0, "the campaign's own training fails"
        folder, began = place / f"undisturbed-{seed}", time.monotonic()
        template.train(folder, seed)
        assert template.wait() == 0, f"the campaign's own training fails: {_error(folder)}"
        _UNDISTURBED[place, seed] = ended(folder), time.monotonic() - began
    return _UNDISTURBED[place, seed]
