"""The command `claims`: a line for each claim, or all about one."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Sequence

from tinyinception.course import claims
from tinyinception.course.claims import Weighed
from tinyinception.errors import DataError
from tinyinception.terminal import paint, prose_width, width, wrap

COLOURS = {"true": "green", "true if": "yellow", "false": "red"}  # of verdicts
INDENT = " " * 5  # below the number of a claim
WHOLE = 5  # so many claims, or fewer, are shown with all that is known of them


def weigh(options: Namespace) -> list[Weighed]:
    """The claims that are asked for, with their verdicts."""
    chosen = claims.select(
        claims.read(),
        options.words,
        paper=options.paper,
        lesson=options.lesson,
        verdict=options.verdict and options.verdict.replace("-", " "),
        kind=options.kind and options.kind.replace("-", " "),
        search=options.search,
    )
    return claims.weigh(chosen, progress=True)


def lines(options: Namespace, weighed: Sequence[Weighed]) -> list[str]:
    """What is printed: whole claims where numbers were given or few are left, otherwise a table; then a tally."""
    numbers = {one.claim.id.lower() for one in weighed}
    whole = len(weighed) <= WHOLE or {word.lower() for word in options.words} == numbers
    told = [line for one in weighed for line in _whole(one)] if whole else _table(weighed)
    tally = ", ".join(f"{sum(one.claim.ruling == kind for one in weighed)} {kind}" for kind in claims.VERDICTS)
    noun, seconds = "claim" if len(weighed) == 1 else "claims", sum(one.seconds for one in weighed)
    more = "" if whole else f". All about one: tinyinception claims {weighed[0].claim.id}"
    return told + wrap(f"{len(weighed)} {noun} in {seconds:.1f} s: {tally}{more}", prose_width(sys.stdout))


def refuse_odd(weighed: Sequence[Weighed]) -> None:
    """DataError where a verdict or a figure no longer is what is stated."""
    odd = [one for one in weighed if not one.agrees]
    if odd:
        raise DataError("; ".join(f"claim {one.claim.id}: {', '.join(one.differences)}" for one in odd))


def _table(weighed: Sequence[Weighed]) -> list[str]:
    """A line for each: number, verdict without its condition, and of the claim what fits."""
    told, fits = [], width(sys.stdout)
    for one in weighed:
        verdict = "DISAGREES" if not one.agrees else one.claim.ruling
        head = f"{one.claim.id:>3}  {verdict:<7}  "
        said = one.claim.claim
        if fits is not None and len(head) + len(said) > fits:
            said = said[: max(fits - len(head) - 1, 0)].rstrip() + "…"
        told.append(paint(head, COLOURS.get(one.claim.ruling, "bold"), sys.stdout) + said)
    return told


def _whole(one: Weighed) -> list[str]:
    """All about one claim."""
    claim, fits = one.claim, prose_width(sys.stdout)
    verdict = f"{'' if one.agrees else 'DISAGREES: '}{claim.verdict}"
    told = [
        paint(line, COLOURS.get(claim.ruling, "bold"), sys.stdout)
        for line in wrap(verdict, fits, f"{claim.id:>3}  ", INDENT)
    ]
    figures = ", ".join(f"{name} {_short(value)}" for name, value in one.finding.figures.items())
    changed = ", ".join(f"{name} = {_short(value)}" for name, value in claim.counterfactual.items())
    settled = f"{claim.kind}, verdicts/{claim.function.replace('.', '.py, ', 1)}"
    said = f'{claim.where}: "{claim.quote}"' if claim.quote else claim.where
    told += wrap(claim.claim, fits, INDENT, INDENT)
    told += wrap(one.truth, fits, f"{INDENT}-> ", f"{INDENT}   ")
    told += wrap(said, fits, f"{INDENT}said in  ", f"{INDENT}         ")
    told += wrap(settled, fits, f"{INDENT}settled  ", f"{INDENT}         ")
    told += wrap(figures, fits, f"{INDENT}figures  ", f"{INDENT}         ")
    told += wrap(
        f"with {changed} it would be {claims.suppose(claim).verdict}", fits, f"{INDENT}what if  ", INDENT + " " * 9
    )
    also = f", as claim {claim.same_as}" if claim.same_as else ""
    return told + wrap(f"{claim.lesson}{also}", fits, f"{INDENT}lesson   ", f"{INDENT}         ")


def _short(figure: object) -> str:
    """A figure for reading; JSON has all its digits."""
    if isinstance(figure, (list, tuple)):
        return f"[{', '.join(map(_short, figure))}]"
    if isinstance(figure, dict):
        return f"{{{', '.join(f'{name} = {_short(value)}' for name, value in figure.items())}}}"
    return f"{figure:.6g}" if isinstance(figure, float) else str(figure)
