"""Exercises of lesson 15. Replace each `...`, then run `tinyinception lesson
15 --check`.
"""


def grid_after(size, layers):
    """[1] Side of a square grid after unpadded layers, each a pair (kernel,
    stride), as in [(3, 2), (3, 1)].
    """
    return ...


def depth(five, six, seven):
    """[2] Weight layers on the longest path of a v2 with so many modules of
    Figures 5, 6 and 7.

    The released stem has 5, the two reductions have 3 and 4, and a linear
    layer comes last.
    """
    return ...


def fig6_weights(c):
    """[2] Weights of v3's Figure 6 module on 768 channels, c inside its
    factorised 7x7, without biases and batch-norm.

    Its branches: 1x1 to 192; 1x1 to c, 1x7 to c, 7x1 to 192; 1x1 to c, 7x1 to
    c, 1x7 to c, 7x1 to c, 1x7 to 192; pooling, then 1x1 to 192.
    """
    return ...


def reduced_channels(inputs, paths):
    """[1] Channels after a grid reduction: its pooling keeps the inputs.

    paths: for each path of convolutions the channels of each, in order.
    reduced_channels(288, [[384], [64, 96, 96]]) is 768.
    """
    return ...


def modules_for(layers, seven):
    """[3] All (five, six) with which depth(five, six, seven) is `layers`.

    five and six are at least 1; a list of pairs, the smallest `five` first.
    The stem has 5, the reductions have 3 and 4 and the linear layer 1, as in
    depth. modules_for(24, 1) is [(1, 1)].
    """
    return ...


def which_paper_network():
    """[open] A paper reports results "of Inception-v2". What would you ask
    its authors before you compare your network with it?
    """
