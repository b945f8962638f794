"""Exercises of lesson 23: replace each `...`, and check them by
`tinyinception lesson 23 --check`."""


def part(images, rank, size):
    """[1] Which images of a batch are one process's: (first, end).

    Of `size` processes, number `rank`, from 0, has the images from `first` to
    the one before `end`. Parts follow one another and are as equal as can be;
    where the batch does not divide, the first ones have one image more, so
    part(10, 0, 4) is (0, 3) and part(10, 2, 4) is (6, 8).
    """
    return ...


def weighed(gradients, images):
    """[1] The gradient of the whole batch, from those of its parts.

    gradients: a list of arrays of equal shapes. images: of how many images
    each is the mean, a list of whole numbers.
    """
    return ...


def pooled(means, variances, images):
    """[2] Mean and variance of a whole batch, from those of its parts.

    means, variances: of each part, lists of numbers; a variance is the mean of
    the squared distances from the mean. images: how many each part has.
    pooled([0, 4], [1, 1], [5, 5]) is (2.0, 5.0).
    """
    return ...


def fastest(work, message, most):
    """[2] With how many machines, 1 to `most`, a step takes the least time.

    work: seconds that one machine needs for the batch; n machines share it
    evenly. message: seconds in which a wire carries all gradients once. All
    send to machine 0 and get the sum from it, so its wire carries 2 × (n - 1)
    messages. The result is (machines, seconds); of several that are equally
    fast, the smallest number. fastest(8, 0.5, 16) is (3, 4.67).
    """
    return ...


def half_ring(arrays):
    """[3] What each machine of a ring has after the first n - 1 rounds.

    arrays: a list of n lists of n numbers, the gradients of machine 0 to n -
    1, a number for each of n pieces. In round t, from 0, all at the same time:
    machine r sends its piece (r - t) mod n to machine r + 1 (the last to
    machine 0), who adds it to its own. Give back the new lists, and leave the
    old ones as they are. half_ring([[1, 2], [10, 20]]) is [[1, 22], [11, 20]].
    """
    return ...


def wrong_loss(losses, size):
    """[3] What comes out if each process divides by the whole batch.

    losses: of all images. Each of `size` processes has an equal part of them,
    in order, adds up its losses and divides the sum by the number of images in
    the *whole batch*. Then the *mean* over the processes is taken. Give back
    by what factor the result is wrong: it divided by the right mean.
    """
    return ...


def four_images_each():
    """[open] Sixteen machines train a network with batch-norm, 64 images in
    all, so 4 on each. It gets worse than on one machine. Why, and what could
    you change? Name three remedies, and what each costs.
    """
