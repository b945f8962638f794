"""Checks of lesson 3's exercises: right answers come from the package's im2col and gradients, and from counting."""

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.kernels import reference
from tinyinception.nn.functional import conv2d
from tinyinception.tensor import Tensor


def built_shape(n, size, channels, k, stride, padding):
    matrix = reference.im2col(
        np.zeros((n, size, size, channels)),
        (k, k),
        (stride, stride),
        (padding,) * 4,
    )
    return int(np.prod(matrix.shape[:3])), matrix.shape[3]


def counted_saving(m, k):
    direct = sum(1 for _ in np.ndindex(m, m, k, k))
    return direct / np.ones((m + k - 1, m + k - 1)).size


def counted(size, k, row, column):
    numbered = np.arange(size * size).reshape(1, size, size, 1)
    return int(
        (
            reference.im2col(numbered, (k, k), (1, 1), (0,) * 4)
            == numbered[0, row, column, 0]
        ).sum()
    )


def by_taps(x, k):
    return reference.im2col(x[None], (k, k), (1, 1), (0,) * 4).reshape(
        -1, k * k * x.shape[2]
    )


def channels_first(x, k):
    return (
        by_taps(x, k)
        .reshape(-1, k * k, x.shape[2])
        .transpose(0, 2, 1)
        .reshape(-1, k * k * x.shape[2])
    )


def numbers(height, width, channels, k, stride):
    """Which number of the image each number of the matrix is a copy of."""
    numbered = np.arange(height * width * channels).reshape(
        1, height, width, channels
    )
    return reference.im2col(
        numbered, (k, k), (stride, stride), (0,) * 4
    ).ravel()


def scattered(rows, height, width, channels, k, stride):
    image = np.zeros(height * width * channels)
    np.add.at(image, numbers(height, width, channels, k, stride), rows.ravel())
    return image.reshape(height, width, channels)


def assigned(rows, height, width, channels, k, stride):
    image = np.zeros(height * width * channels)
    image[numbers(height, width, channels, k, stride)] = rows.ravel()
    return image.reshape(height, width, channels)


def averaged(rows, height, width, channels, k, stride):
    times = scattered(np.ones_like(rows), height, width, channels, k, stride)
    return scattered(rows, height, width, channels, k, stride) / np.maximum(
        times, 1
    )


def next_to_each_other(rows, height, width, channels, k, stride):
    image, number = np.zeros((height, width, channels)), 0
    for i in range((height - k) // stride + 1):
        for j in range((width - k) // stride + 1):
            image[i : i + k, j : j + k] += rows[number].reshape(k, k, channels)
            number += 1
    return image


def of_weights(x, g, k):
    w = Tensor(np.zeros((k, k, x.shape[2], g.shape[2])), requires_grad=True)
    conv2d(Tensor(x[None]), w).backward(g[None])
    return w.grad


def flipped(x, g, k):
    return of_weights(x, g, k)[::-1, ::-1]


def one_by_one(layers):
    total = 0
    for number, (pixels, taps, filters) in enumerate(layers):
        y, grad = np.ones((pixels, filters)), np.ones((taps, filters))
        total += y.size * taps + grad.size * pixels
        if number > 0:
            total += np.ones((pixels, taps)).size * filters
    return total


RNG = np.random.default_rng(0)
LAYERS = [
    ([(4, 9, 2)],),
    ([(100, 27, 8), (25, 72, 16), (1, 400, 10)],),
    ([(5, 2, 3), (7, 4, 6)],),
]

EXERCISES = [
    Exercise(
        "matrix_shape",
        built_shape,
        [
            (2, 32, 16, 3, 1, 1),
            (1, 224, 3, 7, 2, 3),
            (3, 11, 4, 5, 2, 0),
            (1, 12, 2, 3, 2, 0),
            (1, 5, 1, 3, 1, 0),
        ],
        {
            "A row belongs to an output pixel; with a stride or without enough padding there are fewer than input "
            "pixels.": lambda n, size, channels, k, stride, padding: (
                n * size * size,
                k * k * channels,
            ),
            "Padding is added on both sides: the padded image is size + 2 * padding "
            "wide.": lambda n, size, channels, k, stride, padding: (
                n * ((size + padding - k) // stride + 1) ** 2,
                k * k * channels,
            ),
            "A window has all channels of its pixels: k * k * channels "
            "columns.": lambda n, size, channels, k, stride, padding: (
                n * ((size + 2 * padding - k) // stride + 1) ** 2,
                k * k,
            ),
            "The n images come one below the other, each with its own "
            "rows.": lambda n, size, channels, k, stride, padding: (
                ((size + 2 * padding - k) // stride + 1) ** 2,
                k * k * channels,
            ),
            "The stride was forgotten: windows begin at every stride-th pixel "
            "only.": lambda n, size, channels, k, stride, padding: (
                n * (size + 2 * padding - k + 1) ** 2,
                k * k * channels,
            ),
            "A window has k * k taps, not k.": lambda n, size, channels, k, stride, padding: (
                n * ((size + 2 * padding - k) // stride + 1) ** 2,
                k * channels,
            ),
            "One window short in each direction: between n windows there are n - 1 steps, hence "
            "the + 1.": lambda n, size, channels, k, stride, padding: (
                n * ((size + 2 * padding - k) // stride) ** 2,
                k * k * channels,
            ),
            "Those are columns and rows; asked are rows and columns.": lambda *numbers: (
                built_shape(*numbers)[::-1]
            ),
            "A grid of size g has g * g output pixels.": lambda n, size, channels, k, stride, padding: (
                n * ((size + 2 * padding - k) // stride + 1),
                k * k * channels,
            ),
        },
    ),
    Exercise(
        "winograd_saving",
        counted_saving,
        [(2, 3), (4, 3), (2, 5), (3, 4), (6, 3)],
        {
            "That is the saving along one row. Rows and columns both count, so it is squared.": lambda m, k: (
                m * k / (m + k - 1)
            ),
            "That is how many products are left; asked is how many times fewer.": lambda m, k: (
                (m + k - 1) ** 2 / (m * k) ** 2
            ),
            "A window for m outputs of a kernel of k has m + k - 1 pixels in a row.": lambda m, k: (
                (m * k) ** 2 / (m + k) ** 2
            ),
            "That is for one output; there are m x m of them.": lambda m, k: (
                k**2 / (m + k - 1) ** 2
            ),
        },
    ),
    Exercise(
        "copies",
        counted,
        [
            (5, 3, 2, 2),
            (5, 3, 0, 0),
            (8, 3, 1, 4),
            (6, 5, 0, 3),
            (5, 3, 3, 4),
            (6, 3, 4, 1),
            (4, 1, 3, 0),
        ],
        {
            "Pixels near the border are in fewer windows than k * k.": lambda size, k, row, column: (
                k * k
            ),
            "The far border matters as the near one does: "
            "windows begin no later than size - k.": lambda size, k, row, column: (
                min(row + 1, k) * min(column + 1, k)
            ),
            "That is the number of windows, the matrix's rows.": lambda size, k, row, column: (
                (size - k + 1) ** 2
            ),
            "Rows and columns of windows are independent: multiply them, do not add.": lambda size, k, row, column: (
                sum(
                    min(p, size - k) - max(p - k + 1, 0) + 1
                    for p in (row, column)
                )
            ),
            "In a small image fewer than k windows fit, even in the middle.": lambda size, k, row, column: (
                min(row + 1, k, size - row) * min(column + 1, k, size - column)
            ),
        },
    ),
    Exercise(
        "im2col",
        by_taps,
        [
            (np.arange(32.0).reshape(4, 4, 2), 3),
            (np.arange(60.0).reshape(4, 5, 3) ** 2, 2),
            (np.arange(24.0).reshape(6, 4, 1), 4),
        ],
        {
            "Within a row the channels of one tap stand together; yours has all taps of one channel, "
            "then of the next.": channels_first,
            "That is the transpose: a row for each tap and channel.": lambda x, k: (
                by_taps(x, k).T
            ),
            "Within a row the taps stand as in the window, row by row; yours go column by column.": lambda x, k: (
                by_taps(x, k)
                .reshape(-1, k, k, x.shape[2])
                .swapaxes(1, 2)
                .reshape(-1, k * k * x.shape[2])
            ),
            "Convolution in deep learning does not flip the kernel, so the taps go forwards.": lambda x, k: (
                by_taps(x, k)
                .reshape(-1, k * k, x.shape[2])[:, ::-1]
                .reshape(-1, k * k * x.shape[2])
            ),
            "Windows in the other order: row by row, so the column changes first.": lambda x, k: (
                by_taps(x, k)
                .reshape(x.shape[0] - k + 1, x.shape[1] - k + 1, -1)
                .transpose(1, 0, 2)
                .reshape(-1, k * k * x.shape[2])
            ),
            "The last window begins at size - k, and range leaves its end out: range(size - k + 1).": lambda x, k: (
                by_taps(x[:-1, :-1], k)
            ),
            "Those are the windows themselves; each has to become one row of the matrix.": lambda x, k: (
                by_taps(x, k).reshape(-1, k, k, x.shape[2])
            ),
        },
    ),
    Exercise(
        "col2im",
        scattered,
        [
            (np.ones((4, 4)), 4, 4, 1, 2, 2),
            (RNG.standard_normal((9, 18)), 5, 5, 2, 3, 1),
            (RNG.standard_normal((6, 9)), 5, 7, 1, 3, 2),
            (RNG.standard_normal((4, 12)), 6, 7, 3, 2, 3),
        ],
        {
            "Where windows overlap, what comes back is added; yours keeps the last.": assigned,
            "Copies send back gradients, and gradients are added, not averaged.": averaged,
            "Your windows are side by side; with a stride they begin that many pixels apart.": next_to_each_other,
        },
    ),
    Exercise(
        "weight_gradient",
        of_weights,
        [
            (np.array([[[2.0, 3.0]]]), np.array([[[10.0]]]), 1),
            (
                RNG.standard_normal((5, 4, 2)),
                RNG.standard_normal((3, 2, 3)),
                3,
            ),
            (
                RNG.standard_normal((4, 6, 1)),
                RNG.standard_normal((3, 5, 2)),
                2,
            ),
        ],
        {
            "The taps are the wrong way round: nothing is flipped here.": flipped,
            "A mean over the output pixels: each uses the weight once, and what comes back is added.": lambda x, g, k: (
                of_weights(x, g, k) / (g.shape[0] * g.shape[1])
            ),
            "Right numbers as a matrix; the weights are k x k x C x F.": lambda x, g, k: (
                of_weights(x, g, k).reshape(-1, g.shape[2])
            ),
            "That is G^T A, the transpose of A^T G.": lambda x, g, k: (
                of_weights(x, g, k).reshape(-1, g.shape[2]).T
            ),
        },
    ),
    Exercise(
        "training_cost",
        one_by_one,
        LAYERS,
        {
            "That is the forward pass alone; backward there are two more products for each layer.": lambda layers: (
                sum(a * b * c for a, b, c in layers)
            ),
            "The first layer's input is the image, and nobody needs its gradient: one product less.": lambda layers: (
                3 * sum(a * b * c for a, b, c in layers)
            ),
            "A layer has two gradients backward, of its weights and of its input.": lambda layers: (
                2 * sum(a * b * c for a, b, c in layers)
            ),
            "It is the first layer, not the last, that needs no gradient of its input.": lambda layers: (
                3 * sum(a * b * c for a, b, c in layers)
                - int(np.prod(layers[-1]))
            ),
        },
    ),
]
