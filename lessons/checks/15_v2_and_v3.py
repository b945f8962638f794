"""Checks of lesson 15's exercises: right answers come from networks built of the package's blocks, never computed."""

from functools import partial

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise
from tinyinception.models.inception_v3 import stem
from tinyinception.nn.functional import max_pool2d
from tinyinception.tensor import Tensor

bare = partial(nn.ConvUnit, norm=None, bias=False)


def slid(size, layers):
    """Shapes alone go through poolings of these kernels."""
    x = Tensor.shape_only(1, size, size, 1)
    for kernel, stride in layers:
        x = max_pool2d(x, kernel, stride=stride)
    return x.shape[1]


def built(five, six, seven):
    """Small widths; depth does not depend on them."""

    def fig7():
        return nn.inception_expanded(
            8,
            n1=2,
            single=[(2, 1)],
            double=[(2, 1), (2, 3)],
            split=1,
            pool_proj=2,
        )

    with nn.shape_only():
        network = nn.Sequential(
            *stem(3, nn.ConvUnit).values(),
            nn.ConvUnit(192, 8, 1),
            *(
                nn.inception_double3x3(
                    8, n1=2, r3=2, n3=2, rd=2, nd=2, pool_proj=2
                )
                for _ in range(five)
            ),
            nn.grid_reduction(8, [(2, 3)], [(2, 1), (2, 3), (2, 3)]),
            nn.ConvUnit(12, 8, 1),
            *(
                nn.inception_factorized(
                    8,
                    n1=2,
                    single=(2, 2, 2),
                    double=(2, 2, 2, 2, 2),
                    pool_proj=2,
                )
                for _ in range(six)
            ),
            nn.grid_reduction(
                8, [(2, 1), (2, 3)], [(2, 1), (2, (1, 7)), (2, (7, 1)), (2, 3)]
            ),
            nn.ConvUnit(12, 8, 1),
            *(fig7() for _ in range(seven)),
            nn.classifier(8, 10),
        )
    return (
        summary(network, 299).depth - 3
    )  # the three 1x1 that only make the small widths meet


def counted(c):
    with nn.shape_only():
        module = nn.inception_factorized(
            768,
            n1=192,
            single=(c, c, 192),
            double=(c, c, c, c, 192),
            pool_proj=192,
            unit=bare,
        )
    return summary(module, 17, channels=768).params


def rounded_up(size, layers):
    for kernel, stride in layers:
        size = -(-(size - kernel) // stride) + 1
    return size


def divided(size, layers):
    for _, stride in layers:
        size //= stride
    return size


def one_short(size, layers):
    for kernel, stride in layers:
        size = (size - kernel) // stride
    return size


def joined(inputs, paths):
    """A reduction is built, and its output has so many channels."""
    with nn.shape_only():
        block = nn.grid_reduction(
            inputs, *([(n, 3) for n in path] for path in paths)
        )
    return summary(block, 17, channels=inputs).rows[-1].output[-1]


def searched(layers, seven):
    """All pairs are tried."""
    return [
        (five, six)
        for five in range(1, 40)
        for six in range(1, 40)
        if 5 + 3 * five + 3 + 5 * six + 4 + 3 * seven + 1 == layers
    ]


EXERCISES = [
    Exercise(
        "grid_after",
        slid,
        [
            (299, [(3, 2), (3, 1)]),
            (147, [(3, 2), (3, 1), (3, 2)]),
            (36, [(3, 2)]),
        ],
        {
            "Only the stride was counted; without padding the kernel has to fit in, which costs the border.": divided,
            "A window that hangs over the edge is not computed without padding: round down.": rounded_up,
            "One more position: a kernel as large as the grid fits once, not never.": one_short,
        },
    ),
    Exercise(
        "depth",
        built,
        [(3, 4, 2), (3, 5, 2), (1, 1, 1)],
        {
            "The reductions have convolutions too, three and four in a row.": lambda five, six, seven: (
                6 + 3 * five + 5 * six + 3 * seven
            ),
            "One layer is missing: the linear layer at the end counts, and the second reduction has 4 layers, not 3.": lambda five, six, seven: (
                12 + 3 * five + 5 * six + 3 * seven
            ),
            "Convolutions side by side do not lie on one path: of a module only the longest branch "
            "counts.": lambda five, six, seven: (
                5 + 7 * five + 4 + 10 * six + 6 + 9 * seven + 1
            ),
        },
    ),
    Exercise(
        "fig6_weights",
        counted,
        [(128,), (160,), (192,)],
        {
            "1x7 and 7x1 have 7 weights per pair of channels each, not the 49 of a 7x7.": lambda c: (
                2 * 768 * 192
                + 2 * 768 * c
                + 49 * c * (c + 192)
                + 49 * c * (3 * c + 192)
            ),
            "The pooling branch has a 1x1 of its own.": lambda c: (
                counted(c) - 768 * 192
            ),
            "Every convolution is taken to read 768 channels; inside a branch it reads the c of the one "
            "before.": lambda c: (
                2 * 768 * 192
                + 2 * 768 * c
                + 7 * 768 * (c + 192)
                + 7 * 768 * (3 * c + 192)
            ),
        },
    ),
    Exercise(
        "reduced_channels",
        joined,
        [
            (288, [[384], [64, 96, 96]]),
            (768, [[192, 320], [192, 192, 192, 192]]),
            (16, [[24, 8]]),
        ],
        {
            "All convolutions of a path are added; only the last one's channels come out.": lambda inputs, paths: (
                inputs + sum(map(sum, paths))
            ),
            "The widest convolution of a path is taken; what comes out is the last.": lambda inputs, paths: (
                inputs + sum(map(max, paths))
            ),
            "The pooling is a path as well: it keeps all its input channels.": lambda inputs, paths: (
                joined(inputs, paths) - inputs
            ),
        },
    ),
    Exercise(
        "modules_for",
        searched,
        [(24, 1), (25, 1), (48, 2), (54, 2), (49, 3), (22, 1), (60, 1)],
        {
            "five and six are at least 1 each.": lambda layers, seven: [
                (five, six)
                for five in range(0, 40)
                for six in range(0, 40)
                if 13 + 3 * five + 5 * six + 3 * seven == layers
            ],
            "The reductions count, with 3 and 4 layers.": lambda layers, seven: (
                searched(layers + 7, seven)
            ),
            "Pairs are (five, six) in this order.": lambda layers, seven: [
                (b, a) for a, b in searched(layers, seven)
            ],
        },
    ),
]
