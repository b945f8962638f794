"""A search: rung after rung a study of its own, from the arms that are left, and a report of what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyinception.studies import estimate
from tinyinception.studies.definition import Study
from tinyinception.studies.halving import rung
from tinyinception.studies.report import Report
from tinyinception.studies.search_report import SearchReport, best_first

if TYPE_CHECKING:
    from tinyinception.studies.run import Plan


@dataclass(frozen=True)
class Rung:
    """What a rung will be. epochs: of its arms, in order. seconds: of what is not finished."""

    epochs: tuple[int, ...]
    trainings: int
    finished: int
    seconds: float


@dataclass(frozen=True)
class SearchPlan:
    """What a search will do in a folder. now: the rung that it is at; those after it are what it may come to."""

    study: Study
    folder: Path
    rungs: tuple[Rung, ...]
    now: Plan

    @property
    def seconds(self) -> float:
        """How long the rest will take."""
        return sum(one.seconds for one in self.rungs)

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold."""
        trainings, finished = (sum(getattr(one, name) for one in self.rungs) for name in ("trainings", "finished"))
        whole = {"study": self.study.name, "out": str(self.folder), "arms": list(self.study.arms)}
        rungs = [
            {"epochs": list(one.epochs), "trainings": one.trainings, "finished": one.finished, "seconds": one.seconds}
            for one in self.rungs
        ]
        sums = {"trainings": trainings, "finished": finished, "seconds": self.seconds, "rungs": rungs}
        return {**self.now.to_json(), **whole, **sums}


def foresee(study: Study, folder: Path, look: Callable[[Study, Path], Plan]) -> SearchPlan:
    """Each rung: those that are finished, the first that is not, and by the mean of its trainings those after it.

    look: says what a study will do in a folder.
    """
    halving = study.halving
    assert halving is not None
    rungs: list[Rung] = []
    arms = list(study.arms)
    for at in range(len(halving.rungs)):
        now = look(rung(study, at, arms), place(folder, at))
        rungs.append(
            Rung(_distinct(one.epochs for one in now.study.arms.values()), len(now.tasks), len(now.done), now.seconds)
        )
        if now.left:
            break
        arms = going_on(study, now.report(now.outcomes))
    choices = len(now.study.arms) - 1
    for at in range(len(rungs), len(halving.rungs)):
        choices = halving.kept(choices)
        trainings = (choices + 1) * len(study.seeds)
        epochs = {arm: halving.epochs(at, study.arms[arm]) for arm in now.study.arms}
        longer = [replace(task, config=replace(task.config, epochs=epochs[task.arm])) for task in now.left]
        usual = estimate.seconds(longer, now.steps) / len(longer)
        workers = now.scheduler.shares(trainings).workers
        rungs.append(Rung(_distinct(epochs.values()), trainings, 0, trainings * usual / workers))
    return SearchPlan(study, folder, tuple(rungs), now)


def _distinct(numbers: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(numbers)))


def climb(study: Study, folder: Path, train: Callable[[Study, Path], Report], command: str) -> SearchReport:
    """Have each rung trained in a folder of its own, `rung1` the first, and report after each.

    train: has a study trained in a folder, or takes what is there. Whatever it raises ends the search, which goes on
    there when it is begun again.
    """
    assert study.halving is not None
    reports: list[Report] = []
    arms = list(study.arms)
    for at in range(len(study.halving.rungs)):
        reports.append(train(rung(study, at, arms), place(folder, at)))
        report = SearchReport(study, folder, reports, command)
        report.write()
        arms = going_on(study, reports[-1])
    return report


def place(folder: Path, at: int) -> Path:
    """The folder of a rung, the first of which is 0."""
    return folder / f"rung{at + 1}"


def going_on(study: Study, report: Report) -> list[str]:
    """The arms of the next rung: the best of those that ended their training, beside what they are compared with."""
    assert study.halving is not None
    choices = [arm for arm in report.study.arms if arm != study.reference]
    ended = [arm for arm in best_first(report) if arm != study.reference]
    return [study.reference, *ended[: study.halving.kept(len(choices))]]
