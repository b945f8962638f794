"""Verdicts on the readings' claims about single convolutions: what they see, cost, keep and can represent."""

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course import stored
from tinyinception.course.claims import Finding, beside, when
from tinyinception.errors import ShapeError
from tinyinception.kernels.reference import conv2d

printed, factorization = beside("printed"), beside("factorization")


def per_pixel():
    """Multiply-adds for one output pixel, of a 5x5 and of two 3x3: one channel, 64 throughout, GoogLeNet's 16 -> 32."""

    def both(before, after):
        return [
            factorization.weights((after, 5), inputs=before),
            factorization.weights((after, 3), (after, 3), inputs=before),
        ]

    found = {
        "one_channel": both(1, 1),
        "of_64_channels": both(64, 64),
        "from_16_to_32": both(16, 32),
    }
    stated = list(printed.READING_KERNEL_COSTS.values())
    verdict = when(
        {
            "they are counted for one pair of channels, with one channel between": found[
                "one_channel"
            ]
            == stated,
            "they are counted for all channels": found["of_64_channels"]
            == stated,
        }
    )
    return Finding(
        verdict,
        {
            **found,
            "channels": [16, 32],
            "taps": [25, 9],
            "ratios": [two / one for one, two in found.values()],
        },
    )


def same_pixels(stride=2):
    """What a 5x5 and two 3x3 see, the first of stride 1 or 2, and in how many directions their kernels can change."""
    one, two = factorization.field((5, 1)), factorization.field((3, 1), (3, 1))
    strided = factorization.field((3, stride), (3, 1))
    verdict = when(
        {
            "the first has stride 1": two == one,
            "the first has stride 2": strided == one,
        }
    )
    return Finding(
        verdict,
        {
            "fields": [one, two],
            "with_stride_2": strided,
            "weights": 9 + 9,
            "directions": freedom((3, 3), (3, 3)),
        },
    )


def freedom(first, second):
    """[dimension of the kernels that two linear convolutions of one channel can make together, that of all kernels].

    The rank of the derivative of the joint kernel with respect to both, at random kernels.
    """
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(first), rng.standard_normal(second)
    columns = [stacked(e.reshape(first), b) for e in np.eye(a.size)] + [
        stacked(a, e.reshape(second)) for e in np.eye(b.size)
    ]
    matrix = np.stack([column.ravel() for column in columns])
    return [int(np.linalg.matrix_rank(matrix)), matrix.shape[1]]


def stacked(a, b):
    """The kernel of two convolutions one after the other: their full convolution."""
    out = np.zeros(np.add(a.shape, b.shape) - 1)
    for (i, j), value in np.ndenumerate(a):
        out[i : i + b.shape[0], j : j + b.shape[1]] += value * b
    return out


def asymmetric_pair(kernel=3):
    """A 3x3 against a 1x3 and a 3x1 of one channel: weights, field, and how much of a random kernel the pair can make.

    With `width` channels everywhere, kernels are matrices (row, input) x (column, output) of rank 3 width, of which a
    pair with as many channels between reaches rank `width`.
    """
    pixels, width = 2000, 8
    rng = np.random.default_rng(0)
    weights = [
        factorization.weights((1, kernel), inputs=1),
        factorization.weights((1, (1, kernel)), (1, (kernel, 1)), inputs=1),
    ]
    fields = [
        factorization.field((kernel, 1)),
        factorization.field(((1, kernel), 1), ((kernel, 1), 1)),
    ]
    values = np.linalg.svd(
        rng.standard_normal((pixels, kernel, kernel)), compute_uv=False
    )
    missed = 1 - values[:, 0] ** 2 / (values**2).sum(axis=1)
    bank = rng.standard_normal((kernel * width, kernel * width))
    rank = int(np.linalg.matrix_rank(rng.standard_normal((kernel, kernel))))
    verdict = (
        "false"
        if weights[1] >= weights[0] or fields[0] != fields[1]
        else "true"
        if rank == 1
        else "true if only what it sees and costs is meant, not what it computes"
    )
    return Finding(
        verdict,
        {
            "weights": weights,
            "fields": fields,
            "rank_of_3x3": rank,
            "rank_of_pair": 1,
            "channels": width,
            "seeds": len(stored("asymmetric", quiet=True)["none"]["accuracy"]),
            "energy_missed": float(np.median(missed)),
            "rank_of_8_channels": [int(np.linalg.matrix_rank(bank)), width],
            "by_grid": by_grid(),
        },
    )


def by_grid():
    """Measured: accuracy with no 3x3 factorised, and with those of the first, second and third grid; mean of seeds."""
    found = stored("asymmetric", quiet=True)
    return [
        float(np.mean(found[grid]["accuracy"]))
        for grid in ("none", "32", "16", "8")
    ]


def no_loss(two=((3, 3), (3, 3)), pair=((1, 3), (3, 1))):
    """Whether factorised convolutions reach every kernel that they replace; the paper's linear and ReLU networks."""
    two, pair = freedom(*two), freedom(*pair)
    lossless = [reached == needed for reached, needed in (two, pair)]
    return Finding(
        "true" if all(lossless) else "false",
        {
            "two_3x3": two,
            "pair_1x3_3x1": pair,
            "fig_2": list(printed.FIG_2.values()),
            "by_grid": by_grid(),
        },
    )


def information(padded=True):
    """Numbers that 1x1 to 7x7 convolutions put out for an 8x8 image, and how many of them are independent."""
    side, rng, values, ranks = 8, np.random.default_rng(0), [], []
    pixels = np.eye(side * side).reshape(
        -1, side, side, 1
    )  # one image for each pixel: the convolution's matrix
    for k in (1, 3, 5, 7):
        out = conv2d(
            pixels,
            rng.standard_normal((k, k, 1, 1)),
            None,
            (1, 1),
            (k // 2 if padded else 0,) * 4,
            1,
        ).reshape(side * side, -1)
        values.append(out.shape[1])
        ranks.append(int(np.linalg.matrix_rank(out)))
    loses = values[-1] < values[0] or ranks[-1] < ranks[0]
    return Finding(
        "true" if loses else "false",
        {"image": side * side, "values_out": values, "independent": ranks},
    )


def joining(kernels=(1, 3, 5, 7)):
    """Branches with kernels of 1, 3, 5 and 7: grids with padding and without, and whether they can be joined."""
    widths = (64, 128, 32, 32)  # of any four branches
    grids = {padding: [] for padding in ("same", "valid")}
    joined = {}
    for padding in grids:
        with nn.shape_only():
            branches = [
                nn.Conv2d(192, n, k, padding=padding)
                for n, k in zip(widths, kernels, strict=True)
            ]
        grids[padding] = [
            summary(branch, 28, channels=192).rows[-1].output[0]
            for branch in branches
        ]
        try:
            joined[padding] = (
                summary(nn.Branches(*branches), 28, channels=192)
                .rows[-1]
                .output[-1]
            )
        except ShapeError:
            joined[padding] = None
    verdict = when(
        {
            "their padding is meant: without it, grids differ": joined["valid"]
            is None,
            "their kernels or numbers are meant": joined["same"]
            != sum(widths),
        }
    )
    return Finding(
        verdict,
        {
            "padded": grids["same"],
            "unpadded": grids["valid"],
            "parts": list(widths),
            "channels": joined["same"],
            "unpadded_can_be_joined": joined["valid"] is not None,
        },
    )


def aggregation(branch=1):
    """What a pixel sees after joining channels, and after a 3x3; module 3a's 3x3 with and without its reduction."""
    with nn.shape_only():
        joined = nn.Branches(
            *(nn.Conv2d(8, 8, branch, padding="same") for _ in range(2))
        )
        three = nn.Conv2d(8, 8, 3, padding="same")
    fields = [
        summary(module, 28, channels=8).receptive_field[0]
        for module in (joined, three)
    ]
    weights = [
        factorization.weights((128, 3), inputs=192),
        factorization.weights((96, 1), (128, 3), inputs=192),
    ]
    return Finding(
        "true" if fields[0] > 1 else "false",
        {"fields": fields, "weights_3a": weights},
    )
