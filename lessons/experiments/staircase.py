"""Lesson 3's measurements on a machine that does nothing else: `python lessons/experiments/staircase.py`, a minute.

One core. Every round times everything once, in turns: the loops in Python on a small example, each stair on the
lesson's layer, and im2col by tiles of many sizes. What is kept is every round, in seconds.
"""

import time

import numba
import numpy as np

from tinyinception import kernels
from tinyinception.course.results import keep
from tinyinception.kernels.choice import STAIRS

MACS = 32 * 32 * 32 * 3 * 3 * 64 * 64
SIZES = [
    (1, 1),
    (1, 2),
    (1, 4),
    (1, 8),
    (1, 16),
    (1, 32),
    (2, 32),
    (4, 32),
    (8, 32),
    (16, 32),
    (32, 32),
]


def loops(x, w, out):
    """The lesson's seven loops."""
    n, height, width, filters = out.shape
    for image in range(n):
        for row in range(height):
            for column in range(width):
                for i in range(w.shape[0]):
                    for j in range(w.shape[1]):
                        for c in range(x.shape[3]):
                            for f in range(filters):
                                out[image, row, column, f] += (
                                    x[image, row + i, column + j, c]
                                    * w[i, j, c, f]
                                )


def times(a, b):
    """The matrix product a b, as a 1x1 convolution."""
    return kernels.conv2d(
        a.reshape(1, len(a), 1, -1),
        b.reshape(1, 1, *b.shape),
        None,
        (1, 1),
        (0,) * 4,
        1,
    )


def tiled(x, w, images, rows):
    """Convolution in tiles of so many images and so many rows of each."""
    k, f = w.shape[0], w.shape[3]
    view = np.lib.stride_tricks.sliding_window_view(
        x, (k, k), axis=(1, 2)
    ).transpose(0, 1, 2, 4, 5, 3)
    out = np.empty((*view.shape[:3], f), x.dtype)
    buffer = np.empty(
        (images * rows * view.shape[2], k * k * x.shape[3]), x.dtype
    )
    for i in range(0, len(view), images):
        for row in range(0, view.shape[1], rows):
            block = view[i : i + images, row : row + rows]
            buffer.reshape(block.shape)[...] = block
            out[i : i + images, row : row + rows] = times(
                buffer, w.reshape(-1, f)
            ).reshape(*block.shape[:3], f)
    return out


def seconds(function, *arguments):
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def on(stair, x, w):
    with kernels.using(stair):
        return seconds(kernels.conv2d, x, w, None, (1, 1), (1, 1, 1, 1), 1)


def measure(rounds, sizes):
    """Seconds of each stair and of each size of tile, in every round; one core."""
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    rng = np.random.default_rng(0)
    small_x, small_w = (
        rng.standard_normal((1, 10, 10, 4)),
        rng.standard_normal((3, 3, 4, 4)),
    )
    x = rng.standard_normal((32, 32, 32, 64), dtype=np.float32)
    w = rng.standard_normal((3, 3, 64, 64), dtype=np.float32)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    tiled(padded[:1], w, 1, 1)
    for stair in STAIRS:  # compiles
        on(stair, x[:1], w)
    stairs, tiles = {name: [] for name in ("Python", *STAIRS)}, []
    for _ in range(rounds):
        each = seconds(loops, small_x, small_w, np.zeros((1, 8, 8, 4))) / (
            8 * 8 * 9 * 4 * 4
        )
        stairs["Python"].append(
            each * MACS
        )  # of the whole layer, at that rate
        for stair in STAIRS:
            stairs[stair].append(on(stair, x, w))
        tiles.append([seconds(tiled, padded, w, *size) for size in sizes])
    numba.set_num_threads(threads)
    kilobytes = [
        images * rows * 32 * 9 * 64 * 4 / 1000 for images, rows in sizes
    ]
    return {"stairs": stairs, "kilobytes": kilobytes, "tiles": tiles}


def main():
    began = time.monotonic()
    result = measure(7, SIZES)
    print(keep("staircase", result, began))
    for name, values in result["stairs"].items():
        print(
            f"{name:10} {np.median(values):10.4f} s  {min(values):.4f} to {max(values):.4f}"
        )
    for size, column in zip(
        result["kilobytes"], np.transpose(result["tiles"]), strict=True
    ):
        print(
            f"{size:10,.0f} KB {np.median(column):.4f} s  {min(column):.4f} to {max(column):.4f}"
        )


if __name__ == "__main__":
    main()
