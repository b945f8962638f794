"""Exercises of lesson 5. Replace each `...`, then check your answers:
`tinyinception lesson 5 --check`.

[1] fill in, [2] build, [3] think further, [open] no check, a discussion.
"""

import numpy as np

from tinyinception import nn
from tinyinception.tensor import Tensor, concat


def naive_channels(channels, modules):
    """[1] Channels after a stack of naive modules.

    channels: what goes into the first one. modules: the filters (n1, n3, n5)
    of each. naive_channels(192, [(64, 128, 32)]) is 416.
    """
    return ...


def branch_macs(grid, m, r, n, k):
    """[1] Multiply-adds of a branch with a reduction.

    A 1x1 from m to r channels, then a k x k from r to n, on grid x grid
    pixels, both padded so that the grid stays.
    branch_macs(28, 192, 16, 32, 5) is 12443648.
    """
    return ...


def widest_reduction(m, n, k):
    """[2] The largest whole r with which that branch is strictly cheaper.

    Cheaper than a k x k from m to n channels without any 1x1. The grid does
    not matter: it is the same for both. At equal cost it is not cheaper.
    widest_reduction(192, 32, 5) is 154.
    """
    return ...


def module(measure, m, n1, r3, n3, r5, n5, proj):
    """[2] Build the module with reductions.

    Write a class like Inception, from nn.Conv2d, nn.MaxPool2d and concat, or
    put it together otherwise: four branches, joined in the order 1x1, 3x3,
    5x5, pooling; a ReLU after every convolution; a bias in each. End with
    `return measure(network)`: the checker's function, which copies weights
    into your module and sends an image through.
    """
    return ...


def within_budgets(measure):
    """[3] A module within two budgets.

    It reads 28 x 28 pixels with 192 channels and puts out at least 256, at
    least 32 from each of the four branches. It has at most 80,000 parameters
    and 60 million multiply-adds: half of what 3a has. Choose the widths,
    build it, and `return measure(network)`.
    """
    return ...


def mixtures_seen(m, r, n, k):
    """[3] The rank of a branch 1x1 from m to r, then k x k from r to n.

    On how many mixtures of its m channels can it depend? Leave out the ReLU
    and take random weights. mixtures_seen(192, 16, 32, 5) is 16; but think of
    r larger than m, and of very few filters.
    """
    return ...


def why_a_pooling():
    """[open] What is the pooling branch for?

    The paper gives one sentence of reason (section 4). What can this branch
    do that the other three cannot? What would you try, to find out whether it
    is needed?
    """
    return ...
