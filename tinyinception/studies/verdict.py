"""What follows from the differences between a study's arms, in sentences for a reader without statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tinyinception.judge.pairs import PairedDifference
from tinyinception.studies.measures import MEASURES

FEW = 3  # seeds, below which no interval is worth much
ALIKE, SAME, UNKNOWN = "cannot be told apart", "by the same each time", "unknown"
SAID = ("better", "worse", "higher", "lower", ALIKE, SAME, UNKNOWN)  # of an arm beside another, in this order
NOTHING = "nothing"


@dataclass(frozen=True)
class Comparison:
    """One thing against another in one measure: the seeds that have both, and what follows from them.

    first, second: arms, or measures of the only arm. difference: None where there is no such seed.
    """

    first: str
    second: str
    measure: str
    seeds: tuple[int, ...]
    difference: PairedDifference | None

    @property
    def said(self) -> str:
        """What can be said of `second` beside `first`, one of SAID."""
        found, kind = self.difference, MEASURES[self.measure].better
        if found is None or found.low is None:
            return UNKNOWN
        if not found.deviation and found.mean:
            return SAME
        if found.holds_zero:
            return ALIKE
        if kind == 0:
            return "higher" if found.mean > 0 else "lower"
        return "better" if kind * found.mean > 0 else "worse"

    @property
    def verdict(self) -> str:
        """In a sentence."""
        what, found, measure = f"{self.second} against {self.first}", self.difference, MEASURES[self.measure]
        if found is None:
            return f"{what}: no seed has the {measure.title} of both, so nothing can be said."
        by, seeds = measure.difference(found.mean), f"n = {found.n} seed{'' if found.n == 1 else 's'}"
        if found.low is None or found.high is None:
            return f"{what}: {by} with {seeds}; one seed cannot tell a difference from chance."
        if not found.deviation:
            same = f"{by} each time" if found.mean else "no difference at all"
            return f"{what}: {same} with {seeds}, from which no interval follows."
        interval = f"95 % interval, {measure.interval(found.low, found.high)} ({seeds}),"
        if found.holds_zero:
            more = f"; were it really so large, about {found.enough} seeds would show it" if found.enough else ""
            return f"{what}: {ALIKE}; the difference is {by}, and its {interval} holds zero{more}."
        return f"{what}: {self.said} by {by.lstrip('+-')}; the {interval} does not hold zero."


def answer(groups: Sequence[Sequence[Comparison]], where: str) -> str:
    """Which of them differ beyond the interval and which cannot be told apart: a sentence for each group.

    groups: comparisons with the same first. where: words before it all, such as "In test accuracy, ".
    """
    spaced = any(" " in name for group in groups for one in group for name in (one.first, one.second))
    sentences = [f"{'; '.join(_clauses(group, spaced))}." for group in groups]
    sentences[0] = where + sentences[0]
    return " ".join(f"N{text[1:]}" if text.startswith(NOTHING) else text for text in sentences)


def _clauses(group: Sequence[Comparison], spaced: bool) -> Iterator[str]:
    first = named(group[0].first, spaced)
    for said in SAID:
        names = [named(one.second, spaced) for one in group if one.said == said]
        if not names:
            continue
        those = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
        if said == UNKNOWN:
            yield f"{NOTHING} can be said of {those} against {first}"
        elif said == SAME:
            differ = "differs" if len(names) == 1 else "differ"
            yield f"{those} {differ} from {first} {SAME}, from which no interval follows"
        elif said == ALIKE:
            yield f"{those} {ALIKE} from {first}"
        else:
            yield f"{those} {'is' if len(names) == 1 else 'are'} {said} than {first}"


def named(name: str, spaced: bool = True) -> str:
    """A name in a sentence, in which it would not be seen where it ends if it had spaces."""
    return f"“{name}”" if spaced else name
