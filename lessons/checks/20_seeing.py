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


def sizes(smallest, largest, count):
    return [
        round(float(size)) for size in np.geomspace(smallest, largest, count)
    ]


def cell_by_cell(image, size):
    mean = image.reshape(-1, 3).sum(axis=0) / (image.size // 3)
    rows, columns = image.shape[0] // size, image.shape[1] // size
    found = np.zeros((rows, columns))
    for i in range(rows):
        for j in range(columns):
            for pixel in image[
                i * size : (i + 1) * size, j * size : (j + 1) * size
            ].reshape(-1, 3):
                found[i, j] += ((pixel - mean) ** 2).sum() / size**2
    return found


def by_squares(first, second):
    """Without equal numbers: 1 - 6 sum d^2 / (n (n^2 - 1))."""
    places = [
        {value: i for i, value in enumerate(sorted(a.ravel()))}
        for a in (first, second)
    ]
    d = [
        places[0][a] - places[1][b]
        for a, b in zip(first.ravel(), second.ravel(), strict=True)
    ]
    n = len(d)
    return 1 - 6 * sum(x * x for x in d) / (n * (n * n - 1))


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
STEPS.append(
    (
        np.ones(2),
        np.array([[1.0, -1.0], [2.0, 1.0]]),
        np.array([3.0, 0.5]),
        0.1,
    )
)  # the first unit is exactly at zero
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
        "octaves",
        sizes,
        [(50, 200, 3), (48, 96, 4), (32, 200, 2)],
        {
            "count sizes have count - 1 steps between them.": lambda a, b, n: [
                round(a * (b / a) ** (i / n)) for i in range(n)
            ],
            "Those differ by the same number of pixels; each should be larger by the same factor.": lambda a, b, n: [
                round(a + (b - a) * i / (n - 1)) for i in range(n)
            ],
            "From the smallest to the largest.": lambda a, b, n: sizes(
                b, a, n
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
        "contrast_cells",
        cell_by_cell,
        [
            (rng.random((8, 8, 3)), 4),
            (rng.random((6, 9, 3)), 3),
            (rng.random((4, 8, 3)), 2),
        ],
        {
            "That is one mean over all three colours; the mean colour has three numbers.": lambda image, size: (
                cell_by_cell(
                    image
                    - image.mean(axis=(0, 1))
                    + (image.mean(axis=(0, 1)) - image.mean()),
                    size,
                )
                + 3 * np.mean((image.mean(axis=(0, 1)) - image.mean()) ** 2)
                + 2
                * (
                    (image - image.mean(axis=(0, 1)))
                    * (image.mean(axis=(0, 1)) - image.mean())
                )
                .sum(axis=2)
                .reshape(image.shape[0] // size, size, -1, size)
                .mean(axis=(1, 3))
            ),
            "Sum over the colours, not their mean.": lambda image, size: (
                cell_by_cell(image, size) / 3
            ),
            "The mean over a cell's pixels, not their sum.": lambda image, size: (
                cell_by_cell(image, size) * size**2
            ),
        },
    ),
    Exercise(
        "rank_correlation",
        by_squares,
        [
            (rng.random((4, 4)), rng.random((4, 4))),
            (rng.random(7) ** 4, rng.random(7)),
            (np.arange(6.0) ** 3, np.arange(6.0)),
        ],
        {
            "That correlates the numbers; take their ranks first.": lambda a, b: (
                np.corrcoef(a.ravel(), b.ravel())[0, 1]
            ),
            "argsort gives the order of the cells, not their ranks; take argsort of that once more.": lambda a, b: (
                np.corrcoef(a.ravel().argsort(), b.ravel().argsort())[0, 1]
            ),
            "np.corrcoef gives a matrix of 2 x 2; the correlation is its entry [0, 1].": lambda a, b: (
                np.array([[1, by_squares(a, b)], [by_squares(a, b), 1]])
            ),
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
