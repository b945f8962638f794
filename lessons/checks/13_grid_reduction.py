"""Checks of lesson 13's exercises: right answers are counted in the package's own reductions."""

from functools import partial

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise
from tinyinception.tensor import Tensor

plain = partial(nn.ConvUnit, norm=None, relu=False, bias=False)


def ways(d, k, m):
    """Counts of the three ways, in the lesson's order."""
    with nn.shape_only():
        modules = [
            nn.pool_then_conv(
                k, 2 * k, kernel_size=m, padding="same", unit=plain
            ),
            nn.conv_then_pool(
                k, 2 * k, kernel_size=m, padding="same", unit=plain
            ),
            nn.grid_reduction(k, [(k, m)], padding="same", unit=plain),
        ]
    return [summary(module, d, channels=k) for module in modules]


def costs(d, k, m):
    return [found.macs for found in ways(d, k, m)]


def fewest(d, k):
    first, second, beside = ways(d, k, 1)
    return [
        min(row.activations for row in first.rows),
        min(row.activations for row in second.rows),
        beside.rows[-1].activations,
    ]


def channels_out(channels, paths):
    with nn.shape_only():
        module = nn.grid_reduction(
            channels, *([(width, 3) for width in path] for path in paths)
        )
    return summary(module, 9, channels=channels).rows[-1].output[-1]


def pooled(x):
    """The package's own pooling."""
    return nn.AvgPool2d(2)(Tensor(x[None])).numpy()[0]


def thrown_away(spread, kept, numbers):
    """Errors one by one: zero for what gets through, the spread for the others."""
    errors = [0.0] * min(kept, numbers) + [spread] * max(0, numbers - kept)
    return float(np.sqrt(np.mean(np.square(errors))))


def counted_beside(d, k, n, m):
    with nn.shape_only():
        module = nn.grid_reduction(k, [(n - k, m)], padding="same", unit=plain)
    return summary(module, d, channels=k).macs


PICTURE = np.random.default_rng(2).standard_normal((4, 6, 3))

EXERCISES = [
    Exercise(
        "average_pool",
        pooled,
        [(PICTURE,), (PICTURE[:2, :2],), (PICTURE[:, :4, :1],)],
        {
            "That is the sum of four pixels; the mean is a quarter of it.": lambda x: (
                4 * pooled(x)
            ),
            "That keeps one pixel of four, and does not look at the others.": lambda x: (
                x[::2, ::2]
            ),
            "That is the maximum; asked is the mean.": lambda x: x.reshape(
                x.shape[0] // 2, 2, x.shape[1] // 2, 2, -1
            ).max(axis=(1, 3)),
            "Two rows are averaged, and the columns not.": lambda x: (
                (x[::2] + x[1::2]) / 2
            ),
        },
    ),
    Exercise(
        "least_error",
        thrown_away,
        [
            (67.6, 768, 3072),
            (1.0, 3, 4),
            (2.0, 5, 5),
            (3.0, 9, 5),
            (1.0, 0, 7),
        ],
        {
            "Energies are lost in this share; the error is the root of it.": lambda spread, kept, numbers: (
                spread * max(0, 1 - kept / numbers)
            ),
            "That is the part that gets through; asked is what is left as error.": lambda spread, kept, numbers: (
                spread * min(1, kept / numbers) ** 0.5
            ),
            "That is the energy, the square of the error.": lambda spread, kept, numbers: (
                spread**2 * max(0, 1 - kept / numbers)
            ),
        },
    ),
    Exercise(
        "side_by_side",
        counted_beside,
        [(36, 320, 640, 1), (16, 48, 60, 3), (8, 10, 11, 5)],
        {
            "The pooling passes k channels on; only n - k are computed.": lambda d, k, n, m: (
                (d // 2) ** 2 * m * m * k * n
            ),
            "A convolution of stride 2 computes only the pixels that it keeps, a quarter of d d.": lambda d, k, n, m: (
                d * d * m * m * k * (n - k)
            ),
            "An m x m convolution has m m weights for each pair of channels.": lambda d, k, n, m: (
                (d // 2) ** 2 * k * (n - k)
            ),
            "That holds where n = 2 k; here n may be any number.": lambda d, k, n, m: (
                (d // 2) ** 2 * m * m * k * k
            ),
            "Half the side is a quarter of the pixels, not half.": lambda d, k, n, m: (
                d * d // 2 * m * m * k * (n - k)
            ),
        },
    ),
    Exercise(
        "reduction_costs",
        costs,
        [(36, 320, 1), (16, 48, 3), (8, 10, 5)],
        {
            "Pooling first and convolving first are swapped: pooling first is the cheaper one.": lambda d, k, m: [
                costs(d, k, m)[i] for i in (1, 0, 2)
            ],
            "2k channels come out of the first two, not k.": lambda d, k, m: [
                costs(d, k, m)[0] // 2,
                costs(d, k, m)[1] // 2,
                costs(d, k, m)[2],
            ],
            "That is the paper's formula, which is for 1x1; an m x m costs m m times as much.": lambda d, k, m: (
                costs(d, k, 1)
            ),
            "Half the side is a quarter of the pixels, not half of them.": lambda d, k, m: [
                costs(d, k, m)[0] * 2,
                costs(d, k, m)[1],
                costs(d, k, m)[2] * 2,
            ],
            "Side by side only k channels are convolved, from the k that come in; "
            "the other k are the pooling's.": lambda d, k, m: [
                *costs(d, k, m)[:2],
                costs(d, k, m)[0],
            ],
            "A strided convolution computes only the pixels that it keeps, a quarter of them.": lambda d, k, m: [
                *costs(d, k, m)[:2],
                4 * costs(d, k, m)[2],
            ],
        },
    ),
    Exercise(
        "narrowest",
        fewest,
        [(36, 320), (16, 48)],
        {
            "All three end with as many numbers, but on the way the first has fewer: "
            "count after its pooling.": lambda d, k: [fewest(d, k)[1]] * 3,
            "Convolving first widens before it shrinks; d x d x 2k is its widest point, "
            "and its output is narrower.": lambda d, k: [
                fewest(d, k)[0],
                2 * d * d * k,
                fewest(d, k)[2],
            ],
            "Branches side by side carry their numbers together: k channels are convolved and k pooled.": lambda d, k: [
                *fewest(d, k)[:2],
                fewest(d, k)[0],
            ],
        },
    ),
    Exercise(
        "reduced_channels",
        channels_out,
        [
            (288, [[384], [64, 96, 96]]),
            (768, [[192, 320], [192, 192, 192, 192]]),
            (48, [[64]]),
            (80, [[96, 64], [32]]),
        ],
        {
            "The pooling is a branch as well: it passes all channels that come in.": lambda channels, paths: (
                sum(path[-1] for path in paths)
            ),
            "The last convolution of a path counts, not the widest.": lambda channels, paths: (
                channels + sum(max(path) for path in paths)
            ),
            "Concatenation adds channels up; only adding the values of branches would keep the largest number.": lambda channels, paths: (
                max(channels, *(path[-1] for path in paths))
            ),
            "The first convolution of a path feeds the next one; the last is concatenated.": lambda channels, paths: (
                channels + sum(path[0] for path in paths)
            ),
            "Only the last convolution of a path is concatenated; "
            "those before feed the next one.": lambda channels, paths: (
                channels + sum(map(sum, paths))
            ),
            "Pooling does not widen: the new channels come from the paths, "
            "whatever the network needs.": lambda channels, paths: (
                2 * channels
            ),
        },
    ),
]
