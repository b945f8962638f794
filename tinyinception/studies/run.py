"""Running a study, or rung by rung a search: the folder, what is left to do in it, the report of what is done."""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tinyinception.errors import ArgumentError, CheckpointError, TinyInceptionError
from tinyinception.files import as_path, json_object, plain, remove_leftovers, save_file
from tinyinception.habits import named
from tinyinception.studies import estimate, search
from tinyinception.studies.cost import check_cost
from tinyinception.studies.definition import Study
from tinyinception.studies.live import Live
from tinyinception.studies.local import Local
from tinyinception.studies.measures import MEASURES
from tinyinception.studies.report import KEPT, Report
from tinyinception.studies.scheduler import Gone, Scheduler, Stopped
from tinyinception.studies.search import SearchPlan
from tinyinception.studies.search_report import SearchReport
from tinyinception.studies.shares import Shares
from tinyinception.studies.tasks import Outcome, Task, run_ensemble, settled
from tinyinception.terminal import duration, many, say
from tinyinception.train.interrupt import Stopped as Interrupted
from tinyinception.train.live import LIVE
from tinyinception.train.lock import LOCK, locked

STUDY = "study.json"
ASK = 100  # trainings; more want a yes
Outcomes = dict[tuple[str, int], Outcome]  # by arm and seed
FILES = (*KEPT, "report.md", "report.html", LIVE, STUDY)
OF_SEARCH = ("results.csv", "report.md", "report.html", STUDY)


@dataclass(frozen=True)
class Plan:
    """What a study will do in a folder. done: of the tasks, those that are finished. steps: by arm, measured.

    command: what to type to have it done.
    """

    study: Study
    folder: Path
    tasks: tuple[Task, ...]
    done: tuple[Outcome, ...]
    scheduler: Scheduler
    shares: Shares
    steps: dict[str, estimate.Step]
    command: str

    @property
    def left(self) -> list[Task]:
        """The tasks that are not finished."""
        known = self.outcomes
        return [task for task in self.tasks if (task.arm, task.seed) not in known]

    @property
    def seconds(self) -> float:
        """How long the rest will take: the trainings one after the other, divided by how many run at a time."""
        return estimate.seconds(self.left, self.steps) / self.shares.workers

    @property
    def outcomes(self) -> Outcomes:
        """Of what is finished, by arm and seed."""
        return {(one.arm, one.seed): one for one in self.done}

    def report(self, outcomes: Outcomes, ensembles: Mapping[str, float] | None = None) -> Report:
        """Of outcomes, in the order of the tasks."""
        keys = [(task.arm, task.seed) for task in self.tasks]
        found = [outcomes[key] for key in keys if key in outcomes]
        place = self.scheduler.place
        return Report(self.study, self.folder, found, self.command, self.shares, ensembles or {}, place)

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "study": self.study.name,
            "question": self.study.question,
            "out": str(self.folder),
            "arms": list(self.study.arms),
            "seeds": list(self.study.seeds),
            "trainings": len(self.tasks),
            "finished": len(self.done),
            "seconds": self.seconds,
            "workers": self.shares.workers,
            "threads": self.shares.threads,
            "place": self.scheduler.place,
            "step_seconds": {arm: step.seconds for arm, step in self.steps.items()},
        }


def default_folder(study: Study) -> Path:
    """runs/study-NAME, with what was changed on the command line, so that the same command finds it again."""
    data = "" if "--data" not in study.words else f"-{Path(next(iter(study.arms.values())).data).name}"
    return Path("runs") / f"study-{study.name}{data}{'-quick' if study.quick else ''}"


@named
def plan(
    study: Study,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    threads: int | None = None,
    scheduler: Scheduler | None = None,
    progress: bool = True,
) -> Plan | SearchPlan:
    """What there is to do, how long it takes, by steps measured here, and where; nothing is written.

    Raises ArgumentError or CheckpointError for whatever would stop `run` before its first training.
    """
    folder = default_folder(study) if out is None else as_path("out", out)
    where = _scheduler(scheduler, workers, threads)
    again = command(study, folder, where.words)

    def look(part: Study, place: Path) -> Plan:
        _check(part, place)
        return _plan(part, place, where, progress, again)

    if study.halving is None:
        return look(study, folder)
    check_cost(study)
    _check(study, folder)
    return search.foresee(study, folder, look)


@named
def run(
    study: Study,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    threads: int | None = None,
    scheduler: Scheduler | None = None,
    progress: bool = True,
) -> Report | SearchReport:
    """Train what is missing in `out`, by default runs/study-NAME, and report; calling it again costs nothing.

    workers, threads: see `shares`. scheduler: where the trainings run, this machine unless given, see `connect`. Raises
    ArgumentError or CheckpointError, before any training, for a folder of another study, or one that another process
    holds, and CheckpointError at the end for a training that failed, or a scheduler that is gone; KeyboardInterrupt on
    Ctrl-C, SIGTERM or SIGHUP, when all trainings have saved.
    """
    folder = default_folder(study) if out is None else as_path("out", out)
    where = _scheduler(scheduler, workers, threads)
    again = command(study, folder, where.words)

    def train(part: Study, place: Path) -> Report:
        with _opened(part, place):
            where.check(place)
            return _run(_plan(part, place, where, progress, again), progress)

    if study.halving is None:
        return train(study, folder)
    check_cost(study)
    with _opened(study, folder):
        return search.climb(study, folder, train, again)


def _scheduler(given: Scheduler | None, workers: int | None, threads: int | None) -> Scheduler:
    if given is None:
        return Local(workers, threads)
    for name, value in (("workers", workers), ("threads", threads)):
        if value is not None:
            raise ArgumentError(f"{name}: with a scheduler that is for its workers to say, so it cannot be {value!r}")
    return given


def _plan(study: Study, folder: Path, scheduler: Scheduler, progress: bool, again: str) -> Plan:
    check_cost(study)
    tasks = [
        Task(study.name, arm, replace(config, seed=seed), _place(folder, arm, seed), study.measures, study.target)
        for arm, config in study.arms.items()
        for seed in study.seeds
    ]
    done = tuple(outcome for task in tasks if (outcome := settled(task)) is not None)
    known = {(one.arm, one.seed) for one in done}
    left = [task for task in tasks if (task.arm, task.seed) not in known]
    share = scheduler.shares(len(left) or len(tasks))
    steps = estimate.measure({task.arm: task for task in left}.values(), share.threads, say if progress else _mute)
    shared = tuple(replace(task, threads=share.threads) for task in tasks)
    return Plan(study, folder, shared, done, scheduler, share, steps, again)


def _place(folder: Path, arm: str, seed: int) -> Path:
    return folder / "runs" / arm / str(seed)


def _mute(text: str) -> None:
    """Say nothing."""


def _run(todo: Plan, progress: bool) -> Report:
    tell, study, folder = say if progress else _mute, todo.study, todo.folder
    outcomes = todo.outcomes
    live, began = Live(study, folder, todo.tasks), time.monotonic()
    if todo.left:
        tell(
            f"{study.name}: {len(todo.tasks)} trainings, {len(todo.done)} of them finished; "
            f"{todo.shares.workers} at a time with {many(todo.shares.threads, 'thread')} each, about "
            f"{duration(todo.seconds)}; how it goes: {folder / LIVE}"
        )
    live.write(outcomes)
    failed, ended = _train(todo, outcomes, live, tell)
    whole = len(outcomes) == len(todo.tasks)
    report = todo.report(outcomes, _ensembles(todo, outcomes) if study.ensemble and whole else {})
    report.write()
    live.write(outcomes, ended=True)
    tell(f"{time.monotonic() - began:.0f} s; report in {folder / 'report.html'}")
    done, again = f"{len(outcomes)} of {len(todo.tasks)} trainings finished", f"go on with `{report.command}`"
    if isinstance(ended, Stopped):
        raise Interrupted(f"stopped and saved, {done}; {again}", ended.signal)
    if ended is not None:
        raise CheckpointError(f"{ended}; {done}; what is finished is kept; {again}")
    if failed:
        raise CheckpointError(
            f"{done}, {len(failed)} failed; what is finished is kept; {again}; the first: {failed[0]}"
        )
    return report


def _train(
    todo: Plan, outcomes: Outcomes, live: Live, tell: Callable[[str], None]
) -> tuple[list[TinyInceptionError], Stopped | Gone | None]:
    """Have the rest trained, and add each outcome as it comes: what failed, and what ended it early, if it did."""
    failed = []
    try:
        with closing(todo.scheduler.run(todo.left, lambda: live.tick(outcomes))) as ended:
            for task, outcome in ended:
                if not isinstance(outcome, Outcome):
                    failed.append(outcome)
                    tell(f"failed: {outcome}")
                    continue
                outcomes[task.arm, task.seed] = outcome
                todo.report(outcomes).write_results()
                told = _told(todo.study, outcome)
                tell(f"[{len(outcomes)}/{len(todo.tasks)}] {task.arm}, seed {task.seed}: {told}")
    except (Stopped, Gone) as early:
        return failed, early
    return failed, None


def _ensembles(todo: Plan, outcomes: Outcomes) -> dict[str, float]:
    """By arm the test accuracy of all its networks together, where there are two or more."""
    found = {}
    for arm in todo.study.arms:
        tasks = [task for task in todo.tasks if task.arm == arm and not outcomes[arm, task.seed].failed]
        if len(tasks) > 1:
            found[arm] = run_ensemble(tasks)["test_accuracy"]
    return found


def _told(study: Study, outcome: Outcome) -> str:
    if outcome.failed:
        return f"diverged: {outcome.failed}"
    first = study.measures[0]
    value = MEASURES[first].told(outcome.values[first])
    return f"{study.title(first)} {value} in {outcome.seconds:.0f} s"


def command(study: Study, folder: Path, words: Sequence[str] = ()) -> str:
    """What to type to have just this study in this folder. words: that say where it is to run."""
    place = [] if folder == default_folder(study) else ["--out", str(folder)]
    return f"tinyinception study {shlex.join([*study.words, *place, *words])}"


# -- the folder --------------------------------------------------------------------------------------------------------


@contextmanager
def _opened(study: Study, folder: Path) -> Iterator[None]:
    """The study's folder, made where it is missing, and held as long as this lasts."""
    _check(study, folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(f"out: cannot make the folder {folder}: {error.strerror or error}") from error
    with locked(folder):
        remove_leftovers(folder)
        _check(study, folder)  # again, now that nobody else can put something there
        before = _there(folder) or {"arms": {}}
        arms = {**before["arms"], **{arm: asdict(config) for arm, config in study.arms.items()}}
        text = json.dumps({"study": study.name, "question": study.question, "arms": arms}, indent=2) + "\n"
        save_file(folder / STUDY, text.encode())
        yield


def _check(study: Study, folder: Path) -> None:
    """Refuse a folder that cannot be this study's. More seeds or arms than before may be; other arms may not."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ArgumentError(f"out: {folder} is a file, not a folder")
    if not os.access(folder, os.W_OK):
        raise CheckpointError(f"out: {folder} cannot be written")
    there = _there(folder)
    if there is None:
        if any(path.name != LOCK and path.suffix != ".tmp" for path in folder.iterdir()):
            raise ArgumentError(f"out: the folder {folder} is not empty and holds no study; choose another one")
        return
    if there["study"] != study.name:
        raise ArgumentError(f"out: {folder} holds another study, {there['study']}; choose another folder")
    for arm, config in study.arms.items():
        if arm in there["arms"] and (differing := config.differences(there["arms"][arm])):
            raise ArgumentError(
                f"out: {folder} holds this study with another arm {arm}: {'; '.join(differing)}; choose another folder"
            )


def _there(folder: Path) -> dict[str, Any] | None:
    path = folder / STUDY
    try:
        found = json_object(str(path), plain(path).read_bytes(), CheckpointError)
    except FileNotFoundError:
        return None
    except TinyInceptionError:
        raise
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error
    if not isinstance(found.get("study"), str) or not isinstance(found.get("arms"), dict):
        raise CheckpointError(f"{path} is damaged: it does not say which study this is")
    return found
