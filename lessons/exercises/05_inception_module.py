"""Exercises of lesson 5. Replace each `...`, then run `tinyinception lesson 5 --check`."""


def naive_channels(channels, modules):
    """Channels after a stack of naive modules on `channels`; modules lists the filters (n1, n3, n5) of each."""
    return ...


def branch_macs(grid, m, r, n, k):
    """Multiply-adds of a 1x1 from m to r channels and then a k x k from r to n, on grid x grid pixels, padded."""
    return ...


def widest_reduction(m, n, k):
    """The largest whole r with which that branch takes fewer multiply-adds than a k x k from m to n channels alone.

    The grid does not matter: it is the same for both.
    """
    return ...
