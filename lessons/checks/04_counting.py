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


EXERCISES = [
    Exercise(
        "conv_parameters",
        built,
        [(3, 64, 128, 1), (5, 96, 256, 2), (7, 3, 24, 3)],
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
        [(227, 11, 3, 96, 4), (28, 3, 16, 32, 1), (35, 5, 8, 8, 2)],
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
]
