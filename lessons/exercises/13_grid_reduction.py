"""Exercises of lesson 13. Replace each `...`, then run `tinyinception lesson 13 --check`."""


def reduction_costs(d, k, m):
    """Multiply-adds of the three ways from d x d x k to d/2 x d/2 x 2k, d even, with m x m convolutions.

    In this order: pool then convolve, convolve then pool, and side by side a convolution to k channels and a pooling.
    """
    return ...


def narrowest(d, k):
    """Numbers at the narrowest point of the same three ways, d even, in the same order."""
    return ...


def reduced_channels(channels, paths):
    """Channels after a grid reduction; paths has the widths of each path's convolutions, as in [[384], [64, 96, 96]].

    A pooling stands beside the paths, and all are concatenated.
    """
    return ...
