"""Solutions of lesson 16."""

import math


def staircase(base, rate, every, epoch):
    """Whole steps only."""
    return base * rate ** (epoch // every)


def running_average(values, decay):
    """The first value is where it starts."""
    average = values[0]
    for value in values[1:]:
        average = decay * average + (1 - decay) * value
    return average


def rmsprop_steps(gradients, lr, decay, eps):
    """eps is under the root, beside ms."""
    steps, ms = [], 1.0
    for g in gradients:
        ms = decay * ms + (1 - decay) * g * g
        steps.append(lr * g / math.sqrt(ms + eps))
    return steps


def clip(gradients, limit):
    """One factor for all of them, which keeps the direction; what is short enough stays."""
    norm = math.sqrt(sum((g * g).sum() for g in gradients))
    return [g * min(1.0, limit / norm) for g in gradients]


def epochs_until(share, rate, every):
    """Go down the stairs until the rate is low enough."""
    epoch, left = 0, 1.0
    while left >= share:
        epoch += every
        left *= rate
    return epoch


def bound_of_step(limit, lr, momentum):
    """The velocity comes to rest where velocity = momentum * velocity + limit."""
    return lr * limit / (1 - momentum)


def rules_apart(g, eps):
    """Steady means ms = g * g."""
    return math.sqrt(g * g + eps) / (abs(g) + eps)


def which_numbers():
    """[open] Discussion.

    The rate 0.045 depends on the batch. 50 copies, each with 32 images, sent their gradients to the same weights, so
    one round of all of them uses 1,600 images. With 32 images a gradient is much noisier, and a rate that is good for
    1,600 images may be too high. Start lower, for example with 0.045 × 32 / 1600 = 0.0009 at the low end, and try a few
    rates in between. No rule is exact here, because the 50 copies did not wait for each other.
    eps = 1 depends on the rule and on ms. With eps = 1 the whole is gradient descent with momentum, so you may as well
    use that. If you keep RMSProp, say whether eps is under the root. With another eps, the rate must be found anew.
    0.94 every two epochs belongs to 100 epochs: 4.5 % is left at the end. For 30 epochs take a factor that leaves as
    much at the end, 0.045 ** (2 / 30) = 0.81 every two epochs.
    The threshold 2.0 is compared with the length of the gradient, which depends on the network, on the batch and on the
    loss. Look at the lengths in the first hundred steps; if none is above 2, clipping does nothing.
    The decay of the average belongs to the number of steps: 1 / (1 - decay) steps should be a small part of training.
    With batch-norm, compute the statistics of the averaged weights anew.
    """
