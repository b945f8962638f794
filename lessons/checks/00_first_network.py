"""Checks of lesson 0's exercises: right answers come from the package and from trying."""

import math

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.nn import functional
from tinyinception.tensor import Tensor


def of_package(scores):
    return (
        functional.softmax(Tensor(np.array([scores], float)))
        .numpy()[0]
        .tolist()
    )


def logarithm(shares, label):
    return math.log(1 / shares[label])


def placed(size, k, stride, padding):
    """Windows that fit, by placing them."""
    first, count = -padding, 0
    while first + k <= size + padding:
        first, count = first + stride, count + 1
    return count


def recursive(slope, w, rate, steps):
    return (
        w
        if steps == 0
        else recursive(slope, w - rate * slope(w), rate, steps - 1)
    )


def pooled(image, k):
    rows, columns = image.shape
    return image.reshape(rows // k, k, columns // k, k).max(axis=(1, 3))


def sliding(image, k):
    return np.lib.stride_tricks.sliding_window_view(image, (k, k)).max(
        axis=(2, 3)
    )


def one_by_one(scores, labels):
    hits = [
        max(range(len(row)), key=lambda i: row[i]) == label
        for row, label in zip(scores, labels, strict=True)
    ]
    return sum(hits) / len(hits)


def tried(a):
    """Halving between a rate that comes nearer and one that does not."""
    low, high = 0.0, 100.0
    for _ in range(60):
        rate = (low + high) / 2
        w = recursive(lambda w: 2 * a * (w - 3), 0.0, rate, 1)
        low, high = (rate, high) if abs(w - 3) < 3 else (low, rate)
    return low


def linear(w):
    return 2 * w


def other(w):
    return 6 * (w + 1)


RNG = np.random.default_rng(0)
GRIDS = [
    (np.array([[1, 5], [3, 4]]), 2),
    (RNG.integers(-9, 9, (6, 4)), 2),
    (RNG.integers(-9, 9, (3, 9)), 3),
]
SCORES = [
    (np.array([[2, 1], [0, 3]]), [0, 0]),
    (
        np.array(
            [
                [1.0, 0.0, -1.0],
                [0.0, 2.0, 1.0],
                [0.3, 0.1, 0.2],
                [-3.0, -2.0, -1.0],
                [5, 4, 3],
            ]
        ),
        [0, 1, 2, 2, 0],
    ),
    (np.array([[1.0, 2.0]]), [0]),
]

EXERCISES = [
    Exercise(
        "shares",
        of_package,
        [([0, 0],), ([1.0, 2.0, 3.0],), ([-1.0, 4.0],), ([0.5],)],
        {
            "Shares add up to 1: divide by the sum.": lambda scores: list(
                np.exp(scores)
            ),
            "Scores may be negative, so e to the power of each comes first.": lambda scores: [
                score / (sum(scores) or 1) for score in scores
            ],
            "The largest has to become 1 / sum of all, not 1: divide by the sum.": lambda scores: (
                list(np.exp(np.array(scores) - max(scores)))
            ),
            "e to the power of the score, not the other way round.": lambda scores: (
                list(
                    np.array(scores, float) ** 2
                    / max(sum(np.array(scores, float) ** 2), 1e-9)
                )
            ),
        },
    ),
    Exercise(
        "loss",
        logarithm,
        [
            ([0.5, 0.25, 0.25], 1),
            ([0.1, 0.2, 0.7], 2),
            ([0.9, 0.1], 0),
            ([0.3, 0.7], 0),
        ],
        {
            "The sign: a share below 1 has a negative logarithm, and a loss is positive.": lambda shares, label: (
                -logarithm(shares, label)
            ),
            "The logarithm is missing.": lambda shares, label: (
                1 - shares[label]
            ),
            "Minus the share, without the logarithm.": lambda shares, label: (
                -shares[label]
            ),
            "Only the right class counts, not all of them.": lambda shares, label: (
                -sum(math.log(share) for share in shares)
            ),
            "Labels are counted from 0: the share is shares[label].": lambda shares, label: (
                logarithm(shares, label - 1)
            ),
            "Of the right class, not of the one with the largest share.": lambda shares, label: (
                -math.log(max(shares))
            ),
            "The natural logarithm, np.log, not that to base 2 or 10.": lambda shares, label: (
                -math.log10(shares[label])
            ),
        },
    ),
    Exercise(
        "output_size",
        placed,
        [
            (5, 3, 1, 0),
            (32, 3, 2, 1),
            (224, 7, 2, 3),
            (12, 5, 3, 0),
            (28, 1, 1, 0),
            (13, 3, 2, 2),
        ],
        {
            "Between n windows there are n - 1 strides: + 1.": lambda size, k, stride, padding: (
                (size + 2 * padding - k) // stride
            ),
            "Padding is added on both sides: 2 * padding.": lambda size, k, stride, padding: (
                (size + padding - k) // stride + 1
            ),
            "The padding was forgotten.": lambda size, k, stride, padding: (
                (size - k) // stride + 1
            ),
            "The stride was forgotten.": lambda size, k, stride, padding: (
                size + 2 * padding - k + 1
            ),
            "A window that does not fit is left out: divide with //.": lambda size, k, stride, padding: (
                (size + 2 * padding - k) / stride + 1
            ),
            "Without the window's own size that is only right for 1 x 1.": lambda size, k, stride, padding: (
                -(-size // stride)
            ),
        },
    ),
    Exercise(
        "descend",
        recursive,
        [
            (linear, 1.0, 0.25, 2),
            (linear, -3.0, 0.1, 5),
            (other, 2.0, 0.05, 1),
            (other, 0.5, 0.1, 3),
            (linear, 4, 1, 0),
        ],
        {
            "Against the slope, so minus: with plus it climbs.": lambda slope, w, rate, steps: (
                recursive(slope, w, -rate, steps)
            ),
            "That is one step; there are `steps` of them.": lambda slope, w, rate, steps: (
                w - rate * slope(w)
            ),
            "The slope changes as w does: compute it anew at each step.": lambda slope, w, rate, steps: (
                w - steps * rate * slope(w)
            ),
            "The learning rate was forgotten.": lambda slope, w, rate, steps: (
                recursive(slope, w, 1, steps)
            ),
            "One step too many.": lambda slope, w, rate, steps: recursive(
                slope, w, rate, steps + 1
            ),
            "One step too few.": lambda slope, w, rate, steps: recursive(
                slope, w, rate, max(steps - 1, 0)
            ),
        },
    ),
    Exercise(
        "max_pool",
        pooled,
        GRIDS,
        {
            "That is average pooling; asked is the largest number.": lambda image, k: (
                image.reshape(
                    image.shape[0] // k, k, image.shape[1] // k, k
                ).mean(axis=(1, 3))
            ),
            "Squares stand side by side: move by k, not by 1.": sliding,
            "That keeps one number of each square, the first, and not the largest.": lambda image, k: (
                image[::k, ::k]
            ),
            "That is the smallest number of each square.": lambda image, k: (
                -pooled(-image, k)
            ),
            "That is the largest of all; each square has its own.": lambda image, k: (
                image.max()
            ),
        },
    ),
    Exercise(
        "share_right",
        one_by_one,
        SCORES,
        {
            "That is how many are right; divide by how many there are.": lambda scores, labels: (
                one_by_one(scores, labels) * len(labels)
            ),
            "That is the share of wrong answers.": lambda scores, labels: (
                1 - one_by_one(scores, labels)
            ),
            "The highest score of each row: axis 1. Yours looks along the columns.": lambda scores, labels: (
                float(
                    np.mean(
                        [
                            scores.argmax(axis=0)[label % scores.shape[1]]
                            == label
                            for label in labels
                        ]
                    )
                )
            ),
            "The lowest score was taken; the highest is the answer.": lambda scores, labels: (
                one_by_one(-scores, labels)
            ),
            "In percent; asked is a share, from 0 to 1.": lambda scores, labels: (
                100 * one_by_one(scores, labels)
            ),
        },
    ),
    Exercise(
        "largest_rate",
        tried,
        [(1,), (2.0,), (0.25,), (7,)],
        {
            "At that rate w is at 3 after one step, which is the best.": lambda a: (
                1 / (2 * a)
            ),
            "The slope is 2 a (w - 3), so the distance is multiplied with 1 - 2 a rate. Where is that -1?": lambda a: (
                2 / a
            ),
            "A steeper loss needs a smaller rate.": lambda a: a,
            "That is the rate for a = 1; it depends on a.": lambda a: 1,
        },
    ),
]
