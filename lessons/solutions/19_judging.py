"""Solutions of lesson 19."""

from math import comb

import numpy as np


def top_k_error(probabilities, labels, k):
    """Sort the classes of each image, the most probable first."""
    best = np.argsort(-probabilities, axis=1)[:, :k]
    return np.mean(
        [label not in row for label, row in zip(labels, best, strict=True)]
    )


def ensemble_accuracy(probabilities, labels):
    """Average first, then choose."""
    return np.mean(probabilities.mean(axis=0).argmax(axis=1) == labels)


def standard_error(p, n):
    """One answer varies by p (1 - p); the mean of n by an n-th of that; the standard deviation is the root."""
    return np.sqrt(p * (1 - p) / n)


def error_on_left_out(n_all, error_all, n_part, error_part):
    """Count wrong answers: those on all, less those on the part."""
    return (n_all * error_all - n_part * error_part) / (n_all - n_part)


def difference_error(first, second):
    """An image on which both are right, or both wrong, does not add to the scatter."""
    difference = first.astype(float) - second
    return difference.std() / np.sqrt(len(first))


def best_looks(p, n, tried):
    """All of them have more than k wrong with the probability of one to the power of their number."""
    chance = [
        comb(n, wrong) * p**wrong * (1 - p) ** (n - wrong)
        for wrong in range(n + 1)
    ]
    return sum(sum(chance[k:]) ** tried for k in range(1, n + 1)) / n


def same_weights():
    """Expect less gain, but not none.

    An ensemble gains where its networks err on different images. Networks from the same weights start in the same
    place, and the order of the images takes them apart; with a large learning rate at the start they part early, with
    a small one they stay close. In the lesson, call `build(0)` for all three and keep `seed=seed` in `learn`. Measure
    two things: the ensemble's gain over the mean of its networks, and the share of images on which two networks
    disagree. Both vary from triple to triple by more than a point, so one triple of each kind decides nothing: take at
    least five of each, and compare the difference of the means with the spread.
    """
