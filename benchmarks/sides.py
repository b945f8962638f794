"""Sides of a comparison, each in a process of its own, taking turns.

Two libraries in one process share threads, caches and allocator, and two runs at different times meet a different
machine. So each side is a child process with the same number of threads on the same cores, and in every round each is
asked for one turn, in rotating order; what disturbs the machine then disturbs all.

A target "package.module:function" is a function from a case (a dict) to a callable that does one repetition, or to a
dict of such callables by name. It imports its library itself: an ImportError makes the side `missing`, `NotSupported`
makes the case `unsupported`, any other exception `failed`, each with the reason. What a callable returns, where JSON
can hold it, comes back to the caller of `Side.run`, so that a profile is just one more callable.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from benchmarks.common import ROOT, available_cores

THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
ONLY = "run"  # the name of a target's callable where there is just one

Case = Mapping[str, Any]


class NotSupported(Exception):
    """Raised by a target for a case that its library cannot express; the message says why."""


class SideError(Exception):
    """A side that could not do what it was asked for. status: missing, unsupported or failed."""

    def __init__(self, status: str, reason: str):
        super().__init__(f"{status}: {reason}")
        self.status, self.reason = status, reason


@dataclass
class Outcome:
    """What `alternate` found of one side: seconds of every repetition by callable, or why there are none."""

    status: str = "measured"
    reason: str = ""
    seconds: dict[str, list[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Memory:
    """Bytes. before: resident when the case is built; peak: the most that was while it ran, the first time aside."""

    before: int
    peak: int

    @property
    def above(self) -> int:
        """What running it took on top."""
        return self.peak - self.before


class Side:
    """One side: a child process, started when first needed. environment: variables that only this side has."""

    def __init__(self, name: str, target: str, threads: int, environment: Mapping[str, str] | None = None):
        self.name, self.target, self.threads = name, target, threads
        self.environment = dict(environment or {})
        self._child: subprocess.Popen | None = None

    def prepare(self, case: Case) -> list[str]:
        """Build the case, dropping the one before; the names of its callables. Raises SideError."""
        return self._ask(do="prepare", case=dict(case))

    def run(self, action: str = ONLY, *, repeats: int = 1, least: float = 0.0) -> tuple[list[float], Any]:
        """Call it `repeats` times, and on until `least` seconds are over: the seconds of each, the last one's value."""
        answer = self._ask(do="run", action=action, repeats=repeats, least=least)
        return answer["seconds"], answer["value"]

    def memory(self, case: Case, action: str = ONLY, *, repeats: int = 2, small: Case | None = None) -> Memory:
        """Peak memory of the case in a fresh child, which ends with it.

        A first call, which may compile, is not watched; then `repeats` calls are. small: a case to run before all that,
        so that the machine code which libraries load at their first call is not the case's memory.
        """
        fresh = Side(self.name, self.target, self.threads, self.environment)
        try:
            if small is not None:
                fresh.prepare(small)
                fresh.run(action)
            fresh.prepare(case)
            return Memory(**fresh._ask(do="memory", action=action, repeats=repeats))
        finally:
            fresh.close()

    def close(self) -> None:
        """End the child."""
        if self._child is not None:
            self._child.stdin.close()
            self._child.wait()
            self._child.stdout.close()
            self._child = None

    def __enter__(self) -> Side:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, **request: Any) -> Any:
        if self._child is None:
            environment = {**os.environ, **{name: str(self.threads) for name in THREADS}, **self.environment}
            command = [sys.executable, "-m", "benchmarks.sides", self.target, str(self.threads)]
            self._child = subprocess.Popen(
                command, cwd=ROOT, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        try:
            print(json.dumps(request), file=self._child.stdin, flush=True)
            line = self._child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code, self._child = self._child.wait(), None
            raise SideError("failed", f"{self.name}: its process ended with code {code}")
        answer = json.loads(line)
        if "status" in answer:
            raise SideError(answer["status"], answer["reason"])
        return answer["ok"]


def alternate(
    sides: Sequence[Side],
    case: Case,
    rounds: int,
    *,
    actions: Sequence[str] | None = None,
    warmup: int = 1,
    repeats: int = 1,
    least: float = 0.0,
    settle: int = 0,
    pause: float = 0.05,
) -> dict[str, Outcome]:
    """Let the sides take turns on a case; an Outcome for each by name.

    actions: which of the case's callables, all unless given. warmup: calls of each beforehand that do not count.
    repeats, least: calls, and seconds, of one turn. settle: calls at the start of a turn that do not count, since
    threads sleep and caches hold what the side before has left. pause: seconds between turns, in which the threads of
    the side before, which spin for a while after their work, go to sleep.
    """
    outcomes = {side.name: Outcome() for side in sides}
    able: list[tuple[Side, Sequence[str]]] = []
    for side in sides:
        try:
            known = side.prepare(case)
            chosen = known if actions is None else [action for action in actions if action in known]
            for action in chosen:
                if warmup:
                    side.run(action, repeats=warmup)
            able.append((side, chosen))
        except SideError as error:
            outcomes[side.name] = Outcome(error.status, error.reason)
    for turn in range(rounds):
        for side, chosen in _rotated(able, turn):
            if outcomes[side.name].status != "measured":
                continue
            time.sleep(pause)
            try:
                for action in chosen:
                    if settle:
                        side.run(action, repeats=settle)
                    seconds, _ = side.run(action, repeats=repeats, least=least)
                    outcomes[side.name].seconds.setdefault(action, []).extend(seconds)
            except SideError as error:
                outcomes[side.name] = Outcome(error.status, error.reason)
    return outcomes


def _rotated(items: Sequence[Any], by: int) -> list[Any]:
    by %= max(len(items), 1)
    return [*items[by:], *items[:by]]


# -- the child ---------------------------------------------------------------------------------------------------


def serve(target: str, threads: int) -> None:
    """Answer requests, JSON lines on standard input, until it is closed."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, available_cores()[:threads])
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints goes to standard error
    worker = _Worker(target)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": getattr(worker, request.pop("do"))(**request)}
        except ImportError as error:
            answer = {"status": "missing", "reason": str(error)}
        except NotSupported as error:
            answer = {"status": "unsupported", "reason": str(error)}
        except Exception as error:
            traceback.print_exc()
            answer = {"status": "failed", "reason": f"{type(error).__name__}: {error}".splitlines()[0]}
        print(json.dumps(answer), file=answers, flush=True)


class _Worker:
    def __init__(self, target: str):
        self.target = target
        self.actions: dict[str, Callable[[], Any]] = {}

    def prepare(self, case: dict) -> list[str]:
        self.actions = {}
        gc.collect()
        module, _, function = self.target.partition(":")
        made = getattr(import_module(module), function)(case)
        self.actions = made if isinstance(made, dict) else {ONLY: made}
        return list(self.actions)

    def run(self, action: str, repeats: int, least: float) -> dict:
        call, seconds, value = self.actions[action], [], None
        while len(seconds) < repeats or sum(seconds) < least:
            start = time.perf_counter()
            value = call()
            seconds.append(time.perf_counter() - start)
        return {"seconds": seconds, "value": value if isinstance(value, (dict, list, int, float, str)) else None}

    def memory(self, action: str, repeats: int) -> dict:
        gc.collect()
        before = memory_now()["VmRSS"]
        self.actions[action]()
        forget_peak()
        for _ in range(repeats):
            self.actions[action]()
        return {"before": before, "peak": memory_now()["VmHWM"]}


def memory_now() -> dict[str, int]:
    """Bytes of this process in memory now (VmRSS) and at the peak (VmHWM).

    Not `getrusage`, whose maximum a child inherits from its parent. Raises NotSupported where the system has no /proc.
    """
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            fields = (line.partition(":") for line in file)
            return {name: 1024 * int(value.split()[0]) for name, _, value in fields if name in ("VmRSS", "VmHWM")}
    except OSError as error:
        raise NotSupported(f"peak memory is read from /proc: {error}") from None


def forget_peak() -> None:
    """Have the peak count from now on; where that is not allowed, it stays what it was."""
    with suppress(OSError), open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


if __name__ == "__main__":
    # under its own name, so that targets raise the same NotSupported that is caught here
    from benchmarks import sides

    sides.serve(sys.argv[1], int(sys.argv[2]))
