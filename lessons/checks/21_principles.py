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


def added_up(variances, share):
    left, total, count = sorted(variances), 0.0, 0
    while total < share * sum(variances) - 1e-12:
        total += left.pop()
        count += 1
    return count


def paired(a):
    pairs = np.array(
        [(row[i], row[i + 1]) for row in a for i in range(len(row) - 1)]
    )
    one, two = (pairs - pairs.mean(axis=0)).T
    return (one * two).sum() / np.sqrt((one**2).sum() * (two**2).sum())


def by_more_examples(x, y, strength):
    """Ordinary least squares with one more example per feature, whose answer is 0."""
    n = x.shape[1]
    more = np.vstack([x, np.sqrt(strength) * np.eye(n)])
    return np.linalg.lstsq(more, np.concatenate([y, np.zeros(n)]), rcond=None)[
        0
    ]


rng = np.random.default_rng(21)
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
        "directions_needed",
        added_up,
        [
            (np.array([1.0, 6.0, 3.0]), 0.85),
            (np.array([4.0, 1.0, 2.0, 1.0]), 0.5),
            (np.array([5.0, 3.0, 1.0, 1.0]), 0.81),
            (np.array([2.0, 8.0]), 0.9),
        ],
        {
            "The largest come first; sort them.": lambda v, share: (
                int(np.argmax(np.cumsum(v) / np.sum(v) >= share)) + 1
            ),
            "np.argmax counts from 0; asked is how many.": lambda v, share: (
                added_up(v, share) - 1
            ),
            "The largest come first; this takes the smallest.": lambda v, share: (
                int(np.argmax(np.cumsum(sorted(v)) / np.sum(v) >= share)) + 1
            ),
        },
    ),
    Exercise(
        "neighbour_correlation",
        paired,
        [
            (rng.random((4, 6)).cumsum(axis=1),),
            (rng.random((3, 5)),),
            (rng.random((6, 3)).cumsum(axis=0),),
        ],
        {
            "Those are neighbours above each other; take the right one.": lambda a: (
                paired(a.T)
            ),
            "np.corrcoef gives a matrix of 2 x 2; the correlation is its entry [0, 1].": lambda a: (
                np.array([[1, paired(a)], [paired(a), 1]])
            ),
            "The last cell of a row has no right neighbour; this pairs it with the next row's first.": lambda a: (
                np.corrcoef(a.ravel()[:-1], a.ravel()[1:])[0, 1]
            ),
        },
    ),
    Exercise(
        "ridge",
        by_more_examples,
        [
            (rng.standard_normal((8, 3)), rng.standard_normal(8), 2.0),
            (rng.standard_normal((5, 5)), rng.standard_normal(5), 0.3),
            (np.array([[2.0]]), np.array([4.0]), 4.0),
        ],
        {
            "The strength is missing: it is added along the diagonal.": lambda x, y, s: (
                np.linalg.lstsq(x, y, rcond=None)[0]
            ),
            "Adding the strength to every entry is not adding it to the diagonal.": lambda x, y, s: (
                np.linalg.solve(x.T @ x + s, x.T @ y)
            ),
            "The strength is not squared.": lambda x, y, s: by_more_examples(
                x, y, s * s
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
