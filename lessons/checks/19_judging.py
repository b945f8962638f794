"""Checks of lesson 19's exercises: right answers come from the package's scores and from adding up all outcomes."""

from itertools import product
from math import comb

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.judge.scores import Scores, ensemble

rng = np.random.default_rng(18)
LABELS = rng.integers(0, 10, 40)


def probabilities(*shape):
    """Of ten classes, the true one somewhat favoured; three networks differ in how sure they are."""
    logits = (
        rng.standard_normal((*shape, 40, 10))
        * np.array([4.0, 1.0, 0.5])[:, None, None][: shape[0] if shape else 1]
    )
    logits[..., np.arange(40), LABELS] += 1.0
    p = np.exp(logits)
    return (p / p.sum(axis=-1, keepdims=True)).reshape(*shape, 40, 10)


def scored(p, labels, k):
    return 1 - Scores(np.log(p), labels).top(k)


def together(p, labels):
    return ensemble([Scores(np.log(one), labels) for one in p]).accuracy


def added_up(p, n):
    """The standard deviation over all numbers of wrong answers, each with its probability."""
    chance = [
        comb(n, wrong) * p**wrong * (1 - p) ** (n - wrong)
        for wrong in range(n + 1)
    ]
    return np.sqrt(
        sum(c * (wrong / n - p) ** 2 for wrong, c in enumerate(chance))
    )


def vote(p, labels):
    votes = [
        np.bincount(column, minlength=p.shape[2]).argmax()
        for column in p.argmax(axis=2).T
    ]
    return np.mean(np.array(votes) == labels)


def counted(n_all, error_all, n_part, error_part):
    """Solve error_all = (n_part * error_part + rest * x) / n_all by halving."""
    low, high = -10.0, 10.0
    for _ in range(80):
        x = (low + high) / 2
        mean = (n_part * error_part + (n_all - n_part) * x) / n_all
        low, high = (x, high) if mean < error_all else (low, x)
    return x


def by_counts(first, second):
    """From how many images only the first, or only the second, got right."""
    n = len(first)
    one = sum(a and not b for a, b in zip(first, second, strict=True))
    two = sum(b and not a for a, b in zip(first, second, strict=True))
    return np.sqrt((one + two) / n - ((one - two) / n) ** 2) / np.sqrt(n)


def unpaired(first, second):
    return np.sqrt((first.var() + second.var()) / len(first))


def all_outcomes(p, n, tried):
    """The lowest number of wrong answers over all outcomes of all networks, each with its probability."""
    chance = [
        comb(n, wrong) * p**wrong * (1 - p) ** (n - wrong)
        for wrong in range(n + 1)
    ]
    outcomes = product(range(n + 1), repeat=tried)
    return sum(min(o) / n * np.prod([chance[k] for k in o]) for o in outcomes)


ONE, THREE = probabilities(), probabilities(3)
EXERCISES = [
    Exercise(
        "top_k_error",
        scored,
        [(ONE, LABELS, 1), (ONE, LABELS, 5), (ONE, LABELS, 2)],
        {
            "That is the share of images whose true class is among the k most probable; "
            "the error is the others' share.": lambda p, labels, k: (
                1 - scored(p, labels, k)
            ),
            "One class too many: [:k + 1] are k + 1 classes, "
            "and so is a rank of at most k where the best has rank 0.": lambda p, labels, k: (
                scored(p, labels, k + 1)
            ),
            "np.argsort sorts upwards: the first k columns are the least probable classes.": lambda p, labels, k: (
                scored(1 - p, labels, k)
            ),
        },
    ),
    Exercise(
        "ensemble_accuracy",
        together,
        [(THREE, LABELS), (THREE[::-1], LABELS), (THREE[:2], LABELS)],
        {
            "That is the mean of the networks' own accuracies; an ensemble answers once, "
            "after averaging probabilities.": lambda p, labels: np.mean(
                p.argmax(axis=2) == labels
            ),
            "That is a vote: it forgets how sure each network is. Average the probabilities, then choose.": vote,
            "The mean of log-probabilities is a product of probabilities: one network that is sure can veto all "
            "others.": lambda p, labels: np.mean(
                np.log(p).mean(axis=0).argmax(axis=1) == labels
            ),
        },
    ),
    Exercise(
        "standard_error",
        added_up,
        [(0.2, 50), (0.5, 10), (0.05, 200)],
        {
            "That is the variance; the standard deviation is its square root.": lambda p, n: (
                p * (1 - p) / n
            ),
            "That is for one image; the mean of n scatters by a factor of sqrt(n) less.": lambda p, n: (
                np.sqrt(p * (1 - p))
            ),
            "It shrinks with the square root of n, not with n: four times the images halve it.": lambda p, n: (
                np.sqrt(p * (1 - p)) / n
            ),
        },
    ),
    Exercise(
        "error_on_left_out",
        counted,
        [(100, 0.1, 80, 0.05), (50_000, 0.036, 48_238, 0.0346)],
        {
            "That is the difference of the errors; the images left out are few, so each weighs more.": lambda a, e, b, f: (
                e - f
            ),
            "Those are wrong answers; divide by the number of images left out.": lambda a, e, b, f: (
                a * e - b * f
            ),
            "Divide by the number of images left out, not by that of all.": lambda a, e, b, f: (
                (a * e - b * f) / a
            ),
        },
    ),
    Exercise(
        "difference_error",
        by_counts,
        [
            (
                THREE[0].argmax(axis=1) == LABELS,
                THREE[1].argmax(axis=1) == LABELS,
            ),
            (
                THREE[1].argmax(axis=1) == LABELS,
                THREE[2].argmax(axis=1) == LABELS,
            ),
            (np.array([True, False, True]), np.array([True, False, True])),
        ],
        {
            "That is for two networks on different images; on the same ones they vary together.": unpaired,
            "That is the scatter of one image's difference; the mean of n scatters sqrt(n) less.": lambda a, b: (
                by_counts(a, b) * np.sqrt(len(a))
            ),
            "Divide by n in the standard deviation (ddof = 0).": lambda a, b: (
                by_counts(a, b) * np.sqrt(len(a) / (len(a) - 1))
            ),
            "That is the difference itself.": lambda a, b: a.mean() - b.mean(),
        },
    ),
    Exercise(
        "best_looks",
        all_outcomes,
        [(0.5, 1, 2), (0.2, 6, 3), (0.7, 4, 2), (0.2, 5, 1)],
        {
            "The best of many is expected to look better than p: that is the error of a single one.": lambda p, n, tried: (
                p
            ),
            "Those are wrong answers; divide by n.": lambda p, n, tried: (
                n * all_outcomes(p, n, tried)
            ),
            "That is by how much it looks better; asked is the error it shows.": lambda p, n, tried: (
                p - all_outcomes(p, n, tried)
            ),
        },
    ),
]
