"""Exercises of lesson 18. Replace each `...`, then run `tinyinception lesson 18 --check`."""


def after_reduction(in_channels, convolutions):
    """Channels after a grid reduction that concatenates strided convolutions with the pooled input.

    convolutions: the output channels of each path's last convolution, as in [384, 288, 320].
    """
    return ...


def block_weights(in_channels, branches):
    """Weights, without biases and batch-norm, of a residual Inception block on in_channels.

    branches: lists of (output channels, kernel), as in [[(32, 1)], [(32, 1), (32, 3)]]. The 1x1 `up` counts too.
    """
    return ...


def largest_rate(curvature, momentum):
    """The learning rate from which on gradient descent with momentum overshoots ever farther on a parabola.

    The slope at w is curvature * w; the velocity v becomes momentum * v + slope, and w becomes w - rate * v.
    """
    return ...
