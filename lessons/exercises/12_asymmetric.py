"""Exercises of lesson 12.

Replace each `...`, then run `tinyinception lesson 12 --check`.
"""


def pair_weights(n, m, c, k):
    """[1] Weights of an n x 1 from m to c channels and a 1 x n from c to k.

    Without biases.
    """
    return ...


def saving(n):
    """[1] The share of an n x n's weights that a column and a row save.

    With equally many channels everywhere. saving(3) is one third.
    """
    return ...


def best_pair(kernel):
    """[2] The rank-one matrix that is closest to an n x n NumPy array.

    Closest: the sum of the squared differences is smallest.
    """
    return ...


def pair_share(kernel):
    """[2] Share of the energy that the best column times row reaches.

    kernel: an n x n NumPy array; its energy is the sum of its squares.
    """
    return ...


def as_matrix(kernel):
    """[2] All kernels of a layer as one matrix, as in the lesson's picture.

    kernel: n x n x m x k (place in the column, place in the row, input,
    output). The matrix has n m rows (place in the column, then input) and
    n k columns (place in the row, then output).
    """
    return ...


def middle_for_any(n, m, k):
    """[3] Least channels between an n x 1 and a 1 x n for every kernel.

    Both are linear, and together they must be able to make every n x n
    kernel from m to k channels.
    """
    return ...


def early_layers():
    """[open] Would you split the first layer of a network of your own?

    It is a 7x7 from 3 to 64 channels on photographs. What would you count,
    and what would you measure, before you decide?
    """
    return ...
