"""Surroundings: closed streams, other people's settings of libraries, folders one may not write, forks and threads."""

import json
import os
import textwrap

from tests.campaign import command
from tests.campaign.outcome import Case
from tests.campaign.registry import kind

ENVIRONMENT = "environment"
TRAIN = ("train", "--model", "single_5x5_cifar", "--limit", "16", "--epochs", "1", "--out", "run", "--json")


def trained(words, **environment):
    """A training whose result must be there whatever becomes of its pictures."""

    def go():
        answer = command.process(*words, **environment)
        with open("run/result.json", encoding="utf-8") as file:
            assert json.load(file)["epochs"] == 1
        assert not answer or json.loads(answer)["epochs"] == 1

    return go


@kind(ENVIRONMENT, 0.5)
def matplotlib_of_others(rng, place):
    what = [
        "module://matplotlib_inline.backend_inline",
        "TkAgg",
        "nonsense",
        "module://nowhere",
        "",
        "usetex",
        "a broken rc",
        "fonts",
        "a style",
    ][rng.integers(9)]
    rc = {
        "usetex": "text.usetex: True\n",
        "a broken rc": "lines.linewidth: wide\nno such thing\n\xff: 1\n",
        "fonts": "font.family: NoSuchFont\n",
        "a style": "figure.dpi: 3000\nsavefig.dpi: 1\naxes.prop_cycle: cycler('color', [])\n",
    }
    environment = {"MPLBACKEND": what}
    if what in rc:
        (place.folder / "matplotlibrc").write_text(rc[what], encoding="latin-1")
        environment = {"MATPLOTLIBRC": str(place.folder / "matplotlibrc")}
    words = ("summary", "single_5x5_cifar", "--draw", "picture.png")
    if rng.random() < 0.5:
        return Case(f"{what!r} in matplotlib, train", trained(TRAIN, **environment), valid=True, seconds=150.0)

    def go():
        command.process(*words, **environment)
        assert (place.folder / "picture.png").stat().st_size > 5000

    return Case(f"{what!r} in matplotlib, summary --draw", go, valid=True, seconds=150.0)


@kind(ENVIRONMENT, 0.5)
def closed_streams(rng, place):
    closed = (">&-", "2>&-", "<&-", ">&- 2>&-", ">&- 2>&- <&-", ">/dev/full", "2>/dev/full")[rng.integers(7)]
    line = [
        ("summary", "single_5x5_cifar"),
        ("data", "list"),
        ("--version",),
        ("evaluate", str(place.shared / "run")),
        TRAIN,
        ("nonsense",),
        ("lesson",),
    ][rng.integers(7)]
    fails = line == ("nonsense",) or (
        closed == ">/dev/full" and line[0] != "train"
    )  # a full disk is an error, and one line

    def go():
        command.process(*line, shell=closed)
        assert line != ("nonsense",), "accepted"
        if line == TRAIN:
            assert (place.folder / "run" / "result.json").exists(), "no result"

    muted = "2>" in closed  # then the exit status is all that can tell
    return Case(f"{line[0]} {closed}", _status_alone(go) if muted and fails else go, valid=not fails, seconds=150.0)


def _status_alone(go):
    """With standard error closed there is no line to look for: it must have failed, and not by a signal."""

    def run():
        from tests.campaign.outcome import Raw

        try:
            go()
        except Raw as raw:
            if not str(raw).startswith(("exit status 1 with 0", "exit status 2 with 0")):
                raise

    return run


@kind(ENVIRONMENT, 0.5)
def numba_of_others(rng, place):
    settings = [
        {"NUMBA_THREADING_LAYER": "tbb"},
        {"NUMBA_THREADING_LAYER": "nonsense"},
        {"NUMBA_NUM_THREADS": "0"},
        {"NUMBA_NUM_THREADS": "x"},
        {"NUMBA_THREADING_LAYER": "workqueue"},
        {"NUMBA_NUM_THREADS": "64"},
        {"NUMBA_THREADING_LAYER_PRIORITY": "tbb"},
        {"OMP_NUM_THREADS": "1"},
        {"NUMBA_THREADING_LAYER": ""},
    ][rng.integers(9)]

    def go():
        try:
            trained(TRAIN, **settings)()
        except Exception:
            assert not os.path.exists("run"), "a run that could not begin is left behind"
            raise

    return Case(f"train with {settings}", go, seconds=200.0)


@kind(ENVIRONMENT, 0.35)
def folders_that_cannot_be_written(rng, place):
    what = (
        "NUMBA_CACHE_DIR is a file",
        "HOME is nowhere",
        "TINYINCEPTION_DATA is a file",
        "MPLCONFIGDIR is a file",
        "TMPDIR is nowhere",
        "the run folder is on a full disk",
    )[rng.integers(6)]
    (place.folder / "file").write_text("", encoding="utf-8")
    file = str(place.folder / "file")
    environment = {
        "NUMBA_CACHE_DIR is a file": {"NUMBA_CACHE_DIR": f"{file}/x"},
        "HOME is nowhere": {"HOME": "/nowhere", "XDG_CACHE_HOME": "/nowhere"},
        "TINYINCEPTION_DATA is a file": {"TINYINCEPTION_DATA": f"{file}/x"},
        "MPLCONFIGDIR is a file": {"MPLCONFIGDIR": f"{file}/x"},
        "TMPDIR is nowhere": {"TMPDIR": "/nowhere"},
    }.get(what, {})
    words = TRAIN
    if what == "TINYINCEPTION_DATA is a file":
        words = ("data", "fetch", "mnist", "--from", str(place.folder))
    if what == "the run folder is on a full disk":
        words = tuple("/proc/run" if word == "run" else word for word in TRAIN)
    fails = "TINYINCEPTION_DATA" in what or "full" in what

    def go():
        command.process(*words, seconds=250.0, **environment)  # without a cache every kernel is compiled
        assert not fails, "accepted"

    return Case(what, go, valid=not fails, seconds=260.0)


PROLOGUE = """
import sys, threading, multiprocessing
import numpy as np
from tinyinception import models
from tinyinception.tensor import Tensor, no_grad
network = models.build("single_5x5_cifar").eval()
images = np.ones((2, 32, 32, 3), np.float32)
def run(_=None):
    with no_grad():
        return float(network(Tensor(images)).logits.numpy().sum())
"""
PROGRAMS = {
    "a Pool after a kernel": """
first = run()
with multiprocessing.get_context("fork").Pool(2) as pool:
    found = pool.map_async(run, [1, 2, 3]).get(timeout=60)
assert max(abs(x - first) for x in found) < 1e-3
""",
    "os.fork after a kernel": """
import os
first = run()
child = os.fork()
if child == 0:
    os._exit(0 if abs(run() - first) < 1e-3 else 3)
status = os.waitpid(child, 0)[1]
assert status == 0, status
""",
    "training in a forked child": """
import os
from tinyinception import nn, optim
def step():
    layer = nn.Conv2d(3, 8, 3, padding="same")
    (layer(Tensor(images)) * 1.0).sum().backward()
    return layer.weight.grad.sum()
right = step()
child = os.fork()
if child == 0:
    os._exit(0 if abs(step() - right) < 1e-3 * abs(right) else 3)
assert os.waitpid(child, 0)[1] == 0
""",
    "spawned children": """
first = run()
import concurrent.futures
with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
    assert pool.submit(abs, -3).result(timeout=60) == 3
""",
    "two threads": """
first, found = run(), []
threads = [threading.Thread(target=lambda: found.extend(run() for _ in range(20))) for _ in range(3)]
[one.start() for one in threads]
[one.join() for one in threads]
assert len(found) == 60, len(found)
assert max(abs(x - first) for x in found) < 1e-3
""",
    "the first kernel in a thread": """
found = []
threads = [threading.Thread(target=lambda: found.append(run())) for _ in range(3)]
[one.start() for one in threads]
[one.join() for one in threads]
assert len(found) == 3 and max(found) - min(found) < 1e-3
""",
    "training in a thread": """
import tempfile
from tinyinception import train
config = train.Config(model="single_5x5_cifar", limit=16, epochs=1)
done = []
one = threading.Thread(target=lambda: done.append(train.fit(config, tempfile.mkdtemp() + "/run", progress=False)))
one.start()
one.join()
assert done[0].epochs == 1
""",
}


@kind(ENVIRONMENT, 0.75)
def forks_and_threads(rng, place):
    """A fork after a kernel, and kernels from several threads: right results or an error of Python's."""
    name = list(PROGRAMS)[rng.integers(len(PROGRAMS))]
    layer = ("default", "workqueue", "omp")[rng.integers(3)]

    def go():
        command.python(PROLOGUE + textwrap.dedent(PROGRAMS[name]), seconds=100.0, NUMBA_THREADING_LAYER=layer)

    return Case(f"{name}, layer {layer}", go, seconds=110.0)
