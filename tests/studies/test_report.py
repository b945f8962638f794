"""What a report says: from outcomes that were made up, whose statistics are known."""

import csv
import re
from dataclasses import replace

import pytest

from tinyinception.studies import Outcome, Study
from tinyinception.studies.pages import Paragraph, as_markdown
from tinyinception.studies.predictions import Prediction
from tinyinception.studies.report import Report
from tinyinception.studies.shares import Shares
from tinyinception.train import Config

ARMS = {"plain": Config(lr=0.1), "odd | <b>": Config(lr=0.2)}
STUDY = Study(
    "mine", "Is it so?", ARMS, (0, 1, 2), compare=(("plain", "odd | <b>"),), sentence="So it is.", where="1.1"
)


def rows(accuracy):
    return [{"step": 10 * k, "test_accuracy": accuracy * k / 4, "averaged_test_accuracy": None} for k in range(1, 5)]


def outcomes(*pairs):
    found = [
        Outcome(arm, seed, {"test_accuracy": pair[k]}, rows(pair[k]), 60.0)
        for k, arm in enumerate(ARMS)
        for seed, pair in enumerate(pairs)
    ]
    return found


def report(tmp_path, found, study=STUDY):
    return Report(study, tmp_path, found, "tinyinception study mine.toml", Shares(2, 1))


def test_an_interval_that_holds_zero_is_no_difference(tmp_path):
    """Differences of 1, 2 and 3 points: mean 2, interval 2 -+ 2.48."""
    said = report(tmp_path, outcomes((0.5, 0.51), (0.6, 0.62), (0.7, 0.73))).verdict
    assert said == (
        "odd | <b> against plain: cannot be told apart; the difference is +2.00 points, and its 95 % interval, -0.48 "
        "to +4.48 points (n = 3 seeds), holds zero; were it really so large, about 4 seeds would show it."
    )


def test_one_that_does_not_is_a_difference_whose_sign_says_which_is_better(tmp_path):
    pairs = ((0.5, 0.61), (0.6, 0.72), (0.7, 0.83))
    assert "better by 12.00 points; the 95 % interval, +9.52 to +14.48 points (n = 3 seeds), does not" in (
        report(tmp_path, outcomes(*pairs)).verdict
    )
    worse = [replace(one, values={"test_loss": one.values["test_accuracy"]}) for one in outcomes(*pairs)]
    said = report(tmp_path, worse, replace(STUDY, measures=("test_loss",))).verdict
    assert "worse by 0.1200 nats" in said


@pytest.mark.parametrize(
    ("seeds", "pairs", "said"),
    [
        ((0,), ((0.5, 0.6),), "+10.00 points with n = 1 seed; one seed cannot tell a difference from chance."),
        ((0, 1), ((0.5, 0.6), (0.5, 0.7)), "Fewer than three seeds are hardly enough"),
        ((0, 1), ((0.5, 0.5), (0.75, 0.75)), "no difference at all with n = 2 seeds, from which no interval follows"),
    ],
)
def test_few_seeds_are_said_to_be_few(tmp_path, seeds, pairs, said):
    found = report(tmp_path, outcomes(*pairs), replace(STUDY, seeds=seeds))
    assert said in " ".join([found.verdict, *found.findings])


def test_what_is_quick_unfinished_or_diverged_is_said(tmp_path):
    found = outcomes((0.5, 0.51), (0.6, 0.62))
    found[-1] = Outcome("odd | <b>", 1, failed="the loss is nan at step 3")
    told = report(tmp_path, found, replace(STUDY, quick=True))
    assert "n = 1 seed" in told.verdict
    assert told.verdict.endswith(
        "This was a quick run: it is too small to conclude anything from. Only 4 of 6 trainings are finished."
    )
    assert told.findings == ["odd | <b>: 1 of 3 trainings diverged."]


MANY = ("one 5x5", "ReLU", "linear", "wide", "lost", "late")


def many(tmp_path, compare, values):
    """The report of a study whose arms came, with seeds 0, 1 and 2, to these accuracies; None: it diverged."""
    study = Study("many", "?", {arm: Config() for arm in MANY}, (0, 1, 2), ("steps_to_target",), compare, 0.5)
    found = [
        Outcome(arm, seed, failed="NaN") if steps == 0 else Outcome(arm, seed, {"steps_to_target": steps}, rows(0.5))
        for arm, of_arm in zip(MANY, values, strict=True)
        for seed, steps in enumerate(of_arm)
    ]
    return report(tmp_path, found, study)


def test_of_many_arms_it_first_says_which_differ_and_then_a_sentence_of_each(tmp_path):
    values = ((300, 310, 305), (200, 212, 203), (301, 300, 309), (100, 109, 102), (0, 0, 0), (400, None, None))
    told = many(tmp_path, (MANY,), values)
    assert told.verdict == (
        "In steps to the target accuracy, “ReLU” and “wide” are better than “one 5x5”; “linear” cannot be told apart "
        "from “one 5x5”; nothing can be said of “lost” and “late” against “one 5x5”. “lost” diverged with every seed."
    )
    each = [text.partition(" against one 5x5: ")[::2] for text in told.findings]
    assert [arm for arm, said in each if said] == list(MANY[1:])
    assert [text for text, said in each if not said] == [
        "lost: 3 of 3 trainings diverged.",
        "late: 2 of 3 trainings never came so far: no steps to the target accuracy.",
        "Each interval by itself holds with 95 %; of 3 of them, one may well be wrong by chance.",
    ]
    assert each[0][1] == "better by 100 steps; the 95 % interval, -105 to -95 steps (n = 3 seeds), does not hold zero."


def test_each_group_has_a_sentence_of_its_own(tmp_path):
    values = ((300, 310, 305), (200, 212, 203), (301, 300, 309), (400, 410, 405), (0, 0, 0), (7, None, None))
    told = many(tmp_path, (("ReLU", "linear"), ("late", "lost"), ("one 5x5", "ReLU", "wide")), values)
    assert told.verdict.startswith(
        "In steps to the target accuracy, “linear” is worse than “ReLU”. Nothing can be said of “lost” against “late”. "
        "“ReLU” is better than “one 5x5”; “wide” differs from “one 5x5” by the same each time, from which no interval "
        "follows."
    )
    assert len(told.findings) == 4 + 3
    assert "lost against late: no seed has the steps to the target accuracy of both, so nothing can be said." in (
        told.findings
    )


def test_what_was_held_out_is_not_called_test(tmp_path):
    held = replace(STUDY, arms={arm: replace(config, holdout=700) for arm, config in ARMS.items()})
    text = as_markdown(report(tmp_path, outcomes((0.5, 0.51), (0.6, 0.62), (0.7, 0.73)), held).blocks(), None)
    assert "| held-out accuracy |" in text
    assert ", judged by 700 training images that are held out." in text
    assert "test accuracy" not in text


def test_what_became_of_the_sentence_is_said_where_it_says_something(tmp_path):
    predicted = (Prediction("odd | <b>", "better", "plain", "test_accuracy"),)
    found = report(tmp_path, outcomes((0.5, 0.61), (0.6, 0.72), (0.7, 0.83)), replace(STUDY, predicts=predicted))
    said = (
        "Here, what the sentence predicts is borne out. Borne out: “odd | <b>” better than “plain” in test accuracy "
        "(+12.00 points; +9.52 to +14.48 points)."
    )
    assert Paragraph(said) in found.blocks()
    assert found.to_json()["sentence"] == said
    assert report(tmp_path, found.outcomes).to_json()["sentence"] is None


def test_the_findings_are_a_list_in_both_forms(tmp_path):
    told = many(tmp_path, (MANY,), ((3, 4, 5),) * 4 + ((0, 0, 0),) * 2)
    told.write()
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for sentence in told.findings:
        assert f"\n- {sentence}\n" in text
        assert f"<li>{sentence}</li>" in page


def test_the_measures_of_a_single_arm_are_compared_with_its_first(tmp_path):
    study = Study("one", "?", {"plain": ARMS["plain"]}, (0, 1, 2), ("test_accuracy", "accuracy_2_views", "seconds"))
    found = [
        Outcome("plain", seed, {"test_accuracy": a, "accuracy_2_views": a + 0.01 * seed, "seconds": 1.0}, rows(a))
        for seed, a in enumerate((0.5, 0.6, 0.7))
    ]
    [one] = report(tmp_path, found, study).comparisons
    assert (one.first, one.second) == ("test_accuracy", "accuracy_2_views")
    assert one.difference.mean == pytest.approx(0.01)


def test_its_files_hold_everything_and_the_page_needs_no_other(tmp_path):
    found = report(tmp_path, outcomes((0.5, 0.51), (0.6, 0.62), (0.7, 0.73)))
    found.write()
    with open(tmp_path / "results.csv", newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["arm"], line["seed"], line["test_accuracy"]) for line in lines][3:5] == [
        ("odd | <b>", "0", "0.51"),
        ("odd | <b>", "1", "0.62"),
    ]
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    for part in (
        "# Study mine: Is it so?",
        "> So it is.",
        "60.00 % ± 10.00",
        found.verdict,
        "![How",
        "study mine.toml",
    ):
        assert part in text
    assert "| odd \\| <b> |" in text
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "odd | &lt;b&gt;" in page
    assert "<b>" not in page
    assert 'src="data:image/png;base64,iVBOR' in page
    assert not re.search(r'(src|href)="(?!data:)|https?://', page)
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
