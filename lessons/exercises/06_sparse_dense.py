"""Exercises of lesson 6. Replace each `...`, then check your answers:
`tinyinception lesson 6 --check`.

[1] fill in, [2] build, [3] think further, [open] no check, a discussion.
"""

import numpy as np


def grouped_density(groups):
    """[1] The share of weights that are left in a grouped 1x1 convolution.

    It is cut into equal groups that do not see each other.
    grouped_density(2) is 0.5.
    """
    return ...


def csr_bytes(rows, density, columns):
    """[1] Bytes of a rows x columns matrix in CSR.

    Values are float32 and columns int32, of 4 bytes each; the rows + 1 starts
    have 8 bytes. density is the share of non-zero weights, and
    rows * columns * density is a whole number.
    csr_bytes(512, 0.25, 512) is 528392.
    """
    return ...


def to_csr(matrix):
    """[2] The three lists (values, columns, starts) of a matrix.

    matrix is a list of rows, each a list of numbers. starts has one number
    more than there are rows. to_csr([[0, 2], [0, 0], [3, 4]]) is
    ([2, 3, 4], [1, 0, 1], [0, 1, 1, 3]).
    """
    return ...


def sparse_times_vector(values, columns, starts, x):
    """[2] W x for a matrix W in CSR and a vector x, as a list or array.

    Row i of W has the numbers values[starts[i]:starts[i + 1]], in the columns
    of the same places in `columns`; everything else is 0.
    sparse_times_vector([2.0], [1], [0, 1], [5.0, 7.0]) is [14.0].
    """
    return ...


def median_ratio(rounds):
    """[2] How long one call takes, over the other, from pairs of times.

    rounds: pairs (one, other), each taken in the same moment. Return the
    median of the ratios: the middle one when sorted, or the mean of the two
    middle ones where their number is even.
    median_ratio([(2, 1), (9, 3), (30, 10)]) is 3.0.
    """
    return ...


def clusters(c, threshold):
    """[3] Clusters of units from their correlations c, a square list of lists.

    Go through the units in order. A unit that is in no cluster yet begins one,
    and takes in all later units without a cluster whose correlation with it is
    above the threshold. Return lists of units, in the order they were begun.
    clusters([[1, 0.2, 0.9], [0.2, 1, 0.3], [0.9, 0.3, 1]], 0.5) is
    [[0, 2], [1]].
    """
    return ...


def was_the_paper_wrong():
    """[open] "... switching to sparse matrices would not pay off."

    Your machine says otherwise for a hundredth of the weights. Was the paper
    wrong? What would you need, to answer? And why is it no answer either that
    the sparse product wins in this lesson?
    """
    return ...
