"""Checks of lesson 12's exercises: built networks, alternating least squares and the rank of random kernels."""

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise


def built(n, m, c, k):
    with nn.shape_only():
        stack = nn.Sequential(
            nn.Conv2d(m, c, (n, 1), bias=False, padding="same"),
            nn.Conv2d(c, k, (1, n), bias=False, padding="same"),
        )
    return summary(stack, 8, channels=m).params


def alternated(kernel):
    """The best row for a column, then the best column for that row, and so on, from the strongest column."""
    column = kernel[:, np.abs(kernel).sum(axis=0).argmax()].copy()
    for _ in range(2000):
        row = column @ kernel / (column @ column)
        column = kernel @ row / (row @ row)
    return (
        1 - ((kernel - np.outer(column, row)) ** 2).sum() / (kernel**2).sum()
    )


def rank(n, m, k):
    """Of a random kernel, laid out as (place in the column, input) by (place in the row, output)."""
    kernel = np.random.default_rng(0).standard_normal((n, n, m, k))
    return int(
        np.linalg.matrix_rank(
            kernel.transpose(0, 2, 1, 3).reshape(n * m, n * k)
        )
    )


def singular(kernel):
    return np.linalg.svd(kernel, compute_uv=False)


def laid_out(kernel):
    """Entry by entry."""
    n, _, m, k = kernel.shape
    matrix = np.zeros((n * m, n * k))
    for i, j, a, b in np.ndindex(*kernel.shape):
        matrix[i * m + a, j * k + b] = kernel[i, j, a, b]
    return matrix


def outer(kernel):
    """The best row for a column and so on, as the matrix that they make."""
    column = kernel[:, np.abs(kernel).sum(axis=0).argmax()].copy()
    for _ in range(2000):
        row = column @ kernel / (column @ column)
        column = kernel @ row / (row @ row)
    return np.outer(column, row)


def counted_saving(n):
    return 1 - built(n, 8, 8, 8) / (n * n * 64)


def piece(kernel, scale, transpose=False):
    u, s, v = np.linalg.svd(kernel)
    made = scale(s) * np.outer(u[:, 0], v[0])
    return made.T if transpose else made


SHEAR = np.array([[1.0, 2.0, 0.0], [0.0, 1.0, 3.0], [1.0, 0.0, 1.0]])
KERNEL = np.random.default_rng(4).standard_normal((3, 3, 2, 4))
EDGE = np.array([[0.0, 1.0, 2.0], [-1.0, 0.0, 1.0], [-2.0, -1.0, 0.0]])
BLUR = np.outer([1.0, 2.0, 1.0], [1.0, 2.0, 1.0]) + np.diag([0.5, 0.0, -1.0])

EXERCISES = [
    Exercise(
        "pair_weights",
        built,
        [(3, 64, 64, 64), (7, 128, 160, 192), (3, 3, 32, 32)],
        {
            "The row is taken to read the input's m channels; "
            "it reads the c channels that the column wrote.": lambda n, m, c, k: (
                n * m * c + n * m * k
            ),
            "That counts weights per pair of channels, 2 n, "
            "as the '6 instead of 9' of summaries does.": lambda n, m, c, k: (
                2 * n
            ),
            "Those are two squares of n x n; a column and a row have n weights per pair of channels "
            "each.": lambda n, m, c, k: n * n * m * c + n * n * c * k,
        },
    ),
    Exercise(
        "saving",
        counted_saving,
        [(2,), (3,), (5,), (7,)],
        {
            "That is what is left; asked is what is saved.": lambda n: 2 / n,
            "That is one column alone; a row comes with it.": lambda n: (
                1 - 1 / n
            ),
            "That is the number of weights saved; asked is their share.": lambda n: (
                n * n - 2 * n
            ),
            "A pair has 2 n weights, n + n, not n - 1 or n + 1 of them.": lambda n: (
                1 - (n + 1) / n**2
            ),
        },
    ),
    Exercise(
        "best_pair",
        outer,
        [(BLUR,), (SHEAR,), (EDGE + BLUR,)],
        {
            "The size is missing: the piece is the largest singular value times column times row.": lambda kernel: (
                piece(kernel, lambda s: 1.0)
            ),
            "The size is squared; only energies are.": lambda kernel: piece(
                kernel, lambda s: s[0] ** 2
            ),
            "The piece is turned: the column stands first, then the row.": lambda kernel: (
                piece(kernel, lambda s: s[0], True)
            ),
            "The kernel itself is not a pair: its rank is higher than one.": lambda kernel: (
                kernel
            ),
            "svd gives v with its rows as the rows of the pieces: take v[0], not v[:, 0].": lambda kernel: (
                np.linalg.svd(kernel)[1][0]
                * np.outer(
                    np.linalg.svd(kernel)[0][:, 0],
                    np.linalg.svd(kernel)[2][:, 0],
                )
            ),
        },
    ),
    Exercise(
        "pair_share",
        alternated,
        [(EDGE,), (BLUR,), (SHEAR,)],
        {
            "Energy is the sum of squares: the singular values have to be squared.": lambda kernel: (
                singular(kernel)[0] / singular(kernel).sum()
            ),
            "Eigenvalues are not singular values; they agree only for special matrices.": lambda kernel: (
                (abs(np.linalg.eigvals(kernel)) ** 2).max()
                / (abs(np.linalg.eigvals(kernel)) ** 2).sum()
            ),
            "That is the largest singular value's energy; asked is its share of the whole.": lambda kernel: (
                singular(kernel)[0] ** 2
            ),
            "That is the share of the length, the square root of the energy's.": lambda kernel: (
                singular(kernel)[0] / np.sqrt((singular(kernel) ** 2).sum())
            ),
            "That is what the best pair misses; asked is what it reaches.": lambda kernel: (
                1 - singular(kernel)[0] ** 2 / (singular(kernel) ** 2).sum()
            ),
            "That takes one row of the kernel as it is and leaves the others; a pair gives every row a multiple "
            "of one.": lambda kernel: (
                (kernel**2).sum(axis=1).max() / (kernel**2).sum()
            ),
        },
    ),
    Exercise(
        "as_matrix",
        laid_out,
        [(KERNEL,), (KERNEL[:, :, :1],), (KERNEL[:2, :2],)],
        {
            "Reshaping alone puts place and place together; the input's axis must stand behind the column's place "
            "first.": lambda kernel: kernel.reshape(
                kernel.shape[0] * kernel.shape[2], -1
            ),
            "Rows and columns are swapped: the column's place and the input make the rows.": lambda kernel: (
                laid_out(kernel).T
            ),
            "The channel stands before the place; the place comes first, then the channel.": lambda kernel: (
                kernel.transpose(2, 0, 3, 1).reshape(
                    kernel.shape[0] * kernel.shape[2], -1
                )
            ),
        },
    ),
    Exercise(
        "middle_for_any",
        rank,
        [(3, 4, 4), (3, 3, 8), (5, 6, 2), (7, 2, 3)],
        {
            "With as many as the input has, only one n-th of the rank is reached, "
            "which is where the saving comes from.": lambda n, m, k: m,
            "That holds where there is one channel; "
            "each input and output adds rows and columns to the matrix.": lambda n, m, k: (
                n
            ),
            "The rank of a matrix is bounded by its columns too: by outputs as well as by inputs.": lambda n, m, k: (
                n * m
            ),
        },
    ),
]
