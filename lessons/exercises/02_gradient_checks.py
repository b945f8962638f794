"""Exercises of lesson 2. Replace each `...`, then run `tinyinception lesson 2 --check`."""


def central(f, x, h):
    """The central difference quotient of the function f at the number x, with step h to either side."""
    return ...


def best_step(eps):
    """The h at which the forward difference (f(x+h) - f(x)) / h is best, for rounding error eps.

    Its error is h/2 from bending plus 2 eps / h from rounding, f and its derivatives being about 1.
    """
    return ...


def fooled(gradient, f, x, cotangent):
    """Whether a test that looks only at cotangent . f(x) passes this function `gradient` of (x, cotangent).

    gradient(x, cotangent) claims to be the gradient of cotangent . f(x) with respect to x, for arrays x. Return True
    or False: whether it agrees with central differences, h = 1e-5, within 1e-6 in each number.
    """
    return ...
