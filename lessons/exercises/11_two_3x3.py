"""Exercises of lesson 11. Replace each `...`, then run `tinyinception lesson 11 --check`."""


def stack_weights(m, c, n):
    """Weights of a 3x3 from m to c channels followed by a 3x3 from c to n, without biases."""
    return ...


def break_even(k):
    """The n / m at which two (k+1)/2 x (k+1)/2 convolutions with a middle of n channels cost as much as one k x k.

    k is odd; for k = 5 the answer is 16/9.
    """
    return ...


def sees(kernels):
    """How many pixels in a row a stack of stride-1 convolutions sees; kernels are their sizes, as in [5, 3, 3]."""
    return ...
