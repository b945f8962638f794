"""Exercises of lesson 19. Replace each `...`, then run `tinyinception lesson 19 --check`."""


def top_k_error(probabilities, labels, k):
    """The share of images whose true class is not among the k most probable.

    probabilities: an array, a row for each image and a column for each class. labels: the true class of each.
    """
    return ...


def ensemble_accuracy(probabilities, labels):
    """The share of images that several networks get right together, by the mean of their probabilities.

    probabilities: an array of networks x images x classes.
    """
    return ...


def standard_error(p, n):
    """How far the share of wrong answers on n images scatters (standard deviation), where each is wrong with p."""
    return ...
