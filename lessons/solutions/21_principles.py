"""Solutions of lesson 21."""

from itertools import pairwise
from math import isqrt, prod


def steepest(shapes):
    """All three numbers of a shape count."""
    return max(
        prod(before) / prod(after) for before, after in pairwise(shapes)
    )


def reduced_cost(channels, embedding, out, kernel):
    """The second reads the embedding only."""
    return channels * embedding + kernel * kernel * embedding * out


def equal_cost_width(depth, budget, channels, pixels):
    """Solve (depth - 1) w w + channels w <= budget / (9 pixels) for w."""
    per_pixel = budget // (9 * pixels)
    if depth == 1:
        return per_pixel // channels
    return (
        isqrt(channels * channels + 4 * (depth - 1) * per_pixel) - channels
    ) // (2 * (depth - 1))
