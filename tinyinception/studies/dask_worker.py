"""What a Dask worker does for a study, as `cluster` and `trainings` ask: says what it is, compiles, trains, stops."""

from __future__ import annotations

import os
import socket
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import Any, NamedTuple

from distributed import Reschedule, WorkerPlugin, get_worker
from distributed.comm import get_address_host

import tinyinception
from tinyinception.errors import CheckpointError
from tinyinception.files import digest_of
from tinyinception.machine import cores, here
from tinyinception.studies.tasks import Children, Outcome, Stopping, Task, run_one
from tinyinception.train.lock import elsewhere

TOPIC, NAME = "tinyinception-{}", "tinyinception"  # of what a worker tells the client of a study, and of its plugin

# By study, which is to say by the token of one run of it: the processes that this worker has started.
_children: dict[str, Children] = {}
_asked: set[str] = set()  # the studies that are to stop; others stop because the worker closes


class Elsewhere(Exception):
    """Another machine's process trains this run. host: that machine. told: what to do if that is not so."""

    def __init__(self, host: str, told: str) -> None:
        super().__init__(host, told)
        self.host, self.told = host, told


class Facts(NamedTuple):
    """What a worker is. place: where its compiled kernels are kept; workers of one place share them."""

    host: str
    machine: str
    cores: int
    threads: int
    place: tuple[str, str, str]
    versions: dict[str, str]


def facts(dask_worker: Any = None) -> Facts:
    """Of this process; Dask fills in its worker."""
    host, package = socket.gethostname(), Path(tinyinception.__file__).parent
    versions = {
        "tinyinception": tinyinception.__version__,
        "tinyinception's source": _sources(),
        "Python": python_version().rpartition(".")[0],
        **{name: version(name) for name in ("numpy", "numba", "distributed")},
    }
    cache = os.environ.get("NUMBA_CACHE_DIR")
    place = (host, str(package), os.path.abspath(cache) if cache else "")
    threads = dask_worker.state.nthreads if dask_worker is not None else cores()
    return Facts(host, here(), cores(), threads, place, versions)


@cache
def _sources() -> str:
    """A digest of all of this package: its version says little in a clone."""
    package = Path(tinyinception.__file__).parent
    return digest_of(package.rglob("*.py"), package)[:12]


def share(threads: int, cores: int, workers: int) -> int:
    """Of a training: the threads of its worker, but never more than what each worker of this machine has of its cores.

    >>> share(threads=8, cores=8, workers=2)
    4
    """
    return max(1, min(threads, cores // max(workers, 1)))


def crowds(workers: Iterable[str]) -> dict[str, int]:
    """How many of these addresses each machine has."""
    return dict(Counter(get_address_host(worker) for worker in workers))


def sees(path: str, text: str) -> str:
    """Why this worker cannot use the folder in which the client has left a file with this text; empty if it can."""
    probe = Path(path)
    try:
        if probe.read_text(encoding="utf-8") != text:
            return "sees another folder of that name"
        own = probe.with_name(f"{probe.name}.{socket.gethostname()}.{os.getpid()}.tmp")
        own.write_text(text, encoding="utf-8")
        own.unlink()
    except FileNotFoundError:
        return "does not see it"
    except OSError as error:
        return f"cannot use it ({error.strerror or error})"
    return ""


def compile_kernels(configs: Sequence[str], token: str, crowd: Mapping[str, int]) -> None:
    """Make steps of these networks in a process of its own, which leaves its kernels on disk for the next ones.

    What fails here fails again in the training, which says why.
    """
    code = "import sys; from tinyinception.studies.estimate import rehearse; rehearse(sys.argv[1:])"
    try:
        _of(token).run([sys.executable, "-c", code, *configs], Path(os.devnull), _share(crowd))
    except Stopping:
        _give_back(token)


def train(task: Task, token: str, crowd: Mapping[str, int]) -> Outcome:
    """`run_one` with this worker's share of its machine. crowd: how many workers there are, by Dask's host.

    Raises as it does, and Elsewhere.
    """
    worker = get_worker()
    try:
        return run_one(
            replace(task, threads=_share(crowd)),
            _of(token),
            lambda text: worker.log_event(TOPIC.format(token), text),
        )
    except Stopping:
        _give_back(token)
        raise
    except CheckpointError as error:
        if (host := elsewhere(task.folder)) is not None:
            raise Elsewhere(host, str(error)) from None
        raise


def stop(token: str, at_once: bool = False) -> None:
    """Let what this worker trains for a study save and end, once; at_once: without saving."""
    _asked.add(token)
    children = _children.setdefault(token, Children())
    if at_once or not children.stopping:
        children.stop(at_once)


class Farewell(WorkerPlugin):
    """A worker that closes lets its trainings save and end: others go on with them."""

    def teardown(self, worker: Any) -> None:
        """As Dask closes the worker."""
        for children in _children.values():
            if not children.stopping:
                children.stop()


def _of(token: str) -> Children:
    get_worker().plugins.setdefault(NAME, Farewell())
    return _children.setdefault(token, Children())


def _share(crowd: Mapping[str, int]) -> int:
    worker = get_worker()
    return share(worker.state.nthreads, cores(), crowd.get(get_address_host(worker.address), 1))


def _give_back(token: str) -> None:
    """A task that stopped, though nobody asked its study to, is for another worker."""
    if token not in _asked:
        raise Reschedule from None
