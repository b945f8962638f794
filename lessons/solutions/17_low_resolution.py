"""Solutions of lesson 17."""

import numpy as np


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


def shrink(image, factor):
    """Rows and columns are split into blocks, and the two axes inside a block are averaged."""
    height, width, channels = image.shape
    blocks = np.reshape(
        image, (height // factor, factor, width // factor, factor, channels)
    )
    return blocks.mean(axis=(1, 3))


def times_cheaper(layers, large, small):
    """Walk through the layers twice."""

    def cost(side):
        total = 0
        for kernel, stride, m, n in layers:
            total += multiply_adds(side, kernel, stride, m, n)
            side = (side - kernel) // stride + 1
        return total

    return cost(large) / cost(small)


def width_of_equal_cost(side, stride, width, new_side, new_stride):
    """Both layers have as many output pixels, and both cost a multiple of the width: only the pixels count."""
    pixels, new_pixels = (
        (-(-side // stride)) ** 2,
        (-(-new_side // new_stride)) ** 2,
    )
    return round(width * pixels / new_pixels)


def is_it_fair():
    """[open] Discussion.

    Multiply-adds are what the paper holds equal, and they are easy to count. They are not time: a 3x3 on 8 x 8 pixels
    with 64 channels keeps the machine busier per multiply-add than one on 32 x 32 pixels with 3 channels. They are not
    parameters either: the wider third network has 66,554 and the others have 51,338, so it can store more.
    Where the width is put matters, too. We put it into the first layer, because the pooling that is missing there is
    what made the network cheap. It could have gone into the module or the classifier, which see the same grid in all
    three networks, and then it might help more.
    For a detector the time per cut-out and the memory on the device count in the end. So one would measure the time, let
    each resolution have its best network within that time, and compare those. That is much more work than the paper's
    experiment, which changes only the stem; in return it answers the question that you have.
    """
