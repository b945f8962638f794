"""Exercises of lesson 6. Replace each `...`, then run `tinyinception lesson 6 --check`."""


def sparse_times_vector(values, columns, starts, x):
    """W x for a matrix W in CSR and a vector x, as a list or array.

    Row i of W has the numbers values[starts[i]:starts[i + 1]], in the columns of the same places in `columns`;
    everything else is 0.
    """
    return ...


def csr_bytes(rows, density, columns):
    """Bytes of a rows x columns matrix in CSR: float32 values, int32 columns, and rows + 1 starts of 8 bytes.

    density is the share of non-zero weights; rows * columns * density is a whole number.
    """
    return ...


def grouped_density(groups):
    """The share of weights that are left when a 1x1 convolution is cut into equal groups that do not see each other."""
    return ...
