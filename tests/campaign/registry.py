"""The kinds of bad input by name, and how a case is made: of a kind, a seed and an index, to be repeated at will."""

from __future__ import annotations

import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.campaign.outcome import Case


@dataclass(frozen=True)
class Place:
    """Where a case may write, `folder`, which is the working folder too; and what all cases share and only read."""

    folder: Path
    shared: Path

    def run_folder(self) -> Path:
        """A copy of a finished run."""
        return Path(shutil.copytree(self.shared / "run", self.folder / "run"))


Maker = Callable[[np.random.Generator, Place], Case]

MAKERS: dict[str, list[Maker]] = {}
WEIGHTS: dict[str, float] = {}  # a kind's share of the cases


def kind(name: str, weight: float = 1.0) -> Callable[[Maker], Maker]:
    """Decorator: a function that makes cases of a kind. weight: its share among all; dear ones have a small one."""

    def register(maker: Maker) -> Maker:
        MAKERS.setdefault(name, []).append(maker)
        WEIGHTS[name] = WEIGHTS.get(name, 0.0) + weight
        return maker

    return register


def make(name: str, seed: int, index: int, place: Place) -> Case:
    """Case number `index` of a kind: its makers take turns, and all chance comes from these three."""
    maker = MAKERS[name][index % len(MAKERS[name])]
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), index])
    try:
        return maker(rng, place)
    except Exception as error:  # a fault of the campaign's own, which must not pass for a good outcome
        failure = RuntimeError(f"the campaign cannot make this case: {error!r}")
        return Case(f"{maker.__module__}.{maker.__name__}", lambda: _raise(failure))


def _raise(error: Exception) -> None:
    raise error


def shares(total: int) -> dict[str, int]:
    """How many cases of each kind, `total` in all; at least one turn of each of its makers where that is affordable."""
    weight = sum(WEIGHTS.values())
    counts = {name: max(1, int(total * WEIGHTS[name] / weight)) for name in MAKERS}
    names = sorted(MAKERS, key=lambda name: -WEIGHTS[name])
    for i in range(max(0, total - sum(counts.values()))):
        counts[names[i % len(names)]] += 1
    return counts
