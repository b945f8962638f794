"""Exercises of lesson 4. Replace each `...`, then run `tinyinception lesson 4
--check`.

[1] is to fill in, [2] to build, [3] to think further, [open] has no check but
a discussion in `lessons/solutions`.
"""

import numpy as np


def conv_parameters(k, m, n, groups):
    """[1] Parameters of a k x k convolution from m to n channels in `groups`
    groups, with a bias.

    conv_parameters(3, 2, 4, 1) is 76.
    """
    return ...


def conv_multiply_adds(size, k, m, n, stride):
    """[1] Multiply-adds of a k x k convolution on size x size pixels, without
    padding, from m to n channels.

    Windows begin at every stride-th pixel, and must fit into the image.
    conv_multiply_adds(5, 3, 1, 1, 1) is 81.
    """
    return ...


def module_parameters(m, n1, r3, n3, r5, n5, proj):
    """[2] Parameters of GoogLeNet's module on m channels, biases included: the
    six numbers of a row of Table 1.

    They are the widths of the 1x1, the 1x1 before the 3x3, the 3x3, the 1x1
    before the 5x5, the 5x5, the 1x1 after pooling. module_parameters(1, 1, 1,
    1, 1, 1, 1) is 44.
    """
    return ...


def uses(layers):
    """[2] How often each parameter of a network is used for an image, on
    average: multiply-adds over parameters.

    layers is a list of (grid, k, m, n) as in the lesson, without groups.
    Biases are parameters, and their additions are not counted. uses([(10, 1,
    1, 1)]) is 50.
    """
    return ...


def twice_as_wide(layers):
    """[3] Parameters of a network after all its layers have got twice as many
    output channels.

    layers is a list of (grid, k, m, n), each of which reads the output of the
    one before. The first reads an image, which keeps its channels, and the
    last has a class for each output, which keep their number.
    twice_as_wide([(8, 3, 3, 4), (1, 1, 4, 10)]) is 314: 3*3*3*8 + 8 + 8*10 +
    10.
    """
    return ...


def design():
    """[3] Design a network of at most 1,000,000 parameters and 100,000,000
    multiply-adds for images of 224 x 224.

    Return a list of (grid, k, m, n) as in the lesson, without groups, each
    layer reading the one before. The first reads 3 channels, the last is (1,
    1, m, 1000), the linear layer after a mean over the grid, and m is at least
    128. There are at least six layers before it, k is odd, at least four of
    them are 3x3 or larger, and a grid is that of the layer before or half of
    it (the image has 224). The check says what is wrong with a network.
    """
    return ...


def which_to_save():
    """[open] Parameters or multiply-adds: which should a network save that is
    to run on a telephone?

    And one that has to be downloaded once a day? One that is trained on a
    hundred computers which send each other their gradients? What else costs
    time that neither number shows? A discussion is in the solutions.
    """
