"""Solutions of lesson 6."""


def sparse_times_vector(values, columns, starts, x):
    """Each row is a sum over its own stretch of values."""
    return [
        sum(values[k] * x[columns[k]] for k in range(starts[i], starts[i + 1]))
        for i in range(len(starts) - 1)
    ]


def csr_bytes(rows, density, columns):
    """Eight bytes for each number that is there, and eight for each row and one more."""
    return 8 * rows * columns * density + 8 * (rows + 1)


def grouped_density(groups):
    """`groups` blocks, each 1 / groups of the rows by 1 / groups of the columns."""
    return 1 / groups
