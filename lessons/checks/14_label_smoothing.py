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
        [(5, 0.1), (10, 0.1), (1000, 0.1), (10, 0.4)],
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
]
