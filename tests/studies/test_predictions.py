"""What becomes of a paper's sentence: from comparisons that were made up, whose intervals are known."""

import pytest

from tinyinception import studies
from tinyinception.errors import ArgumentError
from tinyinception.judge import paired_difference
from tinyinception.studies.predictions import BORNE_OUT, CONTRADICTED, UNTOLD, Prediction, answer, overall
from tinyinception.studies.verdict import Comparison


def compared(measure, differences):
    found = paired_difference([0.5] * len(differences), [0.5 + one for one in differences]) if differences else None
    return Comparison("old", "new", measure, tuple(range(len(differences))), found)


MORE, LESS, EITHER, SAME = (0.01, 0.011, 0.012), (-0.01, -0.011, -0.012), (-0.02, 0.01, 0.02), (-0.001, 0.0, 0.001)


@pytest.mark.parametrize(
    ("word", "measure", "differences", "outcome"),
    [
        ("better", "test_accuracy", MORE, BORNE_OUT),
        ("better", "test_accuracy", LESS, CONTRADICTED),
        ("better", "test_accuracy", EITHER, UNTOLD),
        ("better", "test_loss", LESS, BORNE_OUT),
        ("worse", "test_loss", LESS, CONTRADICTED),
        ("higher", "logit_gap", MORE, BORNE_OUT),
        ("lower", "logit_gap", MORE, CONTRADICTED),
        ("better", "test_accuracy", (0.01,), UNTOLD),
        ("better", "test_accuracy", (0.25, 0.25), UNTOLD),  # by the same each time: no interval follows
        ("better", "test_accuracy", (), UNTOLD),
        ("alike", "test_accuracy", SAME, BORNE_OUT),
        ("alike", "test_accuracy", EITHER, UNTOLD),
        ("alike", "test_accuracy", MORE, CONTRADICTED),
        ("alike", "test_loss", SAME, UNTOLD),  # a point is one of accuracy
        ("alike", "test_accuracy", (), UNTOLD),
    ],
)
def test_a_prediction_is_borne_out_or_contradicted_by_an_interval_beside_zero(word, measure, differences, outcome):
    assert Prediction("new", word, "old", measure).came_out(compared(measure, differences)) == outcome


@pytest.mark.parametrize(
    ("outcomes", "whole"),
    [
        ([BORNE_OUT, BORNE_OUT], BORNE_OUT),
        ([BORNE_OUT, UNTOLD], UNTOLD),
        ([BORNE_OUT, UNTOLD, CONTRADICTED], CONTRADICTED),
        ([], UNTOLD),
    ],
)
def test_a_sentence_is_borne_out_by_all_and_contradicted_by_one(outcomes, whole):
    assert overall(outcomes) == whole


def test_it_says_each_prediction_under_what_it_came_to():
    better, alike = Prediction("new", "better", "old", "test_accuracy"), Prediction("new", "alike", "old", "test_loss")
    said = answer([(better, compared("test_accuracy", MORE)), (alike, compared("test_loss", ()))])
    assert said == (
        "Here, what the sentence predicts can be neither borne out nor contradicted. Borne out: “new” better than "
        "“old” in test accuracy (+1.10 points; +0.85 to +1.35 points). Cannot be told: “new” and “old” alike in test "
        "loss (no seed has both)."
    )
    assert answer([(better, compared("test_accuracy", (0.01,)))]).endswith("in test accuracy (+1.00 points).")


FILE = """question = "?"
measure = ["test_accuracy", "logit_gap"]
predicts = {}
[arms.old]
[arms.new]
lr = 0.2
"""


def read(tmp_path, predicts):
    path = tmp_path / "mine.toml"
    path.write_text(FILE.format(predicts), encoding="utf-8")
    return studies.load(path).predicts


def test_a_file_says_what_is_predicted(tmp_path):
    assert read(tmp_path, '[["new", "worse", "old"], ["new", "higher", "old", "logit_gap"]]') == (
        Prediction("new", "worse", "old", "test_accuracy"),
        Prediction("new", "higher", "old", "logit_gap"),
    )
    assert read(tmp_path, "[]") == ()


@pytest.mark.parametrize(
    ("predicts", "told"),
    [
        ('"new"', "predicts must be a list"),
        ('["new", "better", "old"]', r"predicts must be a list of \[arm, word, arm\]"),
        ('[["new", "better", 3]]', r"predicts must be a list of \[arm, word, arm\]"),
        ('[["now", "better", "old"]]', "unknown arm in predicts: 'now'; did you mean 'new'"),
        ('[["new", "best", "old"]]', "test_accuracy is better, worse or alike, got 'best'"),
        ('[["new", "better", "old", "logit_gap"]]', "logit_gap is higher, lower or alike, got 'better'"),
        ('[["new", "better", "old", "test_loss"]]', "unknown measure in predicts: 'test_loss'"),
        ('[["new", "better", "new"]]', "new is beside itself"),
    ],
)
def test_what_is_no_prediction_is_one_error(tmp_path, predicts, told):
    with pytest.raises(ArgumentError, match=told):
        read(tmp_path, predicts)
