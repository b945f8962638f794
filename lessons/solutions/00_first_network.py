"""Solutions of lesson 0."""

import numpy as np


def shares(scores):
    """Positive numbers, divided by their sum."""
    positive = np.exp(scores)
    return list(positive / positive.sum())


def loss(shares, label):
    """Small where the share is near 1."""
    return -np.log(shares[label])


def output_size(size, k, stride, padding):
    """The first window, and one more for each whole stride that is left."""
    return (size + 2 * padding - k) // stride + 1


def descend(slope, w, rate, steps):
    """Against the slope, again and again."""
    for _ in range(steps):
        w = w - rate * slope(w)
    return w


def max_pool(image, k):
    """Square by square."""
    rows, columns = image.shape
    return np.array(
        [
            [image[i : i + k, j : j + k].max() for j in range(0, columns, k)]
            for i in range(0, rows, k)
        ]
    )


def share_right(scores, labels):
    """argmax is the place of the largest number."""
    return np.mean(scores.argmax(axis=1) == np.array(labels))


def largest_rate(a):
    """The slope is 2 a (w - 3), so after a step the distance is (1 - 2 a rate) times what it was.

    It stays the same where that factor is -1: w jumps to the other side, equally far away.
    """
    return 1 / a


def why_not_count_mistakes():
    """If one weight changes a very little, hardly any answer changes, so the number of mistakes stays as it is: its
    slope is 0 nearly everywhere, and gradient descent would never move.

    Cross entropy changes with every weight, however little. It also goes on where counting would stop: a right answer
    with a share of 0.51 is nearly wrong, and the loss pushes it further. The price is that the loss and the number of
    mistakes are not the same thing. A network may make its loss smaller by being more certain of what it knows
    already, and at times the loss on new pictures rises while the share of right answers still grows.
    """
