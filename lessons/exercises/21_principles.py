"""Exercises of lesson 21: replace each `...`, and check them by
`tinyinception lesson 21 --check`."""


def steepest(shapes):
    """[1] The largest factor by which the number of activations falls.

    shapes: (height, width, channels) of the image and of each stage in order.
    steepest([(8, 8, 2), (4, 4, 4), (4, 4, 4)]) is 2.0.
    """
    return ...


def reduced_cost(channels, embedding, out, kernel):
    """[1] Multiply-adds per pixel of a 1x1, then a kernel x kernel.

    The 1x1 goes from channels to embedding, the other from there to out.
    reduced_cost(4, 2, 3, 1) is 4 * 2 + 2 * 3 = 14.
    """
    return ...


def directions_needed(variances, share):
    """[2] How many main directions keep at least a share of the variance.

    variances: an array, in any order, of the variance along each principal
    component. directions_needed([1, 6, 3], 0.85) is 2, for 6 + 3 of 10 are 90
    per cent.
    """
    return ...


def neighbour_correlation(a):
    """[2] The correlation between each cell and its right neighbour.

    a: a map of height x width, one channel. Take all pairs of a cell and the
    one right of it, and the (Pearson) correlation of the two columns of
    numbers; numpy.corrcoef may be used.
    """
    return ...


def ridge(x, y, strength):
    """[2] The weights w that make |x w - y|^2 + strength |w|^2 smallest.

    x: an array of examples x features, y: a number for each example. They
    solve (x^T x + strength times the identity matrix) w = x^T y. With x =
    [[2.0]], y = [4.0] and strength 0 it is [2.0], with strength 4 it is [1.0].
    """
    return ...


def equal_cost_width(depth, budget, channels, pixels):
    """[3] The largest width for so many 3x3 convolutions within a budget.

    budget: multiply-adds of all `depth` layers together. The first reads
    `channels` channels, the others what the one before wrote, all of that
    width, on `pixels` pixels. With depth 1, budget 1000, 2 channels and 10
    pixels it is 5, for 9 * 10 * 2 * 5 = 900.
    """
    return ...


def break_one():
    """[open] Which principle would you give up first, and for which task?

    Think of a network that marks every pixel of an image, or one that listens
    to sound. Say which of the four principles its shape breaks, and what
    experiment of five minutes could show that it does no harm there.
    """
