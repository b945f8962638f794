"""Exercises of lesson 18: replace each `...`, and check them by
`tinyinception lesson 18 --check`."""


def after_reduction(in_channels, convolutions):
    """[1] Channels after a grid reduction that also pools its input.

    It concatenates strided convolutions with the pooled input. convolutions:
    the output channels of each path's last convolution, as in [384, 288, 320].
    With 100 channels in and [20, 30] it gives 150.
    """
    return ...


def residual_output(x, correction, scale):
    """[1] What a residual block gives: ReLU(x + scale * correction).

    x and correction are NumPy arrays of one shape. With x = [1, 1], correction
    [-5, 10] and scale 0.1 it is [0.5, 2].
    """
    return ...


def block_weights(in_channels, branches):
    """[2] Weights, without biases and batch-norm, of a residual block.

    branches: lists of (output channels, kernel), as in
    [[(32, 1)], [(32, 1), (32, 3)]]. The 1 x 1 `up` counts too. With 8 channels
    in and [[(4, 1)]] it is 8 * 4 + 4 * 8 = 64.
    """
    return ...


def descend(curvature, rate, momentum, steps):
    """[2] The values of w on a parabola, from w = 1, after each step.

    The slope at w is curvature * w; the velocity v, 0 at first, becomes
    momentum * v + slope, and then w becomes w - rate * v. A list of `steps`
    numbers. descend(1, 0.5, 0, 2) is [0.5, 0.25].
    """
    return ...


def largest_rate(curvature, momentum):
    """[3] The learning rate from which on w overshoots ever farther.

    The steps are those of `descend`. largest_rate(1, 0) is 2.
    """
    return ...


def zero_start():
    """[open] Later networks start their residuals at zero instead of scaling.

    Which of the lesson's three observations does that explain, and what does
    it not protect from? Change `build` so that every `up` begins at zero, and
    say before you run it what the loss and the zeros will do at W = 256.
    """
