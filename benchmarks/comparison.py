"""Comparisons of whole networks: that sides compute the same, how fast they are, how much memory they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from benchmarks.common import Column, Row, Table, spread
from benchmarks.sides import ONLY, Outcome, Side, SideError, alternate

OURS, EAGER = "tinyinception", "tinyinception, eager"
MIB = 2**20


class Entrant(Side):
    """A side with settings of its own, such as PyTorch's mode, that go into every case."""

    def __init__(self, name: str, target: str, threads: int, **settings: Any):
        super().__init__(name, target, threads)
        self.settings = settings

    def prepare(self, case: Mapping[str, Any]) -> list[str]:
        return super().prepare({**case, **self.settings})

    def memory(
        self, case: Mapping[str, Any], action: str = ONLY, *, repeats: int = 2, small: Mapping[str, Any] | None = None
    ):
        return super().memory(
            {**case, **self.settings}, action, repeats=repeats, small=small and {**small, **self.settings}
        )


def entrants(function: str, threads: int, modes: Sequence[str], stack: ExitStack) -> list[Side]:
    """Ours, captured and eager, and PyTorch in each mode; `stack` ends them."""
    sides = [Side(OURS, f"benchmarks.ours:{function}", threads)]
    sides.append(Entrant(EAGER, f"benchmarks.ours:{function}", threads, eager=True))
    sides += [Entrant(f"PyTorch {mode}", f"benchmarks.peers.torch:{function}", threads, mode=mode) for mode in modes]
    for side in sides:
        stack.callback(side.close)
    return sides


def speed(
    sides: Sequence[Side], case: Mapping[str, Any], rounds: int, *, against: str = "PyTorch", warmup: int = 2
) -> list[Row]:
    """A row for each side: images per second, median and quartiles, or why there are none. Ours comes first.

    ratio: our images per second over the side's. against: what all rows of one race are marked with. Raises SideError
    where ours fails.
    """
    outcomes = alternate(sides, case, rounds, actions=[ONLY], warmup=warmup, settle=1, repeats=2)
    ours = outcomes[sides[0].name]
    if ours.status != "measured":
        raise SideError(ours.status, ours.reason)
    own = spread(ours.seconds[ONLY]).median
    return [
        {
            "what": "speed",
            "against": against,
            "network": case["network"],
            "batch": case["batch"],
            "side": name,
            **_measured(outcome, case["batch"], own),
        }
        for name, outcome in outcomes.items()
    ]


def _measured(outcome: Outcome, batch: int, own: float) -> Row:
    if outcome.status != "measured":
        return {"status": outcome.status, "reason": outcome.reason}
    middle, low, high = spread(outcome.seconds[ONLY])
    return {
        "status": outcome.status,
        "images_per_s": batch / middle,
        "p25": batch / high,
        "p75": batch / low,
        "seconds": middle,
        "repetitions": len(outcome.seconds[ONLY]),
        "ratio": middle / own,
    }


def memory(
    sides: Sequence[Side], case: Mapping[str, Any], *, repeats: int = 3, small: Mapping[str, Any] | None = None
) -> list[Row]:
    """A row for each side that can: peak memory over `repeats` calls in a fresh process, see `Side.memory`."""
    rows = []
    for side in sides:
        row = {"what": "memory", "network": case["network"], "batch": case["batch"], "side": side.name}
        try:
            used = side.memory(case, repeats=repeats, small=small)
            rows.append({**row, "status": "measured", "above_mib": used.above / MIB, "peak_mib": used.peak / MIB})
        except SideError as error:
            rows.append({**row, "status": error.status, "reason": error.reason})
    return rows


def memory_table(title: str, rows: Sequence[Row]) -> Table:
    """The rows of `memory` among others."""
    columns = [
        Column("side", "side"),
        Column("above_mib", "peak above the start (MiB)", ".0f"),
        Column("peak_mib", "peak (MiB)", ".0f"),
        Column("status", "status"),
    ]
    return Table(title, columns, [row for row in rows if row["what"] == "memory"])


def difference(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The largest difference of two lists of numbers, relative to our largest."""
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) / max(map(abs, ours))


def best(rows: Sequence[Row], prefix: str) -> Row | None:
    """The fastest measured row of the sides whose names begin with `prefix`."""
    able = [row for row in rows if row["side"].startswith(prefix) and row["status"] == "measured"]
    return max(able, key=lambda row: row["images_per_s"], default=None)
