"""Checks of lesson 8's exercises: right answers come from built networks and from walking every path."""

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise

HALF = 0.5


def built(k, m, multiplier, n):
    with nn.shape_only():
        layer = nn.SeparableConv(m, n, k, multiplier=multiplier)
    return sum(
        p.size
        for name, p in layer.named_parameters()
        if name.endswith("weight")
    )


def searched(operations, grid):
    """Add the multiply-adds of one weight until they are used up."""
    weights = 0
    while operations >= grid * grid:
        operations, weights = operations - grid * grid, weights + 1
    return weights


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


def shortest(network):
    return min(
        len([part for part in path if part != "pool"])
        for path in paths(network)
    )


def counted(widths):
    """Weights without biases of a built module."""
    m, n1, r3, n3, r5, n5, proj = widths
    with nn.shape_only():
        module = nn.inception(
            m, n1=n1, r3=r3, n3=n3, r5=r5, n5=n5, pool_proj=proj
        )
        return summary(module, 4, channels=m).macs // 16


def near(widths, params_k, *, step=8, unit=1024, same=False):
    """Repairs, by solving for the width: weights are linear in each of the seven."""
    found = []
    for place, printed in enumerate(widths):
        one, two = (
            counted((*widths[:place], w, *widths[place + 1 :]))
            for w in (8, 16)
        )
        slope = (two - one) / 8
        for width in range(step, 1025, step):
            off = one + slope * (width - 8) - params_k * unit
            if abs(off) <= unit / 2 and (same or width != printed):
                found.append((place, width))
    return found


MODULE = ("conv", ["conv", "conv"], ["conv", "conv"], ["pool", "conv"])

EXERCISES = [
    Exercise(
        "separable",
        built,
        [(7, 3, 8, 64), (7, 3, 1, 64), (3, 16, 2, 40), (5, 2, 3, 7)],
        {
            "That is the depthwise half alone; the 1x1 that mixes the channels has weights too.": lambda k, m, x, n: (
                k * k * m * x
            ),
            "The 1x1 reads what the depthwise half wrote, m times multiplier channels, not m.": lambda k, m, x, n: (
                k * k * m * x + m * n
            ),
            "In the depthwise half a filter looks at one channel: k k weights, not k k m.": lambda k, m, x, n: (
                k * k * m * m * x + m * x * n
            ),
            "Depthwise-separable is not k x 1 then 1 x k: it separates space from channels, not rows from columns.": (
                lambda k, m, x, n: 2 * k * m * n
            ),
            "The multiplier is missing: each channel has that many filters.": lambda k, m, x, n: (
                k * k * m + m * n
            ),
            "A filter of k x k has k times k weights.": lambda k, m, x, n: (
                k * m * x + m * x * n
            ),
        },
    ),
    Exercise(
        "weights_of",
        searched,
        [(1960, 14), (34_019_328, 112), (49 * 1388, 7), (5, 1)],
        {
            "The grid has two sides: there are grid x grid pixels.": lambda operations, grid: (
                operations / grid
            ),
            "Operations are weights times pixels; so divide.": lambda operations, grid: (
                operations * grid * grid
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
            # at the edges, to a millionth: inside and outside, below and above
            (1998, 6414, 56),
            (1714, 5502, 56),
            (1997, 6415, 56),
            (1713, 5503, 56),
        ],
        {
            "K is 1024 here: with 1000 the row conv2, 112K and 360M, would contradict itself.": lambda p, m, g: (
                (p - HALF) * g * g / 1e3 <= m + HALF
                and m - HALF <= (p + HALF) * g * g / 1e3
            ),
            "Both cells are rounded: the printed parameters need not give the printed operations exactly, or to half a M.": (
                lambda p, m, g: bool(abs(p * 1024 * g * g / 1e6 - m) <= HALF)
            ),
            "Every output pixel counts: a grid has grid x grid of them.": lambda p, m, g: (
                (p - HALF) * 1024 * g / 1e6 <= m + HALF
                and m - HALF <= (p + HALF) * 1024 * g / 1e6
            ),
            "The other way round: True where they can both be right.": lambda p, m, g: (
                not tried(p, m, g)
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
            (([["conv", "conv"], "pool", "conv"], "pool"),),
            ((["conv", "conv"], "pool", "conv"),),
            ("conv",),
            ("pool",),
        ],
        {
            "That counts all weight layers; branches side by side make a network wide, not deep.": every,
            "Pooling has no weights and is not counted here; with it the paper says 27 instead of 22.": parts_on_path,
            "The longest branch decides, not the first.": branches,
            "The longest branch decides, not the shortest.": shortest,
        },
    ),
    Exercise(
        "repairs",
        near,
        [
            ((832, 256, 160, 320, 32, 128, 128), 1072),
            ((480, 192, 96, 208, 16, 48, 64), 364),
            ((192, 64, 96, 128, 16, 32, 32), 159),
            ((512, 128, 128, 256, 24, 64, 64), 463),
            ((64, 16, 16, 32, 16, 32, 16), 22),
            ((8, 8, 8, 8, 8, 8, 8), 10),
            ((64, 8, 8, 8, 8, 8, 8), 1000),
        ],
        {
            "Only multiples of 8 are asked for.": lambda widths, k: near(
                widths, k, step=1
            ),
            "K is 1024.": lambda widths, k: near(widths, k, unit=1000),
            "The width that is printed is no repair: leave it out.": lambda widths, k: (
                near(widths, k, same=True)
            ),
        },
    ),
]
