"""Numba's threads: whether they can be had, one launch at a time where they need that, and what is left after a fork.

Numba is imported only when it is asked for.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from functools import cache, wraps

from tinyinception.errors import ArgumentError

THREADS_PER_CORE = 16  # at most; the system refuses thousands of threads, and then the process ends without a word

forked = False  # whether the threads stayed behind in the process from which this one was forked
_turn = threading.RLock()


@cache
def start() -> str:
    """Import Numba and start its threads; returns the name of its threading layer.

    Raises ArgumentError where the environment asks Numba for what it cannot give.
    """
    _check_environment()
    # How long a thread that is done spins before it sleeps. GNU OpenMP spins for milliseconds: fine on an idle machine,
    # but as soon as anything else wants a core, threads spin while the one they wait for is not even running. Beside
    # one busy process, 1000 was three times as fast as 10000 (40 for 120 ms a step of batch 8), and alone no slower.
    # It is read when Numba loads the library, which is now.
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
    import numba

    try:
        numba.get_num_threads()
    except Exception as error:  # a ValueError of several lines
        asked = numba.config.THREADING_LAYER  # type: ignore[attr-defined]  # which Numba makes as it starts
        raise ArgumentError(
            f"NUMBA_THREADING_LAYER must be one that Numba can load here, got {asked!r}: {' '.join(str(error).split())}"
        ) from error
    return numba.threading_layer()


def number() -> int:
    """How many threads kernels would take that are launched now."""
    start()
    return sys.modules["numba"].get_num_threads()


def _check_environment() -> None:
    """Refuse what would make `import numba` or LLVM fail in its own way; OMP_NUM_THREADS is the default of Numba's."""
    most = THREADS_PER_CORE * (os.cpu_count() or 1)
    if wanted := os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip():  # of nested regions, the outermost
        if not (wanted.isdecimal() and int(wanted) >= 1):
            raise ArgumentError(f"OMP_NUM_THREADS must be a whole number of at least 1, got {wanted!r}")
        os.environ.setdefault("NUMBA_NUM_THREADS", str(min(int(wanted), os.cpu_count() or 1)))
    threads = os.environ.get("NUMBA_NUM_THREADS")
    if threads is not None and not (threads.strip().isdecimal() and 1 <= int(threads) <= most):
        raise ArgumentError(f"NUMBA_NUM_THREADS must be a whole number from 1 to {most}, got {threads!r}")
    features = os.environ.get("NUMBA_CPU_FEATURES", "")
    if not all(feature.startswith(("+", "-")) for feature in features.split(",") if feature):
        raise ArgumentError(f"NUMBA_CPU_FEATURES must be a list such as '+avx2,-avx512f', got {features!r}")


def in_turn(function: Callable) -> Callable:
    """The function, in one thread of Python after the other: Numba's workqueue layer aborts where two meet."""

    @wraps(function)
    def wait(*args, **kwargs):
        with _turn:
            return function(*args, **kwargs)

    return wait


def turn() -> AbstractContextManager:
    """Context of several launches, during which no other thread of Python launches any where that would abort."""
    return _turn if start() == "workqueue" else nullcontext()


def _after_fork() -> None:
    """GNU OpenMP ends a child that launches a kernel after its parent's threads were started."""
    global forked, _turn
    _turn = threading.RLock()  # it may have been held by a thread that the child has not
    with suppress(KeyError, AttributeError, ValueError):  # Numba is not there yet, or has no threads yet
        forked = forked or sys.modules["numba"].threading_layer() == "omp"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
