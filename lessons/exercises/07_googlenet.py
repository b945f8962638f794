"""Exercises of lesson 7. Replace each `...`, then run `tinyinception lesson 7 --check`."""


def separable(k, m, multiplier, n):
    """Weights of a depthwise-separable k x k convolution from m to n channels, without biases."""
    return ...


def consistent(params_k, operations_m, grid):
    """Whether a row's printed cells can both be right, True or False.

    params_k: whole K of 1024 weights, operations_m: whole millions of multiply-adds, on grid x grid output pixels; both
    may be off by up to half a unit, as rounding is. Weights and multiply-adds need not be whole here.
    """
    return ...


def depth(network):
    """Weight layers on the longest path. A list is a row of parts, a tuple holds branches side by side.

    The parts are "conv" and "fc", which have weights, "pool", which has none, or again lists and tuples; for instance
    ["conv", ("conv", ["pool", "conv"]), "fc"] is 3 deep.
    """
    return ...
