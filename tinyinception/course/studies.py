"""What came out of the studies: lessons/studies.md, and the rows of claims.toml that rest on them.

Results lie in lessons/results/STUDY (tinyinception.studies.kept). Of the page, what stands between
`<!-- study NAME -->` or `<!-- summary -->` and `<!-- end -->` is written from them; of a claim's row whose function is
in verdicts/studied.py, verdict, figures and counterfactual are. All other words are somebody's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tinyinception import studies
from tinyinception.course import claims
from tinyinception.course.files import folder
from tinyinception.errors import DataError
from tinyinception.studies import kept
from tinyinception.studies.pages import Block, Figured, Heading, Quote, as_markdown
from tinyinception.studies.predictions import BORNE_OUT, CONTRADICTED, UNTOLD, overall
from tinyinception.studies.report import Report

PART = re.compile(r"(?P<begin><!-- (?:study (?P<name>\w+)|summary) -->\n).*?(?P<end><!-- end -->)", re.S)
HEADINGS = {
    CONTRADICTED: "What contradicts the papers",
    BORNE_OUT: "What bears them out",
    UNTOLD: "What cannot be told at this scale",
}
GAINS = [0.02, 0.021, 0.022]  # of a counterfactual: what is predicted came out, or with the other sign did not

Found = Mapping[str, Report | None]


def results() -> dict[str, Report | None]:
    """What is kept of each built-in study but searches, None of those not run. Raises DataError where it is damaged."""
    tested = [name for name in studies.names() if studies.load(name).halving is None]
    return {name: kept.read(folder() / "results" / name) for name in tested}


def page(text: str, found: Found) -> str:
    """lessons/studies.md with the parts that are written anew. Raises DataError for a part of an unknown study."""

    def part(place: re.Match) -> str:
        name = place["name"]
        if name is not None and name not in found:
            raise DataError(f"studies.md: there is no study {name!r}")
        written = summary(found) if name is None else section(name, found[name])
        return f"{place['begin']}\n{written}\n{place['end']}"

    return PART.sub(part, text)


def section(name: str, report: Report | None) -> str:
    """A study: the paper's sentence, and its report, or how to have one."""
    if report is None:
        study = studies.load(name)
        quote = as_markdown([Quote(study.sentence, "; ".join(filter(None, (study.where, study.mirrors))))], None)
        return f"**{study.question}**\n\n{quote}\n{_not_run(name)}\n"
    title, *blocks = (_placed(block, name) for block in report.blocks())
    assert isinstance(title, Heading)
    rows = f"Every training: [results.csv](results/{name}/results.csv)"
    return f"**{report.study.question}**\n\n{as_markdown(blocks, 'there')}\n{rows}\n"


def _placed(block: Block, name: str) -> Block:
    """As it stands on the page: its picture beside the results, its headings below the study's."""
    if isinstance(block, Figured):
        return replace(block, file=f"results/{name}/{block.file}")
    return replace(block, level=block.level + 1) if isinstance(block, Heading) else block


def _not_run(name: str) -> str:
    study = studies.load(name)
    return f"Not run yet: {study.trainings} trainings, each of {study.budget}. `tinyinception study {name}`"


def summary(found: Found) -> str:
    """All studies in a table, and what each sentence came to, under what it came to."""
    lines = ["| study | what the paper's sentence predicts | trainings | hours |", "|---|---|---:|---:|"]
    told: dict[str, list[str]] = {outcome: [] for outcome in HEADINGS}
    for name, report in found.items():
        if report is None:
            lines.append(f"| {name} | not run yet | | |")
            continue
        predicted = [(one, comparison, one.came_out(comparison)) for one, comparison in report.predicted]
        whole = overall([outcome for *_, outcome in predicted]) if predicted else "predicts nothing of the arms"
        hours = sum(one.seconds for one in report.outcomes) / 3600
        lines.append(f"| [{name}](#{name}) | {whole} | {len(report.outcomes)} | {hours:.1f} |")
        for prediction, comparison, outcome in predicted:
            told[outcome].append(f"- `{name}`: {prediction.told(comparison)}")
    parts = ["\n".join(lines)]
    parts += [
        f"### {HEADINGS[outcome]}\n\n" + ("\n".join(texts) or "Nothing so far.") for outcome, texts in told.items()
    ]
    return "\n\n".join(parts) + "\n"


# -- claims ------------------------------------------------------------------------------------------------------------


def restated(text: str) -> str:
    """claims.toml, whose rows that rest on studies state what the results say."""
    for claim in claims.read():
        if claim.function.startswith("studied.") and not claim.same_as:
            finding = claims.found(claim)
            sign = -1 if finding.ruling == "true" else 1
            gains = ", ".join(str(sign * gain) for gain in GAINS)
            figures = ", ".join(
                f"{name} = {json.dumps(finding.figures[name], ensure_ascii=False)}" for name in claim.figures
            )
            for key, value in (
                ("verdict", json.dumps(finding.verdict)),
                ("figures", f"{{ {figures} }}"),
                ("counterfactual", f"{{ gains = [{gains}] }}"),
            ):
                text = _stated(text, claim.id, key, value)
    return text


def _stated(text: str, claim: str, key: str, value: str) -> str:
    """With another value of a key in the row of a claim."""
    begin = text.index(f'id = "{claim}"\n')
    end = text.find("\n[[claim]]", begin)
    row = text[begin:] if end < 0 else text[begin:end]
    changed, count = re.subn(rf"(?m)^{key} = .*$", lambda _: f"{key} = {value}", row)
    if count != 1:
        raise DataError(f"claims.toml: claim {claim}: {key} must be a line of its own")
    return text[:begin] + changed + ("" if end < 0 else text[end:])


def write() -> list[Path]:
    """Write the page and the claims' rows; the files."""
    found = results()
    texts = {folder() / "studies.md": lambda text: page(text, found), folder() / "claims.toml": restated}
    for path, change in texts.items():
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    return list(texts)
