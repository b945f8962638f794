"""The campaign of faults in its quick form, and its own judgement: every way to be wrong is seen."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.campaign import command, kills, outcome, pool
from tests.campaign.kinds import load_all
from tests.campaign.outcome import BAD, Case, Damaged, Outcome, Raw, Refused, check_answer, judge, table
from tests.campaign.registry import MAKERS, Place, make, shares
from tests.helpers.marks import posix
from tinyinception.errors import ArgumentError, GradientError

INPUTS, KILLS = 300, 6

pytestmark = [pytest.mark.filterwarnings("ignore"), posix]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("campaign")


def told(outcomes):
    bad = [one for one in outcomes if one.label in BAD]
    shown = [f"{one.label}: {one.kind}: {one.what}\n  {one.detail}\n  {one.again}" for one in bad]
    return "\n".join([table(outcomes), *shown])


def test_no_bad_input_of_any_kind_is_more_than_one_clear_error(place):
    load_all()
    counts = shares(INPUTS)
    jobs = [(name, 0, index) for name, count in counts.items() for index in range(count)]
    assert len(jobs) >= INPUTS
    assert set(counts) == set(MAKERS)
    outcomes = pool.run_all(jobs, place, 2, lambda one: None)
    assert len(outcomes) == len(jobs)
    assert not any(one.label in BAD for one in outcomes), told(outcomes)


def test_killed_runs_end_as_undisturbed_ones(place):
    outcomes, tally = kills.campaign(KILLS, 0, place, 2)
    assert tally.kills >= KILLS
    assert not any(one.label in BAD for one in outcomes), told(outcomes)


# -- the verdict ---------------------------------------------------------------------------------------------------


def raising(error):
    def run():
        raise error

    return run


@pytest.mark.parametrize(
    ("run", "label"),
    [
        (lambda: None, "right"),
        (raising(ArgumentError("n must be a whole number of at least 1, got 0")), "clear"),
        (raising(GradientError("a table")), "clear"),  # an AssertionError, too
        (raising(Refused("one line")), "clear"),
        (raising(AssertionError("2 in place of 3")), "silent"),
        (raising(ValueError("NumPy's")), "traceback"),
        (raising(Raw("a library's warning")), "traceback"),
        (raising(SystemExit(2)), "traceback"),
        (raising(KeyboardInterrupt()), "traceback"),
        (raising(Damaged("the canary is gone")), "damaged"),
        (lambda: np.testing.assert_array_equal([1], [2]), "silent"),
        (lambda: {}[0], "traceback"),
    ],
)
def test_each_end_has_its_label(run, label):
    assert judge(Case("planted", run))[0] == label


def test_a_right_input_must_be_accepted_and_pythons_own_errors_only_where_named():
    assert judge(Case("planted", raising(ArgumentError("no")), valid=True))[0] == "refused"
    assert judge(Case("planted", raising(TypeError("no truth"))))[0] == "traceback"
    assert judge(Case("planted", raising(TypeError("no truth")), also=(TypeError,)))[0] == "clear"


@pytest.mark.parametrize(
    ("status", "err", "error"),
    [
        (0, "epoch 1\n", None),
        (1, "epoch 1\ntinyinception: error: no such file\n", Refused),
        (2, "tinyinception: error: unknown flag\n", Refused),
        (1, "", Raw),
        (3, "tinyinception: error: no such file\n", Raw),
        (-9, "", Raw),
        (1, "tinyinception: error: one\ntinyinception: error: two\n", Raw),
        (1, "tinyinception: error: [Errno 28] No space left on device\n", Raw),
        (1, "Traceback (most recent call last):\n  ...\nValueError: x\n", Raw),
        (0, "Traceback (most recent call last):\n  ...\nValueError: x\n", Raw),
        (0, "/a/b.py:7: RuntimeWarning: invalid value\n", Raw),
    ],
)
def test_a_command_is_right_or_says_one_line(status, err, error):
    if error is None:
        assert check_answer(status, "out", err) == "out"
    else:
        with pytest.raises(error):
            check_answer(status, "out", err)


PLANTED = """
import os, sys, time
from tests.campaign import registry, worker
from tests.campaign.outcome import Case
sys.argv[1:] = {shared!r},
worker.prepare = lambda folder: None
worker.load_all = lambda: None
def silent(rng, place): return Case("a silent one", lambda: exec("assert 1 + 1 == 3, 'two'"))
def broken(rng, place): return Case("a traceback", lambda: {{}}[0])
def hanging(rng, place): return Case("a hang", lambda: time.sleep(60), seconds=0.5)
def dying(rng, place): return Case("a crash", lambda: os.abort())
def odd(rng, place): return rng.no_such_thing()
def fine(rng, place): return Case("fine", lambda: print("noise on standard output"))
registry.MAKERS["planted"] = [silent, broken, hanging, dying, odd, fine]
worker.main(worker.Path(sys.argv[1]))
"""


def test_planted_faults_are_seen_through_the_workers(tmp_path, monkeypatch):
    program = tmp_path / "worker.py"
    program.write_text(PLANTED.format(shared=str(tmp_path)), encoding="utf-8")
    monkeypatch.setattr(pool, "WORKER", (str(program),))
    outcomes = pool.run_all([("planted", 0, index) for index in range(6)], tmp_path, 1, lambda one: None)
    assert [one.label for one in outcomes] == ["silent", "traceback", "hang", "traceback", "traceback", "right"]
    assert [one.what for one in outcomes[:4]] == ["a silent one", "a traceback", "a hang", "a crash"]
    assert "status -6" in outcomes[3].detail
    assert "cannot make this case" in outcomes[4].detail


def test_a_case_can_be_repeated(tmp_path):
    load_all()
    for name in ("Python: tensors", "numbers: pooling"):
        cases = [make(name, 5, index, Place(tmp_path, tmp_path)).what for index in range(40)]
        assert cases == [make(name, 5, index, Place(tmp_path, tmp_path)).what for index in range(40)]
        assert len(set(cases)) > 20


def test_shares_add_up_and_leave_no_kind_out():
    load_all()
    for total in (300, 2000):
        counts = shares(total)
        assert sum(counts.values()) == total
        assert min(counts.values()) > 0


def test_the_table_counts_every_label():
    shown = table([Outcome("a", "x", "clear"), Outcome("a", "y", "hang"), Outcome("b", "z", "right")])
    head, a, b, all_ = (line.split() for line in shown.splitlines())
    assert head[3:] == ["tried", *outcome.GOOD, *outcome.BAD]
    assert a == ["a", "2", "1", "0", "0", "1", "0", "0", "0"]
    assert b[:4] == ["b", "1", "0", "1"]
    assert all_[:4] == ["all", "3", "1", "1"]


def test_a_kill_leaves_a_run_that_differs_or_is_damaged_and_both_are_seen(tmp_path):
    """A folder altered between two kills stands in for a package that writes it badly."""
    right = kills.Undisturbed({0: ({"w": b"1"}, [{"epoch": "1"}])}, 1.0)
    run = kills.Run(None, tmp_path, np.random.default_rng(0), right)
    (tmp_path / kills.CHECKPOINT).write_bytes(b"half a checkpoint")
    assert run._checked()[0] == "damaged"

    class Finished:
        def train(self, *_):
            return 1

        def wait(self):
            return 0

    run.template, run.seed = Finished(), 0
    for found, label in (
        (({"w": b"1"}, [{"epoch": "1"}]), "right"),
        (({"w": b"2"}, [{"epoch": "1"}]), "silent"),
        (({"w": b"1"}, [{"epoch": "2"}]), "silent"),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(kills, "ended", lambda folder, found=found: found)
            assert run._finish(False)[0] == label


def test_a_run_that_was_done_before_its_moment_came_counts_for_no_kill(tmp_path, monkeypatch):
    class Quick:
        """Every second run is too quick to be killed."""

        def __init__(self, template, folder, rng, right):
            self.tally = kills.Tally(runs=1, kills=int(folder.name.rpartition("-")[2]) % 2)

        def go(self, most, pictures):
            return iter(())

    monkeypatch.setattr(kills, "Run", Quick)
    monkeypatch.setattr(kills, "Template", lambda threads: SimpleNamespace(end=lambda: None))
    monkeypatch.setattr(kills.Undisturbed, "make", lambda folder: None)
    assert kills.campaign(KILLS, 0, tmp_path, 2)[1].kills == KILLS


def test_commands_run_in_this_process_and_in_their_own(tmp_path):
    code = (
        "from tests.campaign import command; out = command.take_streams(); "
        "out.write(command.run('--version')); out.flush()"
    )
    assert command.python(code) == command.process("--version")
    with pytest.raises(Refused, match="unknown command"):
        command.process("nonsense")
    with pytest.raises(Raw, match="ZeroDivisionError"):
        command.python("1 / 0")
