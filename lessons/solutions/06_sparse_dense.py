"""Solutions of lesson 6."""


def grouped_density(groups):
    """`groups` blocks, each 1 / groups of the rows by 1 / groups of the columns."""
    return 1 / groups


def csr_bytes(rows, density, columns):
    """Eight bytes for each number that is there, and eight for each row and one more."""
    return 8 * rows * columns * density + 8 * (rows + 1)


def to_csr(matrix):
    """Row by row; after each row, the number of values so far is where the next one starts."""
    values, columns, starts = [], [], [0]
    for row in matrix:
        for column, value in enumerate(row):
            if value != 0:
                values.append(value)
                columns.append(column)
        starts.append(len(values))
    return values, columns, starts


def sparse_times_vector(values, columns, starts, x):
    """Each row is a sum over its own stretch of values."""
    return [
        sum(values[k] * x[columns[k]] for k in range(starts[i], starts[i + 1]))
        for i in range(len(starts) - 1)
    ]


def median_ratio(rounds):
    """First divide, then sort."""
    ratios = sorted(one / other for one, other in rounds)
    middle = len(ratios) // 2
    if len(ratios) % 2 == 1:
        return ratios[middle]
    return (ratios[middle - 1] + ratios[middle]) / 2


def clusters(c, threshold):
    """A unit that is taken begins nothing."""
    found, taken = [], set()
    for first in range(len(c)):
        if first in taken:
            continue
        members = [first]
        for other in range(first + 1, len(c)):
            if other not in taken and c[first][other] > threshold:
                members.append(other)
        taken.update(members)
        found.append(members)
    return found


def was_the_paper_wrong():
    """It cannot be decided here.

    The paper names no layer, no machine and no library; it speaks of those of 2014, in a part that gives reasons and
    measures nothing. To judge it one would have to run a sparse and a dense library of that time on a machine of that
    time, for the sizes of its layers.

    Nor does the lesson show that sparse networks pay today. It times one product, of random weights. It does not ask
    whether a network with a hundredth of its weights is any good (at equal accuracy one needs more of them), whether
    the best sparse network can be found, or what happens on a graphics processor, where dense products are helped by
    units of their own. What it shows is where the price of a scattered weight comes from, and that a share of 1 % is
    far beyond break-even for this kernel.
    """
