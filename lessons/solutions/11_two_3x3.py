"""Solutions of lesson 11."""

from math import sqrt

import numpy as np


def stack_weights(m, c, n):
    """The first reads m channels, the second what the first wrote."""
    return 9 * m * c + 9 * c * n


def sees(kernels):
    """Each adds what it sees beyond one pixel."""
    return 1 + sum(k - 1 for k in kernels)


def paper_saving(m, n):
    """One minus the ratio of the weights."""
    c = round(sqrt(m * n))
    return 1 - 9 * c * (m + n) / (25 * m * n)


def break_even(k):
    """k k m n = h h m n + h h n n, divided by m n."""
    h = (k + 1) // 2
    return (k * k - h * h) / (h * h)


def stacked(a, b):
    """Each weight of a sends the image on, shifted, to all weights of b."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    p, q = len(a), len(b)
    made = np.zeros((p + q - 1, p + q - 1))
    for i in range(p):
        for j in range(p):
            made[i : i + q, j : j + q] += a[i, j] * b
    return made


def widest_middle(m, n, share):
    """c channels cost 9 c (m + n); the last c that fits."""
    return int(share * 25 * m * n // (9 * (m + n)))


def which_middle():
    """For: a narrow middle is a bottleneck: with c below n the second 3x3 makes n channels out of fewer, so they depend
    on each other. A ReLU stands after the middle and makes about half of its values zero; a wide one loses less.
    And at n / m of 1.2 to 1.5 there is little to gain: for n / m = 1.5 the wide middle costs 90 % of a 5x5 and the
    paper's 73.5 %.

    Against: those 16 percentage points could pay for wider modules. Nobody can tell from counting which is better. Only
    two networks of equal cost, trained more than once, would show it; the paper does not report such a comparison.
    """
