"""What came out of the studies: the page and the claims say what the kept results say, run or not."""

import re

import pytest

from tinyinception import studies
from tinyinception.course import claims as ledger
from tinyinception.course import studies as room
from tinyinception.course.files import folder
from tinyinception.errors import DataError
from tinyinception.studies import Outcome, kept
from tinyinception.studies.report import Report
from tinyinception.studies.shares import Shares

NEEDED = {
    "factorization", "auxiliary", "batch_norm", "smoothing", "table_3", "inception_or_plain", "newer_is_better",
}  # fmt: skip
CLAIMS = {claim.id: claim for claim in ledger.read() if claim.function.startswith("studied.")}


def test_the_page_is_what_the_results_give():
    text = (folder() / "studies.md").read_text(encoding="utf-8")
    assert room.page(text, room.results()) == text
    assert {found["name"] for found in room.PART.finditer(text)} == {None, *studies.names()} - {"recipe_search"}


def test_the_claims_state_what_the_results_give():
    text = (folder() / "claims.toml").read_text(encoding="utf-8")
    assert room.restated(text) == text
    assert {claim.function for claim in CLAIMS.values()} == {f"studied.{name}" for name in NEEDED}


def made_up(name, values):
    """The report of a built-in study of which all arms but those of `values`, by arm, came to a half with each seed."""
    study = studies.load(name)
    outcomes = [
        Outcome(arm, seed, dict.fromkeys(study.measures, values.get(arm, (0.5, 0.51, 0.52))[seed]), [], 360.0)
        for arm in study.arms
        for seed in study.seeds
    ]
    report = Report(study, folder(), outcomes, f"tinyinception study {name}", Shares(2, 1), place="2 cores of a 6502")
    return report


BETTER, SAME, WORSE = (0.6, 0.611, 0.62), (0.501, 0.509, 0.521), (0.4, 0.41, 0.421)


@pytest.mark.parametrize(
    ("values", "outcome", "ruling"),
    [
        ({"two 3x3, ReLU": BETTER, "two wider 3x3, ReLU": BETTER}, "borne out", "true"),
        ({"two 3x3, ReLU": BETTER, "two wider 3x3, ReLU": SAME}, "cannot be told", "unclear"),
        ({"two 3x3, ReLU": BETTER, "two wider 3x3, ReLU": WORSE}, "contradicted", "false"),
    ],
)
def test_a_study_that_was_run_is_on_the_page_and_in_its_claim(monkeypatch, values, outcome, ruling):
    monkeypatch.setattr(
        kept, "read", lambda place: made_up(place.name, values) if place.name == "factorization" else None
    )
    text = room.page((folder() / "studies.md").read_text(encoding="utf-8"), room.results())
    assert f"| [factorization](#factorization) | {outcome} | 15 | 1.5 |" in text
    part = text[text.index("<!-- study factorization -->") : text.index("## auxiliary")]
    for line in (
        "![How the arms learned, and what became of them](results/factorization/figure.png)",
        "### Differences of pairs of equal seed",
        "Again: `tinyinception study factorization`",
        "| 61.03 % ± 1.00 | 0.6103 nats ± 0.0100 | 3 |",
    ):
        assert line in part
    assert "2 cores of a 6502" in part
    assert re.search(rf"### {room.HEADINGS[outcome]}\n\n- `factorization`: ", text)
    stated = room.restated((folder() / "claims.toml").read_text(encoding="utf-8"))
    row = stated[stated.index('id = "A48"') : stated.index('id = "A49"')]
    assert f'verdict = "{ruling}"' in row
    assert "trainings = 15" in row
    supposed = [float(gain) for gain in re.search(r"gains = \[(.*)\]", row)[1].split(",")]
    found = ledger.found(CLAIMS["A48"])
    assert found.ruling == ruling
    assert ledger.beside("studied").factorization(gains=supposed).ruling != ruling


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_gains_bear_every_sentence_out_and_losses_contradict_it(name):
    sentence = getattr(ledger.beside("studied"), name)
    assert sentence(gains=[0.02, 0.021, 0.022]).verdict == "true"
    assert sentence(gains=[-0.02, -0.021, -0.022]).verdict == "false"
    assert sentence(gains=[-0.02, 0.01, 0.022]).verdict == "unclear"


def test_a_part_of_the_page_that_is_of_no_study_is_one_error():
    with pytest.raises(DataError, match=r"studies\.md: there is no study 'mine'"):
        room.page("<!-- study mine -->\n<!-- end -->\n", {})


def test_a_row_that_cannot_be_stated_is_one_error(monkeypatch):
    text = (folder() / "claims.toml").read_text(encoding="utf-8")
    begin = text.index('id = "A48"')
    broken = text[:begin] + text[begin:].replace("counterfactual =", "counterfactual=", 1)
    with pytest.raises(DataError, match="claim A48: counterfactual must be a line of its own"):
        room.restated(broken)
