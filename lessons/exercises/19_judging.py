"""Exercises of lesson 19: replace each `...`, and check them by
`tinyinception lesson 19 --check`."""


def top_k_error(probabilities, labels, k):
    """[1] The share of images whose true class is not among the k likeliest.

    probabilities: an array, a row for each image and a column for each class.
    labels: the true class of each. With one image of probabilities
    [0.2, 0.5, 0.3] and label 2, it is 1.0 for k = 1 and 0.0 for k = 2.
    """
    return ...


def ensemble_accuracy(probabilities, labels):
    """[1] The share that several networks get right together.

    They answer with the class of the highest mean probability.
    probabilities: an array of networks x images x classes. Two networks that
    say [0.9, 0.1] and [0.4, 0.6] of one image answer class 0.
    """
    return ...


def standard_error(p, n):
    """[2] How far the share of wrong answers on n images scatters.

    Each image is wrong with probability p; asked is the standard deviation.
    For p = 0.5 and n = 100 it is 0.05.
    """
    return ...


def error_on_left_out(n_all, error_all, n_part, error_part):
    """[2] The error on the images that only the larger set has.

    n_part of the n_all images were measured alone, too. With 100 images, error
    0.1, of which 80 have error 0.05, the other 20 have 0.3.
    """
    return ...


def difference_error(first, second):
    """[2] The standard error of the difference of two networks' accuracies.

    first and second: arrays of True and False, whether each network got each
    image right, the same images in the same order. Take the standard deviation
    of the differences image by image (divide by n, not n - 1), and then that
    of their mean. Two equal arrays have 0.
    """
    return ...


def best_looks(p, n, tried):
    """[3] The expected lowest error of several equal networks on n images.

    Each of the `tried` networks is wrong on each image with probability p,
    independently. best_looks(0.5, 1, 2) is 0.25: only if both are wrong on the
    one image, the lowest error is 1 and not 0. Compute it, do not draw: the
    expected minimum is the sum of P(minimum > k) over k = 0, ..., n - 1.
    """
    return ...


def same_weights():
    """[open] GoogLeNet's seven networks began from the same weights.

    Would you expect an ensemble of networks that differ only in the order of
    their images to gain less? Say why, then change lesson 19's program so that
    it tells, and say how many repetitions you need before you believe it.
    """
