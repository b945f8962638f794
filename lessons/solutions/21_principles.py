"""Solutions of lesson 21."""

from itertools import pairwise
from math import isqrt, prod

import numpy as np


def steepest(shapes):
    """All three numbers of a shape count."""
    return max(
        prod(before) / prod(after) for before, after in pairwise(shapes)
    )


def reduced_cost(channels, embedding, out, kernel):
    """The second reads the embedding only."""
    return channels * embedding + kernel * kernel * embedding * out


def directions_needed(variances, share):
    """Sort, the largest first, and add up until it is enough."""
    parts = np.cumsum(sorted(variances, reverse=True)) / np.sum(variances)
    return int(np.argmax(parts >= share)) + 1


def neighbour_correlation(a):
    """All columns but the last, against all but the first."""
    return np.corrcoef(a[:, :-1].ravel(), a[:, 1:].ravel())[0, 1]


def ridge(x, y, strength):
    """One system of linear equations, with as many unknowns as features."""
    return np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ y)


def equal_cost_width(depth, budget, channels, pixels):
    """Solve (depth - 1) w w + channels w <= budget / (9 pixels) for w."""
    per_pixel = budget // (9 * pixels)
    if depth == 1:
        return per_pixel // channels
    return (
        isqrt(channels * channels + 4 * (depth - 1) * per_pixel) - channels
    ) // (2 * (depth - 1))


def break_one():
    """For instance: a network that marks pixels (U-Net) goes down to a small grid and up again, a bottleneck in the middle.

    It breaks the first principle, and mends it by carrying the early maps past the bottleneck to where they are needed.
    A short test: give it images whose answer needs fine detail (mark the one-pixel dots) with and without these bridges;
    without, the dots should be lost. For sound, "spatial aggregation" runs along time, and neighbouring moments are as
    correlated as neighbouring cells, so the third principle should hold; measure the correlation first, as in the lesson.
    There is no single right choice; what counts is that the experiment could have come out against you.
    """
