"""Claims about Inception, made in the papers or about them, each with a function that computes whether it holds.

`lessons/claims.toml` has them in words; `lessons/verdicts/` has the functions. A finding agrees with its claim when the
verdict is the same and every figure that the file states is what was computed, to the digits written there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import cache
from math import isfinite
from numbers import Real
from pathlib import Path
from time import perf_counter
from types import ModuleType

from tinyinception.course.files import folder, load
from tinyinception.errors import ArgumentError, DataError
from tinyinception.terminal import bar

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BAR = "{desc} {n_fmt}/{total_fmt} |{bar}|"
VERDICTS = ("true", "true if", "false", "unclear")


@dataclass(frozen=True)
class Claim:
    """One row of claims.toml; `verdict` is true, false, unclear, or 'true if' followed by the condition."""

    id: str
    claim: str
    where: str
    verdict: str
    truth: str
    lesson: int
    function: str
    figures: dict = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The verdict without its condition."""
        return "true if" if self.verdict.startswith("true if ") else self.verdict

    @property
    def text(self) -> str:
        """All that is said, in small letters, to be searched."""
        return "\n".join((self.claim, self.where, self.verdict, self.truth)).lower()


@dataclass(frozen=True)
class Finding:
    """What a function found: one of VERDICTS, and the figures that say so, by name."""

    verdict: str
    figures: dict


@dataclass(frozen=True)
class Weighed:
    """A claim with its finding, whether they agree, and what differs if not."""

    claim: Claim
    finding: Finding
    differences: list[str]
    seconds: float

    @property
    def agrees(self) -> bool:
        return not self.differences

    def to_json(self) -> dict:
        """As `tinyinception claims --json` prints it; `figures` are the computed ones."""
        return {
            **asdict(self.claim),
            "figures": self.finding.figures,
            "found": self.finding.verdict,
            "agrees": self.agrees,
            "differences": self.differences,
            "seconds": round(self.seconds, 3),
        }


def read() -> list[Claim]:
    """The claims, in the file's order; DataError names the row that is not as it should be."""
    path = folder() / "claims.toml"
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)["claim"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from None
    claims = []
    for row in rows:
        try:
            claims.append(Claim(**row))
        except TypeError as error:
            raise DataError(f"{path}: claim {row.get('id', '?')}: {error}") from None
        if claims[-1].kind not in VERDICTS or claims[-1].verdict.strip() == "true if":
            raise DataError(
                f"{path}: claim {row['id']}: the verdict must be true, false, unclear, or true if with a condition"
            )
    return claims


def beside(name: str) -> ModuleType:
    """Another file of `verdicts/`, for a verdict that needs its figures or functions. Raises DataError where it fails.

    It is loaded once, so that all share what it has cached.
    """
    return _loaded(folder() / "verdicts" / f"{name}.py")


@cache
def _loaded(path: Path) -> ModuleType:
    return load(path)


def select(claims: list[Claim], words: Sequence[str]) -> list[Claim]:
    """The claims of these numbers, then those in which all other words occur; all of them without words.

    Raises ArgumentError where there is none.
    """
    numbers = {claim.id.lower() for claim in claims} & {word.lower() for word in words}
    others = [word.lower() for word in words if word.lower() not in numbers]
    found = [
        claim
        for claim in claims
        if claim.id.lower() in numbers or ((others or not words) and all(word in claim.text for word in others))
    ]
    if words and not found:
        raise ArgumentError(
            f"claims: none has the number or the words {' '.join(words)!r} (numbers: {claims[0].id} to {claims[-1].id})"
            if claims
            else "claims: there are none"
        )
    return found


def weigh(claims: Sequence[Claim], *, progress: bool = False) -> list[Weighed]:
    """Compute the verdict of each claim; DataError where a function is missing. progress: a bar on a terminal."""
    weighed, names = [], sorted({claim.function.split(".")[0] for claim in claims})
    with bar(total=len(claims), desc="claims", shown=progress, bar_format=BAR) as shown:
        modules = {name: load(folder() / "verdicts" / f"{name}.py") for name in names}
        for claim in claims:
            weighed.append(_weigh(claim, modules))
            shown.update()
    return weighed


def _weigh(claim: Claim, modules: dict) -> Weighed:
    module, _, name = claim.function.partition(".")
    function = getattr(modules[module], name, None)
    if function is None:
        raise DataError(f"claim {claim.id}: there is no function {name} in verdicts/{module}.py")
    begin = perf_counter()
    finding = function()
    seconds = perf_counter() - begin
    differences = []
    if finding.verdict != claim.kind:
        differences.append(f"stated {claim.kind}, found {finding.verdict}")
    for key, stated in claim.figures.items():
        if key not in finding.figures:
            differences.append(f"{key} was not computed")
        elif not agree(stated, finding.figures[key]):
            differences.append(f"{key}: stated {_plain(stated)}, computed {finding.figures[key]}")
    return Weighed(claim, finding, differences, seconds)


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


def _plain(value: object) -> object:
    return [_plain(item) for item in value] if isinstance(value, list) else str(value)
