"""Exercises of lesson 12. Replace each `...`, then run `tinyinception lesson 12 --check`."""


def pair_weights(n, m, c, k):
    """Weights of an n x 1 from m to c channels followed by a 1 x n from c to k, without biases."""
    return ...


def pair_share(kernel):
    """Share of the energy (sum of squares) of an n x n array that the best column times row reaches."""
    return ...


def middle_for_any(n, m, k):
    """Least channels between an n x 1 and a 1 x n, both linear, that give every n x n kernel from m to k channels."""
    return ...
