"""Solutions of lesson 4."""


def conv_parameters(k, m, n, groups):
    """Each output channel sees the m / groups channels of its group."""
    return k * k * (m // groups) * n + n


def conv_multiply_adds(size, k, m, n, stride):
    """Windows must fit: (size - k) // stride + 1 of them in a row."""
    grid = (size - k) // stride + 1
    return grid * grid * k * k * m * n


def module_parameters(m, n1, r3, n3, r5, n5, proj):
    """Four layers read the module's input, two read a reduction."""
    layers = (
        (1, m, n1),
        (1, m, r3),
        (3, r3, n3),
        (1, m, r5),
        (5, r5, n5),
        (1, m, proj),
    )
    return sum(conv_parameters(k, a, b, 1) for k, a, b in layers)
