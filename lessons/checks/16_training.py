"""Checks of lesson 16's exercises: right answers come from the package's optimiser and clipping, and from counting."""

import math
from types import SimpleNamespace

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.optim import (
    SGD,
    ExponentialStaircase,
    RMSProp,
    clip_grad_norm,
)


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


def averaged(values, decay):
    """Each value with its own weight: the first has what the others leave."""
    n = len(values)
    weights = [(1 - decay) * decay ** (n - 1 - i) for i in range(1, n)]
    later = sum(w * v for w, v in zip(weights, values[1:], strict=True))
    return decay ** (n - 1) * values[0] + later


def waited(share, rate, every):
    """The package's own staircase, epoch by epoch."""
    rule = ExponentialStaircase(1.0, rate, every)
    return next(epoch for epoch in range(100_000) if rule(epoch) < share)


def pushed(limit, lr, momentum, steps=400):
    """The package's gradient descent, with one clipped gradient after the other."""
    w = parameter([0.0])
    optimizer = SGD([("w", w)], lr, momentum=momentum)
    for _ in range(steps):
        before = w.data[0]
        w.grad = np.array([1e6])
        clip_grad_norm([("w", w)], limit)
        optimizer.step()
    return float(before - w.data[0])


def measured(g, eps, steps=800):
    """Both of the package's rules, until nothing changes any more."""
    last = {}
    for rule in ("tensorflow", "pytorch"):
        w = parameter([0.0])
        optimizer = RMSProp([("w", w)], 1.0, momentum=0.0, eps=eps, rule=rule)
        for _ in range(steps):
            w.data[:] = 0.0
            w.grad = np.array([g], float)
            optimizer.step()
        last[rule] = -w.data[0]
    return float(last["pytorch"] / last["tensorflow"])


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
    Exercise(
        "running_average",
        averaged,
        [
            ([0.0, 1.0], 0.9),
            ([2.0, -1.0, 4.0, 0.5], 0.5),
            ([3.0], 0.99),
            ([1.0, 5.0, 2.0], 0.98),
        ],
        {
            "decay is the weight of the old average; the new value has 1 - decay.": lambda values, decay: (
                averaged(values, 1 - decay)
            ),
            "It starts at the first value, not at 0.": lambda values, decay: (
                averaged([0.0, *values], decay)
            ),
            "That is the plain mean, in which all values count alike.": lambda values, decay: (
                sum(values) / len(values)
            ),
            "The last value is missing.": lambda values, decay: (
                averaged(values[:-1] or values, decay)
                if len(values) > 1
                else 0.0
            ),
        },
    ),
    Exercise(
        "epochs_until",
        waited,
        [
            (0.3, 0.5, 2),
            (0.1, 0.96, 8),
            (0.045, 0.94, 2),
            (0.5, 0.5, 3),
            (0.9, 0.3, 5),
        ],
        {
            "That many stairs; each lasts `every` epochs.": lambda share, rate, every: (
                waited(share, rate, 1)
            ),
            "The rate stays level on a stair, so the answer is a whole number of stairs, not a fraction.": (
                lambda share, rate, every: (
                    every * math.log(share) / math.log(rate)
                )
            ),
            "Rounded down, the rate is not yet below the share; go one stair further.": lambda share, rate, every: (
                every * math.floor(math.log(share) / math.log(rate))
            ),
            "That is the last epoch with more than the share; the next is the first with less.": (
                lambda share, rate, every: waited(share, rate, every) - 1
            ),
        },
    ),
    Exercise(
        "bound_of_step",
        pushed,
        [
            (2.0, 0.045, 0.0),
            (2.0, 0.045, 0.9),
            (0.5, 0.1, 0.5),
            (3.0, 1.0, 0.8),
        ],
        {
            "That is without momentum; with it each step also has a part of all the steps before.": (
                lambda limit, lr, momentum: lr * limit
            ),
            "That is the second step. The velocity goes on growing: limit × (1 + m + m² + ...).": (
                lambda limit, lr, momentum: lr * limit * (1 + momentum)
            ),
            "1 + m + m² + ... is 1 / (1 - m); you multiplied by 1 - m.": (
                lambda limit, lr, momentum: lr * limit * (1 - momentum)
            ),
            "That is the velocity; a step is the learning rate times that.": (
                lambda limit, lr, momentum: limit / (1 - momentum)
            ),
        },
        tolerance=1e-5,
    ),
    Exercise(
        "rules_apart",
        measured,
        [(1e-6, 1e-8), (1.0, 1.0), (0.01, 1.0), (-0.5, 0.1), (1e-3, 1e-8)],
        {
            "That is upside down: PyTorch's step divided by TensorFlow's was asked for.": (
                lambda g, eps: (abs(g) + eps) / math.sqrt(g * g + eps)
            ),
            "ms is the mean of g², so its root is |g|; a negative g must not make it smaller.": (
                lambda g, eps: math.sqrt(g * g + eps) / (g + eps)
            ),
            "That is the root of the sum of g and eps; under the root stand g² and eps.": (
                lambda g, eps: math.sqrt(abs(g) + eps) / (abs(g) + eps)
            ),
        },
        tolerance=1e-4,
    ),
]
