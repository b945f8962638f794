"""Checks of lesson 2's exercises: by averaging one-sided quotients, by searching, by complex steps."""

import math

import numpy as np

from tinyinception.course.exercises import Exercise


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
        "fooled",
        complex_step,
        [
            (softmax_gradient, softmax, X, R),
            (zeros, softmax, X, ONES),
            (too_large, softmax, X, R),
            (too_large, softmax, X, ONES),
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
