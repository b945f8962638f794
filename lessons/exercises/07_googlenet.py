"""Exercises of lesson 7. Replace each `...`, then check your answers:
`tinyinception lesson 7 --check`.

[1] fill in, [2] build, [3] think further, [open] no check, a discussion.
"""

import numpy as np

from tinyinception import nn
from tinyinception.tensor import Tensor, concat


def grids(size):
    """[1] The sides of the grid after the stem and stages 3, 4, 5, as a list.

    The image has size x size pixels. The first 7x7 has stride 2 and 3 zeros
    on each side: its grid is (size + 6 - 7) // 2 + 1. Each of the four
    poolings, with windows of 3 and stride 2, lets its last window hang over:
    it makes (side - 3) / 2 + 1 of a side, rounded up.
    grids(224) is [28, 14, 7, 7].
    """
    return ...


def receptive_field(windows):
    """[1] How many pixels wide the field is after all windows.

    windows: pairs (kernel, stride), in order.
    receptive_field([(7, 2), (3, 2)]) is 11.
    """
    return ...


def seen(windows, number):
    """[3] First and last pixel that output `number` sees, in one dimension.

    windows: triples (kernel, stride, padding), in order. Numbers and pixels
    count from 0; pixels that lie in the padding have numbers below 0.
    seen([(3, 2, 1)], 0) is (-1, 1), and seen([(3, 2, 1)], 5) is (9, 11).
    """
    return ...


def small_googlenet(measure):
    """[2] A GoogLeNet for grey pictures of 28 x 28 pixels and ten classes.

    Build a network, an nn.Module: a stem that halves the grid at least once,
    at least two modules of four branches, a head that gives ten scores. It may
    have at most 60,000 parameters and 6 million multiply-adds.
    Write Conv and Inception as in the lesson, or take nn.ConvUnit and
    nn.inception. End with `return measure(network)`: the checker's function,
    which counts it and says what is kept.
    """
    return ...


def widths_of(out, m):
    """[2] Widths (n1, r3, n3, r5, n5, proj) of a module by a rule of thumb.

    It puts out `out` channels and reads m. A quarter of the channels comes
    from the 1x1, a half from the 3x3, an eighth from the 5x5, an eighth from
    the pooling. The reduction before the 3x3 has half as many channels as the
    3x3, the one before the 5x5 a quarter as many as the 5x5; but none has more
    than m. out is a multiple of 32.
    widths_of(256, 192) is (64, 64, 128, 8, 32, 32).
    """
    return ...


def other_sizes():
    """[open] Would your GoogLeNet take an image of 448 x 448 pixels?

    Try it. Which layer of AlexNet would refuse? What do the 1,000 scores mean
    then, and what would you have to give up to get a score for every place
    instead of one for the picture?
    """
    return ...
