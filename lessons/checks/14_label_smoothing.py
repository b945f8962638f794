"""Checks of lesson 14's exercises: right answers come from the package's loss and its gradient, not from formulae."""

from math import inf, log

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor


def slope(logits, right, eps):
    """Gradient of the package's smoothed loss with respect to the logits."""
    z = Tensor(np.array([logits], dtype=np.float64), requires_grad=True)
    cross_entropy(z, [right], label_smoothing=eps).backward()
    return z.grad[0]


def label(right, classes, eps):
    """At logits of zero p is uniform, so that the label is that less the gradient."""
    return (1 / classes - slope(np.zeros(classes), right, eps)).tolist()


def differences(p, right, eps, h=1e-5):
    def loss(z):
        return cross_entropy(
            Tensor(z[None]), [right], label_smoothing=eps
        ).item()

    z = np.log(p)
    return [
        (loss(z + h * e) - loss(z - h * e)) / (2 * h) for e in np.eye(len(p))
    ]


def bisected(classes, eps):
    """Where the gradient of the right logit changes its sign."""
    low, high = 0.0, 60.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if slope([middle] + [0] * (classes - 1), 0, eps)[0] < 0
            else (low, middle)
        )
    return low


def packaged_loss(logits, right, eps):
    z = Tensor(np.array([logits], dtype=np.float64))
    return cross_entropy(z, [right], label_smoothing=eps).item()


def binned(confidence, correct, bins):
    """With NumPy's own bins; a confidence on an edge belongs to the bin above it, and 1 to the last."""
    sure, right = np.array(confidence), np.array(correct, float)
    place = np.minimum(
        np.digitize(sure, np.arange(bins + 1) / bins) - 1, bins - 1
    )
    error = 0.0
    for i in range(bins):
        mine = place == i
        if mine.any():
            error += mine.mean() * abs(sure[mine].mean() - right[mine].mean())
    return float(error)


def signed(confidence, correct, bins):
    return sum(c - r for c, r in zip(confidence, correct, strict=True)) / len(
        confidence
    )


def unweighted(confidence, correct, bins, over=None):
    sure, right = np.array(confidence), np.array(correct, float)
    place = np.minimum((sure * bins).astype(int), bins - 1)
    each = [
        abs(sure[place == i].mean() - right[place == i].mean())
        for i in np.unique(place)
    ]
    return float(np.sum(each) / (over or len(each)))


def searched(gap, classes):
    """Bisection on the package's own gradient: at which eps is it zero?"""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        too_small = slope([gap] + [0.0] * (classes - 1), 0, middle)[0] < 0
        low, high = (middle, high) if too_small else (low, middle)
    return (low + high) / 2


def one_hot(right, classes, value=1.0):
    return [value * (k == right) for k in range(classes)]


EXERCISES = [
    Exercise(
        "smoothed_label",
        label,
        [(3, 5, 0.1), (0, 10, 0.2), (1, 3, 0.0)],
        {
            "These do not add up to 1: u is a distribution, 1/K in each class, not 1.": lambda right, classes, eps: [
                (1 - eps) * q + eps for q in one_hot(right, classes)
            ],
            "u is uniform over all classes, "
            "so that the right one gets its eps/K as well.": lambda right, classes, eps: [
                1 - eps if k == right else eps / (classes - 1)
                for k in range(classes)
            ],
            "The right class keeps its 1, so that the label adds up to more; it has to give eps "
            "away.": lambda right, classes, eps: [
                1.0 if k == right else eps / classes for k in range(classes)
            ],
        },
    ),
    Exercise(
        "logit_gradient",
        differences,
        [
            ([0.1, 0.1, 0.1, 0.36, 0.34], 3, 0.1),
            ([0.0025, 0.99, 0.0075], 1, 0.1),
            ([0.2, 0.8], 0, 0.0),
        ],
        {
            "The sign is the other way round: the loss falls when a logit rises whose p is below the "
            "label.": lambda p, right, eps: [
                b - a
                for a, b in zip(p, label(right, len(p), eps), strict=True)
            ],
            "That is the gradient of the unsmoothed loss, p - q; the label here is q'.": lambda p, right, eps: [
                a - b for a, b in zip(p, one_hot(right, len(p)), strict=True)
            ],
            "Only the right class gets a gradient there, but the softmax couples all logits.": lambda p, right, eps: (
                one_hot(
                    right, len(p), p[right] - label(right, len(p), eps)[right]
                )
            ),
        },
        tolerance=1e-5,
    ),
    Exercise(
        "logit_gap",
        bisected,
        [(5, 0.1), (10, 0.1), (1000, 0.1), (10, 0.4), (2, 0.1)],
        {
            "The right class was given 1 - eps; it has eps/K on top of that.": lambda classes, eps: (
                log((1 - eps) / (eps / classes))
            ),
            "That shares eps among the wrong classes only; u is uniform over all.": lambda classes, eps: (
                log((1 - eps) * (classes - 1) / eps)
            ),
            "That holds without smoothing; with it the loss is least at p = q', "
            "where all p are above 0.": lambda classes, eps: inf,
            "That is the ratio of the two probabilities; logits are logarithms.": lambda classes, eps: (
                (1 - eps + eps / classes) / (eps / classes)
            ),
        },
    ),
    Exercise(
        "smoothed_loss",
        packaged_loss,
        [
            ([0.0, 0.0], 0, 0.1),
            ([1.0, -2.0, 0.5, 3.0], 3, 0.1),
            ([1000.0, 998.0, 997.0], 1, 0.2),
            ([2.0, 0.5], 1, 0.0),
        ],
        {
            "That is the unsmoothed loss: it has log p of the right class alone.": lambda logits, right, eps: (
                packaged_loss(logits, right, 0.0)
            ),
            "That is in bits; asked are nats, with natural logarithms.": lambda logits, right, eps: (
                packaged_loss(logits, right, eps) / log(2)
            ),
            "u is uniform over all classes; the right one has its share of eps as well.": lambda logits, right, eps: (
                (1 - eps) * packaged_loss(logits, right, 0.0)
                + eps
                * (
                    len(logits) * packaged_loss(logits, right, 1.0)
                    - packaged_loss(logits, right, 0.0)
                )
                / (len(logits) - 1)
            ),
            "The second loss was added with weight eps, but the first keeps its full weight; it must be multiplied "
            "by 1 - eps.": lambda logits, right, eps: (
                packaged_loss(logits, right, 0.0)
                + eps * packaged_loss(logits, right, 1.0)
            ),
            "u adds up to the number of classes there: each class has eps / K, not eps.": lambda logits, right, eps: (
                (1 - eps) * packaged_loss(logits, right, 0.0)
                + eps * len(logits) * packaged_loss(logits, right, 1.0)
            ),
        },
    ),
    Exercise(
        "calibration_error",
        binned,
        [
            ([0.9, 0.8], [True, False], 1),
            (
                [0.95, 0.91, 0.55, 0.52, 0.58, 1.0],
                [True, True, True, False, False, False],
                10,
            ),
            ([0.25, 0.5, 0.75, 0.99], [False, True, True, True], 4),
            ([0.3, 0.4, 0.45, 0.8, 0.9], [True, False, True, True, True], 2),
            ([0.6, 0.9, 0.95], [True, False, False], 3),
        ],
        {
            "Errors of different bins cancel there: take the distance, without its sign, in each bin first.": signed,
            "A bin with more images must count more: weigh each by its share of the images.": unweighted,
            "Each bin counts as 1 / bins there; it should count as its share of the images.": (
                lambda confidence, correct, bins: unweighted(
                    confidence, correct, bins, bins
                )
            ),
            "That takes the distance of each image; within a bin, average first.": lambda confidence, correct, bins: (
                sum(
                    abs(c - r)
                    for c, r in zip(confidence, correct, strict=True)
                )
                / len(confidence)
            ),
        },
    ),
    Exercise(
        "eps_for",
        searched,
        [(4.5109, 10), (2.0, 5), (9.0, 1000), (0.0, 10)],
        {
            "That shares eps among the wrong classes only; u is uniform over all.": lambda gap, classes: (
                (classes - 1) / (np.exp(gap) + classes - 1)
            ),
            "The right class was given 1 - eps; it has eps/K on top of that.": lambda gap, classes: (
                classes / (np.exp(gap) + classes)
            ),
            "The gap is a difference of logits; the ratio of the probabilities is e^gap.": lambda gap, classes: (
                classes / (gap + classes - 1)
            ),
            "That is each wrong class's share, eps / K; eps is K times as much.": lambda gap, classes: (
                1 / (np.exp(gap) + classes - 1)
            ),
        },
    ),
]
