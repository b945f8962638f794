"""Checks of lesson 19's exercises: right answers come from the package's scores and from adding up all outcomes."""

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
]
