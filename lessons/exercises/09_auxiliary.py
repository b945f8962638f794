"""Exercises of lesson 9. Replace each `...`, then run `tinyinception lesson 9 --check`."""


def factor(variance, fan_in, fan_out):
    """By what the size (root of the mean square) of a gradient is multiplied on its way back through one layer.

    The layer's weights have this variance; a ReLU after it lets half of the gradient's values through.
    """
    return ...


def reaching(per_layer, depth, at, weight):
    """At most how much gradient reaches the output of layer 1, where every layer multiplies it by `per_layer`.

    The main classifier sends a gradient of size 1 into the output of layer `depth`; an auxiliary one, whose loss counts
    `weight`, a gradient of size `weight` into that of layer `at`. At most: as if the two pointed the same way.
    """
    return ...


def objective(main, aux, weight, training):
    """The loss of a network: main is a number, aux a list of the auxiliary classifiers' losses, training a bool."""
    return ...
