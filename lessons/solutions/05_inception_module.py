"""Solutions of lesson 5."""


def naive_channels(channels, modules):
    """Pooling passes the input on, so each module adds its filters to what came in."""
    return channels + sum(n1 + n3 + n5 for n1, n3, n5 in modules)


def branch_macs(grid, m, r, n, k):
    """The 1x1 pays for the m channels, the k x k only for the r that it left."""
    return grid * grid * (m * r + k * k * r * n)


def widest_reduction(m, n, k):
    """r (m + k k n) < k k m n: the largest whole number strictly below the quotient."""
    return (k * k * m * n - 1) // (m + k * k * n)
