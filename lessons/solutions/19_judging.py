"""Solutions of lesson 19."""

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
