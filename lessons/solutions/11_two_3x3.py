"""Solutions of lesson 11."""


def stack_weights(m, c, n):
    """The first reads m channels, the second what the first wrote."""
    return 9 * m * c + 9 * c * n


def break_even(k):
    """k k m n = h h m n + h h n n, divided by m n."""
    h = (k + 1) // 2
    return (k * k - h * h) / (h * h)


def sees(kernels):
    """Each adds what it sees beyond one pixel."""
    return 1 + sum(k - 1 for k in kernels)
