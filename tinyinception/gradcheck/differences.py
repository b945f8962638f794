"""Derivatives of a function along a line, from its values alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Arrays = Sequence[np.ndarray]
EPS = float(np.finfo(np.float64).eps)
STEPS = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8)
ROUNDINGS = 8  # rounding error of one output, in units of its last place
CANCELLED = 1e6  # by how much larger than the outputs the terms may be that cancel in them
FADED = 1e-2  # a disagreement that varies this much with the step is no kink
IMAGINARY_STEP = 1e-30


@dataclass(frozen=True)
class Slope:
    """A derivative, a bound for its rounding error, and whether the function has a kink there."""

    value: float
    noise: float
    kink: bool = False


def central(
    at: Callable[[float], Arrays], middle: Arrays, cotangents: Arrays, *, unit: float, rtol: float, scale: float
) -> Slope:
    """d<cotangents, at(t)>/dt at t = 0 by central differences, extrapolated from two steps (Richardson).

    middle: at(0). unit: the length of t that counts as 1. scale: size below which a derivative counts as small.

    A smooth function's difference quotients at steps h and h/2 agree up to h^2, and the gap between its forward and its
    backward difference halves with h. A kink within reach of h breaks one or the other, wherever it lies. Then the step
    is shortened, which leaves the kink behind unless it is at 0 itself.

    What disagrees at every step is a kink if it disagrees about equally at all of them. If it fades with the step, the
    function is smooth with a derivative near 0 (x ** 3 at 0). If it grows as the step shrinks, it is rounding, more of
    it than the size of the outputs suggests (terms cancel in them), unless it is too large for that: a jump. Where
    there is no kink the best step counts, and its disagreement as noise.
    """
    tried = []
    for step in STEPS:
        h = step * unit
        far, near = (at(h), at(-h)), (at(h / 2), at(-h / 2))
        slope_far, slope_near = _slope(cotangents, far, h), _slope(cotangents, near, h / 2)
        gap_far, gap_near = _gap(cotangents, middle, far, h), _gap(cotangents, middle, near, h / 2)
        value = (4 * slope_near - slope_far) / 3
        moving = [(a != m) | (b != m) for m, a, b in zip(middle, *far, strict=True)]
        noise = ROUNDINGS * EPS * norm(cotangents, middle, moving) / h
        rough = max(abs(slope_far - slope_near), abs(gap_near - gap_far / 2))
        if rough <= max(noise, rtol / 4 * max(abs(value), scale)):
            return Slope(value, noise)
        tried.append((rough, h, value, noise))
    best = int(np.argmin([rough for rough, *_ in tried]))
    rough, h, value, noise = tried[best]
    rounding = 4 * max(r * step for r, step, *_ in tried[best:])  # of a few samples, hence the 4
    credible = CANCELLED * EPS * (norm(cotangents) + norm(cotangents, middle))
    smooth = rough <= FADED * max(r for r, *_ in tried) and rounding <= credible
    return Slope(value, noise + rounding / h, kink=not smooth)


def complex_step(at: Callable[[complex], Arrays], cotangents: Arrays) -> Slope:
    """d<cotangents, at(t)>/dt at t = 0 from one evaluation off the real axis (Squire and Trapp, 1998).

    f(x + ih) = f(x) + ih f'(x) + O(h^2): no difference is taken, so no digits are lost, however small h is.
    Holds for functions that are analytic, that is, differentiable in the complex plane.
    """
    return Slope(_contract(cotangents, [y.imag for y in at(1j * IMAGINARY_STEP)]) / IMAGINARY_STEP, 0.0)


def norm(*factors: Arrays) -> float:
    """Euclidean norm of arrays, multiplied element by element and taken as one long vector."""
    return sum(float(np.square(math.prod(arrays)).sum()) for arrays in zip(*factors, strict=True)) ** 0.5


def _contract(cotangents: Arrays, arrays: Arrays) -> float:
    return float(sum(np.vdot(c, a) for c, a in zip(cotangents, arrays, strict=True)))


def _slope(cotangents: Arrays, sides: tuple[Arrays, Arrays], h: float) -> float:
    """Central difference quotient; outputs are subtracted before the contraction, so those at rest add no rounding."""
    return _contract(cotangents, [a - b for a, b in zip(*sides, strict=True)]) / (2 * h)


def _gap(cotangents: Arrays, middle: Arrays, sides: tuple[Arrays, Arrays], h: float) -> float:
    """Forward minus backward difference quotient."""
    bends = [(a - m) - (m - b) for a, m, b in zip(sides[0], middle, sides[1], strict=True)]
    return _contract(cotangents, bends) / h
