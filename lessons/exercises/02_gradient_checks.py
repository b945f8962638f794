"""Exercises of lesson 2. Replace each `...`, then run `tinyinception lesson 2
--check`.

[1] is to fill in, [2] to build, [3] to think further, [open] has no check but
a discussion in `lessons/solutions`.
"""

import numpy as np


def central(f, x, h):
    """[1] The central difference quotient of the function f at the number x,
    with step h to either side.

    central(lambda x: x**3, 2.0, 0.5) is 12.25.
    """
    return ...


def complex_step(f, x):
    """[1] The derivative of f at the number x by a complex step of 1e-30.

    In Python 1e-30j is 1e-30 times i, and z.imag is the part of z that belongs
    to i. complex_step(lambda x: x**2, 3.0) is 6.
    """
    return ...


def best_step(eps):
    """[1] The h at which the forward difference (f(x+h) - f(x)) / h is best,
    for rounding error eps.

    Its error is h/2 from bending plus 2 eps / h from rounding, f and its
    derivatives being about 1. best_step(0.01) is 0.2.
    """
    return ...


def softmax_pull(x, g):
    """[2] The gradient of x in p = softmax(x), for a matrix x: each row is a
    softmax of its own.

    g is the gradient of p; both are NumPy arrays of shape (rows, columns).
    softmax_pull(np.zeros((1, 2)), np.array([[1.0, 0.0]])) is [[0.25, -0.25]].
    """
    return ...


def mended_numeric(f, x, g, h):
    """[2] Find the bug: this should be the gradient of the sum of g * f(x) by
    central differences, and is half of it.

    Write it without the bug, and so that x is the same afterwards as before.
    For f(x) = x * x, x = [3.0], g = [1.0] it is [6.0].

        def numeric(f, x, g, h):
            gradient = np.zeros_like(x)
            for i in range(len(x)):
                x[i] += h
                up = f(x)
                x[i] -= h
                down = f(x)
                gradient[i] = np.sum(g * (up - down)) / (2 * h)
            return gradient
    """
    return ...


def mended_comparison(ours, numeric):
    """[2] Find three bugs: whether our gradient agrees with the numeric one,
    both arrays of one shape.

    It should be True where every number differs by at most 1e-6 times the
    largest magnitude in `numeric`, and False otherwise, also where something
    is not a number (np.nan). For ours = [1.0], numeric = [2.0] it is False,
    and the function below says True.

        def agree(ours, numeric):
            return not (ours - numeric).max() > 1e-6
    """
    return ...


def fooled(gradient, f, x, cotangent):
    """[3] Whether a test that looks only at cotangent . f(x) passes this
    function `gradient` of (x, cotangent).

    gradient(x, cotangent) claims to be the gradient of cotangent . f(x) with
    respect to x, for arrays x. Return True or False: whether it agrees with
    central differences, h = 1e-5, within 1e-6 in each number. With f =
    np.square, x = [1.0], cotangent = [1.0] a gradient that returns [2.0]
    passes.
    """
    return ...


def right_and_failing():
    """[open] A backward pass is right, and its test in float64 with a random
    cotangent fails. How can that be?

    Think of dropout, of layers that keep running means, of functions that
    change their input in place, of inputs near a kink or very large, and of a
    gradient that is 0 where the outputs are 1,000. A discussion is in the
    solutions.
    """
