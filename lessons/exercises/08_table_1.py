"""Exercises of lesson 8. Replace each `...`, then check your answers:
`tinyinception lesson 8 --check`.

[1] fill in, [2] build, [3] think further, [open] no check, a discussion.
"""

import numpy as np


def separable(k, m, multiplier, n):
    """[1] Weights of a depthwise-separable k x k from m to n channels.

    First each of the m channels alone, with `multiplier` filters of k x k;
    then a 1x1 from what these made to n channels. No biases.
    separable(7, 3, 8, 64) is 2712.
    """
    return ...


def weights_of(operations, grid):
    """[1] The weights of a row, from its operations.

    operations: multiply-adds; the row has grid x grid output pixels.
    weights_of(1960, 14) is 10.
    """
    return ...


def consistent(params_k, operations_m, grid):
    """[2] Whether a row's two printed cells can both be right, True or False.

    params_k: whole K of 1024 weights. operations_m: whole millions of
    multiply-adds, on grid x grid output pixels. Both may be off by up to half
    a unit, as rounding is. Weights and multiply-adds need not be whole here.
    consistent(437, 88, 14) is True, consistent(463, 100, 14) is False.
    """
    return ...


def depth(network):
    """[2] Weight layers on the longest path.

    A list is a row of parts, a tuple holds branches side by side. The parts
    are "conv" and "fc", which have weights, "pool", which has none, or again
    lists and tuples: ["conv", ("conv", ["pool", "conv"]), "fc"] is 3 deep.
    """
    return ...


def repairs(widths, params_k):
    """[3] All ways to make a row right by one other width.

    widths: (m, n1, r3, n3, r5, n5, proj), where m channels come in. A repair
    changes one of the seven to another multiple of 8, up to 1024, so that the
    module's weights, without biases, are params_k x 1024, to half a K.
    Return a list of (place, width): place 0 is m, place 6 is proj; sorted.
    repairs((832, 256, 160, 320, 32, 128, 128), 1072) is [(0, 928)].
    """
    return ...


def slips():
    """[open] How may 5a's cells have come about?

    Both cells of 5a fit a module that reads 928 channels, and the table has
    832. Which stories would explain that? What would you need to see to decide
    between them? And 4a: why does the table not decide between two repairs?
    """
    return ...
