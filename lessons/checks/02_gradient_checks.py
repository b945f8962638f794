"""Checks of lesson 2's exercises: by averaging one-sided quotients, by searching, by complex steps."""

import math

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.nn import functional
from tinyinception.tensor import Tensor


def averaged(f, x, h):
    """The mean of the forward and the backward quotient."""
    return ((f(x + h) - f(x)) / h + (f(x) - f(x - h)) / h) / 2


def searched(eps):
    """The smallest error by trying: a fine grid of steps over many powers of ten."""
    h = np.logspace(-12, 2, 400_001)
    return float(h[np.argmin(h / 2 + 2 * eps / h)])


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def softmax_gradient(x, g):
    p = softmax(x)
    return p * (g - g @ p)


def complex_step(gradient, f, x, cotangent):
    """Whether the gradient agrees with complex steps."""
    numeric = [
        cotangent @ f(x + 1e-30j * e).imag / 1e-30 for e in np.eye(len(x))
    ]
    return bool(np.abs(gradient(x, cotangent) - numeric).max() < 1e-6)


def zeros(x, g):
    return np.zeros_like(x)


def too_large(x, g):
    return 1.01 * softmax_gradient(x, g)


def at_the_sum(gradient, f, x, cotangent):
    return complex_step(gradient, f, x, np.ones_like(x))


def functional_softmax(x, g):
    t = Tensor(x, requires_grad=True)
    functional.softmax(t).backward(g)
    return t.grad


def rows(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def by_matrix(f, x, g, h):
    """All steps at once, a row each."""
    steps = h * np.eye(len(x))
    up, down = (
        np.array([f(x + sign * step) for step in steps]) for sign in (1, -1)
    )
    return (up - down) @ g / (2 * h)


def fractions(ours, numeric):
    """Number by number."""
    largest = max(abs(float(b)) for b in numeric.ravel())
    return all(
        abs(float(a) - float(b)) <= 1e-6 * largest
        for a, b in zip(ours.ravel(), numeric.ravel(), strict=True)
    )


def of_squares(x):
    return x * x


PAIRS = [
    (np.array([1.0]), np.array([2.0])),
    (np.array([1.0, -3.0]), np.array([1.0, -3.0])),
    (np.zeros(2), np.zeros(2)),
    (np.array([2.0]), np.array([1.0])),
    (np.array([np.nan, 1.0]), np.array([1.0, 1.0])),
    (np.array([1.0, 1.0]), np.array([np.nan, 1.0])),
    (np.array([1e4 + 1e-3, 1.0]), np.array([1e4, 1.0])),
    (np.array([1e-8]), np.array([3e-8])),
    (np.array([5.0, 1.0 + 3e-6]), np.array([-5.0, 1.0])),
    (np.array([5.0, 1.0 + 3e-6]), np.array([5.0, 1.0])),
    (np.array([1.0 + 1.5e-6]), np.array([1.0])),
    (np.array([-1.0, 0.5 + 0.8e-6]), np.array([-1.0, 0.5])),
]

X, R, ONES = np.array([0.3, -1.2, 0.8]), np.array([0.7, -0.4, 1.9]), np.ones(3)

EXERCISES = [
    Exercise(
        "central",
        averaged,
        [
            (math.exp, 0.5, 0.1),
            (math.sin, 1.0, 0.2),
            (lambda x: x**3, 2.0, 0.5),
        ],
        {
            "That is the forward difference, which sees one side only: its error shrinks with h, "
            "not with h squared.": lambda f, x, h: (f(x + h) - f(x)) / h,
            "The two points are 2h apart, not h.": lambda f, x, h: (
                (f(x + h) - f(x - h)) / h
            ),
            "The step is h to either side; yours goes h/2.": lambda f, x, h: (
                (f(x + h / 2) - f(x - h / 2)) / h
            ),
        },
    ),
    Exercise(
        "complex_step",
        lambda f, x: (f(x + 1e-6) - f(x - 1e-6)) / 2e-6,
        [
            (lambda x: x**2, 3.0),
            (np.exp, 0.5),
            (np.sin, 2.0),
            (lambda x: 1 / x, -0.7),
        ],
        {
            "That is the value of f, not its derivative: take the part that belongs to i.": lambda f, x: (
                f(x + 1e-30j).real
            ),
            "The part that belongs to i has to be divided by the step.": lambda f, x: (
                f(x + 1e-30j).imag
            ),
            "A real step of 1e-30 is lost in rounding, so the difference is 0; step by 1e-30j.": lambda f, x: (
                (f(x + 1e-30) - f(x)) / 1e-30
            ),
        },
        tolerance=1e-5,
    ),
    Exercise(
        "best_step",
        searched,
        [(2.2e-16,), (1.2e-7,), (1e-3,)],
        {
            "That is the rule for the central difference, whose bending costs h^2/6; here it costs h/2.": lambda eps: (
                (3 * eps) ** (1 / 3)
            ),
            "Steps as small as eps drown in rounding: 2 eps / h is then 2.": lambda eps: (
                eps
            ),
            "That is the cube root of eps; bending costs h here, not h squared, so it is a square root.": lambda eps: (
                eps ** (1 / 3)
            ),
            "Close, but the two constants matter: "
            "set the derivative of h/2 + 2 eps / h with respect to h to zero.": lambda eps: (
                eps**0.5
            ),
            "That is h squared: 1/2 = 2 eps / h^2 gives h^2 = 4 eps.": lambda eps: (
                4 * eps
            ),
        },
        tolerance=1e-4,
    ),
    Exercise(
        "softmax_pull",
        functional_softmax,
        [
            (np.zeros((1, 2)), np.array([[1.0, 0.0]])),
            (
                np.array([[0.3, -1.2, 0.8], [2.0, 0.1, 0.0]]),
                np.array([[0.7, -0.4, 1.9], [1.0, 2.0, -3.0]]),
            ),
        ],
        {
            "The second term is missing: raising one x lowers the other shares.": lambda x, g: (
                rows(x) * g
            ),
            "The factor p in front is missing.": lambda x, g: (
                g - (g * rows(x)).sum(axis=1, keepdims=True)
            ),
            "The sum goes along each row; yours goes over the whole matrix.": lambda x, g: (
                rows(x) * (g - (g * rows(x)).sum())
            ),
            "Each row is a softmax of its own; yours is one softmax of all numbers.": lambda x, g: (
                functional_softmax(x.reshape(1, -1), g.reshape(1, -1)).reshape(
                    x.shape
                )
            ),
            "The softmax goes along the rows; yours goes along the columns.": lambda x, g: (
                functional_softmax(x.T.copy(), g.T.copy()).T
            ),
            "p (1 - p) is how a share changes with its own x; the other shares change too.": lambda x, g: (
                g * rows(x) * (1 - rows(x))
            ),
            "The sum of g alone; it is the sum of g times p.": lambda x, g: (
                rows(x) * (g - g.sum(axis=1, keepdims=True))
            ),
        },
    ),
    Exercise(
        "mended_numeric",
        by_matrix,
        [
            (of_squares, np.array([3.0]), np.array([1.0]), 0.01),
            (
                of_squares,
                np.array([3.0, -1.0, 0.5]),
                np.array([1.0, 2.0, -3.0]),
                1e-3,
            ),
            (softmax, X, R, 0.1),
            (np.exp, X, ONES, 0.2),
        ],
        {
            "Half of it: from x + h one has to go to x - h, which is 2 h away.": lambda f, x, g, h: (
                np.array(
                    [g @ (f(x + step) - f(x)) for step in h * np.eye(len(x))]
                )
                / (2 * h)
            ),
            "That is the forward difference; asked is the central one.": lambda f, x, g, h: (
                np.array(
                    [g @ (f(x + step) - f(x)) for step in h * np.eye(len(x))]
                )
                / h
            ),
            "x was stepped down and not put back, so the next number is stepped from another place.": lambda f, x, g, h: (
                np.array(
                    [
                        by_matrix(f, x - h * (np.arange(len(x)) < i), g, h)[i]
                        for i in range(len(x))
                    ]
                )
            ),
            "g was forgotten: the outputs are weighted before they are added.": lambda f, x, g, h: (
                by_matrix(f, x, np.ones_like(g), h)
            ),
            "The step was divided by h; from x - h to x + h it is 2 h.": lambda f, x, g, h: (
                2 * by_matrix(f, x, g, h)
            ),
        },
    ),
    Exercise(
        "mended_comparison",
        fractions,
        PAIRS,
        {
            "Magnitudes are missing: where ours is too small, the difference is negative.": lambda a, b: (
                bool((a - b).max() <= 1e-6 * np.abs(b).max())
            ),
            "A comparison with not-a-number is always false, so ask whether the gap is small.": lambda a, b: (
                bool(not np.abs(a - b).max() > 1e-6 * np.abs(b).max())
            ),
            "Where all is 0, all agrees: at most 1e-6 times, not less.": lambda a, b: (
                bool(np.abs(a - b).max() < 1e-6 * np.abs(b).max())
            ),
            "The tolerance is not relative yet: 1e-6 times the largest magnitude in `numeric`.": lambda a, b: (
                bool(np.abs(a - b).max() < 1e-6)
            ),
            "The largest magnitude of `numeric` is meant, not of each number's own.": lambda a, b: (
                bool((np.abs(a - b) <= 1e-6 * np.abs(b)).all())
            ),
            "The largest magnitude, not the largest number: it may be negative.": lambda a, b: (
                bool(np.abs(a - b).max() <= 1e-6 * b.max())
            ),
            "Still the three bugs.": lambda a, b: bool(
                not (a - b).max() > 1e-6
            ),
        },
    ),
    Exercise(
        "fooled",
        complex_step,
        [
            (softmax_gradient, softmax, X, R),
            (zeros, softmax, X, ONES),
            (too_large, softmax, X, R),
            (too_large, softmax, X, ONES),
            (lambda x, g: softmax_gradient(x, g) + 1.5e-6, softmax, X, R),
            (lambda x, g: g * x, np.square, X, ONES),
        ],
        {
            "You differentiate the plain sum. The outputs have to be weighted with the cotangent first, "
            "on both sides.": at_the_sum,
            "A pass does not need a right gradient: zeros pass where the true gradient is "
            "zero.": lambda gradient, f, x, cotangent: (
                gradient is softmax_gradient
            ),
            "It is asked whether the test passes, and this says whether it fails.": lambda *args: (
                not complex_step(*args)
            ),
        },
    ),
]
