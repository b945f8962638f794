"""Solutions of lesson 9."""

import math


def factor(variance, fan_in, fan_out):
    """An input's gradient is a sum over the outputs it feeds; half of them are let through."""
    return math.sqrt(variance * fan_out / 2)


def objective(main, aux, weight, training):
    """In evaluation the auxiliary classifiers are not there."""
    return main + weight * sum(aux) if training else main


def head_parameters(channels, classes):
    """The average makes 4 x 4 of 14 x 14 and has no parameters."""
    convolution = channels * 128 + 128
    hidden = 4 * 4 * 128 * 1024 + 1024
    return convolution + hidden + 1024 * classes + classes


def reaching(per_layer, depth, at, weight):
    """From the output of layer n to that of layer 1 there are n - 1 layers."""
    return per_layer ** (depth - 1) + weight * per_layer ** (at - 1)


def gain(per_layer, depth, at, weight):
    """What comes with it over what comes without it."""
    return 1 + weight * per_layer ** (at - depth)


def deepest(per_layer, least):
    """Add a layer as long as enough arrives."""
    depth, left = 1, per_layer
    while left >= least * (1 - 1e-12):
        depth += 1
        left *= per_layer
    return depth


def cause_or_cure():
    """A regulariser makes the gap between training images and new images smaller. So: the same network, first weights and
    batches with the head and with its weight set to zero, trained until the training images are nearly all right (before
    that there is no gap to close), on few enough images that there is a gap. Compare the gaps of pairs with the same
    seed, at least five, better ten, and give the mean of the differences with its spread. Tune the learning rate for
    both kinds: a head also makes the gradient larger.

    Against it would speak: equal gaps; or a better result on the training images as well, which says that the head helps
    to learn and not to generalise. A second test: if the head regularises, it should help less where something else
    already does, as weight decay, dropout or more images.
    """
