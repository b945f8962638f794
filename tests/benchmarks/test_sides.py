"""The machinery of the benchmarks: sides take turns, nothing missing is guessed, tables say what was measured.

No test asserts a time. The sides are functions of this file's own making, in processes of their own.
"""

import json
import os
import statistics
import textwrap
from pathlib import Path

import numpy as np
import pytest

from benchmarks import common, comparison, sides

TARGETS = """
import os
from benchmarks.sides import NotSupported

def log(case, text):
    with open(case["log"], "a") as file:
        file.write(text + "\\n")

def named(name):
    def target(case):
        print("a library that prints")
        return {"first": lambda: log(case, name + ".first"), "second": lambda: log(case, name + ".second")}
    return target

a, b, c = named("a"), named("b"), named("c")

def missing(case):
    import a_library_that_is_not_there

def unsupported(case):
    raise NotSupported("it has no such layer")

def broken(case):
    def call():
        raise ValueError("out of luck")
    return call

def dead(case):
    return lambda: os._exit(3)

def facts(case):
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    return lambda: {"threads": [os.environ[name] for name in names], "cores": cores, "process": os.getpid()}

def hungry(case):
    return lambda: len(bytearray(case["bytes"]))

def hungry_at_first(case):
    sizes = [case["bytes"]]
    return lambda: len(bytearray(sizes.pop() if sizes else 1))

loaded = []

def loads_at_first(case):
    def call():
        loaded or loaded.append(bytearray(2**26))
        return len(bytearray(case["bytes"]))
    return call
"""


@pytest.fixture
def side(tmp_path, monkeypatch):
    """Makes a Side of one of TARGETS; all end with the test."""
    (tmp_path / "targets_of_tests.py").write_text(textwrap.dedent(TARGETS), encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made = []

    def make(name, threads=1):
        made.append(sides.Side(name, f"targets_of_tests:{name}", threads))
        return made[-1]

    yield make
    for one in made:
        one.close()


def turns(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").split()


def test_sides_take_turns_in_rotating_order_after_warming_up(side, tmp_path):
    log = tmp_path / "log"
    outcomes = sides.alternate(
        [side(name) for name in "abc"], {"log": str(log)}, 4, actions=["first"], warmup=2, repeats=2, settle=1, pause=0
    )
    names = [turn[0] for turn in turns(log)]
    assert names[:6] == list("aabbcc")
    assert names[6:] == [name for order in ("abc", "bca", "cab", "abc") for name in order for _ in range(3)]
    assert {name: len(outcome.seconds["first"]) for name, outcome in outcomes.items()} == dict.fromkeys("abc", 8)


def test_all_callables_of_a_case_are_timed_unless_some_are_named(side, tmp_path):
    outcome = sides.alternate([side("a")], {"log": str(tmp_path / "log")}, 1, warmup=0, pause=0)["a"]
    assert list(outcome.seconds) == ["first", "second"]
    assert turns(tmp_path / "log") == ["a.first", "a.second"]


def test_a_turn_goes_on_until_enough_seconds_are_over(side, tmp_path):
    one = side("a")
    one.prepare({"log": str(tmp_path / "log")})
    seconds, _ = one.run("first", least=0.02)
    assert sum(seconds) >= 0.02 > sum(seconds[:-1])


def test_what_cannot_be_measured_says_why_and_stops_nobody(side, tmp_path):
    names = ("missing", "a", "unsupported", "broken", "dead")
    outcomes = sides.alternate(
        [side(name) for name in names], {"log": str(tmp_path / "log")}, 2, warmup=0, actions=["first", "run"], pause=0
    )
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "missing": "missing",
        "a": "measured",
        "unsupported": "unsupported",
        "broken": "failed",
        "dead": "failed",
    }
    assert "a_library_that_is_not_there" in outcomes["missing"].reason
    assert outcomes["unsupported"].reason == "it has no such layer"
    assert outcomes["broken"].reason == "ValueError: out of luck"
    assert "code 3" in outcomes["dead"].reason
    assert [name for name in names if outcomes[name].seconds] == ["a"]


def test_a_side_is_another_process_with_its_threads(side):
    one = side("facts", threads=1)
    one.prepare({})
    _, facts = one.run()
    assert facts["threads"] == ["1"] * 4
    assert facts["cores"] in (1, None)
    assert facts["process"] != os.getpid()
    assert one.run()[1]["process"] == facts["process"]


def test_memory_is_that_of_a_fresh_process(side):
    hungry, here = side("hungry"), np.ones(2**25)  # 256 MiB in this process, which are nobody else's
    small, large = (hungry.memory({"bytes": size}).above for size in (2**20, 2**26))
    assert 2**26 * 0.9 < large < 2**26 * 1.5
    assert small < 2**24
    assert here.size


def test_a_first_call_that_takes_more_is_not_counted(side):
    used = side("hungry_at_first").memory({"bytes": 2**26})
    assert used.above < 2**24


def test_what_a_first_small_case_loads_is_not_counted(side):
    loads = side("loads_at_first")
    cold, warm = (loads.memory({"bytes": 2**25}, small=small).above for small in (None, {"bytes": 1}))
    assert cold > 2**26
    assert 2**25 * 0.9 < warm < 2**26


def test_spread_is_the_median_with_quartiles():
    seconds = [5.0, 1.0, 4.0, 2.0, 3.0]
    found = common.spread(seconds)
    assert found.median == statistics.median(seconds) == np.percentile(seconds, 50)
    assert (found.p25, found.p75) == tuple(np.percentile(seconds, [25, 75]))
    assert common.spread([7.0]) == (7.0, 7.0, 7.0)


def test_json_has_the_agreed_keys_and_reads_back(tmp_path):
    options = common.arguments("train_step", "a test", ["--quick", "--json", str(tmp_path / "x" / "result.json")])
    result = common.document("train_step", options, [{"a": 1}, {"b": None}], {"train_step.x": 2.0})
    common.write(result, options.json)
    read = json.loads(options.json.read_text(encoding="utf-8"))
    assert list(read) == ["benchmark", "command", "machine", "versions", "rows", "headline"]
    assert read == result
    assert {"cpu", "cores", "threads", "vector", "date"} <= set(read["machine"])
    assert {"python", "numpy", "numba"} <= set(read["versions"])
    assert read["command"].startswith("python -m benchmarks.train_step --quick --json")


def test_a_quick_run_writes_nothing_into_the_repository():
    options = common.arguments("train_step", "a test", ["--quick"])
    assert options.json is options.plot is None
    options = common.arguments("train_step", "a test", [])
    assert options.json == common.RESULTS / "train_step.json"
    assert options.plot == common.FIGURES / "train_step.png"


def test_threads_beyond_the_cores_are_refused(capsys):
    with pytest.raises(SystemExit):
        common.arguments("train_step", "a test", ["--threads", "100000"])
    assert "--threads must be from 1 to" in capsys.readouterr().err


def test_a_table_leaves_absent_values_empty():
    shown = common.Table(
        "",
        [common.Column("name", "name"), common.Column("x", "x", ".1f")],
        [{"name": "one", "x": 1.25}, {"name": "three", "x": None}, {"name": "nan", "x": float("nan")}],
    )
    assert common.table(shown).splitlines() == ["name     x", "-----  ---", "one    1.2", "three", "nan"]
    assert common.table(shown, markdown=True).splitlines()[:3] == [
        "| name  |   x |",
        "| ----- | --: |",
        "| one   | 1.2 |",
    ]


def test_speed_needs_our_side_and_marks_the_race(side, tmp_path):
    case = {"network": "n", "batch": 2, "log": str(tmp_path / "log"), "bytes": 1}
    rows = comparison.speed([side("hungry"), side("missing")], case, 2, against="somebody", warmup=1)
    assert [(row["side"], row["status"], row["against"]) for row in rows] == [
        ("hungry", "measured", "somebody"),
        ("missing", "missing", "somebody"),
    ]
    with pytest.raises(sides.SideError, match="a_library_that_is_not_there"):
        comparison.speed([side("missing"), side("hungry")], case, 2)
