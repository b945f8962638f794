"""Measures of a finished run: steps to a target, against NumPy's interpolation and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyinception.studies.measures import MEASURES, Finished


def steps_to(target, accuracies, every=10):
    rows = [
        {"step": float(every * (i + 1)), "test_accuracy": accuracy, "averaged_test_accuracy": None}
        for i, accuracy in enumerate(accuracies)
    ]
    return MEASURES["steps_to_target"].read(Finished({}, rows, {}, target))


@given(st.lists(st.integers(1, 99), min_size=2, max_size=8, unique=True), st.floats(0, 1))
def test_steps_to_a_target_lie_on_the_line_between_two_tests(percents, share):
    accuracies = np.sort(percents) / 100
    target = min(accuracies[0] + share * (accuracies[-1] - accuracies[0]), accuracies[-1])  # despite rounding
    expected = np.interp(target, accuracies, 10.0 * np.arange(1, len(accuracies) + 1))
    assert steps_to(target, accuracies.tolist()) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("accuracies", "steps"),
    [
        ([0.6, 0.7], 10.0),  # the first test has it: nothing is known of what was before
        ([0.4, 0.6, 0.3, 0.8], 15.0),  # the first time counts
        ([0.3, 0.4, 0.5], 30.0),
        ([0.3, 0.4], None),
    ],
)
def test_steps_to_a_target_that_is_met_at_once_twice_at_the_end_or_never(accuracies, steps):
    assert steps_to(0.5, accuracies) == (steps if steps is None else pytest.approx(steps))
