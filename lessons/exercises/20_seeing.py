"""Exercises of lesson 20. Replace each `...`, then run `tinyinception lesson 20 --check`."""


def grey_share(kernels):
    """The part of a filter's energy that is the same in all three colours; kernels is an array of 7 x 7 x 3.

    Energy is the sum of squares. A filter whose three planes are equal has 1, one whose planes add up to zero has 0.
    """
    return ...


def grad_cam(maps, gradient):
    """The heat map (height x width) of one image, from its last maps and the gradient of a logit (both H x W x C)."""
    return ...


def climb(x, weights, v, rate):
    """One step of gradient ascent on the logit v . relu(weights x), for a vector x: the new x.

    weights is an array of hidden units x inputs, v has one number for each hidden unit.
    """
    return ...
