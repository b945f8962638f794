"""Comparing results of exercises, whole or in parts, and what the functions were given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

NEAR = 1e-6
NUMBERS = "iuf"


def equal(ours: Any, theirs: Any) -> bool:
    """Whether two results are the same up to rounding, for telling which parts of a wrong result are right."""
    a, b = numbers(ours), numbers(theirs)
    if a is not None and b is not None:
        return a.shape == b.shape and close(a, b)
    if isinstance(theirs, (list, tuple)) and isinstance(ours, (list, tuple)):
        return len(ours) == len(theirs) and all(map(equal, ours, theirs))
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(equal(ours[key], theirs[key]) for key in theirs)
    return a is None and b is None and type(ours) is type(theirs) and bool(ours == theirs)


def numbers(value: Any) -> np.ndarray | None:
    """A result as an array of floats; None where it is not made of numbers in a rectangle."""
    if isinstance(value, (str, bytes, bool, np.bool_, dict, set, type(None))):
        return None
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O":
            array = array.astype(float)
    except (TypeError, ValueError):
        return None
    return array.astype(float) if array.dtype.kind in NUMBERS and array.size else None


def close(a: np.ndarray, b: np.ndarray) -> bool:
    with np.errstate(invalid="ignore"):
        return bool(np.allclose(a, b, rtol=NEAR, atol=NEAR * np.abs(b[np.isfinite(b)]).max(initial=0), equal_nan=True))


class Given:
    """The numbers and arrays that the function was given, by name, to explain a factor or an offset."""

    def __init__(self, arguments: Sequence[tuple], names: Sequence[str]) -> None:
        self.values: dict[str, list[float]] = {}
        self.arrays: dict[str, list[np.ndarray]] = {}
        for i, name in enumerate(names):
            column = [row[i] if i < len(row) else None for row in arguments]
            arrays = [numbers(value) for value in column]
            if arrays and all(array is not None for array in arrays):
                self.arrays[name] = [array for array in arrays if array is not None]
                if all(array.ndim == 0 for array in self.arrays[name]):
                    self.values[name] = [float(array) for array in self.arrays[name]]

    def products(self) -> Iterator[tuple[str, list[float]]]:
        """Products of up to three of them."""
        for count in (1, 2, 3):
            for chosen in combinations_with_replacement(self.values, count):
                product = np.prod([self.values[name] for name in chosen], axis=0)
                yield " × ".join(chosen), [float(value) for value in product]
