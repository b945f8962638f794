"""Solutions of lesson 9."""

import math


def factor(variance, fan_in, fan_out):
    """An input's gradient is a sum over the outputs it feeds; half of them are let through."""
    return math.sqrt(variance * fan_out / 2)


def reaching(per_layer, depth, at, weight):
    """From the output of layer n to that of layer 1 there are n - 1 layers."""
    return per_layer ** (depth - 1) + weight * per_layer ** (at - 1)


def objective(main, aux, weight, training):
    """In evaluation the auxiliary classifiers are not there."""
    return main + weight * sum(aux) if training else main
