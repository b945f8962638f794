"""Claims about Inception, made in the papers or about them, each with a function that computes whether it holds.

`lessons/claims.toml` has them in words; `lessons/verdicts/` has the functions. A finding agrees with its claim when the
verdict with its condition is the same and every figure that the file states is what was computed, to the digits written
there. What is said to be true is a template (tinyinception.course.sentences), filled from the computed figures.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from math import isfinite
from numbers import Real
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

from tinyinception.course.files import folder, load
from tinyinception.course.sentences import fields, fill, typed
from tinyinception.errors import ArgumentError, DataError
from tinyinception.terminal import bar

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BAR = "{desc} {n_fmt}/{total_fmt} |{bar}|"
VERDICTS = ("true", "true if", "false", "unclear")
KINDS = {
    "counted": "networks or layers are built and counted",
    "derived": "arithmetic on what the papers print",
    "measured": "something was run: the package's own functions now, or a stored experiment",
    "looked up": "what a paper says in words or in a table is compared with the claim",
}


def ruling(verdict: str) -> str:
    """A verdict without its condition."""
    return "true if" if verdict.startswith("true if ") else verdict


def when(cases: Mapping[str, bool]) -> str:
    """The verdict where a claim holds in all cases, in none, or in those whose names become its condition."""
    held = [condition for condition, holds in cases.items() if holds]
    return "true" if len(held) == len(cases) else f"true if {' or '.join(held)}" if held else "false"


@dataclass(frozen=True)
class Claim:
    """One row of claims.toml.

    verdict: true, false, unclear, or 'true if' followed by the condition. truth: a template. kind: of KINDS. figures:
    what the function must find. counterfactual: inputs of the function, or in capitals constants of
    verdicts/printed.py, with which the verdict is another. same_as: the row with the same function, which is shared.
    """

    id: str
    claim: str
    paper: str
    where: str
    verdict: str
    truth: str
    lesson: int
    function: str
    kind: str
    figures: dict[str, Any]
    counterfactual: dict[str, Any]
    quote: str = ""
    same_as: str = ""

    @property
    def ruling(self) -> str:
        """The verdict without its condition."""
        return ruling(self.verdict)

    @property
    def text(self) -> str:
        """All that is said, in small letters, to be searched."""
        return "\n".join((self.claim, self.where, self.quote, self.verdict, self.truth)).lower()


@dataclass(frozen=True)
class Finding:
    """What a function found: one of VERDICTS, "true if" with its condition, and the figures that say so, by name."""

    verdict: str
    figures: dict[str, Any]

    @property
    def ruling(self) -> str:
        """The verdict without its condition."""
        return ruling(self.verdict)


@dataclass(frozen=True)
class Weighed:
    """A claim with its finding, the filled truth, whether they agree, and what differs if not."""

    claim: Claim
    finding: Finding
    truth: str
    differences: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def agrees(self) -> bool:
        return not self.differences

    def to_json(self) -> dict[str, Any]:
        """As `tinyinception claims --json` prints it; `figures` are the computed ones."""
        claim = self.claim
        return {
            "id": claim.id,
            "claim": claim.claim,
            "where": claim.where,
            "verdict": claim.verdict,
            "truth": self.truth,
            "lesson": claim.lesson,
            "function": claim.function,
            "figures": self.finding.figures,
            "found": self.finding.verdict,
            "agrees": self.agrees,
            "differences": self.differences,
            "seconds": round(self.seconds, 3),
            "paper": claim.paper,
            "quote": claim.quote,
            "kind": claim.kind,
            "same_as": claim.same_as,
            "counterfactual": _plain(claim.counterfactual),
        }


# -- reading -----------------------------------------------------------------------------------------------------------


def read() -> list[Claim]:
    """The claims, in the file's order; DataError names the row that is not as it should be."""
    path = folder() / "claims.toml"
    try:
        file = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        rows, papers = file["claim"], file.get("paper", {})
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    claims: dict[str, Claim] = {}
    for row in rows:
        try:
            claim = _claim(row, papers, claims)
        except (TypeError, KeyError, ValueError, DataError) as error:
            said = f"there is no {error}" if isinstance(error, KeyError) else error
            raise DataError(f"{path}: claim {row.get('id', '?')}: {said}") from None
        if claim.id in claims:
            raise DataError(f"{path}: claim {claim.id}: stands there twice")
        claims[claim.id] = claim
    return list(claims.values())


def _claim(row: Mapping[str, Any], papers: Mapping[str, str], before: Mapping[str, Claim]) -> Claim:
    """One row, with what it shares with the row that it is the same as."""
    if "same_as" in row:
        first = before[row["same_as"]]
        shared = ("verdict", "truth", "lesson", "function", "kind", "figures", "counterfactual")
        row = {**{key: getattr(first, key) for key in shared}, **row}
    title = papers[row["paper"]]
    claim = Claim(**{**row, "paper": title, "where": f"{title}, {row['where']}" if row.get("where") else title})
    if claim.ruling not in VERDICTS or claim.verdict.strip() == "true if":
        raise DataError("the verdict must be true, false, unclear, or true if with a condition")
    if claim.kind not in KINDS:
        raise DataError(f"kind must be {', '.join(KINDS)}, got {claim.kind!r}")
    if not claim.counterfactual:
        raise DataError("there must be a counterfactual, under which the verdict is another")
    if wrong := typed(claim.truth):
        raise DataError(f"the truth has {', '.join(wrong)} typed in; numbers and comparisons come from figures")
    if unknown := fields(claim.truth) - set(claim.figures):
        raise DataError(f"the truth uses {', '.join(sorted(unknown))}, which figures do not state")
    return claim


def beside(name: str) -> ModuleType:
    """Another file of `verdicts/`, for a verdict that needs its figures or functions. Raises DataError where it fails.

    It is loaded once, so that all share what it has cached.
    """
    return _loaded(folder() / "verdicts" / f"{name}.py")


@cache
def _loaded(path: Path) -> ModuleType:
    return load(path)


def select(
    claims: list[Claim],
    words: Sequence[str] = (),
    *,
    paper: str | None = None,
    lesson: int | None = None,
    verdict: str | None = None,
    kind: str | None = None,
    search: str | None = None,
) -> list[Claim]:
    """The claims of these numbers, then those in which all other words occur; all of them without words.

    paper: a part of the title or place. lesson, verdict (without condition), kind: as they are. search: a text that
    occurs as it stands. Raises ArgumentError where nothing is left.
    """
    numbers = {claim.id.lower() for claim in claims} & {word.lower() for word in words}
    others = [word.lower() for word in words if word.lower() not in numbers]
    found = [
        claim
        for claim in claims
        if (claim.id.lower() in numbers or ((others or not words) and all(word in claim.text for word in others)))
        and (paper is None or paper.lower() in claim.where.lower())
        and lesson in (None, claim.lesson)
        and verdict in (None, claim.ruling)
        and kind in (None, claim.kind)
        and (search is None or search.lower() in claim.text)
    ]
    if found:
        return found
    if not claims:
        raise ArgumentError("claims: there are none")
    asked = {"paper": paper, "lesson": lesson, "verdict": verdict, "kind": kind, "search": search}
    flags = "".join(f", --{name} {value}" for name, value in asked.items() if value is not None)
    if words:
        raise ArgumentError(
            f"claims: none has the number or the words {' '.join(words)!r}{flags} "
            f"(numbers: {claims[0].id} to {claims[-1].id})"
        )
    raise ArgumentError(f"claims: none has {flags[2:]}")


# -- weighing ----------------------------------------------------------------------------------------------------------


def weigh(claims: Sequence[Claim], *, progress: bool = False) -> list[Weighed]:
    """Compute the verdict of each claim; DataError where a function is missing. progress: a bar on a terminal."""
    weighed: list[Weighed] = []
    with bar(total=len(claims), desc="claims", shown=progress, bar_format=BAR) as shown:
        for claim in claims:
            weighed.append(_weigh(claim))
            shown.update()
    return weighed


def _weigh(claim: Claim) -> Weighed:
    begin = perf_counter()
    finding = found(claim)
    seconds = perf_counter() - begin
    differences = []
    if finding.verdict != claim.verdict:
        differences.append(f"stated {claim.verdict}, found {finding.verdict}")
    for key, stated in claim.figures.items():
        if key not in finding.figures:
            differences.append(f"{key} was not computed")
        elif not agree(stated, finding.figures[key]):
            differences.append(f"{key}: stated {_plain(stated)}, computed {finding.figures[key]}")
    try:
        truth = fill(claim.truth, finding.figures)
    except DataError as error:
        truth = claim.truth
        differences.append(f"the truth: {error}")
    return Weighed(claim, finding, truth, differences, seconds)


def found(claim: Claim) -> Finding:
    """What the claim's function finds. Raises DataError where there is none."""
    return _function(claim)()


def _function(claim: Claim) -> Any:
    file, _, name = claim.function.partition(".")
    function = getattr(beside(file), name, None)
    if function is None:
        raise DataError(f"claim {claim.id}: there is no function {name} in verdicts/{file}.py")
    return function


def suppose(claim: Claim) -> Finding:
    """What the claim's function finds under its counterfactual."""
    constants = {key: value for key, value in claim.counterfactual.items() if key.isupper()}
    inputs = {key: _number(value) for key, value in claim.counterfactual.items() if not key.isupper()}
    with _printed(claim, constants):
        return _function(claim)(**inputs)


@contextmanager
def _printed(claim: Claim, constants: Mapping[str, Any]) -> Iterator[None]:
    """Context in which verdicts/printed.py has other figures; of a table, only those that are named."""
    module = beside("printed")
    if missing := [key for key in constants if not hasattr(module, key)]:
        raise DataError(f"claim {claim.id}: there is no {', '.join(missing)} in verdicts/printed.py")
    before = {key: getattr(module, key) for key in constants}
    try:
        for key, value in constants.items():
            setattr(module, key, _changed(before[key], value))
        yield
    finally:
        for key, value in before.items():
            setattr(module, key, value)


def _changed(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        names = {str(key): key for key in old}
        return {**old, **{names.get(key, key): _changed(old.get(names.get(key)), value) for key, value in new.items()}}
    value = _number(new)
    return _tuples(value) if isinstance(old, tuple) else value


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _number(value: Any) -> Any:
    """A value of the file with its decimals as floats."""
    if isinstance(value, list):
        return [_number(item) for item in value]
    if isinstance(value, dict):
        return {key: _number(item) for key, item in value.items()}
    return float(value) if isinstance(value, Decimal) else value


def agree(stated: object, computed: object) -> bool:
    """Whether a computed figure is the stated one, to the digits with which that is written."""
    if isinstance(stated, list):
        return (
            isinstance(computed, (list, tuple)) and len(stated) == len(computed) and all(map(agree, stated, computed))
        )
    if isinstance(stated, Decimal):
        exponent = stated.as_tuple().exponent
        if not (isinstance(computed, Real) and isfinite(computed) and isinstance(exponent, int)):
            return False
        half = Decimal(5).scaleb(exponent - 1)
        return abs(Decimal(float(computed)) - stated) <= half * Decimal("1.0001")
    return stated == computed


def _plain(value: Any) -> Any:
    """A value of the file as it is shown, and as JSON can have it."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, (Decimal, float)) else value
