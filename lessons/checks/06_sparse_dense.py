"""Checks of lesson 6's exercises: by filling the dense matrix, by adding up real arrays, by counting built layers."""

from itertools import pairwise

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise


def filled(values, columns, starts, x):
    w = np.zeros((len(starts) - 1, len(x)))
    for i, (a, b) in enumerate(pairwise(starts)):
        w[i, columns[a:b]] = values[a:b]
    return list(w @ x)


def by_columns(values, columns, starts, x):
    """The row of each value taken for its column, and the other way round."""
    out = [0.0] * (len(starts) - 1)
    for i in range(len(out)):
        for k in range(starts[i], starts[i + 1]):
            out[columns[k] % len(out)] += values[k] * x[i]
    return out


def without_columns(values, columns, starts, x):
    return [
        sum(
            values[k] * x[k - starts[i]]
            for k in range(starts[i], starts[i + 1])
        )
        for i in range(len(starts) - 1)
    ]


def last_forgotten(values, columns, starts, x):
    return [
        sum(
            values[k] * x[columns[k]]
            for k in range(starts[i], starts[i + 1] - 1)
        )
        for i in range(len(starts) - 1)
    ]


def added_up(rows, density, columns):
    count = round(rows * columns * density)
    return (
        np.zeros(count, np.float32).nbytes
        + np.zeros(count, np.int32).nbytes
        + np.zeros(rows + 1, np.int64).nbytes
    )


def built(groups):
    with nn.shape_only():
        grouped, whole = (
            nn.Conv2d(48, 96, 1, groups=g, bias=False) for g in (groups, 1)
        )
    return (
        summary(grouped, 4, channels=48).params
        / summary(whole, 4, channels=48).params
    )


EXERCISES = [
    Exercise(
        "sparse_times_vector",
        filled,
        [
            (
                [2.0, -1.0, 3.0, 0.5],
                [0, 3, 1, 2],
                [0, 2, 2, 4],
                [1.0, 10.0, 100.0, 1000.0],
            ),
            (
                [1.0, 4.0, 5.0, -2.0],
                [2, 0, 2, 3],
                [0, 1, 3, 4],
                [7.0, 1.0, -3.0, 2.0],
            ),
        ],
        {
            "values[k] stands in column columns[k], so it is multiplied with x[columns[k]], "
            "not with the next number of x.": without_columns,
            "The last value of each row is missing: the stretch is starts[i]:starts[i + 1], "
            "and range leaves out its end.": last_forgotten,
            "That is the transpose: i is the row, to whose sum the value belongs; "
            "columns[k] says what it is multiplied with.": by_columns,
        },
    ),
    Exercise(
        "csr_bytes",
        added_up,
        [(512, 0.25, 512), (100, 0.1, 300), (8, 0.5, 4)],
        {
            "The columns have to be stored too, 4 bytes for each non-zero weight.": lambda rows, density, columns: (
                4 * rows * columns * density + 8 * (rows + 1)
            ),
            "The starts of the rows are missing.": lambda rows, density, columns: (
                8 * rows * columns * density
            ),
            "There is one more start than rows, the end of the last row.": lambda rows, density, columns: (
                8 * rows * columns * density + 8 * rows
            ),
            "That is the dense matrix.": lambda rows, density, columns: (
                4 * rows * columns
            ),
        },
    ),
    Exercise(
        "grouped_density",
        built,
        [(1,), (2,), (4,), (12,)],
        {
            "Each block has 1 / groups^2 of the weights, but there are as many blocks as groups.": lambda groups: (
                1 / groups**2
            ),
            "Grouping leaves out connections: weights get fewer, while inputs and outputs stay.": lambda groups: (
                1.0
            ),
            "That is the share that is left out.": lambda groups: (
                1 - 1 / groups
            ),
        },
    ),
]
