"""Who gets how many cores: as many trainings at a time as cores // threads."""

from __future__ import annotations

from numbers import Integral
from typing import NamedTuple

from tinyinception.checks import number
from tinyinception.machine import cores as cores_here


class Shares(NamedTuple):
    """workers: trainings at a time. threads: of each."""

    workers: int
    threads: int


def shares(
    trainings: int, *, workers: int | None = None, threads: int | None = None, cores: int | None = None
) -> Shares:
    """The rule: threads are cores // trainings, at least 1, and workers cores // threads, never more than trainings.

    So each training has one thread unless there are fewer trainings than cores: results do not depend on it, and
    several trainings with a thread each use cores better than one with several. Either may be given; where only
    workers are, threads are cores // workers. cores: those of this process unless given. Raises ArgumentError for
    more of either than there are cores.
    """
    cores, trainings = cores or cores_here(), max(trainings, 1)
    if workers is not None:
        number("workers", workers, f"[1, {cores}]", Integral)
    if threads is not None:
        number("threads", threads, f"[1, {cores}]", Integral)
    if threads is None:
        threads = max(1, cores // (workers or trainings))
    if workers is None:
        workers = max(1, cores // threads)
    return Shares(min(workers, trainings), threads)
