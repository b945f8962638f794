"""Exercises of lesson 21. Replace each `...`, then run `tinyinception lesson 21 --check`."""


def steepest(shapes):
    """The largest factor by which the number of activations falls from one shape to the next.

    shapes: (height, width, channels) of the image and of each stage in order.
    """
    return ...


def reduced_cost(channels, embedding, out, kernel):
    """Multiply-adds per pixel of a 1x1 from channels to embedding, followed by kernel x kernel to out."""
    return ...


def equal_cost_width(depth, budget, channels, pixels):
    """The largest width so that depth 3x3 convolutions cost no more than budget multiply-adds.

    The first reads `channels` channels, the others what the one before wrote, all of that width, on `pixels` pixels.
    """
    return ...
