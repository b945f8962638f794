"""Exercises of lesson 1. Replace each `...`, then run `tinyinception lesson 1 --check`."""


def quotient_pull(a, b, g):
    """What the result a / b (numbers) sends back to its parents, as a tuple: the gradients of a and of b.

    g is the gradient of the result.
    """
    return ...


def bias_pull(g):
    """The gradient of the bias in y = x + bias, for x of shape (rows, columns) and bias of shape (columns,).

    g is the gradient of y, a NumPy array of shape (rows, columns). The bias is used once in each row.
    """
    return ...


def path_visits(uses):
    """How many values a walk path by path visits in a chain v0 -> v1 -> ... -> vn, the last of which is the result.

    uses is a list of how often each value is used by the next one: [2, 2] is the diamond, [4, 4, 4] three modules of
    four branches. The result counts as visited once.
    """
    return ...
