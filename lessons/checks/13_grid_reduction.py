"""Checks of lesson 13's exercises: right answers are counted in the package's own reductions."""

from functools import partial

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise

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


EXERCISES = [
    Exercise(
        "reduction_costs",
        costs,
        [(36, 320, 1), (16, 48, 3), (8, 10, 5)],
        {
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
        ],
        {
            "The pooling is a branch as well: it passes all channels that come in.": lambda channels, paths: (
                sum(path[-1] for path in paths)
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
