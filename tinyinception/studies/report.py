"""What a study found: a table, the differences with their intervals, a sentence that says what follows and what not."""

from __future__ import annotations

import csv
import io
import json
import platform
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import tinyinception
from tinyinception.errors import TinyInceptionError
from tinyinception.files import save_file
from tinyinception.judge.pairs import paired_difference
from tinyinception.machine import here
from tinyinception.studies import predictions
from tinyinception.studies.cost import count
from tinyinception.studies.definition import Study
from tinyinception.studies.measures import MEASURES, accuracy_of
from tinyinception.studies.pages import Block, Figured, Heading, Paragraph, Points, Quote, Table, as_html, as_markdown
from tinyinception.studies.shares import Shares
from tinyinception.studies.tasks import Outcome
from tinyinception.studies.verdict import FEW, Comparison, answer, named
from tinyinception.train.config import Config

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawn

KEPT = ("results.csv", "about.json", "figure.png")  # all that the report can be made from again, see `kept`
QUICK = "This was a quick run: it is too small to conclude anything from."


@dataclass(frozen=True)
class Report:
    """A study's outcomes, in the order of its arms and seeds; those that are missing are not finished yet.

    ensembles: by arm the test accuracy of all its networks together, where that was asked for. place: the machines;
    versions: what they ran; date: of the report.
    """

    study: Study
    folder: Path
    outcomes: list[Outcome]
    command: str
    shares: Shares
    ensembles: Mapping[str, float] = field(default_factory=dict)
    place: str = field(default_factory=here)
    versions: str = f"Python {platform.python_version()}, tinyinception {tinyinception.__version__}"
    date: str = field(default_factory=lambda: time.strftime("%Y-%m-%d"))

    def of(self, arm: str, measure: str) -> dict[int, float]:
        """The values of an arm in a measure by seed, where it has one."""
        found = {one.seed: one.values.get(measure) for one in self.outcomes if one.arm == arm}
        return {seed: value for seed, value in found.items() if value is not None}

    def groups(self, measure: str) -> list[list[Comparison]]:
        """In each group every arm against the first; where there is one arm, its measures of that unit against it."""
        if len(self.study.arms) == 1:
            [arm] = self.study.arms
            others = [name for name in self.study.measures if MEASURES[name].unit == MEASURES[measure].unit]
            pairs = [(measure, other) for other in others if other != measure]
            return [[self._pair(pair, (arm, arm), pair) for pair in pairs]] if pairs else []
        return [
            [self._pair((first, other), (first, other), (measure, measure)) for other in others]
            for first, *others in self.study.compare
        ]

    def compare(self, measure: str) -> list[Comparison]:
        """All comparisons in a measure, whatever group they are of."""
        return [one for group in self.groups(measure) for one in group]

    def _pair(self, names: tuple[str, str], arms: tuple[str, str], measures: tuple[str, str]) -> Comparison:
        a, b = (self.of(arm, measure) for arm, measure in zip(arms, measures, strict=True))
        seeds = tuple(seed for seed in self.study.seeds if seed in a and seed in b)
        found = paired_difference([a[s] for s in seeds], [b[s] for s in seeds]) if seeds else None
        return Comparison(*names, measures[0], seeds, found)

    @property
    def comparisons(self) -> list[Comparison]:
        """All of them; of one arm, the measures are compared with the first."""
        decisive = self.study.measures[:1] if len(self.study.arms) == 1 else self.study.measures
        return [one for name in decisive for one in self.compare(name)]

    @property
    def verdict(self) -> str:
        """The answer for the first measure: which arms differ beyond the interval, and which cannot be told apart."""
        study, groups = self.study, self.groups(self.study.measures[0])
        where = f"In {study.title(study.measures[0])}, " if len(study.arms) > 1 else ""
        alone = groups[0][0] if sum(map(len, groups)) == 1 else None
        said = ["Nothing here can be compared."] if not groups else [alone.verdict if alone else answer(groups, where)]
        lost = [arm for arm in study.arms if self._diverged(arm) == len(study.seeds)]
        said += [f"{named(arm)} diverged with every seed." for arm in lost]
        missing = study.trainings - len(self.outcomes)
        said += [QUICK] if study.quick else []
        said += [f"Only {len(self.outcomes)} of {study.trainings} trainings are finished."] if missing else []
        return " ".join(said)

    @property
    def predicted(self) -> list[tuple[predictions.Prediction, Comparison]]:
        """What the sentence says, each with what came."""
        return [
            (one, self._pair((one.first, one.second), (one.first, one.second), (one.measure, one.measure)))
            for one in self.study.predicts
        ]

    @property
    def sentence(self) -> str:
        """What has become of it, in words; empty where it says nothing of the arms."""
        return predictions.answer(found) if (found := self.predicted) else ""

    @property
    def findings(self) -> list[str]:
        """What the verdict is drawn from: a sentence for each comparison, and what is to be known of them all."""
        study, comparisons = self.study, self.compare(self.study.measures[0])
        said = [one.verdict for one in comparisons] if len(comparisons) > 1 else []
        title, seeds = study.title(study.measures[0]), len(study.seeds)
        for arm in study.arms:
            if lost := self._diverged(arm):
                said.append(f"{arm}: {lost} of {seeds} trainings diverged.")
            done = [one for one in self.outcomes if one.arm == arm and not one.failed]
            if without := len(done) - len(self.of(arm, study.measures[0])):
                said.append(f"{arm}: {without} of {seeds} trainings never came so far: no {title}.")
        told = [one.difference.n for one in comparisons if one.difference and one.difference.deviation]
        if any(n < FEW for n in told):
            said.append("Fewer than three seeds are hardly enough to trust an interval.")
        if len(told) > 1:
            said.append(
                f"Each interval by itself holds with 95 %; of {len(told)} of them, one may well be wrong by chance."
            )
        return said

    def _diverged(self, arm: str) -> int:
        return sum(bool(one.failed) for one in self.outcomes if one.arm == arm)

    def to_json(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "study": self.study.name,
            "question": self.study.question,
            "out": str(self.folder),
            "quick": self.study.quick,
            "trainings": self.study.trainings,
            "finished": len(self.outcomes),
            "results": [
                {"arm": one.arm, "seed": one.seed, **one.values, "diverged": one.failed or None}
                for one in self.outcomes
            ],
            "comparisons": [_plain(one) for one in self.comparisons],
            "ensembles": dict(self.ensembles),
            "verdict": self.verdict,
            "findings": self.findings,
            "sentence": self.sentence or None,
        }

    # -- files ---------------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """KEPT, report.md and report.html; CheckpointError where the system refuses."""
        self.write_results()
        save_file(self.folder / "about.json", (json.dumps(self.about(), indent=1) + "\n").encode())
        picture = self._draw()
        blocks = self.blocks()
        save_file(self.folder / "report.md", as_markdown(blocks, "figure.png" if picture else None).encode())
        title = f"study {self.study.name}"
        save_file(self.folder / "report.html", as_html(title, blocks, picture).encode())

    def write_results(self) -> None:
        """results.csv: a row for each training; an empty cell where it never came so far."""
        seconds = [] if "seconds" in self.study.measures else ["seconds"]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["arm", "seed", *self.study.measures, *seconds, "diverged"])
        for one in self.outcomes:
            values = [*(one.values.get(name) for name in self.study.measures), *([one.seconds] if seconds else [])]
            writer.writerow([one.arm, one.seed, *("" if v is None else repr(v) for v in values), one.failed])
        save_file(self.folder / "results.csv", text.getvalue().encode())

    def about(self) -> dict[str, Any]:
        """How the results were made, for `kept`: by which command, on what, and what exactly was trained."""
        return {
            "study": self.study.name,
            "command": f"tinyinception study {shlex.join(self.study.words)}",
            "machine": self.place,
            "versions": self.versions,
            "date": self.date,
            **self.shares._asdict(),
            "seeds": self.study.seeds,
            "ensembles": dict(self.ensembles),
            "arms": {arm: chosen(config) for arm, config in self.study.arms.items()},
        }

    def _draw(self) -> bytes | None:
        """figure.png, and its bytes; None where it cannot be drawn, which costs no more than the picture."""
        from tinyinception.plots.file import write
        from tinyinception.plots.style import style
        from tinyinception.terminal import say

        path = self.folder / "figure.png"
        try:
            with style():
                write(self.figure(), path, "figure.png")
            return path.read_bytes()
        except (TinyInceptionError, OSError) as error:
            say(f"not drawn: {error}")
            return None

    def figure(self) -> Drawn:
        """Curves of every training, and the first measure of each with its mean, as a matplotlib Figure."""
        from tinyinception.plots.studies import outcomes

        name = self.study.measures[0]
        measure, factor = MEASURES[name], 100 if MEASURES[name].unit == "%" else 1
        curves = {
            arm: [[(row["step"], accuracy_of(row)) for row in one.rows] for one in self.outcomes if one.arm == arm]
            for arm in self.study.arms
        }
        points = {arm: {seed: factor * value for seed, value in self.of(arm, name).items()} for arm in self.study.arms}
        label = self.study.title(name) + (f" ({measure.unit})" if measure.unit else "")
        return outcomes(curves, points, label=label, title=self.study.question)

    def blocks(self) -> list[Block]:
        """The report from top to bottom, whatever it is written in."""
        study = self.study
        about = [part for part in (study.where, f"mirrors {study.mirrors}" if study.mirrors else "") if part]
        return [
            Heading(f"Study {study.name}: {study.question}"),
            *([Quote(study.sentence, "; ".join(about))] if study.sentence else []),
            Paragraph(self.verdict),
            *([Paragraph(self.sentence)] if self.sentence else []),
            *([Points(findings)] if (findings := self.findings) else []),
            Table(*self._table()),
            Paragraph(f"Mean ± standard deviation over the seeds, and of how many trainings; each of {study.budget}."),
            *self._together(),
            Figured("figure.png", "How the arms learned, and what became of them"),
            Heading("Differences of pairs of equal seed", 2),
            Table(*self._differences()),
            Paragraph(
                "Of each seed one arm minus the other; the interval is Student's for so few differences, and says in "
                "which range the mean difference of many seeds lies, if they are normally distributed."
            ),
            Heading("What it cost", 2),
            Paragraph(self._cost()),
            Paragraph(f"Again: `{self.command}`"),
        ]

    def _table(self) -> tuple[list[str], list[list[str]]]:
        head = ["arm", "multiply-adds", "parameters", *map(self.study.title, self.study.measures), "n"]
        lines = []
        for arm in self.study.arms:
            runs = [one for one in self.outcomes if one.arm == arm]
            cells = [spread(name, list(self.of(arm, name).values())) for name in self.study.measures]
            lost = self._diverged(arm)
            told = f"{len(runs)}, {lost} diverged" if lost else str(len(runs))
            lines.append([arm, *counts(self.study, arm), *cells, told])
        return head, lines

    def _together(self) -> list[Block]:
        head, lines = ["arm", "test accuracy alone, mean", "as an ensemble", "networks"], []
        for arm, together in self.ensembles.items():
            done = [one for one in self.outcomes if one.arm == arm and not one.failed]
            logged = [accuracy_of(one.rows[-1]) for one in done if one.rows]
            alone = logged or list(self.of(arm, "test_accuracy").values())  # of kept results there are no logs
            lines.append([arm, f"{mean(alone):.2%}" if alone else "-", f"{together:.2%}", str(len(done))])
        told = "There is one ensemble of each, so nothing says how far another one would be from it."
        return [Heading("All seeds together", 2), Table(head, lines), Paragraph(told)] if lines else []

    def _differences(self) -> tuple[list[str], list[list[str]]]:
        lines = []
        for one in self.comparisons:
            measure, found = MEASURES[one.measure], one.difference
            cells = ["-", "-", "-", "0"]
            if found is not None:
                deviation = "-" if found.deviation is None else measure.difference(found.deviation).lstrip("+")
                held = "-" if found.low is None or found.high is None else measure.interval(found.low, found.high)
                cells = [measure.difference(found.mean), deviation, held, str(found.n)]
            lines.append([self.study.title(one.measure), f"{one.second} minus {one.first}", *cells])
        return ["measure", "of", "difference", "deviation", "95 % interval", "n"], lines

    def _cost(self) -> str:
        seconds = sum(one.seconds for one in self.outcomes)
        workers, threads = self.shares
        return (
            f"{len(self.outcomes)} of {self.study.trainings} trainings, together {seconds / 60:.1f} minutes of it and "
            f"of testing, up to {workers} at a time with {threads} thread{'' if threads == 1 else 's'} each; "
            f"{self.place}, {self.versions}, {self.date}."
        )


def chosen(config: Config) -> dict[str, Any]:
    """The settings of a training but for its seed that are not what a Config has without being told."""
    found = {name: (getattr(config, name), one.default) for name, one in Config.settings().items() if name != "seed"}
    return {name: value for name, (value, usual) in found.items() if value != usual}


def _plain(one: Comparison) -> dict[str, Any]:
    found = one.difference
    return {
        "measure": one.measure,
        "first": one.first,
        "second": one.second,
        "seeds": list(one.seeds),
        "difference": None if found is None else found.mean,
        "deviation": None if found is None else found.deviation,
        "interval": None if found is None or found.low is None else [found.low, found.high],
        "verdict": one.verdict,
    }


def spread(name: str, values: Sequence[float]) -> str:
    """The mean of values of a measure, with their deviation."""
    if not values:
        return "-"
    measure = MEASURES[name]
    told = measure.told(mean(values))
    return told if len(values) < 2 else f"{told} ± {measure.told(stdev(values)).removesuffix(f' {measure.unit}')}"


def counts(study: Study, arm: str) -> list[str]:
    """Multiply-adds and parameters of an arm's network on images of its usual size; of a network of one's own, none."""
    config = study.arms[arm]
    if config.network is not None:
        return ["-", "-"]
    macs, parameters = count(config.model, config.model_options)
    return [f"{macs / 1e6:,.2f} M", f"{parameters / 1e6:,.3f} M"]
