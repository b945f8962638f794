"""The command `claims`: a line each, all about one, filters, JSON, and what no longer agrees."""

import json
import re

import pytest

from tinyinception.cli import main
from tinyinception.course import claims as room

CLAIMS = {claim.id: claim for claim in room.read()}


def test_claims_as_json(capsys):
    assert main(["claims", "--json"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.count("\n") == 1
    rows = json.loads(captured.out)["claims"]
    assert [row["id"] for row in rows] == list(CLAIMS)
    for row in rows:
        assert list(row) == [
            "id",
            "claim",
            "where",
            "verdict",
            "truth",
            "lesson",
            "function",
            "figures",
            "found",
            "agrees",
            "differences",
            "seconds",
            "paper",
            "quote",
            "kind",
            "same_as",
            "counterfactual",
        ]
        assert row["agrees"] is True
        assert row["verdict"].startswith(row["found"])
        assert set(CLAIMS[row["id"]].figures) <= set(row["figures"])
    assert rows[2]["figures"]["extra_weights"] == 284_928


def test_claims_are_a_line_each_and_end_with_a_tally(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["claims"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows, tally = lines[: len(CLAIMS)], " ".join(lines[len(CLAIMS) :])
    assert [row.split()[0] for row in rows] == list(CLAIMS)
    assert max(map(len, lines)) <= 80
    assert rows[0] == " A1  true     A 5x5 convolution costs 25/9 = 2.78 times a 3x3 with the same num…"
    rulings = [claim.ruling for claim in CLAIMS.values()]
    assert re.fullmatch(
        rf"{len(CLAIMS)} claims in [\d.]+ s: "
        + ", ".join(f"{rulings.count(ruling)} {ruling}" for ruling in room.VERDICTS)
        + r"\. All about one: tinyinception claims A1",
        tally,
    )


def test_one_claim_is_shown_with_its_place_evidence_figures_and_what_would_change_it(capsys):
    assert main(["claims", "A3"]) == 0
    told = capsys.readouterr().out
    for piece in (
        " A3  true if the middle grows by sqrt(alpha), as the paper assumes\n",
        "     said in  Rethinking the Inception Architecture for Computer Vision, section 3.1, applied",
        "     settled  counted, verdicts/factorization.py, googlenet_fives\n",
        "extra_weights 284928",
        "     what if  with kernel = 7 it would be true\n",
        "     lesson   11\n",
        "1 claim in ",
    ):
        assert piece in told, piece


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ({"paper": "rethinking"}, lambda claim: "rethinking" in claim.where.lower()),
        ({"paper": "a walk"}, lambda claim: "a walk" in claim.where.lower()),
        ({"lesson": 11}, lambda claim: claim.lesson == 11),
        ({"verdict": "true-if"}, lambda claim: claim.ruling == "true if"),
        ({"kind": "looked-up"}, lambda claim: claim.kind == "looked up"),
        ({"search": "label smoothing"}, lambda claim: "label smoothing" in claim.text),
        ({"verdict": "false", "kind": "measured"}, lambda claim: (claim.ruling, claim.kind) == ("false", "measured")),
    ],
)
def test_filters(flags, wanted, capsys):
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    assert main(["claims", "--json", *words]) == 0
    found = [row["id"] for row in json.loads(capsys.readouterr().out)["claims"]]
    assert found == [claim.id for claim in CLAIMS.values() if wanted(claim)]
    assert found


def test_a_filter_that_leaves_nothing_is_one_error(capsys):
    assert main(["claims", "--lesson", "40", "--verdict", "true"]) == 1
    assert capsys.readouterr().err == "tinyinception: error: claims: none has --lesson 40, --verdict true\n"


def test_a_claim_that_disagrees_is_an_error_of_the_command(copied, capsys):
    copied("claims.toml", "{ ratio = 2.7778, ", "{ ratio = 2.8, ")
    copied("claims.toml", '"true if its first 7x7 is depthwise-separable"', '"false"')
    assert main(["claims", "--lesson", "8", "--json"]) == 1
    captured = capsys.readouterr()
    rows = json.loads(captured.out)["claims"]
    assert [row["id"] for row in rows if not row["agrees"]] == ["A8"]
    found = "stated false, found true if its first 7x7 is depthwise-separable"
    assert captured.err == f"tinyinception: error: claim A8: {found}\n"
    assert main(["claims", "A1", "A8"]) == 1
    told = capsys.readouterr().out
    assert " A1  true\n" in told  # 2.8 is right to its digits
    assert "\n A8  DISAGREES: false\n" in told
