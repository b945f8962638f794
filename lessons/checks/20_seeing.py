"""Checks of lesson 20's exercises: right answers come from projections, loops and the package's autograd."""

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.tensor import Tensor

rng = np.random.default_rng(19)


def projected(kernels):
    """Project every pixel's three numbers on the direction of grey."""
    grey = np.ones(3) / np.sqrt(3)
    return (
        sum((kernels[i, j] @ grey) ** 2 for i in range(7) for j in range(7))
        / np.square(kernels).sum()
    )


def looped(maps, gradient):
    height, width, channels = maps.shape
    heat = np.zeros((height, width))
    for k in range(channels):
        heat += (
            maps[:, :, k]
            * sum(
                gradient[i, j, k] for i in range(height) for j in range(width)
            )
            / (height * width)
        )
    return np.where(heat > 0, heat, 0)


def differentiated(x, weights, v, rate):
    point = Tensor(x[:, None], requires_grad=True)
    ((Tensor(weights) @ point).relu() * v[:, None]).sum().backward()
    return x + rate * point.grad[:, 0]


GREY = np.repeat(rng.standard_normal((7, 7, 1)), 3, axis=2)
COLOUR = rng.standard_normal((7, 7, 3))
MAPS = [
    (rng.random((4, 4, 5)), rng.standard_normal((4, 4, 5))) for _ in range(2)
]
STEPS = [
    (
        rng.standard_normal(4),
        rng.standard_normal((6, 4)),
        rng.standard_normal(6),
        0.1,
    )
    for _ in range(2)
]
EXERCISES = [
    Exercise(
        "grey_share",
        projected,
        [(COLOUR,), (GREY,), (COLOUR + GREY,)],
        {
            "The mean stands in each of three planes, so its energy counts three times; "
            "a grey filter must give 1.": lambda kernels: (
                (kernels.mean(axis=2) ** 2).sum() / (kernels**2).sum()
            ),
            "Energy is a sum of squares; these are sums of magnitudes.": lambda kernels: (
                3 * np.abs(kernels.mean(axis=2)).sum() / np.abs(kernels).sum()
            ),
        },
    ),
    Exercise(
        "grad_cam",
        looped,
        MAPS,
        {
            "What is negative speaks against the class and is cut off, after the sum.": lambda maps, gradient: (
                (maps * gradient.mean(axis=(0, 1))).sum(axis=2)
            ),
            "That is gradient times activation at each pixel; Grad-CAM takes each channel's mean "
            "gradient.": lambda maps, gradient: np.maximum(
                (maps * gradient).sum(axis=2), 0
            ),
            "The ReLU comes after the sum; before it, no channel could speak against the "
            "class.": lambda maps, gradient: np.maximum(
                maps * gradient.mean(axis=(0, 1)), 0
            ).sum(axis=2),
        },
    ),
    Exercise(
        "climb",
        differentiated,
        STEPS,
        {
            "That is descent: minus is for a loss, here the logit should grow.": lambda x, weights, v, rate: (
                2 * x - differentiated(x, weights, v, rate)
            ),
            "A unit whose ReLU is at zero passes no gradient; this passes all.": lambda x, weights, v, rate: (
                x + rate * weights.T @ v
            ),
        },
    ),
]
