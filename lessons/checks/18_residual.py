"""Checks of lesson 18's exercises: right answers come from built blocks and from descending parabolas."""

import numpy as np

from tinyinception import nn
from tinyinception.course.exercises import Exercise


def built(in_channels, convolutions):
    with nn.shape_only():
        return nn.grid_reduction(
            in_channels, *([(channels, 3)] for channels in convolutions)
        ).out_channels


def counted(in_channels, branches):
    with nn.shape_only():
        block = nn.ResidualInception(
            in_channels,
            {str(i): path for i, path in enumerate(branches)},
            scale=0.2,
        )
    return sum(
        p.size
        for name, p in block.named_parameters()
        if name.endswith("weight")
    )


def descends(rate, curvature, momentum):
    """Whether 3,000 steps from w = 1 lead nearer to the bottom than the last 1,000 before them."""
    w, v, largest = 1.0, 0.0, [0.0, 0.0, 0.0]
    for step in range(3000):
        v = momentum * v + curvature * w
        w -= rate * v
        largest[step // 1000] = max(largest[step // 1000], abs(w))
        if abs(w) > 1e9:
            return False
    return largest[2] <= largest[1]


def searched(curvature, momentum):
    """Halve the interval between a rate that descends and one that does not."""
    low, high = 0.0, 8 / curvature
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if descends(middle, curvature, momentum)
            else (low, middle)
        )
    return low


def unit_by_unit(x, correction, scale):
    out = [
        max(a + scale * c, 0)
        for a, c in zip(x.ravel(), correction.ravel(), strict=True)
    ]
    return np.array(out).reshape(x.shape)


def by_matrix(curvature, rate, momentum, steps, nesterov=False, reset=False):
    """(w, v) times one matrix for each step."""
    step = np.array(
        [[1 - rate * curvature, -rate * momentum], [curvature, momentum]]
    )
    state, found = np.array([1.0, 0.0]), []
    for _ in range(steps):
        state = step @ state
        found.append(float(state[0]))
    return found


def without_up(in_channels, branches):
    ends = sum(path[-1][0] for path in branches)
    return counted(in_channels, branches) - ends * in_channels


EXERCISES = [
    Exercise(
        "after_reduction",
        built,
        [(1152, [384, 288, 320]), (384, [384, 384]), (896, [384, 256, 256])],
        {
            "The pooling branch has no convolution, but it passes all input channels on, "
            "and they are concatenated too.": lambda in_channels, convolutions: (
                sum(convolutions)
            ),
            "Pooling halves the grid, not the channels: all of them are passed on.": lambda in_channels, convolutions: (
                in_channels // 2 + sum(convolutions)
            ),
        },
    ),
    Exercise(
        "residual_output",
        unit_by_unit,
        [
            (
                np.array([[1.0, 2.0], [0.5, 0.0]]),
                np.array([[-5.0, 10.0], [-7.0, 3.0]]),
                0.1,
            ),
            (np.array([3.0, 1.0]), np.array([-4.0, 2.0]), 1.0),
        ],
        {
            "Only the correction is scaled; x itself is passed on.": lambda x, c, s: (
                np.maximum(s * (x + c), 0)
            ),
            "The ReLU comes after the sum: a correction may be negative.": lambda x, c, s: (
                x + s * np.maximum(c, 0)
            ),
            "The sum still goes through a ReLU.": lambda x, c, s: x + s * c,
            "The scale is missing.": lambda x, c, s: np.maximum(x + c, 0),
            "That is the correction alone; it is added to x.": lambda x, c, s: (
                np.maximum(s * c, 0)
            ),
        },
    ),
    Exercise(
        "block_weights",
        counted,
        [
            (
                320,
                [[(32, 1)], [(32, 1), (32, 3)], [(32, 1), (48, 3), (64, 3)]],
            ),
            (64, [[(16, 1)], [(16, 1), (24, 5)]]),
            (48, [[(16, 3)]]),
        ],
        {
            "The 1x1 `up` is missing: from the concatenated branches back to the input's channels.": without_up,
            "`up` reads the concatenated branches, which are narrower than the input, not a map as wide as the "
            "input.": lambda in_channels, branches: (
                without_up(in_channels, branches) + in_channels * in_channels
            ),
        },
    ),
    Exercise(
        "descend",
        by_matrix,
        [(1.0, 0.5, 0.0, 2), (3.0, 0.2, 0.9, 5), (2.0, 1.5, 0.5, 4)],
        {
            "That list begins with 1, the start; asked is w after each step.": lambda c, r, m, n: (
                [1.0, *by_matrix(c, r, m, n)][:-1]
            ),
            "That is without momentum: the velocity must be kept from step to step.": lambda c, r, m, n: (
                by_matrix(c, r, 0, n)
            ),
            "Only the last value; asked are all.": lambda c, r, m, n: (
                by_matrix(c, r, m, n)[-1]
            ),
            "That climbs: w becomes w - rate * v.": lambda c, r, m, n: (
                by_matrix(c, -r, m, n)
            ),
        },
    ),
    Exercise(
        "largest_rate",
        searched,
        [(1.0, 0.9), (40.0, 0.9), (5.0, 0.5), (2.0, 0.0)],
        {
            "That is the limit without momentum; with it, "
            "the velocity still points back after an overshoot and brakes.": lambda curvature, momentum: (
                2 / curvature
            ),
            "Momentum makes steady steps 1 / (1 - m) times as long, but steps that change sign 1 + m times "
            "shorter.": lambda curvature, momentum: (
                2 * (1 - momentum) / curvature
            ),
        },
        tolerance=1e-3,
    ),
]
