"""Calibration, comparison and averages: against a case small enough for paper and pencil, or a literal loop."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.judge.scores import Scores, average, ensemble
from tinyinception.judge.statistics import bootstrap_difference, calibration

# -- calibration -----------------------------------------------------------------------------------------------------


def test_calibration_by_hand():
    """Bins (0, .25], (.25, .5], (.5, .75], (.75, 1] hold 1, 0, 2 and 1 images; gaps of 0.1, 0.15 and 0.95."""
    found = calibration([0.1, 0.75, 0.55, 0.95], [False, True, False, False], 4)
    assert found.images.tolist() == [1, 0, 2, 1]
    assert found.confidence[[0, 2, 3]] == pytest.approx([0.1, 0.65, 0.95])
    assert found.accuracy[[0, 2, 3]].tolist() == [0, 0.5, 0]
    assert found.error == pytest.approx((1 * 0.1 + 2 * 0.15 + 1 * 0.95) / 4)
    assert found.rows()[1] == {"low": 0.25, "high": 0.5, "images": 0, "confidence": None, "accuracy": None}
    assert found.rows()[2] == {
        "low": 0.5,
        "high": 0.75,
        "images": 2,
        "confidence": pytest.approx(0.65),
        "accuracy": 0.5,
    }


@given(
    answers=st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=40),
    bins=st.sampled_from([1, 2, 3, 4, 5, 6, 10, 12, 15, 20]),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_calibration_against_a_loop_in_whole_sixtieths(answers, bins):
    """Sixtieths fall on the borders of all these bins, where integer arithmetic knows what is right."""
    groups = {}
    for sixtieths, right in answers:
        groups.setdefault(max(1, math.ceil(sixtieths * bins / 60 - 1e-9)) - 1, []).append((sixtieths / 60, right))
    found = calibration([n / 60 for n, _ in answers], [right for _, right in answers], bins)
    assert found.images.tolist() == [len(groups.get(i, [])) for i in range(bins)]
    gaps = [abs(sum(right for _, right in group) - sum(p for p, _ in group)) for group in groups.values()]
    assert found.error == pytest.approx(sum(gaps) / len(answers), abs=1e-12)


def test_scores_are_calibrated_by_their_most_probable_class():
    scores = Scores(np.log([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.05, 0.9, 0.05]]), np.array([0, 0, 1]))
    found = scores.calibration()
    assert len(found.images) == 15
    assert found.images.nonzero()[0].tolist() == [5, 10, 13]  # 0.4 ends bin 5; 0.7 is in (10/15, 11/15]
    assert found.error == pytest.approx((0.3 + 0.4 + 0.1) / 3)
    certain = Scores(np.array([[1e-7, -20.0]], np.float32), np.array([0]))  # rounding may put a sum above 1
    assert certain.calibration().error == 0


@pytest.mark.parametrize(
    ("confidence", "correct", "bins", "error", "message"),
    [
        ([], [], 15, ShapeError, "at least one image"),
        ([0.5], [True, False], 15, ShapeError, r"shape \(1,\), correct \(2,\)"),
        ([0.5], [True], 0, ArgumentError, "bins must be a whole number of at least 1, got 0"),
        ([1.5], [True], 15, ArgumentError, r"must lie in \[0, 1\], got 1.5"),
        ([math.nan], [True], 15, ArgumentError, r"must lie in \[0, 1\]"),
    ],
)
def test_calibration_refuses(confidence, correct, bins, error, message):
    with pytest.raises(error, match=message):
        calibration(confidence, correct, bins)


# -- the difference between two networks -----------------------------------------------------------------------------


def test_bootstrap_against_all_resamples_of_five_images():
    """5 ** 5 resamples, each as likely: their percentiles are known exactly where they fall inside a step."""
    a, b = np.array([1, 1, 0, 0, 1], bool), np.array([1, 0, 1, 1, 1], bool)
    every = np.array(list(itertools.product(range(5), repeat=5)))
    differences = np.sort((b[every].sum(axis=1) - a[every].sum(axis=1)) / 5)
    for confidence in (0.4, 0.7, 0.8, 0.9, 0.94):
        tail = (1 - confidence) / 2
        at = int(tail * len(every))
        for place in (at, len(every) - at):  # no step within six standard errors of the 200,000 below
            assert differences[place - 20] == differences[place + 20]
        found = bootstrap_difference(a, b, confidence=confidence, resamples=200_000, seed=3)
        assert (found.low, found.high) == pytest.approx(
            (differences[at], differences[int((1 - tail) * len(every))]), abs=1e-9
        )
    assert (found.first, found.second, found.difference) == (0.6, 0.8, pytest.approx(0.2))
    assert (found.images, found.only_first, found.only_second) == (5, 1, 2)


def test_bootstrap_against_drawing_images_literally():
    rng = np.random.default_rng(0)
    a = rng.random(400) < 0.8
    b = np.where(rng.random(400) < 0.9, a, ~a)
    drawn = rng.integers(0, 400, (20_000, 400))
    low, high = np.quantile(b[drawn].mean(axis=1) - a[drawn].mean(axis=1), [0.025, 0.975])
    found = bootstrap_difference(a, b, resamples=20_000)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1.01 / 400)  # one step of the differences
    assert found == bootstrap_difference(a, b, resamples=20_000)
    assert found.low != bootstrap_difference(a, b, resamples=20, seed=1).low
    swapped = bootstrap_difference(b, a, resamples=20_000)
    assert (swapped.difference, swapped.only_first) == (-found.difference, found.only_second)
    assert (-swapped.high, -swapped.low) == pytest.approx((found.low, found.high), abs=1.01 / 400)


def test_equal_answers_leave_no_doubt_and_opposite_ones_do():
    a = np.arange(100) % 4 != 0
    same = bootstrap_difference(a, a)
    assert (same.difference, same.low, same.high) == (0, 0, 0)
    other = bootstrap_difference(a, a[::-1])  # as accurate, but right on other images
    assert other.difference == 0
    assert other.low < -0.1
    assert other.high > 0.1


def test_the_sentence_says_who_is_better_and_whether_that_is_sure():
    right = np.arange(100)
    sure = bootstrap_difference(right < 50, right < 90).sentence("old", "new")
    assert "100 test images old gets 50.00% right and new 90.00%: new is better by 40.00 percentage points" in sure
    assert "0 images only old gets right, 40 only new" in sure
    assert "does not contain zero: chance in the choice of test images does not explain the lead over old" in sure
    worse = bootstrap_difference(right < 51, right > 50)
    unsure = worse.sentence("old", "new")
    assert "old is better by 2.00 percentage points" in unsure
    assert f"(new minus old) is {100 * worse.low:+.2f} to {100 * worse.high:+.2f} points" in unsure
    assert "It contains zero: with other test images of the same kind the order could well be reversed" in unsure
    assert "both are right equally often" in bootstrap_difference(right < 5, right < 5).sentence("a", "b")


@pytest.mark.parametrize(
    ("a", "b", "options", "error", "message"),
    [
        ([], [], {}, ShapeError, "at least one image"),
        ([True], [True, False], {}, ShapeError, r"shape \(1,\) and \(2,\)"),
        ([True], [True], {"resamples": 0}, ArgumentError, "resamples must be a whole number of at least 1, got 0"),
        ([True], [True], {"confidence": 1.0}, ArgumentError, r"confidence must be a number in \(0, 1\), got 1.0"),
    ],
)
def test_bootstrap_refuses(a, b, options, error, message):
    with pytest.raises(error, match=message):
        bootstrap_difference(a, b, **options)


# -- averages --------------------------------------------------------------------------------------------------------


def test_probabilities_are_averaged_by_weight_and_tiny_ones_survive():
    p = np.array([[[0.5, 0.5]], [[0.1, 0.9]], [[0.2, 0.8]]])
    found = average(np.log(p).astype(np.float32), np.array([0.5, 0.25, 0.25]))
    np.testing.assert_allclose(np.exp(found), [[0.325, 0.675]], rtol=1e-6)
    tiny = average(np.array([[[0.0, -2000.0]], [[0.0, -2000.0]]]), np.array([0.5, 0.5]))
    np.testing.assert_allclose(tiny, [[0.0, -2000.0]], atol=1e-9)


def test_an_ensemble_can_be_right_where_most_of_it_is_wrong():
    """Two unsure wrong answers against a sure right one: mean 0.55 for class 1, though two of three say 0."""
    each = [Scores(np.log([[p, 1 - p]]), np.array([1])) for p in (0.6, 0.7, 0.05)]
    together = ensemble(each)
    np.testing.assert_allclose(np.exp(together.log_probabilities), [[0.45, 0.55]])
    assert [one.accuracy for one in each] == [0, 0, 1]
    assert together.accuracy == 1
    assert ensemble(each[:1]) is each[0]


def test_an_ensemble_needs_the_same_images_and_classes():
    one = Scores(np.log([[0.5, 0.5], [0.2, 0.8]]), np.array([0, 1]))
    with pytest.raises(ArgumentError, match="different labels"):
        ensemble([one, Scores(one.log_probabilities, np.array([1, 1]))])
    with pytest.raises(ShapeError, match=r"\(2, 2\) and \(1, 2\)"):
        ensemble([one, Scores(one.log_probabilities[:1], np.array([0]))])
    with pytest.raises(ArgumentError, match="no scores"):
        ensemble([])
