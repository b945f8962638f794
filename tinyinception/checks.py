"""What a number must be, and the one error for one that is not: "NAME must be X, got Y"."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from typing import Any

import numpy as np

from tinyinception.errors import ArgumentError


def is_whole(value: Any, least: float) -> bool:
    """Whether `value` is a whole number, NumPy's included, of at least `least`; True and False are none."""
    return (type(value) is int or (isinstance(value, Integral) and not isinstance(value, bool))) and int(value) >= least


def whole(name: str, value: Any, least: int = 1, fail: Callable[[str], Exception] = ArgumentError) -> int:
    """`value` as an int, if it is a whole number of at least `least`; else the error that `fail` makes of a message."""
    if not is_whole(value, least):
        raise fail(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(value)


def number(name: str, value: Any, interval: str, kind: type = Real) -> Any:
    """`value`, if it is of `kind` and in `interval`, written as in mathematics, "[0, 1)"; else ArgumentError.

    kind: Real or Integral. NumPy's numbers count as such, and are returned as Python's; True and False as none.
    """
    low, high = (float(end) for end in interval[1:-1].split(","))
    is_kind = isinstance(value, kind) and not isinstance(value, bool)
    inside = (
        is_kind
        and (kind is Integral or _fits_a_float(value))
        and (low <= value if interval[0] == "[" else low < value)
        and (value <= high if interval[-1] == "]" else value < high)
    )
    if not inside:
        noun = "a whole number" if kind is Integral else "a number"
        raise ArgumentError(f"{name} must be {noun} in {interval}, got {value!r}")
    return value.item() if isinstance(value, np.generic) else value


def _fits_a_float(value: Any) -> bool:
    try:
        float(value)
    except OverflowError:  # a whole number of more than 308 digits
        return False
    return True
