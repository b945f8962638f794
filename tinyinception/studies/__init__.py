"""Studies: one question, several trainings that differ in what it asks about, and an answer with its uncertainty.

    from tinyinception import studies

    study = studies.load("smoothing", quick=True)  # or the path of a TOML file of your own
    report = studies.run(study, "runs/smoothing")
    print(report.verdict, *report.findings, sep="\n- ")

A search, a study with a table [halving], trains most of its arms for few epochs only; see `halving`.

A study is a TOML file; the built-in ones lie in this folder. Each training is `tinyinception train` in a process of its
own, in a folder of its own, so that whatever dies or is stopped, the same call goes on where it was. They run on this
machine, or on the workers of a Dask scheduler:

    with studies.connect("tcp://127.0.0.1:8786") as scheduler:
        studies.run(study, "runs/smoothing", scheduler=scheduler)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinyinception.habits import explain_call, missing_from
from tinyinception.studies.definition import Study, load, names
from tinyinception.studies.halving import Halving
from tinyinception.studies.measures import MEASURES
from tinyinception.studies.report import Report
from tinyinception.studies.run import Plan, plan, run
from tinyinception.studies.scheduler import connect
from tinyinception.studies.search import SearchPlan
from tinyinception.studies.search_report import SearchReport
from tinyinception.studies.tasks import Outcome, Task, run_one

__all__ = [
    "MEASURES",
    "Halving",
    "Outcome",
    "Plan",
    "Report",
    "SearchPlan",
    "SearchReport",
    "Study",
    "Task",
    "connect",
    "load",
    "names",
    "plan",
    "run",
    "run_one",
]

explain_call(__name__, "studies.run(studies.load('smoothing', quick=True)) runs one")

if not TYPE_CHECKING:  # or every name would do
    __getattr__ = missing_from(__name__, {})
