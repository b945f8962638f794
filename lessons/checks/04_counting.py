"""Checks of lesson 4's exercises: right answers are counted on built layers and modules."""

from functools import partial

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise


def built(k, m, n, groups):
    with nn.shape_only():
        layer = nn.Conv2d(m, n, k, groups=groups, padding="same")
    return summary(layer, 2 * k, channels=m).params


def run(size, k, m, n, stride):
    with nn.shape_only():
        layer = nn.Conv2d(m, n, k, stride=stride, padding="valid")
    return summary(layer, size, channels=m).macs


def module(m, n1, r3, n3, r5, n5, proj):
    with nn.shape_only():
        block = nn.inception(
            m,
            n1=n1,
            r3=r3,
            n3=n3,
            r5=r5,
            n5=n5,
            pool_proj=proj,
            unit=partial(nn.ConvUnit, norm=None),
        )
    return summary(block, 28, channels=m).params


def layers(*shapes):
    return sum(k * k * a * b + b for k, a, b in shapes)


def conv(grid, k, m, n):
    """Parameters and multiply-adds of a built layer."""
    with nn.shape_only():
        layer = nn.Conv2d(m, n, k, padding="valid")
    found = summary(layer, grid + k - 1, channels=m)
    return found.params, found.macs


def used(network):
    params, macs = zip(*(conv(*layer) for layer in network), strict=True)
    return sum(macs) / sum(params)


def wide(network, image=1, classes=1):
    """Parameters with twice the channels; image, classes: by what those grow."""
    total = 0
    for number, (grid, k, m, n) in enumerate(network, 1):
        m *= image if number == 1 else 2
        n *= classes if number == len(network) else 2
        total += conv(grid, k, m, n)[0]
    return total


GOOD = "within both budgets"


def verdict(network):
    """What is wrong with a network of exercise `design`, or GOOD."""
    try:
        network = [tuple(map(int, layer)) for layer in network]
        before, last = network[:-1], network[-1]
        if any(len(layer) != 4 or min(layer) < 1 for layer in network):
            return (
                "each layer is (grid, k, m, n), four whole numbers from 1 on"
            )
    except (TypeError, ValueError, IndexError):
        return "layers must be a list of (grid, k, m, n)"
    if len(before) < 6 or sum(k >= 3 for _, k, _, _ in before) < 4:
        return (
            "too few layers: six before the last, four of them 3x3 or larger"
        )
    grid, channels = 224, 3
    for number, (g, k, m, n) in enumerate(before, 1):
        if m != channels:
            return (
                f"layer {number} reads {m} channels, and there are {channels}"
            )
        if g not in (grid, -(-grid // 2)) or k % 2 == 0:
            return (
                f"layer {number} on a grid of {g} after {grid} with a {k}x{k}"
            )
        grid, channels = g, n
    if last != (1, 1, channels, 1000) or channels < 128:
        return f"the last layer must be (1, 1, m, 1000), m at least 128 and {channels} here"
    params = sum(k * k * m * n + n for _, k, m, n in network)
    macs = sum(g * g * k * k * m * n for g, k, m, n in network)
    if params > 1_000_000:
        return f"{params:,} parameters, more than 1,000,000"
    if macs > 100_000_000:
        return f"{macs:,} multiply-adds, more than 100,000,000"
    return GOOD


ENTRY = [(112, 3, 3, 16), (56, 3, 16, 32), (28, 3, 32, 64), (14, 3, 64, 128)]
TOO_LARGE = [*ENTRY, (7, 3, 128, 256), (7, 3, 256, 256), (1, 1, 256, 1000)]
TOO_SLOW = [(2 * grid, k, m, n) for grid, k, m, n in ENTRY] + [
    (14, 1, 128, 128),
    (7, 1, 128, 128),
    (1, 1, 128, 1000),
]
TOO_SHORT = [*ENTRY, (1, 1, 128, 1000)]
TORN = [*ENTRY, (7, 3, 64, 128), (7, 1, 128, 128), (1, 1, 128, 1000)]

NETWORKS = [
    ([(8, 3, 3, 4), (1, 1, 4, 10)],),
    ([(10, 1, 1, 1)],),
    ([(28, 5, 3, 8), (14, 3, 8, 16), (7, 3, 16, 32), (1, 7, 32, 10)],),
]


EXERCISES = [
    Exercise(
        "conv_parameters",
        built,
        [(3, 64, 128, 1), (5, 96, 256, 2), (7, 3, 24, 3), (3, 2, 4, 1)],
        {
            "That counts weights alone; there is a bias for each output channel.": lambda k, m, n, groups: (
                k * k * m // groups * n
            ),
            "The groups were forgotten: an output channel sees only the m / groups channels of its own "
            "group.": lambda k, m, n, groups: k * k * m * n + n,
            "Groups divide the weights once. The n output channels are shared out among them, "
            "and each sees m / groups.": lambda k, m, n, groups: (
                k * k * (m // groups) * (n // groups) + n
            ),
            "A bias is one number for each output channel, not one for the layer.": lambda k, m, n, groups: (
                k * k * m // groups * n + 1
            ),
        },
    ),
    Exercise(
        "conv_multiply_adds",
        run,
        [
            (227, 11, 3, 96, 4),
            (224, 11, 3, 96, 4),
            (28, 3, 16, 32, 1),
            (36, 5, 8, 8, 2),
        ],
        {
            "The output grid is smaller than the input's: without padding, "
            "(size - k) // stride + 1.": lambda size, k, m, n, stride: (
                size * size * k * k * m * n
            ),
            "One short: n windows have n - 1 steps between them, hence the + 1.": lambda size, k, m, n, stride: (
                ((size - k) // stride) ** 2 * k * k * m * n
            ),
            "A grid of size / stride needs padding.": lambda size, k, m, n, stride: (
                -((-size // stride) ** 2) * k * k * m * n
            ),
            "Part of a window is none: where (size - k) / stride is not whole, // "
            "leaves out what does not fit.": lambda size, k, m, n, stride: (
                ((size - k) / stride + 1) ** 2 * k * k * m * n
            ),
            "That is for one output pixel.": lambda size, k, m, n, stride: (
                k * k * m * n
            ),
            "Those are FLOPs: a multiply-add is a multiplication and an addition, "
            "and counts once.": lambda size, k, m, n, stride: (
                2 * ((size - k) // stride + 1) ** 2 * k * k * m * n
            ),
        },
    ),
    Exercise(
        "module_parameters",
        module,
        [(192, 64, 96, 128, 16, 32, 32), (480, 192, 96, 208, 16, 48, 64)],
        {
            "The 3x3 and the 5x5 read their reductions, of r3 and r5 channels, "
            "not the module's input.": lambda m, n1, r3, n3, r5, n5, proj: (
                layers(
                    (1, m, n1),
                    (1, m, r3),
                    (3, m, n3),
                    (1, m, r5),
                    (5, m, n5),
                    (1, m, proj),
                )
            ),
            "The reductions are layers too, with m * r3 and m * r5 weights.": lambda m, n1, r3, n3, r5, n5, proj: (
                layers((1, m, n1), (3, r3, n3), (5, r5, n5), (1, m, proj))
            ),
            "The pooling branch ends in a 1x1 with parameters of its own.": lambda m, n1, r3, n3, r5, n5, proj: (
                layers(
                    (1, m, n1),
                    (1, m, r3),
                    (3, r3, n3),
                    (1, m, r5),
                    (5, r5, n5),
                )
            ),
            "The biases are missing, one for each output channel of each of the six "
            "layers.": lambda m, n1, r3, n3, r5, n5, proj: (
                m * (n1 + r3 + r5 + proj) + 9 * r3 * n3 + 25 * r5 * n5
            ),
        },
    ),
    Exercise(
        "uses",
        used,
        NETWORKS,
        {
            "That is parameters over multiply-adds; asked is the other way round.": lambda network: (
                1 / used(network)
            ),
            "That is the mean of the layers' own averages; each parameter should count the same.": lambda network: (
                sum(conv(*layer)[1] / conv(*layer)[0] for layer in network)
                / len(network)
            ),
            "Biases are parameters too: + n.": lambda network: (
                sum(g * g * k * k * m * n for g, k, m, n in network)
                / sum(k * k * m * n for _, k, m, n in network)
            ),
            "Those are multiply-adds of one pixel; a grid has g * g of them.": lambda network: (
                sum(g * k * k * m * n for g, k, m, n in network)
                / sum(k * k * m * n + n for _, k, m, n in network)
            ),
            "Whole division loses what comes after the point.": lambda network: (
                int(used(network))
            ),
        },
    ),
    Exercise(
        "twice_as_wide",
        wide,
        [
            NETWORKS[0],
            NETWORKS[2],
            ([(4, 3, 3, 5), (4, 1, 5, 7), (2, 3, 7, 6), (1, 1, 6, 2)],),
        ],
        {
            "The image keeps its three channels.": lambda network: wide(
                network, image=2
            ),
            "The classes keep their number.": lambda network: wide(
                network, classes=2
            ),
            "The image keeps its channels and the classes their number.": lambda network: (
                wide(network, 2, 2)
            ),
            "Four times all weights: but the first layer's m and the last one's n do not double.": lambda network: (
                4 * sum(conv(*layer)[0] for layer in network)
            ),
            "Both m and n double: a layer's input is as wide as the output before it.": lambda network: (
                sum(
                    conv(g, k, m, n if number == len(network) else 2 * n)[0]
                    for number, (g, k, m, n) in enumerate(network, 1)
                )
            ),
            "That is the network as it was.": lambda network: sum(
                conv(*layer)[0] for layer in network
            ),
        },
    ),
    Exercise(
        "design",
        None,
        [()],
        {
            verdict(network): lambda network=network: network
            for network in (TOO_LARGE, TOO_SLOW, TOO_SHORT, TORN)
        },
        accepts=lambda network: (
            None if verdict(network) == GOOD else verdict(network)
        ),
    ),
]
