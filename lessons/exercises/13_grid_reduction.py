"""Exercises of lesson 13.

Replace each `...`, then run `tinyinception lesson 13 --check`.
"""


def reduction_costs(d, k, m):
    """[1] Multiply-adds of the three ways from d x d x k to half the grid.

    d is even, and 2k channels come out; the convolutions are m x m. A list:
    pool then convolve, convolve then pool, side by side.
    """
    return ...


def average_pool(x):
    """[1] The mean of each 2 x 2 pixels.

    x: a NumPy array, rows x columns x channels, rows and columns even. The
    result is rows/2 x columns/2 x channels.
    """
    return ...


def narrowest(d, k):
    """[2] Numbers at the narrowest point of the same three ways, d even.

    In the same order, as a list.
    """
    return ...


def reduced_channels(channels, paths):
    """[2] Channels after a grid reduction.

    paths has the widths of each path's convolutions, as in
    [[384], [64, 96, 96]]. A pooling stands beside the paths, and all are
    concatenated.
    """
    return ...


def least_error(spread, kept, numbers):
    """[2] The error that is left of noise, root mean square.

    `kept` of `numbers` independent numbers of this spread get through
    unharmed, the others not at all. If kept is larger than numbers, nothing
    is lost.
    """
    return ...


def side_by_side(d, k, n, m):
    """[3] Multiply-adds of the third way if n channels are to come out.

    From d x d x k (d even) to d/2 x d/2 x n, n larger than k, with an m x m
    convolution of stride 2 beside a pooling.
    """
    return ...


def other_pictures():
    """[open] For which images would average first lose more than here?

    And is an average of raw pixels then a good first layer for a network
    that has to tell such images apart?
    """
    return ...
