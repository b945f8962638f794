"""How many trainings at a time, with how many threads each."""

import pytest

from tinyinception.errors import ArgumentError
from tinyinception.studies.shares import shares


@pytest.mark.parametrize(
    ("cores", "trainings", "asked", "expected"),
    [
        (1, 6, {}, (1, 1)),
        (2, 6, {}, (2, 1)),
        (8, 6, {}, (6, 1)),
        (8, 20, {}, (8, 1)),
        (8, 2, {}, (2, 4)),
        (8, 3, {}, (3, 2)),
        (2, 1, {}, (1, 2)),
        (1, 0, {}, (1, 1)),
        (8, 20, {"threads": 3}, (2, 3)),
        (8, 20, {"threads": 8}, (1, 8)),
        (8, 20, {"workers": 3}, (3, 2)),
        (8, 2, {"workers": 8}, (2, 1)),
        (8, 20, {"workers": 8, "threads": 8}, (8, 8)),
    ],
)
def test_as_many_at_a_time_as_cores_divided_by_threads(cores, trainings, asked, expected):
    assert shares(trainings, cores=cores, **asked) == expected


@pytest.mark.parametrize("asked", [{"threads": 0}, {"threads": 3}, {"workers": 0}, {"workers": 3}, {"threads": 1.5}])
def test_more_than_there_are_cores_is_refused(asked):
    [name] = asked
    with pytest.raises(ArgumentError, match=rf"{name} must be a whole number in \[1, 2\], got"):
        shares(4, cores=2, **asked)
