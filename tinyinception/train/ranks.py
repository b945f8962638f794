"""Data-parallel training: several processes, the ranks, each of which takes its part of every batch.

    mpirun -n 2 tinyinception train ...          # with mpi4py, the extra `mpi`

Each rank has the whole network, makes the whole batch, which is a function of seed, epoch and number, and keeps its
slice. Between backward and the update, gradients become their means over all images of the batch; so do, in the same
message, losses and running statistics. After each step, therefore, all ranks have the same numbers, and rank 0 alone
writes, prints and draws. NaN on one rank is NaN in the means, so all see it; Ctrl-C on one is asked for at each step.

Without batch-norm and dropout, losses are those of one process to rounding. Batch-norm normalises the part of each rank
for itself, as PyTorch's DistributedDataParallel has it; its running statistics, with which a network is tested and
saved, are the means of the ranks'. Dropout draws anew on each rank in each step, from (seed, rank, step). So the number
of ranks is a part of what a run is: it stands in config.json, with batch-norm's rule, and as many continue the run.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import numpy as np

from tinyinception.errors import ArgumentError, NonFiniteError, TinyInceptionError
from tinyinception.kernels import memory, threads
from tinyinception.terminal import quiet, say

SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE")  # by which mpirun tells a process how many there are
LAUNCHED = (*SIZES, "PMIX_RANK")  # that it was launched by mpirun or srun
THREADS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS")

Result = TypeVar("Result")
Error = TypeVar("Error", bound=BaseException)


class Ranks:
    """One process alone, and what all kinds share. rank: which of them this is, from 0. size: how many there are.

    A kind brings `gather`, `add` and `end`, the first two of which all ranks call at the same time.
    """

    rank, size = 0, 1
    agreed: BaseException | None = None  # what every rank raises, so that none waits for it

    def gather(self, thing: Any) -> list[Any]:
        """What the ranks give, in their order; the same on all of them."""
        return [thing]

    def add(self, numbers: np.ndarray) -> None:
        """Replace numbers by their sums over the ranks: the same bits on all of them."""

    def end(self, status: int) -> None:
        """End the other ranks."""

    @property
    def told(self) -> str:
        """How many they are."""
        return f"{self.size} ranks, each with {threads.number()} thread{'s' * (threads.number() > 1)}"

    def part(self, images: int) -> slice:
        """Which of so many images are this rank's: sizes of parts differ by one at most."""
        return slice(images * self.rank // self.size, images * (self.rank + 1) // self.size)

    def mean(self, share: np.ndarray, *arrays: np.ndarray) -> None:
        """Replace arrays by their means over the ranks, as one message. share: one number, this rank's weight."""
        flat = memory.empty((sum(array.size for array in arrays),), np.result_type(*(array.dtype for array in arrays)))
        ends = np.cumsum([array.size for array in arrays])
        places = [flat[end - array.size : end].reshape(array.shape) for array, end in zip(arrays, ends, strict=True)]
        for array, place in zip(arrays, places, strict=True):
            np.multiply(array, float(share[0]), out=place)
        self.add(flat)
        for array, place in zip(arrays, places, strict=True):
            np.copyto(array, place, casting="same_kind")

    def sum(self, number: int) -> int:
        """The sum of what the ranks give."""
        return sum(self.gather(number))

    def any(self, flag: int) -> int:
        """The largest of what the ranks give: not 0 where one of them says so."""
        return max(self.gather(flag))

    def culprit(self, found: str) -> str:
        """Who made the NaN, as it was found by the first rank that had any."""
        told = [f"{text}, on rank {rank}" for rank, text in enumerate(self.gather(found)) if "nothing: " not in text]
        return told[0] if told and self.size > 1 else found

    def agree(self, error: Error) -> Error:
        """An error that every rank raises at this place; rank 0 tells it."""
        self.agreed = error
        error.__dict__["told"] = self.rank > 0
        return error

    def together(self, work: Callable[[], Result]) -> Result:
        """What `work` returns; where it fails on a rank, all raise the first such error. In it, ranks do not meet."""
        if self.size == 1:
            return work()
        result, problem, reason = None, None, None
        try:
            result = work()
        except (TinyInceptionError, OSError) as error:
            problem, reason = error, (type(error) if isinstance(error, TinyInceptionError) else OSError, str(error))
        for rank, failed in enumerate(self.gather(reason)):
            if failed is not None:
                kind, text = failed
                raise self.agree(kind(f"rank {rank} of {self.size}: {text}" if rank else text)) from problem
        return result  # type: ignore[return-value]  # since nothing was raised

    def lead(self, work: Callable[[], Result]) -> Result:
        """What `work` returns on rank 0, on all of them; only there it is done."""
        return work() if self.size == 1 else self.gather(self.together(lambda: None if self.rank else work()))[0]

    def in_turn(self, work: Callable[[], Result]) -> Result:
        """`together`, but on rank 0 before the others, for whom it may leave something, such as downloaded files."""
        done = self.together(lambda: None if self.rank else work())
        return self.together(lambda: work() if self.rank else done)  # type: ignore[return-value]

    def same(self, **things: Any) -> None:
        """Raises ArgumentError where a rank has others than rank 0."""
        first, *others = self.gather(things)
        for rank, other in enumerate(others, 1):
            if differing := [name for name in first if first[name] != other[name]]:
                raise self.agree(ArgumentError(f"ranks: rank {rank} has other {differing[0]} than rank 0"))


class Mpi(Ranks):
    """The ranks of an MPI communicator, and as many threads for each as its cores allow, unless somebody chose."""

    def __init__(self, mpi: Any) -> None:
        self.mpi, self.comm = mpi, mpi.COMM_WORLD
        self.rank, self.size = self.comm.Get_rank(), self.comm.Get_size()
        here = self.comm.Split_type(mpi.COMM_TYPE_SHARED).Get_size()
        if not any(name in os.environ for name in THREADS):
            from tinyinception.kernels import jit

            jit.set_threads(max(1, min(threads.number(), (os.cpu_count() or 1) // here)))

    def gather(self, thing: Any) -> list[Any]:
        return self.comm.allgather(thing)

    def add(self, numbers: np.ndarray) -> None:
        self.comm.Allreduce(self.mpi.IN_PLACE, numbers)

    def end(self, status: int) -> None:
        self.comm.Abort(status)


@cache
def here() -> Ranks:
    """The ranks that mpirun or srun has started, this process among them; else this process alone.

    Raises ArgumentError where there are several, and no mpi4py that knows of them.
    """
    told = next((os.environ[name] for name in SIZES if name in os.environ), None)
    if told == "1" or not any(name in os.environ for name in LAUNCHED):
        return Ranks()
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # the latter where there is no MPI
        reason = "" if isinstance(error, ModuleNotFoundError) else f" ({' '.join(str(error).split())})"
        raise ArgumentError(
            f"ranks: several processes train together through mpi4py{reason}; install it with "
            "pip install 'tinyinception[mpi]'"
        ) from error
    found = MPI.COMM_WORLD.Get_size()
    if told is not None and told != str(found):
        raise ArgumentError(f"ranks: mpirun has started {told} processes, mpi4py sees {found}; it is of another MPI")
    return Mpi(MPI) if found > 1 else Ranks()


@contextmanager
def started(ranks: Ranks | None) -> Iterator[Ranks]:
    """Inside, a rank that fails alone says why, and ends the others; those after the first are quiet."""
    ranks = here() if ranks is None else ranks
    if ranks.size == 1:
        yield ranks
        return
    with quiet(ranks.rank > 0):
        try:
            yield ranks
        except BaseException as error:
            if error is not ranks.agreed:
                _tell(ranks, error)
                ranks.agree(error).__dict__["told"] = True
                ranks.end(3 if isinstance(error, NonFiniteError) else getattr(error, "status", 1))
            raise


def _tell(ranks: Ranks, error: BaseException) -> None:
    if not isinstance(error, (TinyInceptionError, OSError, KeyboardInterrupt)):
        traceback.print_exception(error)
    reason = str(error) or type(error).__name__
    say(f"tinyinception: error: rank {ranks.rank} of {ranks.size}: {reason}", always=True, style="red")
