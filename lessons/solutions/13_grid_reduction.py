"""Solutions of lesson 13."""

from math import sqrt


def reduction_costs(d, k, m):
    """Output pixels of the convolution times m m times channels in times channels out."""
    small, large = (d // 2) ** 2, d * d
    return [
        small * m * m * k * 2 * k,
        large * m * m * k * 2 * k,
        small * m * m * k * k,
    ]


def average_pool(x):
    """Even and odd rows and columns, added up."""
    total = x[0::2, 0::2] + x[0::2, 1::2] + x[1::2, 0::2] + x[1::2, 1::2]
    return total / 4


def narrowest(d, k):
    """Pooling first leaves a quarter; the others are narrowest at their output, which is half."""
    small = (d // 2) ** 2
    return [small * k, small * 2 * k, small * 2 * k]


def reduced_channels(channels, paths):
    """The last convolution of each path, and the pooling, which keeps what comes in."""
    return channels + sum(path[-1] for path in paths)


def least_error(spread, kept, numbers):
    """The share of the energy that is lost, and its root."""
    return spread * sqrt(max(0, 1 - kept / numbers))


def side_by_side(d, k, n, m):
    """The pooling passes k on, so the convolution makes the other n - k."""
    return (d // 2) ** 2 * m * m * k * (n - k)


def other_pictures():
    """For images with much detail of the size of a pixel: fine stripes, text, sand, leaves. There neighbours differ, and
    the mean of four tells little about each. In the extreme, a checkerboard of single black and white pixels, the mean
    is the same grey everywhere.

    Whether that hurts depends on what must be told apart. If the classes differ in fine texture, the information is
    gone. If they differ in shape, the average may even help, as it removes what does not matter. A strided convolution
    can learn to average and can learn something else, at the price of its weights.
    """
