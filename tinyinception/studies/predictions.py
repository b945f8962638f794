"""What a paper's sentence says of a study's arms, and whether that is borne out, contradicted, or cannot be told.

A study's file has it as `predicts`, a list of [arm, word, arm] or [arm, word, arm, measure].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tinyinception.errors import ArgumentError, unknown_name
from tinyinception.studies.measures import MEASURES
from tinyinception.studies.verdict import ALIKE, Comparison

BORNE_OUT, CONTRADICTED, UNTOLD = "borne out", "contradicted", "cannot be told"
OPPOSITES = {"better": "worse", "worse": "better", "higher": "lower", "lower": "higher"}
EQUAL = "alike"
WORDS = (*OPPOSITES, EQUAL)
WITHIN = 0.01  # arms are alike where the whole interval lies within a point


@dataclass(frozen=True)
class Prediction:
    """That in a measure, `second` is `word` beside `first`: better, worse, higher or lower than that, or alike."""

    second: str
    word: str
    first: str
    measure: str

    def came_out(self, found: Comparison) -> str:
        """BORNE_OUT, CONTRADICTED or UNTOLD by a comparison of just these, which tells nothing while it holds zero."""
        if self.word != EQUAL:
            return {self.word: BORNE_OUT, OPPOSITES[self.word]: CONTRADICTED}.get(found.said, UNTOLD)
        if found.said in OPPOSITES:
            return CONTRADICTED
        near = found.difference
        if found.said != ALIKE or near is None or near.low is None or near.high is None:
            return UNTOLD
        is_near = MEASURES[self.measure].unit == "%" and near.low >= -WITHIN and near.high <= WITHIN
        return BORNE_OUT if is_near else UNTOLD

    def told(self, found: Comparison) -> str:
        """What is predicted and what came, in words."""
        measure, said = MEASURES[self.measure], found.difference
        what = (
            f"“{self.second}” and “{self.first}” alike"
            if self.word == EQUAL
            else f"“{self.second}” {self.word} than “{self.first}”"
        )
        if said is None:
            return f"{what} in {measure.title} (no seed has both)"
        held = "" if said.low is None or said.high is None else f"; {measure.interval(said.low, said.high)}"
        return f"{what} in {measure.title} ({measure.difference(said.mean)}{held})"


def read(given: Any, arms: Mapping[str, Any], measures: Sequence[str]) -> tuple[Prediction, ...]:
    """The predictions of a study's file. Raises ArgumentError for what is none."""
    if not isinstance(given, list):
        raise ArgumentError(f"predicts must be a list of [arm, word, arm], got {given!r}")
    return tuple(_one(item, arms, measures) for item in given)


def _one(item: Any, arms: Mapping[str, Any], measures: Sequence[str]) -> Prediction:
    if not isinstance(item, list) or len(item) not in (3, 4) or not all(isinstance(part, str) for part in item):
        raise ArgumentError(
            f"predicts must be a list of [arm, word, arm], with a measure where it is not the first, got {item!r}"
        )
    second, word, first = item[:3]
    measure = item[3] if len(item) == 4 else measures[0]
    for arm in (second, first):
        if arm not in arms:
            raise unknown_name(arm, list(arms), "arm in predicts:")
    if measure not in measures:
        raise unknown_name(measure, list(measures), "measure in predicts:")
    words = (*(("higher", "lower") if MEASURES[measure].better == 0 else ("better", "worse")), EQUAL)
    if word not in words:
        raise ArgumentError(f"predicts: {measure} is {', '.join(words[:-1])} or {words[-1]}, got {word!r}")
    if first == second:
        raise ArgumentError(f"predicts: {first} is beside itself")
    return Prediction(second, word, first, measure)


def overall(outcomes: Sequence[str]) -> str:
    """Of a sentence that makes several predictions: one that is contradicted is enough, borne out have to be all."""
    if CONTRADICTED in outcomes:
        return CONTRADICTED
    return BORNE_OUT if outcomes and set(outcomes) == {BORNE_OUT} else UNTOLD


def answer(found: Sequence[tuple[Prediction, Comparison]]) -> str:
    """What has become of a sentence, in words: all in all, then each prediction under what it came out as."""
    by_outcome: dict[str, list[str]] = {BORNE_OUT: [], CONTRADICTED: [], UNTOLD: []}
    for prediction, comparison in found:
        by_outcome[prediction.came_out(comparison)].append(prediction.told(comparison))
    whole = overall([outcome for outcome, told in by_outcome.items() if told])
    said = {
        BORNE_OUT: "is borne out",
        CONTRADICTED: "is contradicted",
        UNTOLD: "can be neither borne out nor contradicted",
    }
    parts = [f"{outcome.capitalize()}: {'; '.join(told)}." for outcome, told in by_outcome.items() if told]
    return " ".join([f"Here, what the sentence predicts {said[whole]}.", *parts])
