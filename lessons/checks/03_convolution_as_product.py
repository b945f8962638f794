"""Checks of lesson 3's exercises: right answers come from the package's im2col, which loops over taps."""

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.kernels import reference


def built_shape(n, size, channels, k, stride, padding):
    matrix = reference.im2col(
        np.zeros((n, size, size, channels)),
        (k, k),
        (stride, stride),
        (padding,) * 4,
    )
    return int(np.prod(matrix.shape[:3])), matrix.shape[3]


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


EXERCISES = [
    Exercise(
        "matrix_shape",
        built_shape,
        [(2, 32, 16, 3, 1, 1), (1, 224, 3, 7, 2, 3), (3, 11, 4, 5, 2, 0)],
        {
            "A row belongs to an output pixel; with a stride or without enough padding there are fewer than input "
            "pixels.": lambda n, size, channels, k, stride, padding: (
                n * size * size,
                k * k * channels,
            ),
            "Padding is added on both sides: "
            "the padded image is size + 2 * padding wide.": lambda n, size, channels, k, stride, padding: (
                n * ((size + padding - k) // stride + 1) ** 2,
                k * k * channels,
            ),
            "A window has all channels of its pixels: "
            "k * k * channels columns.": lambda n, size, channels, k, stride, padding: (
                n * ((size + 2 * padding - k) // stride + 1) ** 2,
                k * k,
            ),
            "The n images come one below the other, "
            "each with its own rows.": lambda n, size, channels, k, stride, padding: (
                ((size + 2 * padding - k) // stride + 1) ** 2,
                k * k * channels,
            ),
        },
    ),
    Exercise(
        "copies",
        counted,
        [(5, 3, 2, 2), (5, 3, 0, 0), (8, 3, 1, 4), (6, 5, 0, 3), (5, 3, 3, 4)],
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
        },
    ),
    Exercise(
        "im2col",
        by_taps,
        [
            (np.arange(32.0).reshape(4, 4, 2), 3),
            (np.arange(60.0).reshape(4, 5, 3) ** 2, 2),
        ],
        {
            "Within a row the channels of one tap stand together; yours has all taps of one channel, "
            "then of the next.": channels_first,
            "That is the transpose: a row for each tap and channel.": lambda x, k: (
                by_taps(x, k).T
            ),
            "Convolution in deep learning does not flip the kernel, so the taps go forwards.": lambda x, k: (
                by_taps(x, k)
                .reshape(-1, k * k, x.shape[2])[:, ::-1]
                .reshape(-1, k * k * x.shape[2])
            ),
        },
    ),
]
