"""Checks of lesson 7's exercises: right answers come from built networks and from walking every path."""

import numpy as np

from tinyinception import nn
from tinyinception.course.exercises import Exercise


def built(k, m, multiplier, n):
    with nn.shape_only():
        layer = nn.SeparableConv(m, n, k, multiplier=multiplier)
    return sum(
        p.size
        for name, p in layer.named_parameters()
        if name.endswith("weight")
    )


def tried(params_k, operations_m, grid):
    """Try numbers of weights in the printed range: does one of them round to the printed operations?"""
    weights = np.linspace(
        (params_k - 0.5) * 1024, (params_k + 0.5) * 1024, 10_001
    )
    return bool((np.abs(weights * grid**2 / 1e6 - operations_m) <= 0.5).any())


def paths(network):
    """Every path from the beginning to the end, as the parts it goes through."""
    if isinstance(network, str):
        return [[network]]
    if isinstance(network, tuple):
        return [path for branch in network for path in paths(branch)]
    result = [[]]
    for part in network:
        result = [before + after for before in result for after in paths(part)]
    return result


def walked(network):
    return max(
        len([part for part in path if part != "pool"])
        for path in paths(network)
    )


def every(network):
    """All weight layers, wherever they are."""
    return (
        int(network != "pool")
        if isinstance(network, str)
        else sum(map(every, network))
    )


def parts_on_path(network):
    return max(map(len, paths(network)))


def branches(network):
    """The number of branches decides which one is followed: the first."""
    if isinstance(network, str):
        return int(network != "pool")
    return (
        branches(network[0])
        if isinstance(network, tuple)
        else sum(map(branches, network))
    )


MODULE = ("conv", ["conv", "conv"], ["conv", "conv"], ["pool", "conv"])
HALF = 0.5

EXERCISES = [
    Exercise(
        "separable",
        built,
        [(7, 3, 8, 64), (7, 3, 1, 64), (3, 16, 2, 40)],
        {
            "That is the depthwise half alone; "
            "the 1x1 that mixes the channels has weights too.": lambda k, m, multiplier, n: (
                k * k * m * multiplier
            ),
            "The 1x1 reads what the depthwise half wrote, m times multiplier channels, "
            "not m.": lambda k, m, multiplier, n: (
                k * k * m * multiplier + m * n
            ),
            "In the depthwise half a filter looks at one channel: k k weights, "
            "not k k m.": lambda k, m, multiplier, n: (
                k * k * m * m * multiplier + m * multiplier * n
            ),
            "Depthwise-separable is not k x 1 then 1 x k: it separates space from channels, "
            "not rows from columns.": lambda k, m, multiplier, n: (
                2 * k * m * n
            ),
        },
    ),
    Exercise(
        "consistent",
        tried,
        [
            (463, 100, 14),
            (1072, 54, 7),
            (437, 88, 14),
            (159, 128, 28),
            (380, 304, 28),
            (112, 360, 56),
            (580, 119, 14),
            (1388, 71, 7),
            (1018, 54, 7),
            (27, 340, 112),
        ],
        {
            "K is 1024 here: with 1000 the row conv2, 112K and 360M, would contradict itself.": lambda p, m, g: (
                (p - HALF) * g * g / 1e3 <= m + HALF
                and m - HALF <= (p + HALF) * g * g / 1e3
            ),
            "Both cells are rounded: the printed parameters need not give the printed operations exactly, "
            "or to half a M.": lambda p, m, g: bool(
                abs(p * 1024 * g * g / 1e6 - m) <= HALF
            ),
            "Every output pixel counts: a grid has grid x grid of them.": lambda p, m, g: (
                (p - HALF) * 1024 * g / 1e6 <= m + HALF
                and m - HALF <= (p + HALF) * 1024 * g / 1e6
            ),
        },
    ),
    Exercise(
        "depth",
        walked,
        [
            (["conv", ("conv", ["pool", "conv"]), "fc"],),
            (["conv", MODULE, "pool", MODULE],),
            ([("pool", ["conv", MODULE, "conv"]), "fc"],),
        ],
        {
            "That counts all weight layers; branches side by side make a network wide, not deep.": every,
            "Pooling has no weights and is not counted here; with it the paper says 27 instead of 22.": parts_on_path,
            "The longest branch decides, not the first.": branches,
        },
    ),
]
