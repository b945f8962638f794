"""Checks of lesson 17's exercises: right answers come from built networks and from marking pixels."""

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
        [(299, 3, 2, 3, 32), (79, 3, 1, 3, 32), (35, 5, 1, 48, 64)],
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
]
