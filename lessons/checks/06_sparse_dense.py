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


def by_numpy(matrix):
    """The values from NumPy's list of places, the starts by counting."""
    w = np.array(matrix)
    rows, columns = np.nonzero(w)
    counts = [int((rows < i).sum()) for i in range(len(w) + 1)]
    return w[rows, columns].tolist(), columns.tolist(), counts


def without_end(matrix):
    values, columns, starts = by_numpy(matrix)
    return values, columns, starts[:-1]


def lengths(matrix):
    values, columns, starts = by_numpy(matrix)
    return values, columns, np.diff(starts).tolist()


def column_by_column(matrix):
    return by_numpy(np.array(matrix).T.tolist())


def numpy_median(rounds):
    pairs = np.array(rounds, dtype=float)
    return float(np.median(pairs[:, 0] / pairs[:, 1]))


def median_over_median(rounds):
    one, other = np.median(np.array(rounds, dtype=float), axis=0)
    return float(one / other)


def upper_middle(rounds):
    ratios = sorted(a / b for a, b in rounds)
    return ratios[len(ratios) // 2]


def gathered(c, threshold):
    """The same by labels: each unit gets the first leader that takes it."""
    leaders: list[int] = []
    label = {}
    for unit in range(len(c)):
        label[unit] = next(
            (a for a in leaders if c[a][unit] > threshold), unit
        )
        if label[unit] == unit:
            leaders.append(unit)
    return [[u for u in range(len(c)) if label[u] == a] for a in leaders]


def with_overlap(c, threshold):
    found, taken = [], set()
    for first in range(len(c)):
        if first not in taken:
            members = [first] + [
                i for i in range(first + 1, len(c)) if c[first][i] > threshold
            ]
            taken |= set(members)
            found.append(members)
    return found


def at_least(c, threshold):
    return gathered(c, threshold - 1e-9)


def linked(c, threshold):
    """Whoever goes with any member is taken in."""
    left, found = list(range(len(c))), []
    while left:
        members = [left.pop(0)]
        for unit in members:
            new = [i for i in left if c[unit][i] > threshold]
            members += new
            left = [i for i in left if i not in new]
        found.append(sorted(members))
    return found


CHAIN = [
    [1, 0.8, 0.1, 0.5],
    [0.8, 1, 0.7, 0.6],
    [0.1, 0.7, 1, 0.9],
    [0.5, 0.6, 0.9, 1],
]
SHARED = [
    [1, 0.9, 0.2, 0.1],
    [0.9, 1, 0.3, 0.2],
    [0.2, 0.3, 1, 0.1],
    [0.1, 0.2, 0.1, 1],
]
BOTH = [
    [1, 0.2, 0.9, 0.3],
    [0.2, 1, 0.8, 0.7],
    [0.9, 0.8, 1, 0.1],
    [0.3, 0.7, 0.1, 1],
]

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
    Exercise(
        "to_csr",
        by_numpy,
        [
            ([[0, 2], [0, 0], [3, 4]],),
            ([[1, 0, 0], [0, 5, -6]],),
            ([[0, 0], [0, 0]],),
            ([[0.5, 0.25, 0], [0, 0, 0], [0, 0, 0.125], [0, 1, 0]],),
        ],
        {
            "The last start is missing: one more than rows, the end of the last row.": without_end,
            "starts are places, not lengths: where each row begins in the lists.": lengths,
            "That goes column by column; CSR goes row by row.": column_by_column,
        },
    ),
    Exercise(
        "median_ratio",
        numpy_median,
        [
            ([(2, 1), (9, 3), (30, 10)],),
            ([(1, 2), (3, 1), (4, 5), (8, 2)],),
            ([(5, 4)],),
            ([(10, 1), (2, 4), (3, 5), (100, 7), (6, 6)],),
        ],
        {
            "That divides medians of different moments: divide each pair first.": median_over_median,
            "That is the mean of the ratios, which one disturbed round can spoil.": lambda rounds: (
                float(np.mean([a / b for a, b in rounds]))
            ),
            "An even number has two middle ones: take their mean.": upper_middle,
            "The other way round: one over other.": lambda rounds: (
                numpy_median([(b, a) for a, b in rounds])
            ),
            "That is the fastest round; asked is the middle one.": lambda rounds: (
                min(a / b for a, b in rounds)
            ),
        },
    ),
    Exercise(
        "clusters",
        gathered,
        [
            ([[1, 0.2, 0.9], [0.2, 1, 0.3], [0.9, 0.3, 1]], 0.5),
            (CHAIN, 0.5),
            (SHARED, 0.25),
            (BOTH, 0.6),
            ([[1]], 0.5),
        ],
        {
            "A unit is in one cluster only: leave out those that are taken.": with_overlap,
            "Above the threshold: equal to it is not enough.": at_least,
            "A unit must go with the first of its cluster, not with any member.": linked,
        },
    ),
]
