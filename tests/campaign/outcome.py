"""A case of a campaign, and the verdict on what became of it."""

from __future__ import annotations

import re
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tinyinception.errors import TinyInceptionError

GOOD = ("clear", "right")
BAD = ("traceback", "hang", "silent", "refused", "damaged")

LIMIT = 60.0  # seconds for a case; generous, since a kernel may have to be compiled in between
ERROR = re.compile(r"^tinyinception: error: (\S.*)$", re.MULTILINE)
WARNING = re.compile(r"^.*:\d+: \w*Warning: .*$", re.MULTILINE)


@dataclass(frozen=True)
class Case:
    """One input, and how to see whether it was treated rightly.

    run: gives the input to the package and asserts that the result is right; a refusal is the error it raises.
    valid: the input is a right one, so that an error is wrong, too. also: built-in errors that are a clear answer here,
    such as TypeError where Python's protocol asks for it. seconds: after so many it counts as a hang.
    """

    what: str
    run: Callable[[], object]
    valid: bool = False
    also: tuple[type[BaseException], ...] = ()
    seconds: float = LIMIT


@dataclass(frozen=True)
class Outcome:
    """What became of one case: `label` is of GOOD or BAD, `detail` the error or what was wrong, `again` a command."""

    kind: str
    what: str
    label: str
    detail: str = ""
    again: str = ""


class Refused(Exception):
    """A command ended with one clear error of ours."""


class Raw(Exception):
    """A command showed its user what is not meant for users: a traceback, a library's warning, an odd exit status."""


class Damaged(Exception):
    """Something was written where nothing may be, or what was whole before is no longer."""


def judge(case: Case) -> tuple[str, str]:
    """Run a case: (label, detail). A hang is for the parent process to see."""
    try:
        case.run()
    except (TinyInceptionError, Refused, *case.also) as error:
        return ("refused" if case.valid else "clear"), f"{type(error).__name__}: {error}"
    except Damaged as error:
        return "damaged", str(error)
    except AssertionError as error:
        return "silent", " ".join(str(error).split()) or "wrong"
    except BaseException as error:  # SystemExit and KeyboardInterrupt are none of a library's business either
        where = traceback.extract_tb(error.__traceback__)[-1]
        return "traceback", f"{type(error).__name__}: {error} ({where.filename}:{where.lineno})"
    return "right", ""


def check_answer(status: int, out: str, err: str) -> str:
    """Standard output of a command that succeeded. Raises Refused for a clear refusal, Raw for any other end."""
    if "Traceback (most recent call last)" in err:
        raise Raw(err.strip().splitlines()[-1])
    if warning := WARNING.search(err):
        raise Raw(warning.group())
    if status == 0:
        return out
    errors = ERROR.findall(err)
    if status not in (1, 2) or len(errors) != 1:
        raise Raw(f"exit status {status} with {len(errors)} lines of error: {err.strip()[-200:]!r}")
    if errors[0].startswith("[Errno") and "'" not in errors[0]:
        raise Raw(f"the system's words without a file: {errors[0]}")
    raise Refused(errors[0])


def table(outcomes: Iterable[Outcome]) -> str:
    """Counts per kind of fault, and their sum."""
    counts: dict[str, Counter] = {}
    for one in outcomes:
        counts.setdefault(one.kind, Counter())[one.label] += 1
    rows = [(kind, labels) for kind, labels in counts.items()]
    rows.append(("all", sum((labels for _, labels in rows), Counter())))
    width = max(len(kind) for kind, _ in rows)
    lines = [f"{'kind of fault':{width}}{'tried':>8}" + "".join(f"{label:>11}" for label in GOOD + BAD)]
    lines += [
        f"{kind:{width}}{sum(labels.values()):8}" + "".join(f"{labels[label]:11}" for label in GOOD + BAD)
        for kind, labels in rows
    ]
    return "\n".join(lines)
