"""Solutions of lesson 3."""

import numpy as np


def matrix_shape(n, size, channels, k, stride, padding):
    """A row for each output pixel of each image, a column for each number in a window."""
    grid = (size + 2 * padding - k) // stride + 1
    return n * grid * grid, k * k * channels


def copies(size, k, row, column):
    """Windows begin at 0 ... size - k; those that begin at p - k + 1 ... p contain position p."""

    def along(p):
        return min(p, size - k) - max(p - k + 1, 0) + 1

    return along(row) * along(column)


def im2col(x, k):
    """Cut out every window."""
    h, w, _ = x.shape
    return np.array(
        [
            x[i : i + k, j : j + k].ravel()
            for i in range(h - k + 1)
            for j in range(w - k + 1)
        ]
    )
