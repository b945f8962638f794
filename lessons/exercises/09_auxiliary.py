"""Exercises of lesson 9.

Replace each `...`, then run `tinyinception lesson 9 --check`.
"""


def factor(variance, fan_in, fan_out):
    """[1] By what a gradient's size is multiplied on its way through a layer.

    Size: the root of the mean square. The layer's weights have this
    variance; a ReLU after it lets half of the gradient's values through.
    """
    return ...


def objective(main, aux, weight, training):
    """[1] The loss of a network with auxiliary classifiers.

    main is a number, aux a list of the auxiliary classifiers' losses,
    training a bool.
    """
    return ...


def head_parameters(channels, classes):
    """[2] Parameters of one of GoogLeNet's auxiliary classifiers.

    It reads a 14x14 grid: average over 5x5 with stride 3, no padding; 1x1
    convolution to 128; linear to 1024; linear to the classes. Each of the
    three has biases. head_parameters(512, 1000) is 3188840.
    """
    return ...


def reaching(per_layer, depth, at, weight):
    """[2] At most how much gradient reaches the output of layer 1.

    Each layer multiplies it by `per_layer`. The main classifier sends a
    gradient of size 1 into the output of layer `depth`; an auxiliary one,
    whose loss counts `weight`, one of size `weight` into that of layer `at`.
    At most: as if the two pointed the same way.
    """
    return ...


def gain(per_layer, depth, at, weight):
    """[2] By what the auxiliary classifier multiplies layer 1's gradient.

    At most, and with the same meanings as in `reaching`.
    gain(1.0, 24, 12, 0.3) is 1.3.
    """
    return ...


def deepest(per_layer, least):
    """[3] How many layers a network may have at most.

    So that layer 1 still gets `least` of the gradient of size 1 that enters
    the output of the last layer; 0 < per_layer < 1, 0 < least <= 1.
    deepest(0.5, 0.25) is 3.
    """
    return ...


def cause_or_cure():
    """[open] How would you find out whether a head is a regulariser?

    Which networks would you train, what would you compare, how often, and
    which result would speak against it?
    """
    return ...
