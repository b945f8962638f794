"""A training step on a busy machine: beside 0, 1 and 2 processes that only count, ours and PyTorch's.

`python -m benchmarks.loaded [--json FILE] [--plot FILE] [--quick] [--threads N]`
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from benchmarks.common import Column, Result, Row, Table, available_cores, look, main, new_figure, spread
from benchmarks.comparison import OURS, entrants
from benchmarks.sides import Outcome, Side, SideError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "A busy machine"
NETWORK, BATCH, LOADS = "inception_cifar", 32, (0, 1, 2)
MODES = ("eager, channels-last",)
COUNT = "number = 0\nwhile True:\n    number += 1\n"
STARTING = 0.3  # seconds until a process that counts does so

Times = dict[int, list[float]]  # by how many processes count: seconds of each step


def measure(options: Namespace) -> tuple[list[Row], dict[str, float]]:
    """Loads take turns, and within each the sides, so that what else the machine does meets all."""
    batch, rounds, repeats, loads = (2, 1, 2, LOADS[:2]) if options.quick else (BATCH, 6, 10, LOADS)
    case = {"network": NETWORK, "batch": batch}
    with ExitStack() as stack:
        sides = entrants("train_step", options.threads, MODES, stack)
        outcomes, able = {side.name: Outcome() for side in sides}, []
        for side in sides:
            try:
                side.prepare(case)
                side.run(repeats=3)
                able.append(side)
            except SideError as error:
                outcomes[side.name] = Outcome(error.status, error.reason)
        if outcomes[OURS].status != "measured":
            raise SideError(outcomes[OURS].status, outcomes[OURS].reason)
        times = take_turns(able, loads, rounds, repeats, options.threads)
    rows = [row for name, outcome in outcomes.items() for row in rows_of(case, name, outcome, times.get(name, {}))]
    return rows, headline(rows)


def take_turns(
    sides: Sequence[Side], loads: Sequence[int], rounds: int, repeats: int, threads: int
) -> dict[str, Times]:
    """Seconds of each step, by side and load; the sides have built their case."""
    times: dict[str, Times] = {side.name: {load: [] for load in loads} for side in sides}
    for turn in range(rounds):
        for load in loads:
            with counting(load, threads):
                for side in (*sides[turn % len(sides) :], *sides[: turn % len(sides)]):
                    side.run()  # wakes its threads
                    times[side.name][load] += side.run(repeats=repeats)[0]
    return times


@contextmanager
def counting(processes: int, threads: int) -> Iterator[list[subprocess.Popen]]:
    """So many processes that only count, on the cores of the sides, as long as the context lasts."""
    cores = available_cores()[:threads]
    children: list[subprocess.Popen] = []
    try:
        for _ in range(processes):
            children.append(subprocess.Popen([sys.executable, "-c", COUNT]))
            if hasattr(os, "sched_setaffinity"):
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(children[-1].pid, cores)
        if children:
            time.sleep(STARTING)
        yield children
    finally:
        for child in children:
            child.kill()
            child.wait()


def rows_of(case: Mapping, side: str, outcome: Outcome, times: Times) -> list[Row]:
    """A row for each load: milliseconds, and times the step of the idle machine; or one that says why there is none."""
    row = {**case, "side": side, "status": outcome.status}
    if outcome.status != "measured":
        return [{**row, "reason": outcome.reason}]
    idle = spread(times[0]).median
    found = []
    for load, seconds in times.items():
        middle, low, high = spread(seconds)
        found.append(
            {**row, "load": load, "ms": 1e3 * middle, "p25_ms": 1e3 * low, "p75_ms": 1e3 * high, "times": middle / idle}
        )
    return found


def headline(rows: Sequence[Row]) -> dict[str, float]:
    """How many times as long ours takes beside others."""
    return {f"loaded.times.beside_{row['load']}": row["times"] for row in rows if row["side"] == OURS and row["load"]}


# -- showing -----------------------------------------------------------------------------------------------------


def tables(result: Result) -> list[Table]:
    """One, a row for each side and load."""
    rows = result["rows"]
    return [
        Table(
            f"{NETWORK}, batch {rows[0]['batch']}: a training step beside processes that only count",
            [
                Column("side", "side"),
                Column("load", "processes"),
                Column("ms", "ms", ".1f"),
                Column("p25_ms", "25 %", ".1f"),
                Column("p75_ms", "75 %", ".1f"),
                Column("times", "times the idle step", ".2f"),
                Column("status", "status"),
                Column("reason", "reason"),
            ],
            rows,
        )
    ]


def text(result: Result) -> str:
    """What one sees."""
    told = "; ".join(
        f"{row['side']} {row['times']:.2f} beside {row['load']}" for row in result["rows"] if row.get("load")
    )
    return (
        "A learner has a browser open. Processes that only count run on the cores that the sides use; loads take turns "
        "in the same rounds, and within each the sides. Threads that wait for one which has no core at the moment lose "
        f"more than their share of the machine. Times the step of an idle machine: {told}."
    )


def figure(result: Result) -> Figure:
    """Time of a step by load, on the left in ms, on the right in steps of the idle machine."""
    shown = new_figure(10, 4.2)
    left, right = shown.subplots(1, 2)
    rows = [row for row in result["rows"] if "load" in row]
    for side, style in look(dict.fromkeys(row["side"] for row in rows)).items():
        own = [row for row in rows if row["side"] == side]
        loads = [row["load"] for row in own]
        quartiles = [[row["ms"] - row["p25_ms"] for row in own], [row["p75_ms"] - row["ms"] for row in own]]
        left.errorbar(loads, [row["ms"] for row in own], yerr=quartiles, capsize=3, label=side, **style)
        right.plot(loads, [row["times"] for row in own], label=side, **style)
    for axes, name in ((left, "ms per step (median, quartiles)"), (right, "times the step of the idle machine")):
        axes.set_xticks(sorted({row["load"] for row in rows}))
        axes.set_xlabel("other processes that only count")
        axes.set_ylabel(name)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
    left.legend(fontsize="small")
    shown.suptitle(
        f"{NETWORK}, batch {result['rows'][0]['batch']}: a training step on a busy machine, "
        f"{result['machine']['threads']} threads",
        fontsize="medium",
    )
    return shown


if __name__ == "__main__":
    main("loaded", __doc__.splitlines()[0], measure, tables, figure)
