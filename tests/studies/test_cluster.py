"""Studies on a real Dask cluster, whose workers, scheduler and client are killed, frozen and stopped."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

import tinyinception
from tests.helpers.dask_farm import Farm
from tests.helpers.marks import posix
from tests.helpers.small_study import two_rates
from tests.helpers.tiny_runs import bits
from tests.helpers.waiting import meanwhile, wait_for
from tinyinception import studies, train
from tinyinception.cli import main
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.studies import cluster, dask_worker, trainings
from tinyinception.studies.dask_worker import crowds, share
from tinyinception.studies.tasks import Task, environment, settled
from tinyinception.train.lock import holder, locked

pytestmark = posix


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return two_rates(tmp_path_factory.mktemp("study") / "rates.toml", seeds=1, epochs=4)


@pytest.fixture(scope="module")
def undisturbed(file, tmp_path_factory):
    """By arm the bits of its run in this process."""
    place = tmp_path_factory.mktemp("undisturbed")
    for arm, config in studies.load(file).arms.items():
        train.fit(config, place / arm, progress=False, pictures=False)
    return {arm: bits(place / arm) for arm in ("low", "high")}


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    with Farm(tmp_path_factory.mktemp("farm")) as farm:
        yield farm


def tasks_of(file, folder):
    study = studies.load(file)
    return [Task(study.name, arm, config, folder / arm / "0") for arm, config in study.arms.items()]


def run(address, tasks):
    """(task, outcome) of each, as they end."""
    with studies.connect(address) as scheduler:
        return list(scheduler.run(tasks, lambda: None))


def make(folder):
    folder.mkdir(parents=True)
    return folder


def began(task):
    wait_for((task.folder / "checkpoint.safetensors").exists)


# -- undisturbed -------------------------------------------------------------------------------------------------------


def test_a_study_on_two_workers_comes_to_the_bits_of_this_process(farm, file, undisturbed, tmp_path, capsys):
    farm.living(2)
    words = ["study", str(file), "--out", str(tmp_path / "out"), "--scheduler", farm.address]
    assert main([*words, "--dry-run"]) == 0
    assert "trains on 2 Dask workers: 2 on" in " ".join(capsys.readouterr().out.split())
    assert not list(tmp_path.iterdir())
    assert main([*words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["finished"] == len(answer["results"]) == 2
    assert {arm: bits(tmp_path / "out" / "runs" / arm / "0") for arm in undisturbed} == undisturbed
    report = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert re.search(r"up to 2 at a time with 1 thread each; 2 Dask workers: 2 on \S+ with \d+ cores", report)
    assert f"--scheduler {farm.address}`" in report


@pytest.mark.parametrize(
    ("threads", "cores", "workers", "expected"), [(1, 8, 2, 1), (8, 8, 2, 4), (3, 8, 2, 3), (8, 8, 1, 8), (8, 2, 4, 1)]
)
def test_a_training_has_its_workers_share_of_the_machine(threads, cores, workers, expected):
    assert share(threads, cores, workers) == expected


def test_workers_are_counted_by_machine():
    assert crowds(["tcp://10.0.0.1:4001", "tcp://10.0.0.1:4002", "tls://10.0.0.2:4001"]) == {
        "10.0.0.1": 2,
        "10.0.0.2": 1,
    }


# -- workers that die, freeze and close --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["killed", "killed with its child", "closed"])
def test_a_worker_lost_in_training_costs_nothing(farm, file, undisturbed, tmp_path, how):
    """Another one waits for its child, or continues in its place."""
    farm.living(2)
    [task, _] = tasks_of(file, tmp_path)

    def lose():
        began(task)
        worker, child = farm.holding(task.folder)
        worker.send_signal(signal.SIGTERM if how == "closed" else signal.SIGKILL)
        if how == "killed with its child":
            os.kill(child, signal.SIGKILL)

    with meanwhile(lose):
        [(ended, outcome)] = run(farm.address, [task])
    assert ended.key == "rates/low/0"
    assert outcome == settled(task)
    assert bits(task.folder) == undisturbed["low"]


def test_a_worker_killed_after_finishing_costs_nothing(farm, file, undisturbed, tmp_path):
    """Its outcome was in its memory, and nobody had asked for it yet; the run is taken as it is."""
    farm.living(2)
    tasks, workers = tasks_of(file, tmp_path), {}

    def note():
        for task in tasks:
            began(task)
            workers[task.key], _ = farm.holding(task.folder)

    with studies.connect(farm.address) as scheduler:
        with meanwhile(note):
            ended = scheduler.run(tasks, lambda: None)
            first, _ = next(ended)
        [other] = [task for task in tasks if task.key != first.key]
        wait_for(lambda: settled(other) and not any(farm.client.processing().values()))
        written = (other.folder / "result.json").stat().st_mtime_ns
        workers[other.key].kill()
        wait_for(lambda: len(farm.client.nthreads()) == 1)
        [(last, outcome)] = ended
    assert (last.key, outcome) == (other.key, settled(other))
    assert (other.folder / "result.json").stat().st_mtime_ns == written
    assert {task.arm: bits(task.folder) for task in tasks} == undisturbed


def test_a_worker_frozen_beyond_its_time_to_live_and_continued_costs_nothing(file, undisturbed, tmp_path, monkeypatch):
    """Another worker has its training by then, and waits for the first one's child."""
    [task, _], told = tasks_of(file, tmp_path), []
    monkeypatch.setattr(trainings, "say", told.append)

    def freeze():
        began(task)
        worker, child = farm.holding(task.folder)
        for pid in (child, worker.pid):
            os.kill(pid, signal.SIGSTOP)
        wait_for(lambda: told)
        for pid in (child, worker.pid):
            os.kill(pid, signal.SIGCONT)

    with Farm(tmp_path / "farm", DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL="8s") as farm:
        farm.living(2)
        with meanwhile(freeze):
            [(_, outcome)] = run(farm.address, [task])
    assert len(told) == 1
    assert re.fullmatch(r"rates/low/0: process \d+ still trains it, for a study or a worker that is gone; .*", told[0])
    assert outcome == settled(task)
    assert bits(task.folder) == undisturbed["low"]


# -- the scheduler and the client --------------------------------------------------------------------------------------


def test_without_its_scheduler_a_study_ends_and_the_same_command_goes_on(farm, file, undisturbed, tmp_path):
    """The worker lets its training save."""
    study, out = studies.load(file), tmp_path / "out"
    folder = out / "runs" / "low" / "0"
    with Farm(tmp_path / "farm") as lost:
        lost.worker()

        def lose():
            wait_for((folder / "checkpoint.safetensors").exists)
            lost.scheduler.kill()

        told = (
            f"scheduler {lost.address} is gone; 0 of 2 trainings finished; what is finished is kept; go on with "
            f"`tinyinception study {file} --out {out} --scheduler {lost.address}`"
        )
        with (
            studies.connect(lost.address) as scheduler,
            meanwhile(lose),
            pytest.raises(CheckpointError, match=f"^{re.escape(told)}$"),
        ):
            studies.run(study, out, scheduler=scheduler, progress=False)
        wait_for(lambda: holder(folder) is None)
    assert (out / "report.html").is_file()
    farm.living(2)
    with studies.connect(farm.address) as scheduler:
        assert len(studies.run(study, out, scheduler=scheduler, progress=False).outcomes) == 2
    assert {arm: bits(out / "runs" / arm / "0") for arm in undisturbed} == undisturbed


def test_stopped_by_a_signal_its_trainings_save_and_the_same_command_goes_on(farm, file, undisturbed, tmp_path):
    farm.living(2)
    out = tmp_path / "out"
    words = ["study", str(file), "--out", str(out), "--scheduler", farm.address]
    command = [sys.executable, "-m", "tinyinception", *words]
    client = subprocess.Popen(command, env=environment(1), stderr=subprocess.PIPE, text=True)
    wait_for(lambda: list(out.glob("runs/*/0/checkpoint.safetensors")))
    client.send_signal(signal.SIGINT)
    told = client.communicate()[1]
    assert client.returncode == 130
    assert re.search(
        r"stopped and saved, [01] of 2 trainings finished; go on with `tinyinception study .* --sched", told
    )
    assert not [folder for folder in out.glob("runs/*/0") if holder(folder)]
    assert not all((folder / "result.json").exists() for folder in out.glob("runs/*/0"))
    assert not any(farm.client.processing().values())
    assert main([*words, "--quiet"]) == 0
    assert {arm: bits(out / "runs" / arm / "0") for arm in undisturbed} == undisturbed


# -- several machines --------------------------------------------------------------------------------------------------


def test_machines_compile_once_each_and_wait_for_each_other(file, undisturbed, tmp_path, monkeypatch):
    """A process of beta has the run that is given to alpha first, which gives it back; later that process dies."""
    [task, _], asked = tasks_of(file, tmp_path / "out"), []
    make(task.folder)
    submit = trainings.Trainings._submit

    def note(self, function, what, job, workers):
        asked.append((function, workers))
        submit(self, function, what, job, workers)

    monkeypatch.setattr(trainings.Trainings, "_submit", note)
    with Farm(tmp_path / "farm") as farm, subprocess.Popen(["sleep", "1000"]) as sleeper:
        farm.worker(PRETENDED_HOST="alpha")
        farm.worker(PRETENDED_HOST="beta", host="127.0.0.2")
        farm.worker(PRETENDED_HOST="beta", host="127.0.0.2")
        alpha, *beta = sorted(farm.client.nthreads())
        lock = task.folder / "lock.json"
        lock.write_text(json.dumps({"host": "beta", "pid": sleeper.pid, "token": "x"}), encoding="utf-8")
        told = []
        monkeypatch.setattr(trainings, "say", lambda text: (told.append(text), sleeper.kill(), sleeper.wait()))
        [(_, outcome)] = run(farm.address, [task])
        assert outcome == settled(task)
        assert bits(task.folder) == undisturbed["low"]
        kernels, rest = asked[:2], asked[2:]
        assert {function for function, _ in kernels} == {dask_worker.compile_kernels}
        assert {workers[0] for _, workers in kernels} in [{alpha, one} for one in beta]
        assert rest == [(dask_worker.train, [alpha]), (dask_worker.train, ["127.0.0.2", "127.0.0.2"])]
        assert [text.partition(",")[0] for text in told] == [f"rates/low/0: process {sleeper.pid} still trains it"]


def test_a_run_of_a_machine_that_has_no_worker_is_not_touched(farm, file, tmp_path):
    farm.living(2)
    [task, _] = tasks_of(file, tmp_path)
    lock = make(task.folder) / "lock.json"
    lock.write_text('{"host": "gamma", "pid": 1, "token": "x"}', encoding="utf-8")
    [(_, error)] = run(farm.address, [task])
    assert re.search(f"process 1 on gamma, another machine; if that is no longer so, delete {lock}", str(error))
    assert list(task.folder.iterdir()) == [lock]


# -- what cannot be ----------------------------------------------------------------------------------------------------


def test_two_studies_in_one_folder_are_refused(farm, file, tmp_path):
    farm.living(1)
    with (
        studies.connect(farm.address) as scheduler,
        locked(make(tmp_path / "out")),
        pytest.raises(CheckpointError, match=r"is being trained by process \d+ on"),
    ):
        studies.run(studies.load(file), tmp_path / "out", scheduler=scheduler, progress=False)
    assert not list((tmp_path / "out").iterdir())


def test_a_folder_that_is_not_shared_is_refused_before_any_training(farm, file, tmp_path, monkeypatch):
    @contextmanager
    def beside(path, contents):
        yield Path("/nowhere") / path.name

    farm.living(2)
    with studies.connect(farm.address) as scheduler:
        scheduler.check(make(tmp_path / "out"))
        assert not list((tmp_path / "out").iterdir())
        monkeypatch.setattr(cluster, "beside", beside)
        told = r"^out: worker tcp://\S+ does not see it: /nowhere must be a folder that all machines share, at the same"
        with pytest.raises(CheckpointError, match=told):
            studies.run(studies.load(file), tmp_path / "out", scheduler=scheduler, progress=False)
    assert not (tmp_path / "out" / "runs").exists()


def test_what_a_worker_says_of_a_folder(tmp_path):
    probe = tmp_path / "probe"
    assert dask_worker.sees(str(probe), "mine") == "does not see it"
    probe.write_text("another one's", encoding="utf-8")
    assert dask_worker.sees(str(probe), "mine") == "sees another folder of that name"
    probe.write_text("mine", encoding="utf-8")
    assert dask_worker.sees(str(probe), "mine") == ""
    assert list(tmp_path.iterdir()) == [probe]


def test_a_scheduler_without_workers_or_with_others_is_refused_in_a_line(tmp_path):
    """Others: of another source, and of a version that knows no Dask; the worker is named."""
    other = tmp_path / "other" / "tinyinception"
    shutil.copytree(Path(tinyinception.__file__).parent, other, ignore=shutil.ignore_patterns("__pycache__"))
    with Farm(tmp_path / "farm") as farm:
        with pytest.raises(
            CheckpointError, match=f"^scheduler {farm.address}: it has no workers after 1 s; `dask work"
        ):
            cluster.Cluster(farm.address, wait=1)
        loop = other / "train" / "loop.py"
        loop.write_text(loop.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
        farm.worker(package=other.parent)
        told = r"its worker tcp://\S+ has tinyinception's source \w{12}, not \w{12} as there is here; a study wants"
        with pytest.raises(CheckpointError, match=rf"^scheduler {farm.address}: {told}"):
            studies.connect(farm.address)
        farm.processes[-1].kill()
        farm.processes[-1].wait()
        (other / "studies" / "dask_worker.py").unlink()
        farm.living(0)
        farm.worker(package=other.parent)
        told = r"its worker tcp://\S+ does not say which tinyinception it has: ModuleNotFoundError.*dask_worker"
        with pytest.raises(CheckpointError, match=told):
            studies.connect(farm.address)


def test_what_is_no_scheduler_is_refused_in_a_line():
    for address in ("localhost", "tcp://127.0.0.1", "", 8786):
        with pytest.raises(
            ArgumentError, match=r"^scheduler must be the address of Dask's, such as tcp://127\.0\.0\.1:"
        ):
            studies.connect(address)
    for address in ("tcp://127.0.0.1:1", "tls://127.0.0.1:1", "gopher://127.0.0.1:1"):
        told = rf"^scheduler: no connection to {address} within 0\.5 s: .+"
        with pytest.raises(CheckpointError, match=told) as caught:
            cluster.Cluster(address, wait=0.5)
        assert "\n" not in str(caught.value)


def test_without_the_library_a_line_says_how_to_have_it(monkeypatch, file, capsys):
    monkeypatch.delitem(sys.modules, "tinyinception.studies.cluster")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["study", str(file), "--scheduler", "tcp://127.0.0.1:8786"]) == 1
    assert capsys.readouterr().err == (
        "tinyinception: error: scheduler: this needs distributed; install it with pip install 'tinyinception[study]'\n"
    )


def test_how_many_at_a_time_is_for_the_workers_to_say(farm, file, capsys):
    farm.living(1)
    with studies.connect(farm.address) as scheduler, pytest.raises(ArgumentError, match=r"^threads: with a scheduler"):
        studies.plan(studies.load(file), scheduler=scheduler, threads=1)
    assert main(["study", str(file), "--scheduler", farm.address, "--workers", "2"]) == 2
    assert "study --workers goes without --scheduler, whose workers have it" in capsys.readouterr().err
