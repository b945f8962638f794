"""Solutions of lesson 17."""


def grid_after_stem(side, stride, pooled):
    """An unpadded 3x3 with stride s leaves (n - 3) // s + 1."""
    for step in [stride, 1] + ([2] if pooled else []) + [1, 2]:
        side = (side - 3) // step + 1
    return side


def multiply_adds(side, kernel, stride, m, n):
    """Pixels of the output, each with kernel x kernel x m products for each of n channels."""
    out = (side - kernel) // stride + 1
    return out * out * kernel * kernel * m * n


def share_seen(layers, side):
    """A layer adds kernel - 1 steps of its own input, and those are as long as all strides before it multiplied."""
    pixels, step = 1, 1
    for kernel, stride in layers:
        pixels += (kernel - 1) * step
        step *= stride
    return pixels / side
