"""Exercises of lesson 3. Replace each `...`, then run `tinyinception lesson 3 --check`."""


def matrix_shape(n, size, channels, k, stride, padding):
    """Rows and columns, as a tuple, of the im2col matrix of n images of size x size pixels.

    The kernel is k x k, and `padding` pixels are added on each side.
    """
    return ...


def copies(size, k, row, column):
    """How often pixel (row, column) of a size x size image stands in the im2col matrix: stride 1, no padding."""
    return ...


def im2col(x, k):
    """The im2col matrix of x, H x W x C: stride 1, no padding, OH*OW rows of k*k*C numbers.

    Rows in the order of the output pixels, row by row; within a row the taps row by row, and the channels of each tap.
    """
    return ...
