"""Exercises of lesson 16. Replace each `...`, then run `tinyinception lesson 16 --check`."""


def rmsprop_steps(gradients, lr, decay, eps):
    """By how much one weight is reduced in each step: a list. TensorFlow's rule, without momentum.

    ms starts at 1; in each step ms is updated with the gradient first, and then used.
    """
    return ...


def staircase(base, rate, every, epoch):
    """The learning rate in an epoch, counted from 0, that falls by the factor `rate` after each `every` epochs."""
    return ...


def clip(gradients, limit):
    """The gradients, a list of NumPy arrays, as clipping by global norm at `limit` leaves them; a list again."""
    return ...
