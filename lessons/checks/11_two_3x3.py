"""Checks of lesson 11's exercises: right answers come from built networks and from searching, not from formulae."""

from fractions import Fraction

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.exercises import Exercise
from tinyinception.tensor import Tensor


def built(m, c, n):
    with nn.shape_only():
        stack = nn.Sequential(
            nn.Conv2d(m, c, 3, bias=False, padding="same"),
            nn.Conv2d(c, n, 3, bias=False, padding="same"),
        )
    return summary(stack, 8, channels=m).params


def five(m, n):
    with nn.shape_only():
        layer = nn.Conv2d(m, n, 5, bias=False, padding="same")
    return summary(nn.Sequential(layer), 8, channels=m).params


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


def nearest(m, n):
    """The whole number whose square is nearest to m n, seen from the root, and the weights of built layers."""
    c = min(range(1, m * n + 1), key=lambda one: abs(one - (m * n) ** 0.5))
    return 1 - built(m, c, n) / five(m, n)


def lit(a, b):
    """A single lit pixel sent through both; what comes out is the kernel, turned by 180 degrees."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    size = len(a) + len(b) - 1
    image = np.zeros((1, 2 * size - 1, 2 * size - 1, 1))
    image[0, size - 1, size - 1, 0] = 1
    x = Tensor(image)
    for kernel in (a, b):
        x = nn.functional.conv2d(x, Tensor(kernel[:, :, None, None]))
    return x.numpy()[0, ::-1, ::-1, 0]


def tried(m, n, share):
    """One channel more, as long as it is cheap enough."""
    c = 0
    while built(m, c + 1, n) <= share * five(m, n) + 1e-6:
        c += 1
    return c


def padded(a, b, turned):
    """The sum over the overlaps, with b turned or a in b's place."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    p, q = len(a), len(b)
    b = b[::-1, ::-1] if turned else b
    made = np.zeros((p + q - 1, p + q - 1))
    for i in range(p):
        for j in range(p):
            made[i : i + q, j : j + q] += a[i, j] * b
    return made


def at_once(a, b):
    """A product of matrices is no convolution."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return a @ b if a.shape == b.shape else np.zeros((1, 1))


rng = np.random.default_rng(5)
A, B, C = (rng.integers(-3, 4, (k, k)).astype(float) for k in (3, 3, 2))

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
            "The 9 of a 3x3 is missing: each pair of channels has nine weights.": lambda m, c, n: (
                m * c + c * n
            ),
            "A bias for each output was counted; asked is without.": lambda m, c, n: (
                9 * m * c + 9 * c * n + c + n
            ),
            "The two convolutions' weights are added, not multiplied.": lambda m, c, n: (
                81 * m * c * c * n
            ),
        },
    ),
    Exercise(
        "sees",
        marked,
        [([3, 3],), ([5, 3, 3],), ([3],), ([7, 1],), ([],)],
        {
            "Sizes do not add up: neighbouring windows overlap, so each convolution adds its size less one.": sum,
            "The largest kernel is not all that is seen: "
            "the second convolution reads outputs that saw several pixels.": lambda kernels: (
                max(kernels, default=1)
            ),
            "Where nothing overlaps sizes would multiply; here windows move by one pixel.": lambda kernels: (
                int(np.prod(kernels))
            ),
            "The pixel itself is missing: what the convolutions add comes on top of 1.": lambda kernels: (
                sum(k - 1 for k in kernels)
            ),
            "Each convolution adds on both sides: a 3x3 one pixel left and one right.": lambda kernels: (
                1 + sum(k // 2 for k in kernels)
            ),
        },
    ),
    Exercise(
        "paper_saving",
        nearest,
        [(16, 32), (32, 96), (24, 64), (64, 64), (2, 30)],
        {
            "That is with a middle as wide as the output; the paper's is the root of m n.": lambda m, n: (
                1 - 9 * n * (m + n) / (25 * m * n)
            ),
            "That is what two 3x3 cost; asked is what they save.": lambda m, n: (
                9 * round((m * n) ** 0.5) * (m + n) / (25 * m * n)
            ),
            "The middle is not rounded; there are only whole channels.": lambda m, n: (
                1 - 9 * (m * n) ** 0.5 * (m + n) / (25 * m * n)
            ),
            "The middle is the root of the product, not the half-way number (m + n) / 2.": lambda m, n: (
                1 - 9 * round((m + n) / 2) * (m + n) / (25 * m * n)
            ),
            "28 % is the saving for equal channels.": lambda m, n: 0.28,
            "A middle of sqrt(m n) is rounded to the nearest whole number, not cut off.": lambda m, n: (
                1 - 9 * int((m * n) ** 0.5) * (m + n) / (25 * m * n)
            ),
        },
    ),
    Exercise(
        "break_even",
        searched,
        [(5,), (7,), (3,), (11,)],
        {
            "That is the ratio of the costs at equal channels; "
            "asked is the n / m at which the costs are equal.": lambda k: (
                k * k / (2 * ((k + 1) // 2) ** 2)
            ),
            "The first small convolution was forgotten: it reads the m channels and costs h h m n.": lambda k: (
                k * k / ((k + 1) // 2) ** 2
            ),
            "That is m / n, the other way up.": lambda k: (
                ((k + 1) // 2) ** 2 / (k * k - ((k + 1) // 2) ** 2)
            ),
            "16/9 is the answer for k = 5; a 7x7 becomes two 4x4.": lambda k: (
                16 / 9
            ),
            "The small ones are (k+1)/2 wide; for 5 that is 3, and for 7 it is 4, not 3.": lambda k: (
                (k * k - 9) / 9
            ),
        },
    ),
    Exercise(
        "stacked",
        lit,
        [(A, B), (B, C), (C, A), (np.array([[2.0]]), A)],
        {
            "b is turned by 180 degrees; both kernels are laid on the image as they are.": lambda a, b: (
                padded(a, b, True)
            ),
            "A product of matrices is something else: here each weight of a adds a shifted copy of b.": at_once,
            "Kernels do not add up number by number.": lambda a, b: (
                np.asarray(a) + np.asarray(b)
                if np.shape(a) == np.shape(b)
                else 0
            ),
        },
    ),
    Exercise(
        "widest_middle",
        tried,
        [
            (16, 32, 1),
            (16, 32, 0.72),
            (1, 1, 0.1),
            (3, 6, 2),
            (64, 64, 0.9),
            (9, 9, 0.72),
        ],
        {
            "That is rounded; a middle wider than the limit costs more than is allowed.": lambda m, n, share: (
                int(share * 25 * m * n / (9 * (m + n)) + 0.5)
            ),
            "Both 3x3 pay for a channel of the middle: the first with 9 m weights, the second with 9 n.": lambda m, n, share: (
                int(share * 25 * m * n // (9 * n))
            ),
            "One too few: exactly at the limit is still allowed.": lambda m, n, share: (
                max(0, -int(-share * 25 * m * n // (9 * (m + n))) - 1)
            ),
            "A middle as wide as the output is what is built, not the widest that is cheap enough.": lambda m, n, share: (
                n
            ),
        },
    ),
]
