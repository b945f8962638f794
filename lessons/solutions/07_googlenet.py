"""Solutions of lesson 7."""


def separable(k, m, multiplier, n):
    """Each input channel has its own filters; a 1x1 mixes what they make."""
    return k * k * m * multiplier + m * multiplier * n


def consistent(params_k, operations_m, grid):
    """The operations that the parameters allow, as an interval, must meet the printed one."""
    least, most = (
        (params_k + half) * 1024 * grid * grid / 1e6 for half in (-0.5, 0.5)
    )
    return least <= operations_m + 0.5 and operations_m - 0.5 <= most


def depth(network):
    """Rows add up, branches count as their longest."""
    if isinstance(network, list):
        return sum(map(depth, network))
    if isinstance(network, tuple):
        return max(map(depth, network))
    return int(network != "pool")
