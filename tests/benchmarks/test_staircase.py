"""The benchmark of the staircase: what it makes of given times, and that its stairs compute one convolution."""

import pytest

from benchmarks import report, staircase
from benchmarks.sides import Outcome, SideError
from tinyinception.kernels import choice

MACS = 32 * 32 * 32 * 64 * 64  # of the layer, for each tap


def outcomes(kernel):
    """Each stair takes half the time of the one before, the first a second for a pass's part; NumPy is missing."""
    found = {}
    for step, name in enumerate(staircase.STAIRS):
        if name != staircase.TOP or kernel == (3, 3):
            seconds = 0.5**step
            parts = ("forward", "input_grad", "weight_grad")
            found[name] = Outcome(seconds={part: [seconds, 1.5 * seconds, seconds / 2] for part in parts})
    return found | {staircase.NUMPY: Outcome("missing", "no module of that name")}


def result():
    rows = []
    for kernel in staircase.KERNELS:
        rows += staircase.rows_of({**staircase.LAYER, "kernel": list(kernel)}, outcomes(kernel))
    return {"rows": rows, "headline": staircase.headline(rows), "machine": {"threads": 2}}


def test_every_stair_is_measured_in_the_order_of_the_stairs():
    assert list(staircase.STAIRS) == list(choice.STAIRS)
    assert "staircase" in report.NAMES


@pytest.mark.parametrize(("which", "parts"), [("forward", 1), ("backward", 2)])
def test_a_stairs_speed_is_in_multiply_adds_of_the_definition_and_in_times_of_the_loops(which, parts):
    rows = [row for row in result()["rows"] if row["pass"] == which]
    for step, stair in enumerate(choice.LOWER):
        [row] = [row for row in rows if (row["stair"], row["kernel"]) == (stair, "5x5")]
        assert row["ms"] == pytest.approx(1e3 * parts * 0.5**step)
        assert row["gmacs"] == pytest.approx(25 * MACS / 0.5**step / 1e9)
        assert row["times"] == pytest.approx(2**step)


def test_the_headline_is_the_highest_stair_of_a_kernel():
    heads = result()["headline"]
    assert heads["staircase.forward.3x3"] == pytest.approx(32)  # the sixth
    assert heads["staircase.backward.1x7"] == pytest.approx(16)  # the fifth


def test_tables_text_and_figure_show_all_of_it():
    shown = result()
    forward, backward = staircase.tables(shown)
    assert [line["stair"] for line in forward.rows] == [*choice.STAIRS, staircase.NUMPY]
    assert "3x3" in forward.rows[5]
    assert "5x5" not in forward.rows[5]
    assert "ms" not in backward.rows[6]
    assert "3x3 32.0 forward" in staircase.text(shown)
    drawn = staircase.figure(shown)
    assert [axes.get_title() for axes in drawn.axes] == ["forward", "backward: input and weights"]
    assert len(drawn.axes[0].patches) == 5 * 4 + 1
    labels = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert all(name in label for name, label in zip(choice.STAIRS, labels, strict=True))


def test_a_stair_that_fails_ends_the_benchmark():
    found = outcomes((3, 3)) | {"tiles": Outcome("failed", "out of luck")}
    with pytest.raises(SideError, match=r"tiles on .*: out of luck"):
        staircase.check_agreement([], found, {})
