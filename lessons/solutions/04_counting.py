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


def uses(layers):
    """Two sums over the layers."""
    work = sum(grid * grid * k * k * m * n for grid, k, m, n in layers)
    return work / sum(k * k * m * n + n for grid, k, m, n in layers)


def twice_as_wide(layers):
    """Both m and n double, but for the image's m and the classes' n."""
    total, m = 0, layers[0][2]
    for number, (_, k, _, n) in enumerate(layers, 1):
        wide = n if number == len(layers) else 2 * n
        total += k * k * m * wide + wide
        m = wide
    return total


def design():
    """Small grids early, and wide layers only where the grid is small; 95 million multiply-adds, 863 thousand."""
    return [
        (112, 3, 3, 16),
        (56, 3, 16, 32),
        (28, 3, 32, 64),
        (14, 3, 64, 128),
        (14, 3, 128, 128),
        (7, 3, 128, 256),
        (7, 1, 256, 256),
        (1, 1, 256, 1000),
    ]


def which_to_save():
    """On a telephone mostly the multiply-adds: they are time and battery. Parameters are memory, and each has to be read
    from memory at least once for an image, which costs energy too: a parameter that is used once, as in a fully
    connected layer, is as expensive to fetch as to use.

    What is downloaded is parameters; so is what computers send each other in training, a gradient for each. Neither
    number shows the activations, which have to be written and read again (a 1x1 convolution has few multiply-adds for
    the numbers that it moves), how well a layer uses the processor (many small layers are slower than one large layer
    of the same work), or what must be kept for backward in training. Two networks of equal counts can differ by a
    factor of two or more in time. So count, and then measure.
    """
