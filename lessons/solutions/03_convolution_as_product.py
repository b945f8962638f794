"""Solutions of lesson 3."""

import numpy as np


def matrix_shape(n, size, channels, k, stride, padding):
    """A row for each output pixel of each image, a column for each number in a window."""
    grid = (size + 2 * padding - k) // stride + 1
    return n * grid * grid, k * k * channels


def winograd_saving(m, k):
    """The definition needs k x k products for each of the m x m outputs."""
    return (m * k) ** 2 / (m + k - 1) ** 2


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


def col2im(rows, height, width, channels, k, stride):
    """Windows in the same order as im2col cuts them out."""
    image, number = np.zeros((height, width, channels)), 0
    for i in range(0, height - k + 1, stride):
        for j in range(0, width - k + 1, stride):
            image[i : i + k, j : j + k] += rows[number].reshape(k, k, channels)
            number += 1
    return image


def weight_gradient(x, g, k):
    """A^T G, in the shape of the weights."""
    channels, filters = x.shape[2], g.shape[2]
    return (im2col(x, k).T @ g.reshape(-1, filters)).reshape(
        k, k, channels, filters
    )


def training_cost(layers):
    """Three products for each layer, but for the first, whose input is an image, two."""
    costs = [pixels * taps * filters for pixels, taps, filters in layers]
    return 3 * sum(costs) - costs[0]


def why_not_winograd_for_all():
    """The saving is (m k)^2 / (m + k - 1)^2, which tends to k^2 = 9 for a 3x3 and large m.

    But B and A are then no longer made of 0 and 1 only. Their numbers grow quickly with m, large numbers are
    subtracted from each other, and rounding spoils the result: 2x2 and 4x4 outputs are used, 6x6 at times. The sums by
    B and A also grow, and with few channels they cost more than the products that are saved. The saving comes from
    inputs that neighbouring outputs share. In a 1x1 convolution they share none: (m * 1)^2 / (m + 1 - 1)^2 is 1. With
    stride 2 they share fewer, and the square of inputs has to be taken apart into even and odd pixels first.
    """
