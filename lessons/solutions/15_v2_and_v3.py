"""Solutions of lesson 15."""


def grid_after(size, layers):
    """Each layer has room for its kernel once, and again every stride."""
    for kernel, stride in layers:
        size = (size - kernel) // stride + 1
    return size


def depth(five, six, seven):
    """Of each module only the longest branch counts."""
    return 5 + 3 * five + 3 + 5 * six + 4 + 3 * seven + 1


def fig6_weights(c):
    """Branch by branch."""
    one = 768 * 192
    single = 768 * c + 7 * c * c + 7 * c * 192
    double = 768 * c + 3 * 7 * c * c + 7 * c * 192
    pool = 768 * 192
    return one + single + double + pool
