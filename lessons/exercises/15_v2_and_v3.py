"""Exercises of lesson 15. Replace each `...`, then run `tinyinception lesson 15 --check`."""


def grid_after(size, layers):
    """Side of a square grid after unpadded layers, each a pair (kernel, stride), as in [(3, 2), (3, 1)]."""
    return ...


def depth(five, six, seven):
    """Weight layers on the longest path of a v2 with so many modules of Figures 5, 6 and 7.

    The released stem has 5, the two reductions have 3 and 4, and a linear layer comes last.
    """
    return ...


def fig6_weights(c):
    """Weights of v3's Figure 6 module on 768 channels, c inside its factorised 7x7, without biases and batch-norm.

    Its branches: 1x1 to 192; 1x1 to c, 1x7 to c, 7x1 to 192; 1x1 to c, 7x1 to c, 1x7 to c, 7x1 to c, 1x7 to 192;
    pooling, then 1x1 to 192.
    """
    return ...
