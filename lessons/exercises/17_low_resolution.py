"""Exercises of lesson 17. Replace each `...`, then run `tinyinception lesson 17 --check`."""


def grid_after_stem(side, stride, pooled):
    """Height and width, one number, of the grid after Inception-v3's stem, for images of side x side pixels.

    3x3 with this stride, 3x3, 3x3 padded, 3x3 pooling with stride 2 if `pooled`, 1x1, 3x3, 3x3 pooling with stride 2;
    all but the padded one are unpadded.
    """
    return ...


def multiply_adds(side, kernel, stride, m, n):
    """Of an unpadded kernel x kernel convolution from m to n channels on a grid of side x side."""
    return ...


def share_seen(layers, side):
    """Which part of the image's side a cell sees after layers given as (kernel, stride), as in [(3, 2), (3, 1)]."""
    return ...
