"""How a wrong result differs from the right one, in a sentence that helps to find the mistake.

Each rule looks at the results of all examples: a factor that is the same everywhere says more than one that is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from numbers import Number
from typing import Any

import numpy as np

from tinyinception.course.compare import NEAR, Given, close, equal, numbers

KNOWN = {
    100.0: "is it in percent?",
    1 / np.log(2): "is the logarithm to base 2?",
    1 / np.log(10): "is the logarithm to base 10?",
    np.log(2): "is the logarithm the natural one?",
    1e6: "are the units millions?",
    1e9: "are the units billions?",
}

Pair = tuple[Any, Any]


def difference(pairs: Sequence[Pair], arguments: Sequence[tuple] = (), names: Sequence[str] = ()) -> str:
    """What tells our results from theirs, pairs of (ours, theirs) for all examples; empty where no rule applies.

    arguments, names: what the function was called with, to say that a factor is `n`.
    """
    wrong = [pair for pair in pairs if not equal(*pair)]
    if not wrong:
        return ""
    return next(filter(None, (rule(wrong, pairs, Given(arguments, names)) for rule in RULES)), "")


# -- kinds and shapes --------------------------------------------------------------------------------------------------


def _nothing(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    ours, theirs = wrong[0]
    if ours is None and theirs is not None:
        return "It returns None. Is a `return` missing?"
    if ours is ...:
        return "For this example it is still blank: it returns `...`."
    return ""


def _kind(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    ours, theirs = wrong[0]
    asked = (
        "a number"
        if isinstance(theirs, Number) and not isinstance(theirs, bool)
        else f"{_article(theirs)} {_named(theirs)}"
    )
    if callable(ours) and not callable(theirs):
        return f"It returns a function, not its result; are the brackets of a call missing? Asked is {asked}."
    if hasattr(ours, "__next__"):
        return f"It returns a generator; asked is {asked}. Is list(...) missing around it?"
    if hasattr(ours, "numpy") and hasattr(ours, "backward"):
        return f"It returns a Tensor; asked is {asked}: its .numpy(), or .item() for one number."
    if isinstance(ours, str) and not isinstance(theirs, str):
        return f"It returns a string; asked is {asked}."
    if isinstance(theirs, (bool, np.bool_)) != isinstance(ours, (bool, np.bool_)):
        return f"It returns {_article(ours)} {_named(ours)}; asked is {asked}" + (
            ": True or False." if isinstance(theirs, (bool, np.bool_)) else "."
        )
    if isinstance(ours, complex):
        return f"It returns a complex number; asked is {asked}."
    if isinstance(theirs, Number) and isinstance(ours, (list, tuple, np.ndarray, dict, set)):
        if (a := numbers(ours)) is not None and a.size == 1 and equal(a.item(), theirs):
            return f"The number is right, but it is in {_article(ours)} {_named(ours)}; asked is the number alone."
        return f"It returns {_article(ours)} {_named(ours)}; asked is one number."
    if isinstance(ours, Number) and isinstance(theirs, (list, tuple, np.ndarray)) and np.shape(theirs) != ():
        return f"It returns one number; asked is {asked} of {_size(theirs)}."
    if isinstance(ours, (dict, set)) != isinstance(theirs, (dict, set)):
        return f"It returns {_article(ours)} {_named(ours)}; asked is {asked}."
    if isinstance(ours, dict) and ours.keys() != theirs.keys():
        less, more = [k for k in theirs if k not in ours], [k for k in ours if k not in theirs]
        told = [f"Missing: {_listed(less)}."] if less else []
        return " ".join([*told, f"Not asked for: {_listed(more)}."] if more else told)
    return ""


def _named(value: Any) -> str:
    name = type(value).__name__
    return {"ndarray": "array", "int": "number", "float": "number", "bool": "truth value", "str": "string"}.get(
        name, name
    )


def _article(value: Any) -> str:
    return "an" if _named(value)[0] in "aeiou" else "a"


def _listed(items: Sequence[Any]) -> str:
    return ", ".join(map(str, items[:5]))


def _size(value: Any) -> str:
    return f"shape {value.shape}" if isinstance(value, np.ndarray) else f"{len(value)}"


def _shape(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    ours, theirs = wrong[0]
    a, b = numbers(ours), numbers(theirs)
    if a is not None and b is not None and a.shape != b.shape:
        if a.ndim == b.ndim == 1 and not isinstance(theirs, np.ndarray):
            return _length(list(ours), list(theirs))
        told = f"The shape is {a.shape}, expected {b.shape}"
        if a.size == b.size and a.T.shape == b.shape and close(a.T, b):
            return f"{told}: the numbers are right, but rows and columns are swapped."
        if a.size == b.size and close(a.ravel(), b.ravel()):
            return f"{told}: the numbers are right."
        if a.shape == b.T.shape:
            return f"{told}: are rows and columns swapped?"
        return f"{told}."
    if isinstance(ours, (list, tuple)) and isinstance(theirs, (list, tuple)) and len(ours) != len(theirs):
        return _length(list(ours), list(theirs))
    return ""


def _length(ours: list, theirs: list) -> str:
    told = f"It has {len(ours)} item{'s' * (len(ours) != 1)}, expected {len(theirs)}"
    n = min(len(ours), len(theirs))
    what = "missing" if len(ours) < len(theirs) else "too much"
    if n and all(map(equal, ours[:n], theirs[:n])):
        return f"{told}: what is {what} is at the end; the others are right."
    if n and all(map(equal, ours[-n:], theirs[-n:])):
        return f"{told}: what is {what} is at the beginning; the others are right."
    return f"{told}."


# -- numbers -----------------------------------------------------------------------------------------------------------


def _arrays(pairs: Sequence[Pair]) -> list[tuple[np.ndarray, np.ndarray]] | None:
    """All pairs as arrays of equal shapes, or None."""
    found = [(numbers(ours), numbers(theirs)) for ours, theirs in pairs]
    if any(a is None or b is None or a.shape != b.shape for a, b in found):
        return None
    return found  # type: ignore[return-value]


def _not_finite(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    a, b = numbers(wrong[0][0]), numbers(wrong[0][1])
    if a is None or b is None or a.shape != b.shape or not np.isfinite(b).all() or np.isfinite(a).all():
        return ""
    return (
        f"{'NaN' if np.isnan(a).any() else 'Infinity'} is among the numbers: is there a division by zero, or 0 × inf?"
    )


def _order(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    found = _arrays(wrong)
    if not found or any(a.size < 2 or not close(np.sort(a.ravel()), np.sort(b.ravel())) for a, b in found):
        return ""
    if all(a.ndim == 2 and a.shape[0] == a.shape[1] and close(a.T, b) for a, b in found):
        return "The numbers are right, but rows and columns are swapped (the transpose)."
    if all(close(a[::-1], b) for a, b in found):
        return "The numbers are right, but in the opposite order."
    for axis in range(1, found[0][0].ndim):
        if all(a.ndim > axis and close(np.flip(a, axis), b) for a, b in found):
            return f"The numbers are right, but reversed along axis {axis}."
    return "The numbers are right, but in another order."


def _sign(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    found = _arrays(wrong)
    if not found:
        return ""
    if all(close(-a, b) for a, b in found):
        return "The sign is wrong: everything is right but for a minus."
    if all(close(np.abs(a), np.abs(b)) for a, b in found):
        return "The sizes are right, but some signs are wrong."
    return ""


def _factor(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    ratios = _each(pairs, lambda a, b: a[b != 0] / b[b != 0], same_zeros=True)
    if ratios is None:
        return ""
    for value, meaning in KNOWN.items():
        if _all_near(ratios, value):
            return f"It is {value:.4g} times as large as it should be: {meaning}"
    if max(ratios) - min(ratios) <= NEAR * max(map(abs, ratios)):
        if len(pairs) < 2 and len(np.ravel(numbers(pairs[0][1]))) < 2:  # type: ignore[arg-type]
            return ""  # any wrong number is some multiple
        return f"{_times(ratios[0])} in every example."
    for name, values in given.products():
        if all(value for value in values):
            if all(abs(r - v) <= NEAR * abs(v) for r, v in zip(ratios, values, strict=True)):
                return f"It is {name} times too large in every example."
            if all(abs(r * v - 1) <= NEAR for r, v in zip(ratios, values, strict=True)):
                return f"A factor {name} is missing in every example."
            twice = [r / v for r, v in zip(ratios, values, strict=True)]
            if len(set(values)) > 2 and _all_near(twice, twice[0]) and twice[0] in (2, 3, 4, 0.5):
                return f"It is {twice[0]:g} × {name} times too large in every example."
    return ""


def _times(ratio: float) -> str:
    nice = Fraction(ratio).limit_denominator(1000)
    exact = abs(float(nice) - ratio) <= 1e-9 * abs(ratio)
    if exact and nice.denominator == 1:
        return f"It is {nice} times too large"
    if exact and nice.numerator == 1:
        return f"It is 1/{nice.denominator} of what it should be"
    return f"It is {f'{nice} of' if exact else f'{ratio:.6g} times'} what it should be"


def _offset(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    gaps = _each(pairs, lambda a, b: a - b)
    if gaps is None:
        return ""
    scale = max(1e-12, max(float(np.abs(b).max()) for _, b in _arrays(pairs) or []))
    if max(gaps) - min(gaps) <= 1e-9 * scale and (len(pairs) > 1 or abs(abs(gaps[0]) - 1) < 1e-9):
        gap = gaps[0]
        by = f"{abs(gap):.6g}"
        told = f"It is {by} too {'large' if gap > 0 else 'small'} in every example"
        return f"Off by one: {told[0].lower()}{told[1:]}." if abs(abs(gap) - 1) < 1e-9 else f"{told}."
    for name, values in given.products():
        for sign, word in ((1, "large"), (-1, "small")):
            if all(abs(g - sign * v) <= 1e-9 * scale for g, v in zip(gaps, values, strict=True)):
                return f"It is too {word} by {name} in every example."
    return ""


def _each(pairs: Sequence[Pair], what: Callable, same_zeros: bool = False) -> list[float] | None:
    """One number of each example, the same for all its entries; None where it is not the same, or no number."""
    found = _arrays(pairs)
    if not found:
        return None
    out: list[float] = []
    for a, b in found:
        if not (np.isfinite(a).all() and np.isfinite(b).all()) or (same_zeros and ((a == 0) != (b == 0)).any()):
            return None
        values = np.ravel(what(a, b))
        if not values.size or np.ptp(values) > 1e-6 * max(np.abs(values).max(), 1e-12):
            return None
        out.append(float(values.mean()))
    return out


def _all_near(values: Sequence[float], value: float) -> bool:
    return all(abs(one - value) <= NEAR * abs(value) for one in values)


# What somebody did who got f(right) in place of right.
TURNED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "It is upside down: one divided by what it should be.": lambda b: 1 / b,
    "It is one minus what it should be.": lambda b: 1 - b,
    "It is the square of what it should be.": np.square,
    "It is the square root of what it should be.": np.sqrt,
    "It is the logarithm of what it should be.": np.log,
    "It is the exponential of what it should be.": np.exp,
    "It is rounded; asked is the number itself.": np.round,
    "It is rounded down; asked is the number itself.": np.floor,
    "The size is right; asked is a number that may be negative.": np.abs,
}


def _turned(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    found = _arrays(pairs)
    if not found:
        return ""
    with np.errstate(all="ignore"):
        for told, turn in TURNED.items():
            if all(np.isfinite(turn(b)).all() and close(a, turn(b)) for a, b in found):
                return told
    return ""


# What was forgotten if this makes the right result of ours and one of the arguments.
FORGOTTEN: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "It is right once {} is added: is that missing?": np.add,
    "It is right once {} is subtracted: is that missing?": np.subtract,
    "It is right once multiplied by {}: is that missing?": np.multiply,
    "It is right once divided by {}: is that missing?": np.divide,
}


def _forgotten(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    """An argument, a number or an array that fits, that was forgotten."""
    found = _arrays(pairs)
    if not found or len(found) != len(next(iter(given.arrays.values()), [])):
        return ""
    for told, use in FORGOTTEN.items():
        for name, arrays in given.arrays.items():
            try:
                with np.errstate(all="ignore"):
                    made = [use(a, array) for (a, _), array in zip(found, arrays, strict=True)]
            except ValueError:  # the shapes do not fit
                continue
            if all(m.shape == b.shape and close(m, b) for m, (_, b) in zip(made, found, strict=True)):
                return told.format(name)
    return ""


def _whole(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    found = _arrays(pairs)
    if not found or not all(float(x).is_integer() for _, b in found for x in np.ravel(b)):
        return ""
    if all(float(x).is_integer() for a, _ in found for x in np.ravel(a)):
        return ""
    if all(close(np.floor(a), b) for a, b in found):
        return "It is not whole; asked is the whole number below, as // gives it."
    return "It is not whole, and asked are whole numbers: should a / be a //?"


# -- parts -------------------------------------------------------------------------------------------------------------

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")


def _parts(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    """Of tuples and short lists, which items are right, and what is wrong with the first that is not."""
    ours, theirs = wrong[0]
    if isinstance(theirs, dict):
        bad = [key for key in theirs if not equal(ours[key], theirs[key])]
        inner = difference([(a[bad[0]], b[bad[0]]) for a, b in pairs if bad[0] in a and bad[0] in b])
        return f"Wrong: {_listed(bad)}. {inner}".strip()
    if not isinstance(theirs, (list, tuple)) or not isinstance(ours, (list, tuple, np.ndarray)):
        return ""
    lengths = {len(b) for _, b in pairs} | {len(a) for a, _ in pairs if hasattr(a, "__len__")}
    if len(lengths) != 1 or not 1 < len(theirs) <= len(ORDINALS):
        return ""
    bad = [i for i in range(len(theirs)) if any(not equal(a[i], b[i]) for a, b in pairs)]
    fine = [ORDINALS[i] for i in range(len(theirs)) if i not in bad]
    if not fine and len(theirs) > 3:
        return ""
    inner = difference([(a[bad[0]], b[bad[0]]) for a, b in pairs])
    told = f"The {' and '.join(fine)} {'is' if len(fine) == 1 else 'are'} right; the " if fine else "The "
    told += f"{' and '.join(ORDINALS[i] for i in bad)} {'is' if len(bad) == 1 else 'are'} not."
    return f"{told} {f'The {ORDINALS[bad[0]]}: {inner}' if inner else ''}".strip() if fine or inner else ""


def _entries(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    """Of an array or a long list, how much is right, and the first entry that is not."""
    a, b = numbers(wrong[0][0]), numbers(wrong[0][1])
    if a is None or b is None or a.shape != b.shape or a.size < 2:
        return ""
    with np.errstate(invalid="ignore"):
        good = np.isclose(a, b, rtol=NEAR, atol=NEAR * np.abs(b[np.isfinite(b)]).max(initial=0), equal_nan=True)
    place = tuple(int(i) for i in np.argwhere(~good)[0])
    index = ", ".join(map(str, place))
    return (
        f"{int(good.sum())} of {a.size} numbers are right; the first that is not stands at [{index}]: "
        f"{a[place]:.6g}, expected {b[place]:.6g}."
    )


def _some(wrong: Sequence[Pair], pairs: Sequence[Pair], given: Given) -> str:
    right = len(pairs) - len(wrong)
    a, b = numbers(wrong[0][0]), numbers(wrong[0][1])
    size = ""
    if a is not None and b is not None and a.shape == b.shape == ():
        size = f"It is too {'large' if a > b else 'small'}"
    if right and size:
        return f"{size} here; {right} of {len(pairs)} examples {'is' if right == 1 else 'are'} right."
    return f"{size}." if size else (f"{right} of {len(pairs)} examples are right." if right else "")


RULES: tuple[Callable[[Sequence[Pair], Sequence[Pair], Given], str], ...] = (
    _nothing, _kind, _shape, _not_finite, _sign, _order, _turned, _factor, _offset, _forgotten, _whole, _parts,
    _entries, _some,
)  # fmt: skip
