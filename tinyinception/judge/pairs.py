"""How sure a mean difference is of which there are few pairs, such as two trainings for each of three seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyinception.checks import number, whole
from tinyinception.errors import ShapeError
from tinyinception.habits import named


@dataclass(frozen=True)
class PairedDifference:
    """Of n pairs the mean of second minus first, the standard deviation of these, and the interval of the mean.

    deviation, low and high are None for fewer than two pairs, of which nothing follows.
    """

    n: int
    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    confidence: float

    @property
    def holds_zero(self) -> bool:
        """Whether the sign of the difference cannot be told."""
        return self.low is None or self.high is None or self.low <= 0 <= self.high

    @property
    def enough(self) -> int | None:
        """How many pairs would leave zero outside, were mean and deviation the same; None where 1,000 would not do."""
        if not self.deviation or not self.mean:
            return None
        for n in range(2, 1001):
            if student_t(self.confidence, n - 1) * self.deviation / math.sqrt(n) < abs(self.mean):
                return n
        return None


@named
def paired_difference(first: Sequence[float], second: Sequence[float], *, confidence: float = 0.95) -> PairedDifference:
    """The mean of second minus first over n pairs, with the interval of Student's t for n - 1 degrees of freedom.

    It assumes that the differences are normally distributed, which n of three can neither show nor refute. Raises
    ShapeError for no pairs or unequal lengths, ArgumentError for confidence outside (0, 1).
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if a.ndim != 1 or a.shape != b.shape or not len(a):
        raise ShapeError(f"paired_difference: numbers of shape {a.shape} and {b.shape}; expected as many of both")
    confidence = number("confidence", confidence, "(0, 1)")
    differences, n = b - a, len(a)
    mean = float(differences.mean())
    if n < 2:
        return PairedDifference(n, mean, None, None, None, confidence)
    deviation = float(differences.std(ddof=1))
    if deviation <= 8 * np.finfo(np.float64).eps * max(abs(a).max(), abs(b).max()):
        deviation = 0.0  # what rounding makes of equal differences, such as 0.3 - 0.1 and 0.4 - 0.2
    reach = student_t(confidence, n - 1) * deviation / math.sqrt(n)
    return PairedDifference(n, mean, deviation, mean - reach, mean + reach, confidence)


@named
def student_t(confidence: float, freedom: int) -> float:
    """The t for which Student's distribution has `confidence` between -t and t; freedom: degrees of it.

    By bisection. Raises ArgumentError for confidence outside (0, 1) or freedom below 1.
    """
    confidence, freedom = number("confidence", confidence, "(0, 1)"), whole("freedom", freedom)
    low, high = 0.0, 1.0
    while _between(high, freedom) < confidence:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _between(middle, freedom) < confidence else (low, middle)
    return high


def _between(t: float, freedom: int) -> float:
    """How probable a number between -t and t is: Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, odd = math.cos(angle), freedom % 2
    term = total = 1.0 if not odd else (cosine if freedom > 1 else 0.0)
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= (k - 1) / k * cosine**2
        total += term
    return 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
