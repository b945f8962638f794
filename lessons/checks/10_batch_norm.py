"""Checks of lesson 10's exercises: right answers come from the package, from differences, and from trying inputs."""

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.nn.functional import batch_norm
from tinyinception.tensor import Tensor


def packaged(x, gamma, beta, eps, running=None):
    return batch_norm(
        Tensor(x), Tensor(gamma), Tensor(beta), eps=eps, running=running
    ).numpy()


def differences(x, gamma, eps, g):
    """Each value of x moved a little to either side."""
    found, h = np.zeros_like(x), 1e-5
    for where in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[where] += h
        down[where] -= h
        outputs = [
            packaged(moved, gamma, np.zeros_like(gamma), eps)
            for moved in (up, down)
        ]
        found[where] = ((outputs[0] - outputs[1]) * g).sum() / (2 * h)
    return found


def probed(weight, bias, gamma, beta, mean, var, eps):
    """What zero and the unit vectors become tells all about a linear map."""
    inputs = np.vstack([np.zeros(len(weight)), np.eye(len(weight))])
    outputs = packaged(
        inputs @ weight + bias, gamma, beta, eps, running=(mean, var)
    )
    return outputs[1:] - outputs[0], outputs[0]


def normed(x, eps):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)


def scale(x, gamma, eps):
    return gamma / np.sqrt(x.var(axis=0) + eps)


rng = np.random.default_rng(9)
X, G = rng.normal(2, 3, (7, 3)), rng.standard_normal((7, 3))
GAMMA, BETA = np.array([0.5, 1.0, 2.0]), np.array([0.3, -1.0, 0.0])
SQUARE = rng.normal(1, 0.1, (3, 3))
W, B = rng.standard_normal((4, 3)), rng.standard_normal(3)
MEAN, VAR = rng.standard_normal(3), rng.uniform(0.5, 2, 3)

EXERCISES = [
    Exercise(
        "normalise",
        packaged,
        [(X, GAMMA, BETA, 1e-3), (SQUARE, GAMMA, BETA, 1e-3)],
        {
            "Normalising uses the biased variance, the mean of the squares; "
            "n - 1 is for the running statistics.": lambda x, gamma, beta, eps: (
                gamma
                * (x - x.mean(axis=0))
                / np.sqrt(x.var(axis=0, ddof=1) + eps)
                + beta
            ),
            "eps belongs under the root, beside the variance, not beside the standard "
            "deviation.": lambda x, gamma, beta, eps: (
                gamma * (x - x.mean(axis=0)) / (x.std(axis=0) + eps) + beta
            ),
            "Each channel has its own mean and variance, over the values; those are means over "
            "everything.": lambda x, gamma, beta, eps: (
                gamma * (x - x.mean()) / np.sqrt(x.var() + eps) + beta
            ),
            "That divides by the variance; dividing by its root, the standard deviation, makes the variance "
            "1.": lambda x, gamma, beta, eps: (
                gamma * (x - x.mean(axis=0)) / (x.var(axis=0) + eps) + beta
            ),
        },
    ),
    Exercise(
        "input_gradient",
        differences,
        [(X, GAMMA, 1e-3, G), (SQUARE, GAMMA, 1e-3, G[:3])],
        {
            "Mean and variance are treated as constants, as in evaluation; "
            "in training they move with x.": lambda x, gamma, eps, g: (
                scale(x, gamma, eps) * g
            ),
            "The way through the variance is missing: a change of x also changes what everything is divided "
            "by.": lambda x, gamma, eps, g: (
                scale(x, gamma, eps) * (g - g.mean(axis=0))
            ),
            "The way through the mean is missing: "
            "a change of x also changes what is subtracted from everything.": lambda x, gamma, eps, g: (
                scale(x, gamma, eps)
                * (g - normed(x, eps) * (g * normed(x, eps)).mean(axis=0))
            ),
            "Sums stand where means belong: "
            "every value has only a share of 1/m in the statistics.": lambda x, gamma, eps, g: (
                scale(x, gamma, eps)
                * (
                    g
                    - g.sum(axis=0)
                    - normed(x, eps) * (g * normed(x, eps)).sum(axis=0)
                )
            ),
        },
        tolerance=1e-5,
    ),
    Exercise(
        "fold",
        probed,
        [
            (W, B, GAMMA, BETA, MEAN, VAR, 1e-3),
            (W[:2], B, GAMMA, BETA, MEAN, VAR, 1e-3),
        ],
        {
            "The running mean is subtracted from the linear layer's output, bias included, "
            "so it is scaled too.": lambda w, b, gamma, beta, mean, var, eps: (
                w * gamma / np.sqrt(var + eps),
                b * gamma / np.sqrt(var + eps) + beta,
            ),
            "The old bias goes through batch-norm as well: "
            "it must be scaled like the weights.": lambda w, b, gamma, beta, mean, var, eps: (
                w * gamma / np.sqrt(var + eps),
                b - mean * gamma / np.sqrt(var + eps) + beta,
            ),
            "gamma is missing: it stretches what was normalised, "
            "so weights and bias are scaled by it too.": lambda w, b, gamma, beta, mean, var, eps: (
                w / np.sqrt(var + eps),
                (b - mean) / np.sqrt(var + eps) + beta,
            ),
        },
    ),
]
