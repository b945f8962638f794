"""Studies that run, are stopped and killed, and run again: real processes, and the same bits as undisturbed ones."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from tests.helpers.marks import posix
from tests.helpers.places import ROOT
from tests.helpers.tiny_runs import bits
from tests.helpers.waiting import wait_for
from tinyinception import studies, train
from tinyinception.cli import main
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.studies import tasks
from tinyinception.studies.run import FILES
from tinyinception.studies.tasks import Children, Task, environment, run_one
from tinyinception.train.lock import holder, locked

KEYS = [("low", 0), ("low", 1), ("high", 0), ("high", 1)]


def task_of(study, arm, seed, folder):
    return Task(study.name, arm, replace(study.arms[arm], seed=seed), folder / arm / str(seed), study.measures)


def same_bits(one, other, keys=KEYS):
    for arm, seed in keys:
        assert bits(one / "runs" / arm / str(seed)) == bits(other / "runs" / arm / str(seed)), (arm, seed)


# -- undisturbed -------------------------------------------------------------------------------------------------------


def test_there_is_one_result_for_each_key_and_a_report(undisturbed):
    folder, report = undisturbed
    assert [(one.arm, one.seed) for one in report.outcomes] == KEYS
    for one in report.outcomes:
        result = json.loads((folder / "runs" / one.arm / str(one.seed) / "result.json").read_text(encoding="utf-8"))
        assert one.values["test_accuracy"] == result["test_accuracy"]
    names = {*FILES, "runs"}
    assert {path.name for path in folder.iterdir()} == names
    assert 'http-equiv="refresh"' not in (folder / "live.html").read_text(encoding="utf-8")
    assert len((folder / "results.csv").read_text(encoding="utf-8").splitlines()) == 5


def test_the_networks_of_an_arm_are_measured_together_too(undisturbed):
    """As `evaluate` measures two runs, whose answer is kept."""
    folder, report = undisturbed
    runs = [folder / "runs" / "low" / seed for seed in ("0", "1")]
    assert report.ensembles["low"] == train.evaluate(runs, progress=False)["test_accuracy"]
    assert "## All seeds together" in (folder / "report.md").read_text(encoding="utf-8")
    assert (folder / "runs" / "low" / "ensemble-0-1.json").is_file()


def test_run_again_it_takes_what_is_there_also_without_the_study_files(undisturbed, file, tmp_path, monkeypatch):
    """As after a kill between the end of a training and the report of it."""
    folder, report = undisturbed
    shutil.copytree(folder, tmp_path / "out")
    for name in ("results.csv", "report.md", "live.html"):
        (tmp_path / "out" / name).unlink()
    monkeypatch.setattr(Children, "run", lambda *_: pytest.fail("a process was started"))
    again = studies.run(studies.load(file), tmp_path / "out", progress=False)
    assert again.outcomes == report.outcomes
    assert again.shares == report.shares  # of the trainings, though there was none to do
    assert (tmp_path / "out" / "results.csv").read_bytes() == (folder / "results.csv").read_bytes()
    assert again.verdict == report.verdict


def test_a_finished_study_is_answered_at_once(file, undisturbed, capsys):
    folder, report = undisturbed
    words = ["study", str(file), "--out", str(folder)]
    assert main(words) == 0
    assert report.verdict in " ".join(capsys.readouterr().out.split())
    assert main([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == report.verdict
    assert len(answer["results"]) == answer["finished"] == 4


def test_more_seeds_train_only_what_is_new(undisturbed, file, tmp_path):
    folder, _ = undisturbed
    shutil.copytree(folder, tmp_path / "out")
    plan = studies.plan(studies.load(file, seeds=[0, 5]), tmp_path / "out", progress=False)
    assert [(task.arm, task.seed) for task in plan.left] == [("low", 5), ("high", 5)]
    assert plan.seconds > 0
    assert set(plan.steps) == {"low", "high"}


# -- killed, stopped, run twice ----------------------------------------------------------------------------------------


@posix
def test_a_process_killed_in_training_is_started_again_and_ends_in_the_same_bits(undisturbed, file, tmp_path):
    study, told, killed = studies.load(file), [], []
    task = task_of(study, "low", 0, tmp_path / "runs")

    def kill():
        wait_for((task.folder / "checkpoint.safetensors").exists)
        killed.append(holder(task.folder))
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    outcome = run_one(task, tell=told.append)
    killer.join()
    assert killed[0]
    assert told == ["rates/low/0: its process was ended by signal 9; it is started again and continues"]
    same_bits(tmp_path, undisturbed[0], [("low", 0)])
    assert outcome.values == undisturbed[1].outcomes[0].values


@posix
def test_stopped_by_a_signal_it_saves_and_the_same_command_goes_on_to_the_same_bits(undisturbed, file, tmp_path):
    command = [
        sys.executable,
        "-m",
        "tinyinception",
        "study",
        str(file),
        "--seeds",
        "0,",
        "--out",
        str(tmp_path / "out"),
    ]
    began = subprocess.Popen(command, env=environment(1), stderr=subprocess.PIPE, text=True)
    runs = tmp_path / "out" / "runs"
    wait_for(lambda: list(runs.glob("*/0/checkpoint.safetensors")))
    began.send_signal(signal.SIGINT)
    told = began.communicate()[1]
    assert began.returncode == 130
    assert re.search(
        r"tinyinception: stopped and saved, [01] of 2 trainings finished; go on with `tinyinception study", told
    )
    assert not all((folder / "result.json").exists() for folder in runs.glob("*/0"))
    assert not [folder for folder in runs.glob("*/0") if holder(folder)]
    assert (tmp_path / "out" / "report.html").is_file()
    done = subprocess.run([*command, "--json"], env=environment(1), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["finished"] == 2
    same_bits(tmp_path / "out", undisturbed[0], [("low", 0), ("high", 0)])


PARENT = """
import sys
from pathlib import Path
from tests.studies.test_running import task_of
from tinyinception import studies
file, folder = map(Path, sys.argv[1:])
studies.run_one(task_of(studies.load(file), "low", 0, folder))
"""


@posix
def test_a_training_ends_with_the_study_that_is_killed_and_is_continued_to_the_same_bits(undisturbed, file, tmp_path):
    task = task_of(studies.load(file), "low", 0, tmp_path / "runs")
    words = [sys.executable, "-c", PARENT, str(file), str(tmp_path / "runs")]
    env = {**environment(1), "PYTHONPATH": str(ROOT)}
    began = subprocess.Popen(words, env=env)
    wait_for((task.folder / "checkpoint.safetensors").exists)
    trains = holder(task.folder)
    began.kill()
    began.wait()
    assert trains not in (None, began.pid)
    wait_for(lambda: holder(task.folder) is None)
    assert not (task.folder / "result.json").exists()
    told = []
    run_one(task, tell=told.append)
    assert told == []
    same_bits(tmp_path, undisturbed[0], [("low", 0)])


def test_a_training_that_an_earlier_study_left_running_is_waited_for(undisturbed, file, tmp_path, monkeypatch):
    """Or that somebody else trains: here its process is one that there never was, for some moments."""
    folder, report = undisturbed
    task = task_of(studies.load(file), "low", 0, tmp_path)
    looked = []

    def finish(_):
        looked.append(True)
        if len(looked) == 1:
            return 4711
        shutil.copytree(folder / "runs" / "low" / "0", task.folder)
        return None

    monkeypatch.setattr(tasks, "holder", finish)
    monkeypatch.setattr(Children, "run", lambda *_: pytest.fail("a process was started"))
    told = []
    assert run_one(task, tell=told.append).values == report.outcomes[0].values
    assert told == ["rates/low/0: process 4711 still trains it, for a study or a worker that is gone; waiting for that"]


def test_two_studies_in_one_folder_are_refused(file, tmp_path):
    (tmp_path / "out").mkdir()
    with locked(tmp_path / "out"), pytest.raises(CheckpointError, match=r"is being trained by process \d+ on"):
        studies.run(studies.load(file), tmp_path / "out", progress=False)
    assert not list((tmp_path / "out").iterdir())


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def test_a_training_that_diverges_is_a_result_and_is_not_tried_again(file, tmp_path, monkeypatch):
    study = studies.load(file)
    task = task_of(study, "high", 0, tmp_path)
    task = replace(task, config=replace(task.config, lr=1e9, epochs=1))
    outcome = run_one(task)
    assert outcome.values == {}
    assert re.search("is nan|NaN or infinit", outcome.failed)
    monkeypatch.setattr(Children, "run", lambda *_: pytest.fail("a process was started"))
    assert run_one(task) == outcome


def test_a_training_that_fails_costs_nothing_of_the_others(undisturbed, file, tmp_path, monkeypatch):
    shutil.copytree(undisturbed[0], tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "runs" / "high" / "1")

    def refuse(self, command, log, threads):
        log.write_text("tinyinception: error: cannot write there: No space left on device\n", encoding="utf-8")
        return 1, ""

    monkeypatch.setattr(Children, "run", refuse)
    with pytest.raises(
        CheckpointError,
        match=r"3 of 4 trainings finished, 1 failed; what is finished is kept; go on with "
        r"`tinyinception study .*`; the first: rates/high/1: cannot write there: No space left",
    ):
        studies.run(studies.load(file), tmp_path / "out", progress=False)
    assert len((tmp_path / "out" / "results.csv").read_text(encoding="utf-8").splitlines()) == 4


def test_folders_that_cannot_be_its_own_are_refused_before_any_training(undisturbed, file, tmp_path, monkeypatch):
    monkeypatch.setattr(Children, "run", lambda *_: pytest.fail("a process was started"))
    study, (folder, _) = studies.load(file), undisturbed
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine", encoding="utf-8")
    shutil.copytree(folder, tmp_path / "damaged")
    (tmp_path / "damaged" / "study.json").write_text("{}", encoding="utf-8")
    shutil.copytree(folder, tmp_path / "other run")
    place = tmp_path / "other run" / "runs" / "low" / "1" / "config.json"
    place.write_text(place.read_text(encoding="utf-8").replace('"lr": 0.02', '"lr": 0.03'), encoding="utf-8")
    another = replace(study, arms={**study.arms, "low": replace(study.arms["low"], lr=0.01)})
    for asked, out, told in (
        (replace(study, name="smoothing"), folder, "holds another study, rates; choose another folder"),
        (another, folder, r"holds this study with another arm low: lr 0\.02, not 0\.01; choose another folder"),
        (study, tmp_path / "mine", "is not empty and holds no study"),
        (study, file, "is a file, not a folder"),
        (study, file / "below", "cannot make the folder|cannot be written"),
        (study, tmp_path / "damaged", "is damaged: it does not say which study this is"),
        (study, tmp_path / "other run", r"1 holds a run with lr 0\.03, not 0\.02"),
    ):
        with pytest.raises((ArgumentError, CheckpointError), match=told) as caught:
            studies.run(asked, out, progress=False)
        assert "\n" not in str(caught.value)
