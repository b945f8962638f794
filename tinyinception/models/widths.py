"""One knob for the cost of a network: all its widths times a factor."""

from __future__ import annotations

from collections.abc import Callable

from tinyinception.checks import number

STEP = 4  # widths stay multiples of it, for the sake of the kernels' vectors


def widths(factor: float) -> Callable[[int], int]:
    """What makes of each width the one a network has: n times the factor, to the nearest multiple of STEP; 1 is exact.

    Raises ArgumentError for a factor that is none.
    """
    times = float(number("width", factor, "(0, 64]"))
    return lambda n: n if times == 1 else max(STEP, STEP * round(n * times / STEP))
