"""live.html: how a study goes while it runs; a page that opens from the disk and shows itself anew."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from html import escape
from pathlib import Path

from tinyinception.files import replace_file
from tinyinception.plots.studies import colour
from tinyinception.studies.definition import Study
from tinyinception.studies.measures import MEASURES, Row, accuracy_of, read_rows
from tinyinception.studies.tasks import Outcome, Task
from tinyinception.train.live import LIVE, PAGE, chart
from tinyinception.train.lock import LOCK
from tinyinception.train.run import LOG
from tinyinception.train.watchers import STEPS, read_steps

SECONDS = 3.0  # between two versions of the page
REFRESH = '<meta http-equiv="refresh" content="5">'
STYLE = "<style>td, th { padding: 0 .8em .2em 0; text-align: left } body { max-width: 60rem }</style>"
LINES = 40  # runs that are drawn


class Live:
    """Writes the page whole, again and again; what it cannot write costs nothing."""

    def __init__(self, study: Study, folder: Path, tasks: Sequence[Task]) -> None:
        self.study, self.path, self.tasks, self.next = study, folder / LIVE, tasks, 0.0

    def tick(self, outcomes: Mapping[tuple[str, int], Outcome]) -> None:
        """Write it if it is time."""
        if time.monotonic() >= self.next:
            self.write(outcomes)

    def write(self, outcomes: Mapping[tuple[str, int], Outcome], ended: bool = False) -> None:
        """Write it now; ended: it shows itself anew no more."""
        rows: dict[str, Sequence[Row]] = {}
        for task in self.tasks:
            outcome = outcomes.get((task.arm, task.seed))
            rows[task.key] = read_rows(task.folder / LOG) if outcome is None else outcome.rows
        done = f"{len(outcomes)} of {len(self.tasks)} trainings are finished."
        status = f"{self.study.question} {done}" + (" The result is in report.html." if ended else "")
        page = PAGE.format(
            title=escape(f"study {self.study.name}"),
            status=escape(status),
            refresh=STYLE if ended else REFRESH + STYLE,
            loss=self._losses(),
            accuracy=self._accuracies(rows) + self._table(rows, outcomes),
        )
        with suppress(OSError):
            replace_file(self.path, page.encode())
        self.next = time.monotonic() + SECONDS

    def _curve(self, task: Task) -> tuple[str, str]:
        arms = list(self.study.arms)
        return f"{task.arm}, {task.seed}", colour(arms.index(task.arm))

    def _losses(self) -> str:
        curves = {}
        for task in self.tasks[:LINES]:
            name, ink = self._curve(task)
            curves[name] = ink, [(row["step"], row["loss"]) for row in read_steps(task.folder / STEPS)]
        return chart(curves)

    def _accuracies(self, rows: Mapping[str, Sequence[Row]]) -> str:
        curves = {}
        for task in self.tasks[:LINES]:
            name, ink = self._curve(task)
            curves[name] = ink, [(row["epoch"], 100 * accuracy_of(row)) for row in rows[task.key]]
        return chart(curves)

    def _table(self, rows: Mapping[str, Sequence[Row]], outcomes: Mapping[tuple[str, int], Outcome]) -> str:
        first = self.study.measures[0]
        lines = []
        for task in self.tasks:
            outcome, log = outcomes.get((task.arm, task.seed)), rows[task.key]
            if outcome is not None:
                said = outcome.failed or MEASURES[first].told(outcome.values[first])
            elif log:
                said = f"epoch {len(log)} of {task.config.epochs}, {accuracy_of(log[-1]):.2%}"
            else:
                said = "began" if (task.folder / LOCK).exists() else "waits"
            lines.append(f"<tr><td>{escape(task.arm)}<td>{task.seed}<td>{escape(said)}")
        head = f"<tr><th>arm<th>seed<th>{escape(self.study.title(first))}"
        return f"<h2>Trainings</h2><table>{head}{''.join(lines)}</table>"
