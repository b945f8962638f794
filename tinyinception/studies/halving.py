"""A search as it is written down: successive halving, in which most choices are trained for few epochs, few for all.

    [halving]
    rungs = [0.25, 0.5, 1]  # the part of its epochs for which an arm is trained at each rung; the last is 1
    one_in = 3              # of so many choices the best goes on to the next rung

The arm that all are compared with goes on in any case, so that at each rung there is something to be better than.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from numbers import Integral
from typing import TYPE_CHECKING, Any

from tinyinception.checks import number
from tinyinception.errors import ArgumentError, unknown_name
from tinyinception.studies.measures import MEASURES

if TYPE_CHECKING:
    from tinyinception.studies.definition import Study
    from tinyinception.train.config import Config

KEYS = ("rungs", "one_in")
EXAMPLE = "rising parts of the epochs, the last of them 1, such as [0.25, 0.5, 1]"


@dataclass(frozen=True)
class Halving:
    """rungs: of each, the part of an arm's epochs. one_in: of so many choices the best goes on."""

    rungs: tuple[float, ...]
    one_in: int = 2

    def epochs(self, rung: int, config: Config) -> int:
        """Of an arm at a rung, the first of which is 0."""
        return max(1, round(self.rungs[rung] * config.epochs))

    def counts(self, choices: int) -> list[int]:
        """How many of so many choices are trained at each rung, beside the arm that they are compared with."""
        found = [choices]
        for _ in self.rungs[1:]:
            found.append(self.kept(found[-1]))
        return found

    def kept(self, choices: int) -> int:
        """How many of so many go on, if so many end their training."""
        return -(-choices // self.one_in)


def read(table: Mapping[str, Any]) -> Halving:
    """From the table of a file; ArgumentError for what cannot be."""
    for key in table:
        if key not in KEYS:
            raise unknown_name(key, KEYS, "key in halving:")
    rungs, one_in = table.get("rungs"), number("halving: one_in", table.get("one_in", 2), "[2, 1e6]", Integral)
    if not isinstance(rungs, list) or len(rungs) < 2:
        raise ArgumentError(f"halving: rungs must be {EXAMPLE}, got {rungs!r}")
    parts = [float(number("halving: rungs", part, "(0, 1]")) for part in rungs]
    if parts != sorted(set(parts)) or parts[-1] != 1:
        raise ArgumentError(f"halving: rungs must be {EXAMPLE}, got {rungs!r}")
    return Halving(tuple(parts), int(one_in))


def check(study: Study, halving: Halving) -> None:
    """ArgumentError for a study of which no search can be made."""
    if len(study.arms) < 2:
        raise ArgumentError("halving: there is one arm, and so nothing to choose")
    if len(study.compare) > 1:
        raise ArgumentError(f"halving: all arms are compared with one, so compare cannot be {len(study.compare)} lists")
    if study.ensemble:
        raise ArgumentError("halving: ensemble goes without it")
    if not MEASURES[study.measures[0]].better:
        raise ArgumentError(f"halving: of {study.measures[0]}, neither more nor less is better")
    for arm, config in study.arms.items():
        if config.holdout is None:
            raise ArgumentError(
                f"halving: arm {arm} is judged by the test images; a search wants holdout = 5000 or so in [base], by "
                "which it is judged by training images that are held out"
            )
        epochs = [halving.epochs(rung, config) for rung in range(len(halving.rungs))]
        if len(set(epochs)) < len(epochs):
            raise ArgumentError(
                f"halving: arm {arm}: {config.epochs} epochs are too few for {len(epochs)} rungs, which would have "
                f"{', '.join(map(str, epochs))}"
            )


def rung(study: Study, at: int, arms: Iterable[str]) -> Study:
    """What is trained at a rung, the first of which is 0: a study of these arms with as many epochs as they have there.

    The first arm is what the others are compared with, and there in any case.
    """
    assert study.halving is not None
    chosen = {study.reference, *arms}
    found = {
        arm: replace(one, epochs=study.halving.epochs(at, one)) for arm, one in study.arms.items() if arm in chosen
    }
    return replace(
        study,
        name=f"{study.name}, rung {at + 1}",
        arms=found,
        compare=((study.reference, *(arm for arm in found if arm != study.reference)),),
        equal_cost=None,
        equal_cost_of=(),
        halving=None,
    )
