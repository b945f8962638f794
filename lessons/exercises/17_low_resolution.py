"""Exercises of lesson 17. Replace each `...`, then run `tinyinception lesson
17 --check`.
"""


def grid_after_stem(side, stride, pooled):
    """[1] Side of the grid after Inception-v3's stem, for images of side x
    side pixels.

    The layers: 3x3 with this stride, 3x3, 3x3 padded, 3x3 pooling with stride
    2 if `pooled`, 1x1, 3x3, 3x3 pooling with stride 2. All but the padded one
    are unpadded. grid_after_stem(299, 2, True) is 35.
    """
    return ...


def multiply_adds(side, kernel, stride, m, n):
    """[1] Of an unpadded kernel x kernel convolution from m to n channels on a
    grid of side x side.

    multiply_adds(5, 3, 1, 2, 4) is 648.
    """
    return ...


def share_seen(layers, side):
    """[2] Which part of the image's side a cell sees after layers given as
    (kernel, stride).

    share_seen([(3, 2), (3, 1)], 14) is 0.5: 7 of 14 pixels.
    """
    return ...


def shrink(image, factor):
    """[2] An image of shape (height, width, channels) with each factor x
    factor block of pixels replaced by its mean.

    Both sides are multiples of the factor. shrink(np.ones((4, 6, 3)), 2) has
    the shape (2, 3, 3).
    """
    return ...


def times_cheaper(layers, large, small):
    """[2] How many times less a stack of unpadded convolutions costs on small
    x small than on large x large pixels.

    layers: (kernel, stride, channels in, channels out) of each.
    times_cheaper([(3, 1, 3, 8)], 6, 4) is 4.0.
    """
    return ...


def width_of_equal_cost(side, stride, width, new_side, new_stride):
    """[3] Two 3x3 convolutions, padded: 3 channels to `width` with this
    stride, then `width` to 32 channels, stride 1.

    On images of new_side and with new_stride in the first, which width of the
    first costs as much, to the nearest whole number? A padded convolution with
    stride s makes ceil(n / s) pixels of n. Cost is counted in multiply-adds.
    width_of_equal_cost(32, 2, 16, 8, 1) is 64.
    """
    return ...


def is_it_fair():
    """[open] The lesson makes the three networks equal in multiply-adds. What
    else could "equal effort" mean?

    Think of parameters, of the time that a step takes, of the grid that the
    modules see, and of where the extra width of the third network was put.
    Which of them would you hold equal if you had to build a detector for small
    cut-outs?
    """
