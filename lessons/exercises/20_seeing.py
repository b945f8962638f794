"""Exercises of lesson 20: replace each `...`, and check them by
`tinyinception lesson 20 --check`."""


def grey_share(kernels):
    """[1] The part of a filter's energy that is the same in all three colours.

    kernels is an array of 7 x 7 x 3. Energy is the sum of squares. A filter
    whose three planes are equal has 1, one whose planes add up to zero has 0.
    """
    return ...


def octaves(smallest, largest, count):
    """[1] The sizes of a dream's pictures, each larger by the same factor.

    A list of `count` whole numbers (count at least 2), rounded with round(),
    from smallest to largest. octaves(50, 200, 3) is [50, 100, 200].
    """
    return ...


def grad_cam(maps, gradient):
    """[2] The heat map (height x width) of one image.

    maps: its last maps; gradient: that of a logit with respect to them; both
    are arrays of height x width x channels.
    """
    return ...


def contrast_cells(image, size):
    """[2] A heat map without a network: how far each cell is from the mean.

    image: height x width x 3. Take at each pixel the sum over the colours of
    the squared distance to the image's mean colour, then the mean over each
    cell of size x size pixels (both sides are multiples of size). The result
    is an array of (height / size) x (width / size).
    """
    return ...


def rank_correlation(first, second):
    """[2] The correlation of the ranks of two maps' cells.

    first and second: arrays of one shape, without equal numbers. Ranks are 0
    for the smallest, 1 for the next, ...; correlate them (Pearson). Of a map
    with itself it is 1, with its negative -1.
    """
    return ...


def climb(x, weights, v, rate):
    """[3] One step up the logit v . relu(weights x): the new vector x.

    weights is an array of hidden units x inputs, v has one number for each
    hidden unit.
    """
    return ...


def another_control():
    """[open] Two figures in one image: would contrast still pass?

    Draw images with a second, fainter figure of another class beside the
    first. Say which of the lesson's five maps should then find the figure that
    the network names, and what you would measure to tell them apart.
    """
