"""The benchmarks of one training step, its overhead and a busy machine: what they make of given times; no clock."""

import sys

import pytest

from benchmarks import loaded, ours, overhead, report
from benchmarks.comparison import EAGER, OURS
from benchmarks.sides import Outcome

CASE = {"network": ours.PLAIN, "batch": 2}


@pytest.mark.usefixtures("one_thread")
def test_the_captured_step_and_the_eager_one_lose_the_same():
    replayed, eager = (ours.train_step({**CASE, "eager": eager}) for eager in (False, True))
    assert [replayed["run"]() for _ in range(4)] == [eager["run"]() for _ in range(4)]
    assert list(replayed) == ["run"]
    assert set(eager["split"]()) == set(ours.ALL_KINDS)


@pytest.mark.usefixtures("one_thread")
def test_captured_inference_gives_the_eager_logits():
    captured, eager = (ours.inference({**CASE, "eager": eager})["logits"] for eager in (False, True))
    assert captured() == captured() == captured() == eager()


# -- overhead ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_thread")
def test_every_launch_of_a_step_is_timed_by_itself():
    steps = overhead.steps(CASE)
    found = steps["launches"]()
    assert found.pop("") > 50
    assert {"window_product", "weight_product", "sgd_step"} <= set(found)
    assert min(found.values()) > 0
    assert steps["replayed"]() != steps["eager"]()  # three updates later


def overhead_rows(sizes=(2, 8)):
    """Kernels take 6 and 2 ms of a step of 10 ms replayed and 32 ms eager."""
    launches = [{"window_product": 6e-3, "_apply": 2e-3, "": 40}] * 3
    rows = []
    for size in sizes:
        rows += overhead.rows_of(size, {"replayed": [9e-3, 10e-3, 11e-3], "eager": [32e-3] * 3}, launches)
    return rows


def test_the_kernels_share_is_their_sum_over_the_step():
    rows = overhead_rows()
    steps = [row for row in rows if row["what"] == "step"]
    assert [(row["batch"], row["step"], row["launches"]) for row in steps] == [
        (2, "replayed", 40),
        (2, "eager", 40),
        (8, "replayed", 40),
        (8, "eager", 40),
    ]
    assert [row["share"] for row in steps] == pytest.approx([0.8, 0.25] * 2)
    parts = [(row["function"], row["of"]) for row in rows if row["what"] == "function" and row["batch"] == 8]
    assert parts == [("window_product", pytest.approx(0.75)), ("_apply", pytest.approx(0.25))]
    assert overhead.headline(rows) == {f"overhead.kernels_share.batch_{size}": pytest.approx(0.8) for size in (2, 8)}


def test_overheads_tables_text_and_figure():
    result = {"rows": overhead_rows()}
    steps, functions = overhead.tables(result)
    assert len(steps.rows) == 4
    assert [row["function"] for row in functions.rows] == ["window_product", "_apply"]
    assert "batch 8: 80% replayed; batch 8: 25% eager" in overhead.text(result)
    left, right = overhead.figure(result).axes
    assert sorted({round(bar.get_height(), 2) for bar in left.patches}) == [0.25, 1.0, 3.0]
    assert sum(bar.get_width() for bar in right.patches) == pytest.approx(2)  # the whole for each batch


# -- a busy machine ----------------------------------------------------------------------------------------------------


def loaded_rows():
    given = {
        OURS: {0: [0.010, 0.010, 0.010], 1: [0.018, 0.018, 0.020], 2: [0.024, 0.024, 0.024]},
        EAGER: {0: [0.020] * 3, 1: [0.040] * 3, 2: [0.060] * 3},
    }
    gone = Outcome("missing", "No module named 'torch'")
    case = {"network": loaded.NETWORK, "batch": 32}
    rows = [row for side, times in given.items() for row in loaded.rows_of(case, side, Outcome(), times)]
    return rows + loaded.rows_of(case, "PyTorch eager, channels-last", gone, {})


def test_a_load_is_in_times_of_the_idle_step():
    rows = loaded_rows()
    assert [row["times"] for row in rows if "times" in row] == pytest.approx([1, 1.8, 2.4, 1, 2, 3])
    assert loaded.headline(rows) == {
        "loaded.times.beside_1": pytest.approx(1.8),
        "loaded.times.beside_2": pytest.approx(2.4),
    }


def test_loadeds_table_text_and_figure_show_what_is_missing_as_missing():
    result = {"rows": loaded_rows(), "machine": {"threads": 2}}
    [table] = loaded.tables(result)
    assert len(table.rows) == 7
    assert table.rows[-1]["reason"] == "No module named 'torch'"
    assert "tinyinception 1.80 beside 1; tinyinception 2.40 beside 2" in loaded.text(result)
    left, right = loaded.figure(result).axes
    assert [text.get_text() for text in left.get_legend().get_texts()] == [OURS, EAGER]
    assert [list(line.get_ydata()) for line in right.lines] == [pytest.approx([1, 1.8, 2.4]), pytest.approx([1, 2, 3])]


def test_processes_that_count_end_with_their_context(monkeypatch):
    monkeypatch.setattr(loaded, "STARTING", 0)
    with loaded.counting(2, 1) as children:
        assert [child.poll() for child in children] == [None, None]
        assert children[0].args[0] == sys.executable
    assert [child.poll() is None for child in children] == [False, False]


def test_loads_take_turns_and_sides_within_them(monkeypatch):
    log = []

    class Fake:
        def __init__(self, name):
            self.name = name

        def run(self, *, repeats=1):
            log.append((self.name, repeats))
            return [1.0] * repeats, None

    class Counting:
        def __init__(self, load, threads):
            self.load = load

        def __enter__(self):
            log.append(self.load)

        def __exit__(self, *_):
            log.append("end")

    monkeypatch.setattr(loaded, "counting", Counting)
    times = loaded.take_turns([Fake("a"), Fake("b")], (0, 1), 2, 3, 1)
    a, b = [("a", 1), ("a", 3)], [("b", 1), ("b", 3)]
    assert log == [0, *a, *b, "end", 1, *a, *b, "end", 0, *b, *a, "end", 1, *b, *a, "end"]
    assert times == {"a": {0: [1.0] * 6, 1: [1.0] * 6}, "b": {0: [1.0] * 6, 1: [1.0] * 6}}


def test_both_are_in_the_report():
    assert {"overhead", "loaded"} <= set(report.NAMES)
