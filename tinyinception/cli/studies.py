"""The command `study`: list the built-in ones, plan one, run one."""

from __future__ import annotations

import sys
from argparse import Namespace
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from tinyinception import studies
from tinyinception.cli.parser import UsageError
from tinyinception.errors import ArgumentError
from tinyinception.studies.run import ASK, FILES, OF_SEARCH, Plan
from tinyinception.studies.scheduler import Scheduler
from tinyinception.studies.search import SearchPlan
from tinyinception.terminal import duration, many, paint, prose_width, wrap

FLAGS = ("quick", "seeds", "data", "out", "workers", "threads", "scheduler", "dry_run", "yes")


def answer(options: Namespace) -> tuple[dict[str, Any], list[str]]:
    """What the command came to, as JSON can hold it and as lines."""
    if options.study in (None, "list"):
        return _listed(options)
    study = studies.load(options.study, quick=options.quick, seeds=_seeds(options.seeds), data=options.data)
    if study.trainings > ASK and not (options.yes or options.dry_run):
        raise ArgumentError(
            f"study {study.name}: it is {study.trainings:,} trainings ({len(study.arms):,} arms, {len(study.seeds)} "
            f"seeds); --yes runs them, --dry-run says how long that takes"
        )
    with _scheduler(options) as where:
        how = {"scheduler": where, "workers": options.workers, "threads": options.threads}
        how["progress"] = not options.quiet
        if options.dry_run:
            plan = studies.plan(study, options.out, **how)
            return plan.to_json(), _planned(plan)
        report = studies.run(study, options.out, **how)
    fits = prose_width(sys.stdout)
    lines = [
        paint(study.question, "bold", sys.stdout),
        *wrap(report.verdict, fits),
        *(wrap(report.sentence, fits) if report.sentence else []),
        *(line for text in report.findings for line in wrap(text, fits, "- ", "  ")),
        *wrap(f"report in {report.folder / 'report.html'}, figures in {report.folder / 'results.csv'}", fits),
    ]
    return report.to_json(), lines


def _scheduler(options: Namespace) -> AbstractContextManager[Scheduler | None]:
    if options.scheduler is None:
        return nullcontext()
    if given := [flag for flag in ("workers", "threads") if getattr(options, flag) is not None]:
        raise UsageError(f"study --{given[0]} goes without --scheduler, whose workers have it: `dask worker --help`")
    return studies.connect(options.scheduler)


def _listed(options: Namespace) -> tuple[dict[str, Any], list[str]]:
    if given := [flag for flag in FLAGS if getattr(options, flag) not in (None, False)]:
        raise UsageError(
            f"study --{given[0].replace('_', '-')}: of which one? Give its NAME, or the path of a TOML file"
        )
    rows, lines, fits = [], [], prose_width(sys.stdout)
    for name in studies.names():
        study = studies.load(name)
        rows.append(
            {"name": name, "question": study.question, "arms": list(study.arms), "trainings": study.trainings}
            | {"sentence": study.sentence, "where": study.where, "mirrors": study.mirrors}
        )
        lines.append(paint(name, "bold", sys.stdout))
        lines += wrap(study.question, fits, "    ", "    ")
        size = f"{many(len(study.arms), 'arm')}, {many(len(study.seeds), 'seed')}"
        size += f", a search in {len(study.halving.rungs)} rungs" if study.halving else ""
        lines += wrap("; ".join(filter(None, (size, study.mirrors, study.where))), fits, "    ", "    ")
    return {"studies": rows}, [*lines, "To run one within minutes: tinyinception study NAME --quick"]


def _planned(plan: Plan | SearchPlan) -> list[str]:
    study, now = plan.study, plan.now if isinstance(plan, SearchPlan) else plan
    workers, threads = now.shares
    steps = ", ".join(f"{arm} {1000 * step.seconds:.0f} ms" for arm, step in list(now.steps.items())[:12])
    arms = ", ".join(list(study.arms)[:12]) + (", ..." if len(study.arms) > 12 else "")
    lines = [
        f"{study.name}: {study.question}",
        f"arms: {arms} ({len(study.arms):,}); seeds: {', '.join(map(str, study.seeds))}",
        *(_rungs(plan) if isinstance(plan, SearchPlan) else [_trainings(plan)]),
        f"a training step, measured now with {many(threads, 'thread')}: {steps}" if steps else "nothing to measure",
        f"about {duration(plan.seconds)}, {workers} at a time" if now.left else "nothing is left to train",
        f"trains on {now.scheduler.place}",
        _writes(plan),
    ]
    return [part for line in lines for part in wrap(line, prose_width(sys.stdout), rest="    ")]


def _trainings(plan: Plan) -> str:
    return f"{many(len(plan.tasks), 'training')}, {len(plan.done)} of them finished; each of {plan.study.budget}"


def _rungs(plan: SearchPlan) -> list[str]:
    """A line for each, and what all of them are."""
    lines = [f"{many(plan.study.trainings, 'training')} in {len(plan.rungs)} rungs; at the last, {plan.study.budget}"]
    for at, one in enumerate(plan.rungs, 1):
        epochs = f"{' or '.join(map(str, one.epochs))} epoch{'' if one.epochs == (1,) else 's'}"
        left = f"about {duration(one.seconds)}" if one.finished < one.trainings else "nothing left"
        lines.append(f"rung {at}: {many(one.trainings, 'training')} of {epochs}, {one.finished} finished, {left}")
    return lines


def _writes(plan: Plan | SearchPlan) -> str:
    if isinstance(plan, SearchPlan):
        return f"writes to {plan.folder}: {', '.join(OF_SEARCH)}, and for each rung a study, rung1, rung2, ..."
    return f"writes to {plan.folder}: {', '.join(FILES)}, and a run folder for each training, runs/ARM/SEED"


def _seeds(text: str | None) -> int | list[int] | None:
    """`3`: how many; `0,2,5`: which."""
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or not all(word.isdecimal() for word in words):
        raise ArgumentError(f"seeds must be how many, such as 3, or which, such as 0,2,5, got {text!r}")
    return int(words[0]) if "," not in text else [int(word) for word in words]
