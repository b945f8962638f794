"""Student's t and the interval of few differences: against the printed tables, and by hand."""

import pytest

from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.judge import paired_difference, student_t


@pytest.mark.parametrize(
    ("freedom", "t95", "t99"),
    [
        (1, 12.706, 63.657),
        (2, 4.303, 9.925),
        (3, 3.182, 5.841),
        (4, 2.776, 4.604),
        (9, 2.262, 3.250),
        (10, 2.228, 3.169),
        (30, 2.042, 2.750),
        (120, 1.980, 2.617),
    ],
)
def test_t_is_that_of_the_printed_tables(freedom, t95, t99):
    assert student_t(0.95, freedom) == pytest.approx(t95, abs=6e-4)
    assert student_t(0.99, freedom) == pytest.approx(t99, abs=6e-4)


def test_the_interval_of_three_pairs_by_hand():
    """Differences 1, 2 and 3: mean 2, deviation 1, reach 4.303 / sqrt(3)."""
    found = paired_difference([10, 20, 30], [11, 22, 33])
    assert (found.n, found.mean, found.deviation) == (3, 2.0, 1.0)
    assert found.low == pytest.approx(2 - 4.3027 / 3**0.5, abs=1e-4)
    assert found.high == pytest.approx(2 + 4.3027 / 3**0.5, abs=1e-4)
    assert found.holds_zero
    assert found.enough == 4  # 3.182 / 2 < 2, and 4.303 / sqrt(3) is not
    assert not paired_difference([0, 0, 0], [11, 12, 13]).holds_zero


def test_one_pair_has_no_interval_and_equal_differences_have_no_width():
    one = paired_difference([1.0], [3.0])
    assert (one.mean, one.deviation, one.low, one.high, one.holds_zero) == (2.0, None, None, None, True)
    same = paired_difference([1, 2], [2, 3])
    assert (same.deviation, same.low, same.high, same.enough) == (0.0, 1.0, 1.0, None)


def test_equal_differences_are_equal_whatever_rounding_says():
    """0.3 - 0.1 and 0.4 - 0.2 are not the same float."""
    first, second = [0.1, 0.2, 0.35], [0.3, 0.4, 0.55]
    assert len({b - a for a, b in zip(first, second, strict=True)}) > 1
    assert paired_difference(first, second).deviation == 0
    assert paired_difference(first, [0.3, 0.4, 0.55 + 1e-9]).deviation > 1e-10


def test_what_is_no_pairs_is_refused():
    for first, second in (([], []), ([1], [1, 2]), ([[1]], [[1]])):
        with pytest.raises(ShapeError, match="paired_difference: numbers of shape"):
            paired_difference(first, second)
    with pytest.raises(ArgumentError, match=r"confidence must be a number in \(0, 1\)"):
        paired_difference([1, 2], [1, 2], confidence=1.0)
    with pytest.raises(ArgumentError, match="freedom"):
        student_t(0.95, 0)
