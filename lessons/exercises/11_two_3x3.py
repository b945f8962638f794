"""Exercises of lesson 11.

Replace each `...`, then run `tinyinception lesson 11 --check`.
"""


def stack_weights(m, c, n):
    """[1] Weights of a 3x3 from m to c channels and one from c to n.

    Without biases.
    stack_weights(64, 64, 64) is 73728.
    """
    return ...


def sees(kernels):
    """[1] How many pixels in a row a stack of stride-1 convolutions sees.

    kernels: their sizes, as a list.
    sees([3, 3]) is 5.
    """
    return ...


def paper_saving(m, n):
    """[2] The share of a 5x5's weights that two 3x3 save.

    The middle is the paper's: sqrt(m n), rounded by `round`.
    paper_saving(16, 32) is about 0.224. A negative number says that they
    cost more.
    """
    return ...


def break_even(k):
    """[2] The n / m at which two h x h cost as much as one k x k.

    k is odd, h = (k + 1) / 2, and there are n channels between the two.
    break_even(5) is 16/9.
    """
    return ...


def stacked(a, b):
    """[2] The one kernel that does what kernel a and then kernel b do.

    For one channel and without padding. a and b are square NumPy arrays,
    p x p and q x q; the answer is (p+q-1) x (p+q-1).
    stacked(np.array([[1.0]]), b) is b.
    """
    return ...


def widest_middle(m, n, share):
    """[3] The most channels that may stand between two 3x3.

    They must cost at most `share` of one 5x5, from m to n channels. A whole
    number, 0 if not even one channel is cheap enough.
    widest_middle(16, 32, 1) is 29.
    """
    return ...


def which_middle():
    """[open] Why is the middle of BN-Inception and v3 as wide as the output?

    A narrower one would be cheaper. Write down two reasons for it and one
    against, before you read the discussion (the solution).
    """
    return ...
