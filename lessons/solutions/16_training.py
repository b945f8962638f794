"""Solutions of lesson 16."""

import math


def rmsprop_steps(gradients, lr, decay, eps):
    """eps is under the root, beside ms."""
    steps, ms = [], 1.0
    for g in gradients:
        ms = decay * ms + (1 - decay) * g * g
        steps.append(lr * g / math.sqrt(ms + eps))
    return steps


def staircase(base, rate, every, epoch):
    """Whole steps only."""
    return base * rate ** (epoch // every)


def clip(gradients, limit):
    """One factor for all of them, which keeps the direction; what is short enough stays."""
    norm = math.sqrt(sum((g * g).sum() for g in gradients))
    return [g * min(1.0, limit / norm) for g in gradients]
