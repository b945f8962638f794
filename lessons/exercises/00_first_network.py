"""Exercises of lesson 0. Replace each `...`, then run `tinyinception lesson 0
--check`.

[1] is to fill in, [2] to build, [3] to think further, [open] has no check but
a discussion in `lessons/solutions`.
"""

import numpy as np


def shares(scores):
    """[1] Softmax of a list of scores: a list of shares that add up to 1.

    shares([0, 0]) is [0.5, 0.5]. np.exp(x) is e to the power of x.
    """
    return ...


def loss(shares, label):
    """[1] The cross entropy: minus the logarithm of the share of the right
    class.

    shares is a list, label the number of the right class, from 0. np.log is
    the logarithm. loss([0.5, 0.25, 0.25], 1) is 1.386.
    """
    return ...


def output_size(size, k, stride, padding):
    """[1] Rows of the output of a k x k window over size x size pixels.

    padding pixels of zeros are added on each side. Windows that do not fit are
    left out. output_size(5, 3, 1, 0) is 3, output_size(32, 3, 2, 1) is 16.
    """
    return ...


def descend(slope, w, rate, steps):
    """[2] Where gradient descent arrives from w after so many steps.

    slope(w) is the slope of the loss at w. With slope(w) = 2 * w, w = 1, rate
    0.25 and 2 steps it is 0.25.
    """
    return ...


def max_pool(image, k):
    """[2] Max-pooling: the largest number of each k x k square; squares stand
    side by side.

    image is a matrix (NumPy) whose rows and columns are multiples of k.
    max_pool(np.array([[1, 5], [3, 4]]), 2) is [[5]].
    """
    return ...


def share_right(scores, labels):
    """[2] The share of pictures whose highest score is that of the right
    class.

    scores is a matrix with a row for each picture and a column for each class,
    labels a list of numbers of classes. share_right(np.array([[2, 1], [0,
    3]]), [0, 0]) is 0.5.
    """
    return ...


def largest_rate(a):
    """[3] The learning rate at which gradient descent on the loss a * (w -
    3)^2 no longer comes nearer to 3.

    At smaller rates the distance to 3 shrinks with every step, at larger ones
    it grows. Write down how far w is from 3 after one step. For a = 1 it is 1.
    """
    return ...


def why_not_count_mistakes():
    """[open] Why is the loss not simply the number of wrong answers? That is
    what we want to have small.

    Think of what happens to that number if one weight changes a very little.
    And what would the network learn from a picture whose answer is right with
    a share of 0.51? A discussion is in the solutions.
    """
