"""One writer a run folder, and runs that were killed so early, or so late, that little is left of them."""

import json
import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from tests.helpers.places import ROOT
from tests.helpers.tiny_runs import CONFIG, Died, bits, die_at, fit, resume
from tinyinception import train
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.train import lock, loop
from tinyinception.train.checkpoint import CHECKPOINT, load, save
from tinyinception.train.run import Run

pytestmark = pytest.mark.usefixtures("tiny_network")

HERE = socket.gethostname()


def write_lock(folder, **changes):
    owner = {"host": HERE, "pid": os.getpid(), "started": lock._started(os.getpid()), "token": "x", **changes}
    (folder / "lock.json").write_text(json.dumps(owner), encoding="utf-8")


def dead_process():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.fixture
def stopped(tmp_path, monkeypatch):
    """A run that stopped after four steps, in tmp_path / "run"."""
    with monkeypatch.context() as patch:
        die_at(patch, 4)
        with pytest.raises(Died):
            fit(tmp_path / "run")
    return tmp_path / "run"


# -- the lock --------------------------------------------------------------------------------------------------------


def test_a_run_is_locked_while_it_is_trained_and_free_afterwards(tmp_path, monkeypatch):
    found, real = [], loop.train_step

    def train_step(*arguments):
        found.append(json.loads((tmp_path / "run" / "lock.json").read_text(encoding="utf-8")))
        return real(*arguments)

    monkeypatch.setattr(loop, "train_step", train_step)
    fit(tmp_path / "run")
    assert {(owner["host"], owner["pid"]) for owner in found} == {(HERE, os.getpid())}
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.startswith((".", "lock"))]


def test_resuming_a_run_that_is_still_trained_is_refused_and_does_it_no_harm(tmp_path, monkeypatch, finished):
    refused, real = [], loop.train_step

    def train_step(session, *rest):
        if session.position.step in (2, 5):
            for call in (resume, fit):
                with pytest.raises((CheckpointError, ArgumentError)) as caught:
                    call(tmp_path / "run")
                refused.append(str(caught.value))
        return real(session, *rest)

    monkeypatch.setattr(loop, "train_step", train_step)
    fit(tmp_path / "run")
    assert bits(tmp_path / "run") == bits(finished.run)
    assert (
        refused[::2]
        == [
            f"{tmp_path}/run is being trained by process {os.getpid()} on {HERE}; if that is no longer "
            f"so, delete {tmp_path}/run/lock.json"
        ]
        * 2
    )


def test_a_stopped_run_leaves_no_lock(stopped):
    assert not (stopped / "lock.json").exists()


@pytest.mark.parametrize("owner", ["dead", "zombie", "reused"])
def test_the_lock_of_a_process_that_is_no_more_is_taken_over(stopped, finished, owner):
    child = None
    if owner == "dead":
        write_lock(stopped, pid=dead_process(), started=None)
    elif owner == "reused":
        write_lock(stopped, started="another boot 17")
    else:
        child = subprocess.Popen([sys.executable, "-c", ""])
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and stays a zombie
        write_lock(stopped, pid=child.pid, started=lock._started(child.pid))
    resume(stopped)
    assert bits(stopped) == bits(finished.run)
    assert not (stopped / "lock.json").exists()
    if child:
        child.wait()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"host": "elsewhere", "pid": 77},
            "by process 77 on elsewhere, another machine; if that is no longer so, delete",
        ),
        ({"started": None}, "by process {pid} on {host}; if that is no longer so, delete"),
        ({"pid": "many"}, "does not say which process writes here; if none does, delete it"),
        ({"host": None}, "does not say which process writes here; if none does, delete it"),
    ],
)
def test_every_other_lock_is_respected_and_says_how_it_is_removed(stopped, changes, message):
    write_lock(stopped, **changes)
    before = (stopped / "lock.json").read_bytes()
    with pytest.raises(CheckpointError, match=message.format(pid=os.getpid(), host=HERE)):
        resume(stopped)
    assert (stopped / "lock.json").read_bytes() == before
    assert train.load_run(stopped).config == replace(CONFIG, data="arrays")  # reading needs no lock


@pytest.mark.parametrize("contents", [b"", b"{", b"[]", b"[" * 100_000, b"\xff"])
def test_a_lock_that_cannot_be_read_is_respected_too(stopped, contents):
    (stopped / "lock.json").write_bytes(contents)
    with pytest.raises(CheckpointError, match=r"lock\.json does not say which process writes here; if none"):
        resume(stopped)


def test_without_hard_links_a_lock_is_as_good(stopped, finished, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    write_lock(stopped)
    with pytest.raises(CheckpointError, match="is being trained"):
        resume(stopped)
    (stopped / "lock.json").unlink()
    resume(stopped)
    assert bits(stopped) == bits(finished.run)


def test_of_many_that_find_a_dead_owner_at_once_one_gets_the_lock(tmp_path):
    for _ in range(20):
        write_lock(tmp_path, pid=dead_process() if _ == 0 else 2**22 + 1, started=None)
        meet, got, refused = threading.Barrier(4, timeout=60), [], []

        def take(meet=meet, got=got, refused=refused):
            meet.wait()
            try:
                with lock.locked(tmp_path):
                    got.append(1)
                    meet.wait()
            except CheckpointError as error:
                refused.append(str(error))
                meet.wait()

        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(got), len(refused)) == (1, 3), refused
        assert not list(tmp_path.iterdir())


def test_a_forked_child_does_not_give_the_lock_of_its_parent_back(tmp_path):
    block = lock.locked(tmp_path)
    block.__enter__()
    held = (tmp_path / "lock.json").read_bytes()
    child = os.fork()
    if child == 0:
        try:
            block.__exit__(None, None, None)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert (tmp_path / "lock.json").read_bytes() == held
    block.__exit__(None, None, None)
    assert not (tmp_path / "lock.json").exists()


def test_saves_of_two_processes_do_not_get_into_each_others_way(tmp_path):
    code = (
        "import sys, pathlib, numpy as np; from tinyinception.train.checkpoint import save\n"
        "for i in range(40): save(pathlib.Path(sys.argv[1]), {'a': np.full(1000, i, np.float32)}, {'i': i})"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    children = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=environment) for _ in range(2)]
    save(tmp_path, {"a": np.zeros(1000, np.float32)}, {"i": 0})
    while any(child.poll() is None for child in children):
        tensors, state = load(tmp_path)
        assert (tensors["a"] == state["i"]).all()
    assert [child.returncode for child in children] == [0, 0]
    assert sorted(path.name for path in tmp_path.iterdir()) == [CHECKPOINT, "state.json"]


def test_what_a_killed_process_left_is_cleared_away_and_nothing_else(stopped):
    dead, own = dead_process(), os.getpid()
    for name in (f".{CHECKPOINT}.{dead}-0123abcd.tmp", f".{CHECKPOINT}.{own}-0123abcd.tmp", "notes.tmp", ".mine"):
        (stopped / name).write_text("", encoding="utf-8")
    train.load_run(stopped)
    assert len(list(stopped.glob(".*.tmp"))) == 2
    resume(stopped)
    left = {path.name for path in stopped.iterdir() if path.name.startswith(".") or path.suffix == ".tmp"}
    assert left == {f".{CHECKPOINT}.{own}-0123abcd.tmp", "notes.tmp", ".mine"}


def test_runs_begun_in_one_second_have_folders_of_their_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.strftime", lambda *_: "20260101-000000")
    runs = [fit(None, replace(CONFIG, epochs=1)).run for _ in range(3)]
    assert runs == ["runs/inception_cifar-arrays-20260101-000000" + end for end in ("", "-2", "-3")]
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "runs").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(CheckpointError, match="cannot make the folder runs: Not a directory"):
        fit(None)


# -- killed early ------------------------------------------------------------------------------------------------------


def leave(folder, *names):
    for path in folder.iterdir():
        if path.name not in names:
            path.unlink()


def test_a_run_killed_before_its_first_checkpoint_is_begun_by_resuming(stopped, finished):
    leave(stopped, "config.json")
    write_lock(stopped, pid=dead_process(), started=None)
    (stopped / ".checkpoint.safetensors.1-0123abcd.tmp").write_text("half of it", encoding="utf-8")
    with pytest.raises(ArgumentError, match="already holds a run; continue it with `tinyinception train --resume"):
        fit(stopped)
    with pytest.raises(CheckpointError, match="no checkpoint here"):
        train.load_run(stopped)
    resume(stopped)
    assert bits(stopped) == bits(finished.run)


def test_a_checkpoint_that_was_there_once_is_missed(stopped):
    leave(stopped, "config.json", "state.json")
    with pytest.raises(CheckpointError, match="no checkpoint here"):
        resume(stopped)


@pytest.mark.parametrize("name", ["config.json.tmp", ".config.json.4194305-0123abcd.tmp"])
def test_a_run_killed_before_its_config_was_written_is_begun_anew(tmp_path, finished, name):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).write_text("{", encoding="utf-8")
    write_lock(tmp_path / "run", pid=dead_process(), started=None)
    with pytest.raises(CheckpointError, match=r"is no run: there is no config\.json"):
        resume(tmp_path / "run")
    fit(tmp_path / "run")
    assert bits(tmp_path / "run") == bits(finished.run)


def test_resuming_a_finished_run_where_nothing_can_be_written_gives_its_result(tmp_path, monkeypatch):
    result = fit(tmp_path / "run", replace(CONFIG, epochs=1))
    before = {path: path.read_bytes() for path in (tmp_path / "run").iterdir()}
    monkeypatch.setattr(os, "access", lambda *_: False)  # a read-only disk
    monkeypatch.setattr(loop, "load_data", lambda *_: pytest.fail("data were loaded"))
    assert train.resume(tmp_path / "run") == result
    assert {path: path.read_bytes() for path in (tmp_path / "run").iterdir()} == before


@pytest.mark.parametrize("text", ["", "[]", "[" * 100_000, '{"epochs": true}', '{"epochs": 1, "colour": 2}'])
def test_a_damaged_result_is_one_clear_error(tmp_path, text):
    fit(tmp_path / "run", replace(CONFIG, epochs=1))
    (tmp_path / "run" / "result.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError, match=r"result\.json"):
        _ = Run(tmp_path / "run").result
