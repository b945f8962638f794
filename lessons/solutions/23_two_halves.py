"""Solutions of lesson 23."""

import numpy as np


def part(images, rank, size):
    """Everybody gets the whole quotient; the first ones share the remainder."""
    each, more = divmod(images, size)
    first = rank * each + min(rank, more)
    return first, first + each + (rank < more)


def weighed(gradients, images):
    """A part counts as its images do."""
    total = sum(
        n * gradient for n, gradient in zip(images, gradients, strict=True)
    )
    return total / sum(images)


def pooled(means, variances, images):
    """The mean of the variances, and the variance of the means, both weighed by images."""
    means, variances = np.array(means), np.array(variances)
    mean = np.average(means, weights=images)
    spread = variances + (means - mean) ** 2
    return mean, np.average(spread, weights=images)


def fastest(work, message, most):
    """Work that shrinks, and messages that grow; `min` takes the first of equal ones."""
    seconds = {n: work / n + 2 * (n - 1) * message for n in range(1, most + 1)}
    best = min(seconds, key=seconds.get)
    return best, seconds[best]


def half_ring(arrays):
    """What is sent in a round is what stood there before the round."""
    now, n = [list(array) for array in arrays], len(arrays)
    for t in range(n - 1):
        sent = [now[r][(r - t) % n] for r in range(n)]
        for r in range(n):
            now[(r + 1) % n][(r - t) % n] += sent[r]
    return now


def wrong_loss(losses, size):
    """The sum of the processes' results would be right; their mean divides by `size` once more."""
    whole = len(losses)
    each = [sum(own) / whole for own in np.split(np.array(losses), size)]
    return np.mean(each) / np.mean(losses)


def four_images_each():
    """Each channel's mean and variance come from 4 images, so they differ much from batch to batch.

    The network learns with noise that it does not have in evaluation, where running statistics, means over many
    batches, take their place: the two functions drift apart. Remedies: (1) Synchronised batch-norm: sums over all 64
    images, forward and backward; it is the function of one machine again, for two more meetings in each layer and step.
    (2) More images on each machine, 32 for instance: no more messages, but a batch of 512, fewer updates for the same
    images, another learning rate, and more memory. (3) Fewer machines: 2 with 32 images each; slower. (4) A
    normalisation that mixes no images, such as group or layer normalisation, whose function does not depend on the
    parts; published weights do not fit it, and for convolutional networks with large batches it is often a little
    worse. (5) Where a trained network is only tuned: freeze batch-norm, so that it uses the running statistics it has.
    """
