"""What a search found: a row for each choice, how far it came, what it was worth beside the base, what it cost."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean
from typing import Any, ClassVar

from tinyinception.files import save_file
from tinyinception.studies.definition import Study
from tinyinception.studies.measures import MEASURES
from tinyinception.studies.pages import Block, Heading, Paragraph, Points, Quote, Table, as_html, as_markdown
from tinyinception.studies.report import QUICK, Report, counts, spread
from tinyinception.studies.verdict import named
from tinyinception.terminal import many


@dataclass(frozen=True)
class SearchReport:
    """The reports of the rungs that are finished, the first one first. command: what to type to have it again."""

    study: Study
    folder: Path
    rungs: Sequence[Report]
    command: str
    sentence: ClassVar[str] = ""  # what became of a paper's: a search tests none

    @property
    def measure(self) -> str:
        """By which it was decided."""
        return self.study.measures[0]

    def reached(self, arm: str) -> int:
        """The last rung in which an arm was trained; the first is 0."""
        return max(at for at, report in enumerate(self.rungs) if arm in report.study.arms)

    def value(self, arm: str, at: int) -> float | None:
        """The mean of an arm's seeds at a rung; None where it was not there, or has none."""
        found = self.rungs[at].of(arm, self.measure)
        return mean(found.values()) if found else None

    def gain(self, arm: str) -> float | None:
        """How far it is above the arm that all are compared with, at the last rung it reached, over seeds of both."""
        pairs = [one for one in self.rungs[self.reached(arm)].compare(self.measure) if one.second == arm]
        return pairs[0].difference.mean if pairs and pairs[0].difference else None

    @property
    def order(self) -> list[str]:
        """All arms: those of the last rung first, in each rung the best first, and at its end what did not end."""
        found: list[str] = []
        for report in reversed(self.rungs):
            best = best_first(report)
            found += [arm for arm in [*best, *report.study.arms] if arm not in found]
        return list(dict.fromkeys(found))

    @property
    def winner(self) -> str | None:
        """The best arm of the last rung; None where none ended."""
        return next(iter(best_first(self.rungs[-1])), None)

    @property
    def verdict(self) -> str:
        """Which arm came first, and by how much."""
        study, winner, n = self.study, self.winner, len(self.study.seeds)
        missing = len(study.halving.rungs) - len(self.rungs) if study.halving else 0
        said = [f"Only {len(self.rungs)} of {len(self.rungs) + missing} rungs are finished."] if missing else []
        if winner is None:
            return " ".join(["No arm ended its training.", *said])
        measure, gain = MEASURES[self.measure], self.gain(winner)
        value = measure.told(self.value(winner, len(self.rungs) - 1))
        beside = "" if gain is None else f", {measure.difference(gain)} against {named(study.reference)}"
        first = (
            f"Of {len(study.arms)} arms, {named(winner)} came first: {study.title(self.measure)} {value}{beside} "
            f"({many(n, 'seed')})."
        )
        chance = ["One seed cannot tell a small difference from chance."] * (n == 1 and gain is not None)
        return " ".join([first, *chance, *([QUICK] if study.quick else []), *said])

    @property
    def findings(self) -> list[str]:
        """Which choices were above what they are compared with at their last rung, which were not, which diverged."""
        measure = MEASURES[self.measure]
        gains = {arm: gain for arm in self.order if (gain := self.gain(arm)) is not None}
        told = {arm: f"{named(arm)} ({measure.difference(gain)})" for arm, gain in gains.items()}
        helped = [text for arm, text in told.items() if measure.better * gains[arm] > 0]
        others = [text for arm, text in told.items() if measure.better * gains[arm] <= 0]
        lost = [named(arm) for arm in self.order if self._lost(arm)]
        beside = named(self.study.reference)
        return [
            f"{what} {beside} at the last rung that it reached: {', '.join(those)}."
            for what, those in (("Better than", helped), ("Not better than", others))
            if those
        ] + [f"Diverged: {', '.join(lost)}."] * bool(lost)

    def _lost(self, arm: str) -> bool:
        return any(one.failed for report in self.rungs for one in report.outcomes if one.arm == arm)

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "study": self.study.name,
            "question": self.study.question,
            "out": str(self.folder),
            "quick": self.study.quick,
            "trainings": self.study.trainings,
            "finished": sum(len(report.outcomes) for report in self.rungs),
            "winner": self.winner,
            "arms": [
                {
                    "arm": arm,
                    "changes": self._changes(arm),
                    "rung": self.reached(arm) + 1,
                    self.measure: [self.value(arm, at) for at in range(self.reached(arm) + 1)],
                    "gain": self.gain(arm),
                    "seconds": self._seconds(arm),
                    "diverged": self._lost(arm),
                }
                for arm in self.order
            ],
            "verdict": self.verdict,
            "findings": self.findings,
        }

    def _changes(self, arm: str) -> dict[str, Any]:
        """The settings in which it differs from what it is compared with."""
        base = asdict(self.study.arms[self.study.reference])
        return {name: value for name, value in asdict(self.study.arms[arm]).items() if value != base[name]}

    def _seconds(self, arm: str) -> float:
        return sum(one.seconds for report in self.rungs for one in report.outcomes if one.arm == arm)

    # -- files ---------------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """results.csv, report.md and report.html; CheckpointError where the system refuses."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["arm", "seed", "rung", "epochs", *self.study.measures, "seconds", "diverged"])
        for at, report in enumerate(self.rungs):
            for one in report.outcomes:
                values = (one.values.get(name) for name in self.study.measures)
                cells = ["" if value is None else repr(value) for value in values]
                epochs = report.study.arms[one.arm].epochs
                writer.writerow([one.arm, one.seed, at + 1, epochs, *cells, f"{one.seconds:.1f}", one.failed])
        save_file(self.folder / "results.csv", text.getvalue().encode())
        blocks = self.blocks()
        save_file(self.folder / "report.md", as_markdown(blocks, None).encode())
        save_file(self.folder / "report.html", as_html(f"search {self.study.name}", blocks, None).encode())

    def blocks(self) -> list[Block]:
        """The report from top to bottom, whatever it is written in."""
        study, halving = self.study, self.study.halving
        assert halving is not None
        rungs = ", then ".join(f"{part:g}" for part in halving.rungs)
        return [
            Heading(f"Search {study.name}: {study.question}"),
            *([Quote(study.sentence, study.where)] if study.sentence else []),
            Paragraph(self.verdict),
            *([Points(findings)] if (findings := self.findings) else []),
            Table(*self._table()),
            Paragraph(
                f"Successive halving: at each rung all that are left are trained from the start, for {rungs} of their "
                f"epochs, and the best one in {halving.one_in} goes on, decided by {study.title(self.measure)}; of "
                f"equal ones, what stands first in the file. {named(study.reference)} is trained at every rung; "
                f"differences{' and other measures' if study.measures[1:] else ''} are of the last rung that an arm "
                "reached."
            ),
            Paragraph(f"Each is {study.budget}. The test images were not looked at."),
            Heading("What it cost", 2),
            Paragraph(self._cost()),
            Paragraph(f"Each rung is a study, with a report of its own. Again: `{self.command}`"),
        ]

    def _table(self) -> tuple[list[str], list[list[str]]]:
        measure, ends = MEASURES[self.measure], len(self.rungs)
        rungs = [f"rung {at + 1}" for at in range(ends)]
        others = self.study.measures[1:]
        beside = [f"against {self.study.reference}", *map(self.study.title, others)]
        head = ["arm", "changes", "multiply-adds", "reached", *rungs, *beside, "minutes"]
        lines = []
        for arm in self.order:
            values = [list(report.of(arm, self.measure).values()) for report in self.rungs]
            gain = self.gain(arm)
            lines.append(
                [
                    arm,
                    ", ".join(f"{name} {value}" for name, value in self._changes(arm).items()) or "-",
                    counts(self.study, arm)[0],
                    f"rung {self.reached(arm) + 1}" + (", diverged" if self._lost(arm) else ""),
                    *(spread(self.measure, value) for value in values),
                    "-" if gain is None else measure.difference(gain),
                    *(spread(name, list(self.rungs[self.reached(arm)].of(arm, name).values())) for name in others),
                    f"{self._seconds(arm) / 60:.1f}",
                ]
            )
        return head, lines

    def _cost(self) -> str:
        told = []
        for at, report in enumerate(self.rungs):
            epochs = dict.fromkeys(str(one.epochs) for one in report.study.arms.values())
            seconds = sum(one.seconds for one in report.outcomes)
            told.append(
                f"rung {at + 1}: {len(report.outcomes)} trainings of {' or '.join(epochs)} epochs, "
                f"{seconds / 60:.1f} minutes"
            )
        total = sum(one.seconds for report in self.rungs for one in report.outcomes)
        return (
            f"{'; '.join(told)}; together {total / 3600:.2f} hours of training and testing, on {self.rungs[-1].place}."
        )


def best_first(report: Report) -> list[str]:
    """The arms that have the first measure with every seed, by its mean; of equal ones, the first in the file first."""
    measure = report.study.measures[0]
    found = {arm: report.of(arm, measure) for arm in report.study.arms}
    whole = [arm for arm, values in found.items() if len(values) == len(report.study.seeds)]
    return sorted(whole, key=lambda arm: -MEASURES[measure].better * mean(found[arm].values()))
