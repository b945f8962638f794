"""Checks of lesson 17's exercises: right answers come from built networks and from marking pixels."""

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise


def built(side, stride, pooled):
    with nn.shape_only():
        stem = nn.Sequential(
            nn.Conv2d(3, 32, 3, stride=stride, padding="valid"),
            nn.Conv2d(32, 32, 3, padding="valid"),
            nn.Conv2d(32, 64, 3, padding=1),
            *([nn.MaxPool2d(3, stride=2)] if pooled else []),
            nn.Conv2d(64, 80, 1),
            nn.Conv2d(80, 192, 3, padding="valid"),
            nn.MaxPool2d(3, stride=2),
        )
    return summary(stem, side).rows[-1].output[0]


def padded(side, stride, pooled):
    for step in [stride, 1] + ([2] if pooled else []) + [1, 2]:
        side = -(-side // step)
    return side


def without_padding_at_all(side, stride, pooled):
    for step in [stride, 1, 1] + ([2] if pooled else []) + [1, 2]:
        side = (side - 3) // step + 1
    return side


def counted(side, kernel, stride, m, n):
    with nn.shape_only():
        layer = nn.Conv2d(
            m, n, kernel, stride=stride, padding="valid", bias=False
        )
    return summary(layer, side, channels=m).macs


def marked(layers, side):
    """Go back from one cell: the set of positions that the cells seen so far depend on."""
    cells = {0}
    for kernel, stride in reversed(layers):
        cells = {cell * stride + k for cell in cells for k in range(kernel)}
    return (max(cells) - min(cells) + 1) / side


def own_stride_too(layers, side):
    pixels, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        pixels += (kernel - 1) * step
    return pixels / side


def averaged(image, factor):
    """Block by block."""
    height, width = image.shape[0] // factor, image.shape[1] // factor
    out = np.zeros((height, width, image.shape[2]))
    for i in range(height):
        for j in range(width):
            block = image[
                i * factor : (i + 1) * factor, j * factor : (j + 1) * factor
            ]
            out[i, j] = block.mean(axis=0).mean(axis=0)
    return out


def ratio(layers, large, small):
    """Two networks, counted."""
    with nn.shape_only():
        stack = nn.Sequential(
            *(
                nn.Conv2d(m, n, k, stride=s, padding="valid", bias=False)
                for k, s, m, n in layers
            )
        )
    macs = [
        summary(stack, side, channels=layers[0][2]).macs
        for side in (large, small)
    ]
    return macs[0] / macs[1]


def searched(side, stride, width, new_side, new_stride):
    """Networks of more and more channels, until the cost is the nearest."""

    def cost(side, stride, width):
        with nn.shape_only():
            stem = nn.Sequential(
                nn.Conv2d(3, width, 3, stride=stride, padding="same"),
                nn.Conv2d(width, 32, 3, padding="same"),
            )
        return summary(stem, side).macs

    wanted, each = cost(side, stride, width), cost(new_side, new_stride, 1)
    guess = wanted // each
    return min(
        (n for n in (guess - 1, guess, guess + 1, guess + 2) if n > 0),
        key=lambda n: abs(cost(new_side, new_stride, n) - wanted),
    )


def marks(layers, side):
    """Side of the last layer's output."""
    for kernel, stride, *_ in layers:
        side = (side - kernel) // stride + 1
    return side


IMAGE = np.random.default_rng(0).normal(size=(4, 6, 3))

EXERCISES = [
    Exercise(
        "grid_after_stem",
        built,
        [(299, 2, True), (151, 1, True), (79, 1, False), (224, 2, True)],
        {
            "Unpadded convolutions and poolings lose their border: n pixels become (n - 3) // stride + 1, "
            "not n / stride.": padded,
            "The third 3x3 is padded; it leaves the grid as it is.": without_padding_at_all,
            "The last pooling is missing.": lambda side, stride, pooled: (
                built(side, stride, pooled) * 2 + 1
            ),
        },
    ),
    Exercise(
        "multiply_adds",
        counted,
        [
            (299, 3, 2, 3, 32),
            (36, 3, 2, 3, 8),
            (35, 5, 1, 48, 64),
        ],
        {
            "A product is made for each pixel of the output, of which there are fewer than of the "
            "input.": lambda side, kernel, stride, m, n: (
                side * side * kernel * kernel * m * n
            ),
            "That is for one pixel of the output.": lambda side, kernel, stride, m, n: (
                kernel * kernel * m * n
            ),
            "Each output channel reads all m input channels.": lambda side, kernel, stride, m, n: (
                counted(side, kernel, stride, m, n) // m
            ),
        },
    ),
    Exercise(
        "share_seen",
        marked,
        [
            ([(3, 2), (3, 1), (3, 1)], 299),
            ([(3, 1), (3, 1)], 79),
            ([(7, 2), (3, 2)], 224),
        ],
        {
            "After a stride, neighbouring cells lie several pixels apart: what a later layer adds counts that much "
            "more.": lambda layers, side: (
                (1 + sum(kernel - 1 for kernel, _ in layers)) / side
            ),
            "A layer's own stride spreads only the layers after it.": own_stride_too,
        },
    ),
    Exercise(
        "shrink",
        averaged,
        [(IMAGE, 2), (IMAGE[:, :4], 4), (IMAGE[:3, :, :1], 3), (IMAGE, 1)],
        {
            "That takes one pixel of each block; asked is the mean of all of them.": lambda image, factor: (
                image[::factor, ::factor]
            ),
            "That is the sum of each block; divide by factor × factor.": lambda image, factor: (
                averaged(image, factor) * factor * factor
            ),
            "That takes the largest pixel of each block, as max-pooling does.": lambda image, factor: (
                image.reshape(
                    image.shape[0] // factor,
                    factor,
                    image.shape[1] // factor,
                    factor,
                    -1,
                ).max(axis=(1, 3))
            ),
            "The blocks are mixed up: split height into (height // factor, factor) in this order, "
            "and width likewise.": lambda image, factor: image.reshape(
                factor,
                image.shape[0] // factor,
                factor,
                image.shape[1] // factor,
                -1,
            ).mean(axis=(0, 2)),
        },
    ),
    Exercise(
        "times_cheaper",
        ratio,
        [
            ([(3, 1, 3, 8)], 6, 4),
            ([(3, 2, 3, 32), (3, 1, 32, 32), (3, 1, 32, 64)], 299, 79),
            ([(5, 2, 1, 4), (1, 1, 4, 16)], 21, 12),
        ],
        {
            "That is the ratio of the pixels of the images; unpadded layers take the same border off "
            "both.": lambda layers, large, small: (large / small) ** 2,
            "That is upside down: divide the cost of the large one by that of the small one.": (
                lambda layers, large, small: 1 / ratio(layers, large, small)
            ),
            "Only the first layer was counted.": lambda layers, large, small: (
                ratio(layers[:1], large, small)
            ),
            "Only the last layer was counted.": lambda layers, large, small: (
                (marks(layers, large) / marks(layers, small)) ** 2
            ),
        },
    ),
    Exercise(
        "width_of_equal_cost",
        searched,
        [
            (32, 2, 16, 8, 1),
            (32, 2, 16, 16, 1),
            (31, 2, 10, 15, 2),
            (40, 1, 6, 33, 2),
            (20, 3, 24, 10, 1),
        ],
        {
            "Cost grows with the number of output pixels, which is the square of the "
            "side.": lambda side, stride, width, new_side, new_stride: round(
                width * -(-side // stride) / -(-new_side // new_stride)
            ),
            "The strides count, too: products are made for the pixels of the output.": (
                lambda side, stride, width, new_side, new_stride: round(
                    width * side**2 / new_side**2
                )
            ),
            "Fewer pixels leave room for more channels, not for fewer.": (
                lambda side, stride, width, new_side, new_stride: round(
                    width
                    * (-(-new_side // new_stride)) ** 2
                    / (-(-side // stride)) ** 2
                )
            ),
            "A padded convolution rounds up: 33 pixels with stride 2 are 17.": (
                lambda side, stride, width, new_side, new_stride: round(
                    width
                    * (side // stride) ** 2
                    / (new_side // new_stride) ** 2
                )
            ),
        },
    ),
]
