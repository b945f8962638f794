"""Ranks without MPI: processes of this machine, joined by pipes; for lessons, for tests, and to read what MPI does."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any

import numpy as np

from tinyinception.errors import TinyInceptionError
from tinyinception.train.ranks import THREADS, Ranks


class Pipes(Ranks):
    """Rank 0 has two pipes to each of the others, one to read from and one to write to; the others have two to it."""

    def __init__(self, rank: int, size: int, pipes: Sequence[tuple[IO[bytes], IO[bytes]]]) -> None:
        self.rank, self.size, self.pipes = rank, size, pipes

    @classmethod
    def of_child(cls, rank: int, size: int) -> Pipes:
        """Those of a process that was started by `beside`; what it prints goes to standard error from then on."""
        pipes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        return cls(rank, size, [pipes])

    def gather(self, thing: Any) -> list[Any]:
        if self.rank:
            self._send(0, thing)
            return self._receive(0)
        things = [thing, *map(self._receive, range(self.size - 1))]
        for other in range(self.size - 1):
            self._send(other, things)
        return things

    def add(self, numbers: np.ndarray) -> None:
        if self.rank:
            self._send(0, numbers)
            numbers[...] = self._receive(0)
            return
        for other in range(self.size - 1):
            numbers += self._receive(other)
        for other in range(self.size - 1):
            self._send(other, numbers)

    def end(self, status: int) -> None:
        for pipe in (one for pair in self.pipes for one in pair):
            with suppress(OSError):
                pipe.close()

    def _send(self, other: int, thing: Any) -> None:
        try:
            pickle.dump(thing, self.pipes[other][1], pickle.HIGHEST_PROTOCOL)
            self.pipes[other][1].flush()
        except (OSError, ValueError) as error:
            raise self._lost(other) from error

    def _receive(self, other: int) -> Any:
        try:
            return pickle.load(self.pipes[other][0])
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise self._lost(other) from error

    def _lost(self, other: int) -> TinyInceptionError:
        number = 0 if self.rank else other + 1
        return TinyInceptionError(f"rank {number} of {self.size} has ended; the last checkpoint is kept")


@contextmanager
def beside(code: str, size: int = 2) -> Iterator[Pipes]:
    """This process as rank 0, and others that run `code`, in which `ranks` are theirs; for lessons and tests."""
    cores = str(max(1, (os.cpu_count() or 1) // size))
    environment = {**dict.fromkeys(THREADS, cores), **os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    begin = "from tinyinception.train.pipes import Pipes; ranks = Pipes.of_child"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", f"{begin}({rank}, {size})\n{code}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        for rank in range(1, size)
    ]
    pairs = [(child.stdout, child.stdin) for child in children if child.stdout and child.stdin]
    ranks = Pipes(0, size, pairs)
    try:
        yield ranks
    finally:
        ranks.end(0)
        for child in children:
            child.wait()
