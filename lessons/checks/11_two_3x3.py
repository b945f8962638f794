"""Checks of lesson 11's exercises: right answers come from built networks and from searching, not from formulae."""

from fractions import Fraction

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise


def built(m, c, n):
    with nn.shape_only():
        stack = nn.Sequential(
            nn.Conv2d(m, c, 3, bias=False, padding="same"),
            nn.Conv2d(c, n, 3, bias=False, padding="same"),
        )
    return summary(stack, 8, channels=m).params


def searched(k):
    """Cost as two lines over n / m: where they meet, from two points of each."""
    h = (k + 1) // 2
    gap = [
        k * k * n - (h * h * n + h * h * n * n) for n in (1, 2)
    ]  # for m = 1, divided by n below
    first, second = Fraction(gap[0], 1), Fraction(gap[1], 2)
    return float(1 + first / (first - second))


def marked(kernels):
    """Grow the set of pixels that the middle one depends on."""
    pixels = {0}
    for k in kernels:
        pixels = {p + d for p in pixels for d in range(-(k // 2), k // 2 + 1)}
    return len(pixels)


EXERCISES = [
    Exercise(
        "stack_weights",
        built,
        [(64, 64, 64), (16, 32, 32), (24, 40, 64)],
        {
            "Both are taken to read the input's m channels; "
            "the second reads the c channels that the first wrote.": lambda m, c, n: (
                9 * m * c + 9 * m * n
            ),
            "This is twice one 3x3 from m to n: the middle has c channels, "
            "which both convolutions pay for.": lambda m, c, n: 2 * 9 * m * n,
            "That counts weights per pair of channels, 9 + 9, "
            "as the '18 instead of 25' of summaries does.": lambda m, c, n: 18,
        },
    ),
    Exercise(
        "break_even",
        searched,
        [(5,), (7,), (3,)],
        {
            "That is the ratio of the costs at equal channels; "
            "asked is the n / m at which the costs are equal.": lambda k: (
                k * k / (2 * ((k + 1) // 2) ** 2)
            ),
            "The first small convolution was forgotten: it reads the m channels and costs h h m n.": lambda k: (
                k * k / ((k + 1) // 2) ** 2
            ),
        },
    ),
    Exercise(
        "sees",
        marked,
        [([3, 3],), ([5, 3, 3],), ([3],), ([7, 1],)],
        {
            "Sizes do not add up: neighbouring windows overlap, so each convolution adds its size less one.": sum,
            "The largest kernel is not all that is seen: "
            "the second convolution reads outputs that saw several pixels.": max,
        },
    ),
]
