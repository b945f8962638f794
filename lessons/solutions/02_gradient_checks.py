"""Solutions of lesson 2."""

import numpy as np


def central(f, x, h):
    """Rise over run, from h to the left to h to the right."""
    return (f(x + h) - f(x - h)) / (2 * h)


def complex_step(f, x):
    """The part that belongs to i, over the step."""
    return f(x + 1e-30j).imag / 1e-30


def best_step(eps):
    """The derivative of h/2 + 2 eps / h vanishes where 1/2 = 2 eps / h^2."""
    return 2 * eps**0.5


def softmax_pull(x, g):
    """The lesson's formula, with sums along the rows."""
    p = np.exp(x)
    p /= p.sum(axis=1, keepdims=True)
    return p * (g - (g * p).sum(axis=1, keepdims=True))


def mended_numeric(f, x, g, h):
    """From x + h one has to go back by 2 h; the bug stepped back to x. Here x itself is never changed."""
    gradient = np.zeros_like(x)
    for i in range(len(x)):
        step = np.zeros_like(x)
        step[i] = h
        gradient[i] = np.sum(g * (f(x + step) - f(x - step))) / (2 * h)
    return gradient


def mended_comparison(ours, numeric):
    """A magnitude, a tolerance relative to the largest number, and a question that not-a-number answers with no."""
    gap = np.abs(ours - numeric).max()
    return bool(gap <= 1e-6 * np.abs(numeric).max())


def fooled(gradient, f, x, cotangent):
    """Step each number of x by itself."""
    numeric = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = 1e-5
        numeric[i] = np.sum(cotangent * (f(x + step) - f(x - step))) / 2e-5
    return bool(np.abs(gradient(x, cotangent) - numeric).max() < 1e-6)


def right_and_failing():
    """The test assumes that f is a function: the same x gives the same result, now and at the next call.

    Dropout draws a new mask at every call, so set the seed before each. Layers that keep running means are changed by
    every forward pass; so is x by an operation that works in place. Near a kink the two sides have different slopes:
    move the input or the step. If x is 1e8, x + 1e-5 has hardly any digits of the step left, so h has to grow with x.
    Where the outputs are about 1,000, rounding costs 1,000 eps / h; a gradient of nearly 0 is then far off in relative
    terms, so compare with the largest gradient, not with each number's own. And the test itself can be wrong: break
    the gradient on purpose, and break the test on purpose.
    """
