"""Checks of lesson 10's exercises: right answers come from the package, from differences, and from trying inputs."""

import numpy as np

from tinyinception import nn
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


def package_sums(normalised, g):
    """What the package gives gamma and beta; a rescaled input has these normalised values."""
    gamma, beta = (
        Tensor(np.ones(g.shape[1]), requires_grad=True),
        Tensor(np.zeros(g.shape[1]), requires_grad=True),
    )
    (Tensor(normalised) * gamma + beta).backward(g)
    return gamma.grad, beta.grad


def buffers(old, batch, momentum):
    """The running mean of a layer that sees constant values."""
    layer = nn.BatchNorm2d(1, momentum=momentum).to(np.float64)
    layer.running_mean[...] = old
    layer(Tensor(np.full((2, 2, 2, 1), batch)))
    return float(layer.running_mean[0])


def trained(length, gradient, lr, steps):
    """Gradient descent of a vector in the plane whose slope stands at right angles to it."""
    w = np.array([length, 0.0])
    for _ in range(steps):
        across = np.array([-w[1], w[0]]) / np.linalg.norm(w)
        w = w - lr * across * gradient / np.linalg.norm(w)
    return float(np.linalg.norm(w))


def normed(x, eps):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)


def scale(x, gamma, eps):
    return gamma / np.sqrt(x.var(axis=0) + eps)


def _grown(length, step, steps):
    for _ in range(steps):
        length = step(length)
    return length


rng = np.random.default_rng(9)
X, G = rng.normal(2, 3, (7, 3)), rng.standard_normal((7, 3))
GAMMA, BETA = np.array([0.5, 1.0, 2.0]), np.array([0.3, -1.0, 0.0])
SQUARE = rng.normal(1, 0.1, (3, 3))
W, B = rng.standard_normal((4, 3)), rng.standard_normal(3)
IMAGES = rng.normal(1, 2, (3, 4, 5, 3))
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
            "Rows are values and columns are channels: mean and variance are taken along axis 0.": lambda x, gamma, beta, eps: (
                gamma
                * (x - x.mean(axis=1, keepdims=True))
                / np.sqrt(x.var(axis=1, keepdims=True) + eps)
                + beta
            ),
            "gamma and beta are missing: they come after the normalisation.": lambda x, gamma, beta, eps: (
                normed(x, eps)
            ),
            "beta is missing.": lambda x, gamma, beta, eps: (
                gamma * normed(x, eps)
            ),
            "gamma is missing.": lambda x, gamma, beta, eps: (
                normed(x, eps) + beta
            ),
            "eps is missing; it keeps the root away from zero.": lambda x, gamma, beta, eps: (
                gamma * normed(x, 0) + beta
            ),
            "beta is added before gamma multiplies; it comes last.": lambda x, gamma, beta, eps: (
                gamma * (normed(x, eps) + beta)
            ),
        },
    ),
    Exercise(
        "parameter_gradients",
        package_sums,
        [(normed(X, 1e-3), G), (normed(SQUARE, 1e-3), G[:3])],
        {
            "gamma's and beta's are swapped: asked is (d gamma, d beta).": lambda n, g: (
                g.sum(axis=0),
                (g * n).sum(axis=0),
            ),
            "Sums, not means: each value uses gamma and beta once, and their slopes add up.": lambda n, g: (
                (g * n).mean(axis=0),
                g.mean(axis=0),
            ),
            "Each channel has its own gamma and beta: sum over the values, axis 0.": lambda n, g: (
                (g * n).sum(axis=1),
                g.sum(axis=1),
            ),
            "gamma multiplies the normalised values, so they stand in its gradient.": lambda n, g: (
                g.sum(axis=0),
                g.sum(axis=0),
            ),
        },
    ),
    Exercise(
        "running",
        buffers,
        [(1.0, 2.0, 0.1), (0.5, -1.0, 0.25), (3.0, 0.0, 1.0)],
        {
            "momentum is the weight of the newest batch here, and 1 - momentum that of the old average; "
            "TensorFlow has it the other way round.": lambda old, batch, momentum: (
                momentum * old + (1 - momentum) * batch
            ),
            "The old average is weighed down too, by 1 - momentum; otherwise it would grow without end.": lambda old, batch, momentum: (
                old + momentum * batch
            ),
            "That takes the newest batch alone; the average must remember the earlier ones.": lambda old, batch, momentum: (
                batch
            ),
            "That is a plain mean of the two; the newest batch has the weight `momentum`.": lambda old, batch, momentum: (
                (old + batch) / 2
            ),
        },
    ),
    Exercise(
        "normalise_images",
        packaged,
        [(IMAGES, GAMMA, BETA, 1e-3), (IMAGES[:1, :2], GAMMA, BETA, 1e-2)],
        {
            "Each image is normalised by itself; batch-norm takes mean and variance over all images too.": lambda x, gamma, beta, eps: (
                gamma
                * (x - x.mean(axis=(1, 2), keepdims=True))
                / np.sqrt(x.var(axis=(1, 2), keepdims=True) + eps)
                + beta
            ),
            "Each pixel has its own mean there; batch-norm takes it over all pixels of a channel.": lambda x, gamma, beta, eps: (
                gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)
                + beta
            ),
            "One mean over everything: each channel has its own.": lambda x, gamma, beta, eps: (
                gamma * (x - x.mean()) / np.sqrt(x.var() + eps) + beta
            ),
            "That is over the channels of each pixel, which is layer normalisation.": lambda x, gamma, beta, eps: (
                gamma
                * (x - x.mean(axis=3, keepdims=True))
                / np.sqrt(x.var(axis=3, keepdims=True) + eps)
                + beta
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
            "gamma is missing: n reaches y through it.": lambda x, gamma, eps, g: (
                (
                    g
                    - g.mean(axis=0)
                    - normed(x, eps) * (g * normed(x, eps)).mean(axis=0)
                )
                / np.sqrt(x.var(axis=0) + eps)
            ),
            "The sign of the two indirect paths is wrong: what shifts or stretches all values is taken out, not added.": lambda x, gamma, eps, g: (
                scale(x, gamma, eps)
                * (
                    g
                    + g.mean(axis=0)
                    + normed(x, eps) * (g * normed(x, eps)).mean(axis=0)
                )
            ),
            "The division by s = sqrt(var + eps) is missing.": lambda x, gamma, eps, g: (
                gamma
                * (
                    g
                    - g.mean(axis=0)
                    - normed(x, eps) * (g * normed(x, eps)).mean(axis=0)
                )
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
    Exercise(
        "length_after",
        trained,
        [
            (2.0, 3.0, 1.0, 1),
            (1.0, 0.5, 0.1, 10),
            (3.0, 2.0, 2.0, 3),
            (5.0, 1.0, 1.0, 0),
        ],
        {
            "The step stands at right angles to the weights: lengths add up as in Pythagoras, not directly.": lambda length, gradient, lr, steps: (
                _grown(length, lambda now: now + lr * gradient / now, steps)
            ),
            "The gradient is shorter, the longer the weights are: divide by their length.": lambda length, gradient, lr, steps: (
                _grown(
                    length,
                    lambda now: float(np.hypot(now, lr * gradient)),
                    steps,
                )
            ),
            "The gradient changes with every step, as the weights get longer.": lambda length, gradient, lr, steps: (
                float(
                    np.sqrt(length**2 + steps * (lr * gradient / length) ** 2)
                )
            ),
            "A step against a slope at right angles makes the weights longer, never shorter.": lambda length, gradient, lr, steps: (
                _grown(
                    length,
                    lambda now: float(
                        np.sqrt(abs(now**2 - (lr * gradient / now) ** 2))
                    ),
                    steps,
                )
            ),
        },
    ),
]
