"""Solutions of lesson 8."""


def separable(k, m, multiplier, n):
    """Each input channel has its own filters; a 1x1 mixes what they make."""
    return k * k * m * multiplier + m * multiplier * n


def weights_of(operations, grid):
    """Each output pixel uses each weight once."""
    return operations // (grid * grid)


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


def repairs(widths, params_k):
    """Try every width at every place."""
    found = []
    for place in range(7):
        for width in range(8, 1025, 8):
            m, n1, r3, n3, r5, n5, proj = (
                *widths[:place],
                width,
                *widths[place + 1 :],
            )
            weights = m * (n1 + r3 + r5 + proj) + 9 * r3 * n3 + 25 * r5 * n5
            if (
                width != widths[place]
                and abs(weights - params_k * 1024) <= 512
            ):
                found.append((place, width))
    return found


def slips():
    """Nobody outside can know; here are stories, and what would decide.

    One: an earlier version had a 4e of 928 channels, 5a was counted then, and its row was not counted again. Then an
    older draft or a configuration file of the network would show 928. Two: somebody typed 5a's numbers from another
    column. Then the same numbers would stand elsewhere. Three: the program that counted had a fault. Then it would show
    in other rows with the same inputs; 5b, which reads 832 channels as well, has a parameter cell that is too small
    instead, so one fault does not explain both.

    For 4a both repairs, an input of 472 and 40 filters of 5x5, round to the same cells: 364K and 73M. A rounded number
    holds only so much: at 364K half a unit is 512 weights, and the two repairs differ by fewer. More digits in the table
    would have decided.
    """
