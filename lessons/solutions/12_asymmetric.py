"""Solutions of lesson 12."""

import numpy as np


def pair_weights(n, m, c, k):
    """A column for each pair of m and c, a row for each pair of c and k."""
    return n * m * c + n * c * k


def saving(n):
    """2 n weights in place of n n."""
    return 1 - 2 / n


def best_pair(kernel):
    """The first piece of the singular value decomposition."""
    u, s, v = np.linalg.svd(kernel)
    return s[0] * np.outer(u[:, 0], v[0])


def pair_share(kernel):
    """The largest singular value squared, over all of them squared."""
    energy = np.linalg.svd(kernel, compute_uv=False) ** 2
    return energy[0] / energy.sum()


def as_matrix(kernel):
    """The input's axis goes behind the column's place, then pairs of axes become one."""
    n, _, m, k = kernel.shape
    return kernel.transpose(0, 2, 1, 3).reshape(n * m, n * k)


def middle_for_any(n, m, k):
    """The largest rank of a matrix of n m rows and n k columns."""
    return min(n * m, n * k)


def early_layers():
    """Count: the square has 49 x 3 x 64 = 9,408 weights. A 7x1 from 3 to c and a 1x7 from c to 64 have 7 x c x 67. With
    c = 21 (the full rank, so nothing is lost) that is 9,849, a little more than the square. With c = 64 it is 30,016,
    more than three times the square. Only with a middle narrower than 21 is anything saved.

    Measure: the time, as a second grid of 112 x 112 has to be written and read, which counting multiply-adds does not
    show; the share that c = 8 reaches of a trained first layer (in the lesson 90 %); and the accuracy of networks
    trained from the start with the pair, at least three times each, at equal cost. If that differs by less than the
    trainings of one kind differ, keep the square: it is simpler.
    """
