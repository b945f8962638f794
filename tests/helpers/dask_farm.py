"""A real Dask cluster on this machine: a scheduler and workers, each a process that a test may kill."""

import json
import os
import subprocess
import sys

import psutil
from distributed import Client

from tests.helpers.waiting import wait_for
from tinyinception.studies.tasks import environment
from tinyinception.train.lock import holder

# A worker, and what it starts, is on a machine with the name that a test gives it.
PRETENDS = """
import os, socket
if name := os.environ.get("PRETENDED_HOST"):
    socket.gethostname = lambda: name
"""


class Farm:
    """A scheduler, and the workers that `worker` starts, in a folder of its own. variables: of its environment."""

    def __init__(self, folder, **variables):
        folder.mkdir(exist_ok=True)
        self.folder, self.processes = folder, []
        (folder / "sitecustomize.py").write_text(PRETENDS, encoding="utf-8")
        file = folder / "scheduler.json"
        words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
        self.scheduler = self._start("scheduler", *words, **variables)
        wait_for(lambda: file.exists() and file.stat().st_size)
        self.address = json.loads(file.read_text(encoding="utf-8"))["address"]
        self.client = Client(self.address, set_as_default=False)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.close()
        for process in self.processes:
            process.kill()
            process.wait()

    def worker(self, *words, host="127.0.0.1", package=None, **variables):
        """Start one more. package: the folder of another tinyinception than this one."""
        before = len(self.client.nthreads())
        path = os.pathsep.join(map(str, [self.folder, package or environment(1)["PYTHONPATH"]]))
        place = ["--no-nanny", "--no-dashboard", "--host", host, "--local-directory", str(self.folder / "local")]
        words = [self.address, "--nthreads", "1", *place, *words]
        process = self._start("worker", *words, PYTHONPATH=path, **variables)
        wait_for(lambda: len(self.client.nthreads()) > before)
        return process

    def living(self, n):
        """Those that live, started anew as far as there are not n; the scheduler knows just these."""
        workers = [one for one in self.processes if one is not self.scheduler and one.poll() is None]
        wait_for(lambda: len(self.client.nthreads()) == len(workers))
        return workers + [self.worker() for _ in range(n - len(workers))]

    def holding(self, folder):
        """(the worker that trains a run, the process that does it for it)."""
        child = holder(folder)
        parent = psutil.Process(child).ppid()
        return next(one for one in self.processes if one.pid == parent), child

    def _start(self, *words, **variables):
        with open(self.folder / f"{words[0]}.log", "ab") as log:
            command = [sys.executable, "-m", "dask", *words]
            process = subprocess.Popen(command, cwd=self.folder, env=os.environ | variables, stdout=log, stderr=log)
        self.processes.append(process)
        return process
