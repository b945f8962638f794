"""Exercises of lesson 4. Replace each `...`, then run `tinyinception lesson 4 --check`."""


def conv_parameters(k, m, n, groups):
    """Parameters of a k x k convolution from m to n channels in `groups` groups, with a bias."""
    return ...


def conv_multiply_adds(size, k, m, n, stride):
    """Multiply-adds of a k x k convolution on size x size pixels, unpadded, from m to n channels, with this stride."""
    return ...


def module_parameters(m, n1, r3, n3, r5, n5, proj):
    """Parameters of GoogLeNet's module on m channels, biases included: the six numbers of a row of Table 1.

    They are the widths of the 1x1, the 1x1 before the 3x3, the 3x3, the 1x1 before the 5x5, the 5x5, the 1x1 after
    pooling.
    """
    return ...
