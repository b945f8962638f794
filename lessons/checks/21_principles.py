"""Checks of lesson 21's exercises: right answers come from built networks and from trying."""

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise


def filled(shapes):
    sizes = [np.ones(shape, np.int8).sum() for shape in shapes]
    return max(sizes[i] / sizes[i + 1] for i in range(len(sizes) - 1))


def built(channels, embedding, out, kernel):
    with nn.shape_only():
        stack = nn.Sequential(
            nn.Conv2d(channels, embedding, 1),
            nn.ConvUnit(embedding, out, kernel, norm=None),
        )
    return summary(stack, 1, channels=channels).macs


def tried(depth, budget, channels, pixels):
    width = 1
    while (
        9 * pixels * (channels * (width + 1) + (depth - 1) * (width + 1) ** 2)
        <= budget
    ):
        width += 1
    return width


STEM = [(35, 35, 192), (17, 17, 192), (17, 17, 768), (8, 8, 1280)]
EXERCISES = [
    Exercise(
        "steepest",
        filled,
        [
            (STEM,),
            ([(8, 8, 64), (8, 8, 8), (4, 4, 64)],),
            ([(10, 10, 3), (5, 5, 6)],),
        ],
        {
            "Pixels alone do not tell: a grid can shrink while its channels grow.": lambda shapes: (
                filled([(height, width, 1) for height, width, _ in shapes])
            ),
            "Channels alone do not tell: a pooling drops pixels and keeps all channels.": lambda shapes: (
                filled([(1, 1, channels) for _, _, channels in shapes])
            ),
            "That is from the first to the last; asked is the largest single step.": lambda shapes: (
                filled([shapes[0], shapes[-1]])
            ),
        },
    ),
    Exercise(
        "reduced_cost",
        built,
        [(64, 16, 64, 3), (192, 16, 32, 5), (32, 64, 48, 3)],
        {
            "The 1x1 costs too: channels times embedding products per "
            "pixel.": lambda channels, embedding, out, kernel: (
                kernel * kernel * embedding * out
            ),
            "The second convolution reads the embedding, not all channels; that is what "
            "saves.": lambda channels, embedding, out, kernel: (
                channels * embedding + kernel * kernel * channels * out
            ),
        },
    ),
    Exercise(
        "equal_cost_width",
        tried,
        [(4, 2_000_000, 32, 64), (1, 2_000_000, 32, 64), (16, 500_000, 3, 16)],
        {
            "Only the first layer reads `channels`; the others read what they write, so their cost grows as a "
            "square.": lambda depth, budget, channels, pixels: (
                budget // (9 * pixels * channels * depth)
            ),
            "The first layer reads `channels`, not its own width.": lambda depth, budget, channels, pixels: (
                tried(depth + 1, budget, 0, pixels)
            ),
        },
    ),
]
