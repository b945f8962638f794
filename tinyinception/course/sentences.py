"""Sentences whose numbers and comparisons come from computed figures.

A template is a text with fields: "{params:,} parameters, {ratio:.1f} times as many". After the colon stands how it is
written, with Python's format and these letters:

- `p` percent, `K`, `M`, `G` thousands, millions, billions (without the word), `w` a number up to twelve as a word;
- `a` in front: without its sign; `!l`: a list with "and" before its last item.
- `less|more`: one of two words, which must be a pair of OPPOSITES in this order, for a figure below 0 and above it
  (`less|more|1`: below 1 and above it); a boolean takes the second where it is true;
  `-less|more`: the other way round.

So a sentence cannot say "less" where the figure says "more", nor a number that nobody computed: `typed` finds those.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter

from tinyinception.errors import DataError

OPPOSITES = (
    ("less", "more"),
    ("fewer", "more"),
    ("cheaper", "dearer"),
    ("smaller", "larger"),
    ("lower", "higher"),
    ("below", "above"),
    ("slower", "faster"),
    ("narrower", "wider"),
    ("shallower", "deeper"),
    ("worse", "better"),
    ("down", "up"),
    ("lowers", "raises"),
    ("loses", "gains"),
    ("falls", "rises"),
    ("is not", "is"),
    ("does not", "does"),
    ("cannot", "can"),
    ("no", "yes"),
    ("accepts", "refuses"),
    ("wrong", "right"),
)
COMPARISONS = {word for pair in OPPOSITES[:14] for word in pair} - {"down", "up"}
WORDS = ["none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
# What has digits and is a name, not a number that could be computed.
NAMES = re.compile(
    r"\b(?:[Tt]wo|[Tt]hree) (?=[1-9]x[1-9]\b)|\b[12357]x[12357](?:/2)?\b|\b(?:1 x n|n x 1|n x n|m x m)\b"
    r"|\b(?:35x35|17x17|8x8)(?= (?:grid|module|grids|modules)\b)"
    r"|\b(?:Inception(?:-ResNet)?-|Inception )?v[1-4]\b|\bVGG-1[69]\b|\bBN-x\d+\b|\bMixed_\w+|\b[345][a-e]\b"
    r"|\b(?:sections?|Tables?|Figs?\.|claims?|lessons?|issue) A?\d+(?:\.\d+)*(?:(?:,| and) A?\d+(?:\.\d+)*)*"
    r"|\bGoing Deeper\b|\btop-[15]\b|\bL2\b|\b(?:et al\.|of|in|ILSVRC) 201\d\b"
    r"|python lessons/experiments/\w+\.py|\bF\(\dx\d\)"
)
SPEC = re.compile(r"(?P<bare>a?)(?P<python>[+,]*(?:\.\d+)?f?)(?P<scale>[pKMGw]?)")
SCALES = {"": 1, "p": 100, "K": 1e-3, "M": 1e-6, "G": 1e-9, "w": 1}


class _List(list):
    """A list whose last item is joined with "and"."""


class _Sentence(Formatter):
    def convert_field(self, value: object, conversion: str | None) -> object:
        if conversion is None:
            return value
        if conversion != "l" or not isinstance(value, (list, tuple)):
            raise DataError(f"!{conversion} is not !l of a list")
        return _List(value)

    def format_field(self, value: object, spec: str) -> str:
        if isinstance(value, (list, tuple)):
            words = [self.format_field(item, spec) for item in value]
            if isinstance(value, _List) and len(words) > 1:
                return f"{', '.join(words[:-1])} and {words[-1]}"
            return ", ".join(words)
        if isinstance(value, str):
            return value
        if "|" in spec:
            return _word(value, spec)
        return _number(value, spec)


def _word(value: object, spec: str) -> str:
    first, second, *beyond = spec.removeprefix("-").split("|")
    border, turned = float(beyond[0]) if beyond else 0.0, spec.startswith("-")
    if (first, second) not in OPPOSITES:
        raise DataError(f"{first!r} and {second!r} are no pair of OPPOSITES, in this order")
    if isinstance(value, bool):
        return second if value != turned else first
    if not isinstance(value, (int, float)) or value == border:
        raise DataError(f"{value!r} is neither {first} nor {second}")
    return second if (value > border) != turned else first


def _number(value: object, spec: str) -> str:
    found = SPEC.fullmatch(spec)
    if found is None or isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DataError(f"{value!r} cannot be written as {spec!r}")
    scale = found["scale"]
    value = abs(value) if found["bare"] else value
    if scale == "w":
        return WORDS[value] if isinstance(value, int) and 0 <= value < len(WORDS) else format(value, ",")
    if isinstance(value, int) and scale and "." not in found["python"]:
        return format(round(value * SCALES[scale]), found["python"]) + (" %" if scale == "p" else "")
    if SCALES[scale] != 1:
        value = value * SCALES[scale]
    if isinstance(value, float) and not found["python"]:
        return f"{value:g}" + (" %" if scale == "p" else "")
    python = found["python"] + ("f" if "." in found["python"] and not found["python"].endswith("f") else "")
    return format(value, python) + (" %" if scale == "p" else "")


def fill(template: str, figures: Mapping[str, object]) -> str:
    """The sentence; DataError where a figure is missing or cannot be written or compared so."""
    try:
        said = _Sentence().vformat(template, (), figures)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
        raise DataError(f"{template!r}: {type(error).__name__}: {error}") from None
    return re.sub(r"(?:^|(?<=[.?] ))[a-z]", lambda letter: letter[0].upper(), said)


def fields(template: str) -> set[str]:
    """The names of the figures that a template uses."""
    return {re.split(r"[.\[]", name)[0] for _, name, _, _ in Formatter().parse(template) if name}


def typed(template: str) -> list[str]:
    """Numbers and comparisons that stand in a template as they are, instead of coming from a figure."""
    text = "".join(literal for literal, *_ in Formatter().parse(template))
    text = NAMES.sub(" ", text)
    words = re.findall(r"[A-Za-z'-]+", text)
    return re.findall(r"\d[\d.,]*", text) + [
        word for word in words if word.lower() in COMPARISONS or word.lower() in WORDS[2:]
    ]
