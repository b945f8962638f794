"""Exercises of lesson 3. Replace each `...`, then run `tinyinception lesson 3
--check`.

[1] is to fill in, [2] to build, [3] to think further, [open] has no check but
a discussion in `lessons/solutions`.
"""

import numpy as np


def matrix_shape(n, size, channels, k, stride, padding):
    """[1] Rows and columns, as a tuple, of the im2col matrix of n images of
    size x size pixels.

    The kernel is k x k, and `padding` pixels are added on each side.
    matrix_shape(1, 5, 1, 3, 1, 0) is (9, 9), the matrix of the lesson.
    """
    return ...


def winograd_saving(m, k):
    """[1] How many times fewer products Winograd's method needs than the
    definition, for m x m outputs.

    The kernel is k x k, and a window has (m + k - 1) x (m + k - 1) pixels,
    each of which needs one product. winograd_saving(2, 3) is 2.25.
    """
    return ...


def copies(size, k, row, column):
    """[2] How often pixel (row, column) of a size x size image stands in the
    im2col matrix: stride 1, no padding.

    copies(5, 3, 2, 2) is 9, copies(5, 3, 0, 0) is 1.
    """
    return ...


def im2col(x, k):
    """[2] The im2col matrix of x, H x W x C: stride 1, no padding, OH*OW rows
    of k*k*C numbers.

    Rows in the order of the output pixels, row by row; within a row the taps
    row by row, and the channels of each tap. The first row of
    im2col(np.arange(16.0).reshape(4, 4, 1), 3) is 0, 1, 2, 4, 5, 6, 8, 9, 10.
    """
    return ...


def col2im(rows, height, width, channels, k, stride):
    """[2] The way back: an image height x width x channels, to which each
    number of `rows` has been added.

    rows is a matrix like that of im2col, but windows begin at every stride-th
    pixel of a row and of a column; there is no padding. Each number is added
    to the pixel that it would be a copy of. col2im(np.ones((4, 4)), 4, 4, 1,
    2, 2) is all ones: windows of 2x2 that do not overlap.
    """
    return ...


def weight_gradient(x, g, k):
    """[2] The gradient of the weights, k x k x C x F, of a convolution of
    stride 1 without padding.

    x is one image, H x W x C, and g the gradient of the output, OH x OW x F.
    Your im2col may help. For a 1x1 image, channels [2, 3] and g [10],
    weight_gradient(x, g, 1) holds 20 and 30.
    """
    return ...


def training_cost(layers):
    """[3] Multiply-adds of one step of training: the forward pass, and all
    gradients that are needed.

    layers is a list of tuples (pixels, taps, filters), from the first layer to
    the last: the im2col matrix has `pixels` rows and `taps` columns. Nobody
    needs the gradient of the images. training_cost([(4, 9, 2)]) is 144:
    forward 4 * 9 * 2, and as much for the weights.
    """
    return ...


def why_not_winograd_for_all():
    """[open] Winograd's method gets better with larger squares: 4x4 outputs of
    a 3x3 take 36 products, not 144.

    Why does nobody use it for 10x10 outputs? And why not for a 1x1
    convolution, or for stride 2? Think about what B, G and A cost, about
    rounding, and about which inputs two outputs share. A discussion is in the
    solutions.
    """
