"""One training of a study: a child process, whatever scheduler asks for it, and what has become of it.

`run_one(task)` may be called again, at any time, by anybody: what is finished is taken, what stopped is continued.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import tinyinception
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.files import json_object, plain, save_file
from tinyinception.studies.measures import MEASURES, Finished, Row, read_rows, views_for
from tinyinception.terminal import say
from tinyinception.train.config import Config
from tinyinception.train.lock import holder
from tinyinception.train.ranks import LAUNCHED
from tinyinception.train.run import CONFIG, LOG, RESULT, Result, Run

RETRIES = 3  # after a child that was killed
HOPELESS = 3  # the exit status of a training that diverged, see `cli.main`
DIVERGED, VIEWS = ".diverged.json", ".views-{}.json"  # files beside a run
ERROR = "tinyinception: error: "


@dataclass(frozen=True)
class Task:
    """A training: its key is study, arm and seed, its run is `folder`. threads: of its process."""

    study: str
    arm: str
    config: Config
    folder: Path
    measures: tuple[str, ...] = ("test_accuracy",)
    target: float | None = None
    threads: int = 1

    @property
    def seed(self) -> int:
        """Its seed."""
        return self.config.seed

    @property
    def key(self) -> str:
        """`smoothing/eps 0.1/0`: equal tasks have equal keys."""
        return f"{self.study}/{self.arm}/{self.seed}"

    def beside(self, ending: str) -> Path:
        """A file beside the run's folder, whose contents are the run's alone."""
        return self.folder.with_name(f"{self.folder.name}{ending}")

    @property
    def command(self) -> list[str]:
        """The words of the training, which anybody may type."""
        return ["train", "--ensure", *self.config.flags(), "--no-pictures", "--json", "--out", str(self.folder)]

    def check(self) -> None:
        """ArgumentError where its folder holds the run of another config; CheckpointError where that is damaged."""
        if (self.folder / CONFIG).is_file():
            there = Run.open(self.folder).config.located
            if differing := self.config.located.differences(there):
                raise ArgumentError(f"out: {self.folder} holds a run with {'; '.join(differing)}")


@dataclass(frozen=True)
class Outcome:
    """What a training came to: the measures by name, None where it never came so far; its log; how long it took.

    failed: why it has no measures, a training that diverged.
    """

    arm: str
    seed: int
    values: dict[str, float | None] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    seconds: float = 0.0
    failed: str = ""


class Stopping(Exception):
    """A child was not started, or ended, because everything is to stop."""


class Children:
    """The processes of a study: started here, so that all of them can be asked to stop."""

    def __init__(self) -> None:
        self.stopping = False
        self._running: set[subprocess.Popen] = set()
        self._lock = Lock()

    def run(self, command: Sequence[str], log: Path, threads: int) -> tuple[int, str]:
        """Run a command to its end: its exit status and standard output; standard error goes to the end of `log`.

        Raises Stopping where all are to stop.
        """
        # A session of its own: Ctrl-C at the terminal is for the parent, which tells its children once.
        with open(log, "ab") as errors, _held_open() as theirs:
            with self._lock:
                if self.stopping:
                    raise Stopping
                child = subprocess.Popen(
                    [sys.executable, "-m", "tinyinception.cli.child", *command],
                    env=environment(threads),
                    stdin=theirs,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    start_new_session=True,
                )
                self._running.add(child)
            try:
                output = child.communicate()[0]
            finally:
                with self._lock:
                    self._running.discard(child)
        if self.stopping and child.returncode != 0:
            raise Stopping
        return child.returncode, output.decode(errors="replace")

    def stop(self, at_once: bool = False) -> None:
        """Ask all to save and end, which takes a step; at_once: without saving. None is started from now on."""
        with self._lock:
            self.stopping = True
            for child in self._running:
                child.kill() if at_once else child.terminate()


@contextmanager
def _held_open() -> Iterator[int]:
    """The reading end of a pipe whose other end stays open as long as this lasts, and this process lives."""
    theirs, ours = os.pipe()
    try:
        yield theirs
    finally:
        os.close(theirs)
        os.close(ours)


def environment(threads: int) -> dict[str, str]:
    """What a child is given: so many threads, and this very package, also where it is not installed."""
    package = Path(tinyinception.__file__).resolve().parent.parent
    ours = [] if package.name in ("site-packages", "dist-packages") else [str(package)]
    path = os.pathsep.join([*ours, *filter(None, [os.environ.get("PYTHONPATH")])])
    limits = dict.fromkeys(("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    here = {name: value for name, value in os.environ.items() if name not in LAUNCHED}  # no child is mpirun's
    return {**here, **limits, **({"PYTHONPATH": path} if path else {})}


def run_one(task: Task, children: Children | None = None, tell: Callable[[str], None] = say) -> Outcome:
    """Train, or take what is there, and measure. children: those who are asked to stop together.

    A child that was killed is started again and continues. Raises CheckpointError where the training cannot be had,
    with the child's own reason, and Stopping.
    """
    children = children or Children()
    if (known := settled(task)) is not None:
        return known
    task.folder.parent.mkdir(parents=True, exist_ok=True)
    if reason := _trained(task, children, tell):
        text = json.dumps({"reason": reason, "config": asdict(task.config)}, indent=2) + "\n"
        save_file(task.beside(DIVERGED), text.encode())
    else:
        for views in views_for(task.measures):
            _evaluate(task, views, children)
    outcome = settled(task)
    if outcome is None:
        raise CheckpointError(f"{task.key}: its process ended without an error, but left no {RESULT}")
    return outcome


def settled(task: Task) -> Outcome | None:
    """The outcome of a training that is finished and measured; None where something is still to be done.

    Raises ArgumentError where its folder holds the run of another config.
    """
    task.check()
    rows, diverged = read_rows(task.folder / LOG), _kept(task.beside(DIVERGED))
    if diverged is not None and not task.config.differences(diverged.get("config", {})):
        seconds = sum(row["seconds"] for row in rows)
        return Outcome(task.arm, task.seed, rows=rows, seconds=seconds, failed=str(diverged.get("reason")))
    result, views = _result(task), {k: _kept(task.beside(VIEWS.format(k))) for k in views_for(task.measures)}
    if result is None or None in views.values() or not rows:
        return None
    finished = Finished(asdict(result), rows, {k: found for k, found in views.items() if found}, task.target)
    values = {name: MEASURES[name].read(finished) for name in task.measures}
    return Outcome(task.arm, task.seed, values, rows, result.seconds)


def _result(task: Task) -> Result | None:
    return Run.open(task.folder).result if (task.folder / CONFIG).is_file() else None


def _trained(task: Task, children: Children, tell: Callable[[str], None]) -> str:
    """See `_train`; whoever trains the run already, or began in the same moment as we did, is waited for."""
    while True:
        _await(task, children, tell)
        if _result(task) is not None:
            return ""
        try:
            return _train(task, children, tell)
        except CheckpointError:
            if holder(task.folder) is None:
                raise


def _train(task: Task, children: Children, tell: Callable[[str], None]) -> str:
    """Train to the end; why that cannot be, where the training diverges, else an empty text."""
    log = task.beside(".log")
    for attempt in range(RETRIES + 1):
        status, _ = children.run(task.command, log, task.threads)
        if status == 0:
            return ""
        if status > 0:
            break
        if attempt < RETRIES:
            tell(f"{task.key}: its process was ended by signal {-status}; it is started again and continues")
    reason = _reason(log)
    if status == HOPELESS:
        return reason
    ended = f"its process was ended by signal {-status}, {RETRIES + 1} times" if status < 0 else reason
    raise CheckpointError(f"{task.key}: {ended} (all it said is in {log})")


def _await(task: Task, children: Children, tell: Callable[[str], None]) -> None:
    """Wait for a process that trains this run already: of what was killed, study or worker, the children live on."""
    told = False
    while (pid := holder(task.folder)) is not None:
        if children.stopping:
            raise Stopping
        if not told:
            tell(f"{task.key}: process {pid} still trains it, for a study or a worker that is gone; waiting for that")
        told = True
        time.sleep(0.5)


def _evaluate(task: Task, views: int, children: Children) -> None:
    path = task.beside(VIEWS.format(views))
    if _kept(path) is not None:
        return
    words = ["evaluate", str(task.folder), "--crops", str(views), "--json"]
    save_file(path, _asked(words, task.beside(".log"), task, children))


def run_ensemble(tasks: Sequence[Task], children: Children | None = None) -> dict[str, Any]:
    """What `evaluate` says of an arm's finished networks together, whose probabilities are averaged; kept as a file.

    Raises CheckpointError and Stopping as `run_one`.
    """
    seeds = "-".join(str(task.seed) for task in tasks)
    kept = tasks[0].folder.with_name(f"ensemble-{seeds}.json")
    if (known := _kept(kept)) is None:
        words = ["evaluate", *(str(task.folder) for task in tasks), "--json"]
        save_file(kept, _asked(words, kept.with_suffix(".log"), tasks[0], children or Children()))
        known = _kept(kept)
    return known or {}


def _asked(words: Sequence[str], log: Path, task: Task, children: Children) -> bytes:
    """The standard output of a command, which is JSON."""
    status, output = children.run(words, log, task.threads)
    if status:
        raise CheckpointError(f"{task.key}: {_reason(log)} (`tinyinception {shlex.join(words)}`)")
    return output.encode()


def _kept(path: Path) -> dict[str, Any] | None:
    try:
        return json_object(str(path), plain(path).read_bytes(), CheckpointError)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CheckpointError(
            f"{path} cannot be read: {error.strerror or error}; delete it to have it again"
        ) from error


def _reason(log: Path) -> str:
    """The last error that a child told."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    errors = [line.removeprefix(ERROR) for line in lines if line.startswith(ERROR)]
    return errors[-1] if errors else (lines or ["it said nothing"])[-1]
