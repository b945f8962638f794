"""Checks of lesson 16's exercises: right answers come from the package's optimiser and clipping, and from counting."""

import math
from types import SimpleNamespace

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.optim import RMSProp, clip_grad_norm


def parameter(data):
    return SimpleNamespace(
        data=np.array(data, float), grad=None, shape=np.shape(data)
    )


def optimised(gradients, lr, decay, eps):
    w, steps = parameter([0.0]), []
    optimizer = RMSProp([("w", w)], lr, decay=decay, momentum=0.0, eps=eps)
    for g in gradients:
        before = w.data[0]
        w.grad = np.array([g], float)
        optimizer.step()
        steps.append(before - w.data[0])
    return steps


def descended(base, rate, every, epoch):
    """Go through the epochs one by one."""
    for number in range(1, epoch + 1):
        if number % every == 0:
            base *= rate
    return base


def packaged(gradients, limit):
    parameters = [(str(i), parameter(g)) for i, g in enumerate(gradients)]
    for (_, p), g in zip(parameters, gradients, strict=True):
        p.grad = np.array(g, float)
    clip_grad_norm(parameters, limit)
    return [p.grad for _, p in parameters]


def rms(
    gradients, lr, decay, eps, ms=1.0, late=False, outside=False, plain=False
):
    """RMSProp with its usual misreadings as options."""
    steps = []
    for g in gradients:
        new = decay * ms + (1 - decay) * (abs(g) if plain else g * g)
        used = ms if late else new
        steps.append(
            lr
            * g
            / (math.sqrt(used) + eps if outside else math.sqrt(used + eps))
        )
        ms = new
    return steps


def norm(arrays):
    return math.sqrt(sum(float((a * a).sum()) for a in arrays))


LARGE = [np.array([3.0, -4.0]), np.array([[0.1, 12.0]])]
SMALL = [np.array([0.3, -0.4]), np.array([[0.1, 1.2]])]

EXERCISES = [
    Exercise(
        "rmsprop_steps",
        optimised,
        [([1.0, -2.0, 0.5], 0.1, 0.9, 1.0), ([1e-3, 2e-3], 0.045, 0.9, 1.0)],
        {
            "ms starts at 0 here, as in PyTorch; TensorFlow's starts at 1, "
            "which makes the first steps shorter.": lambda g, lr, decay, eps: (
                rms(g, lr, decay, eps, ms=0.0)
            ),
            "eps stands beside the root, as in PyTorch; TensorFlow has it under the root, "
            "and with eps = 1 that shows.": lambda g, lr, decay, eps: rms(
                g, lr, decay, eps, outside=True
            ),
            "Each step must use the ms that its own gradient is already in.": lambda g, lr, decay, eps: (
                rms(g, lr, decay, eps, late=True)
            ),
            "ms is the mean of squares, not of magnitudes.": lambda g, lr, decay, eps: (
                rms(g, lr, decay, eps, plain=True)
            ),
            "decay is the weight of the past; that of the new gradient is 1 - decay.": lambda g, lr, decay, eps: (
                rms(g, lr, 1 - decay, eps)
            ),
        },
    ),
    Exercise(
        "staircase",
        descended,
        [
            (0.045, 0.94, 2, 100),
            (1.0, 0.96, 8, 100),
            (1.0, 0.5, 3, 2),
            (1.0, 0.5, 3, 7),
        ],
        {
            "That falls a little in every epoch; a staircase stays level for `every` "
            "epochs.": lambda base, rate, every, epoch: (
                base * rate ** (epoch / every)
            ),
            "That falls by the whole factor in every epoch.": lambda base, rate, every, epoch: (
                base * rate**epoch
            ),
            "The first `every` epochs, counted from 0, still have the full rate.": lambda base, rate, every, epoch: (
                base * rate ** (epoch // every + 1)
            ),
            "The rate is multiplied, not reduced by the same amount each time.": lambda base, rate, every, epoch: (
                base * (1 - (1 - rate) * (epoch // every))
            ),
        },
    ),
    Exercise(
        "clip",
        packaged,
        [(LARGE, 2.0), (SMALL, 2.0), (LARGE, 13.0)],
        {
            "Each array is clipped on its own, which changes the direction; the global norm is of all arrays "
            "together.": lambda gradients, limit: [
                g * min(1.0, limit / norm([g])) for g in gradients
            ],
            "Each value is cut, which changes the direction; clipping by norm shortens all by one "
            "factor.": lambda gradients, limit: [
                np.clip(g, -limit, limit) for g in gradients
            ],
            "Short gradients are lengthened: those below the limit must stay as they are.": lambda gradients, limit: [
                g * limit / norm(gradients) for g in gradients
            ],
            "The square root is missing: the length is the root of the sum of squares.": lambda gradients, limit: [
                g * min(1.0, limit / norm(gradients) ** 2) for g in gradients
            ],
        },
    ),
]
