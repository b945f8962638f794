"""Exercises of lesson 16. Replace each `...`, then run `tinyinception lesson
16 --check`.
"""


def staircase(base, rate, every, epoch):
    """[1] The learning rate in an epoch, counted from 0, that falls by the
    factor `rate` after each `every` epochs.

    staircase(1.0, 0.5, 3, 2) is 1.0 and staircase(1.0, 0.5, 3, 3) is 0.5.
    """
    return ...


def running_average(values, decay):
    """[1] The running average after the last of the values, a list of numbers.
    It starts at the first value.

    With each further value: average = decay * average + (1 - decay) * value.
    running_average([0.0, 1.0], 0.9) is 0.1.
    """
    return ...


def rmsprop_steps(gradients, lr, decay, eps):
    """[2] By how much one weight is reduced in each step: a list. TensorFlow's
    rule, without momentum.

    ms starts at 1; in each step ms is updated with the gradient first, and
    then used. eps is under the root. rmsprop_steps([1.0], 0.1, 0.9, 1.0) is
    [0.0707].
    """
    return ...


def clip(gradients, limit):
    """[2] The gradients, a list of NumPy arrays, clipped at `limit` by the
    length of all together; a list again.

    clip([np.array([3.0]), np.array([4.0])], 2.5) is [array([1.5]),
    array([2.0])].
    """
    return ...


def epochs_until(share, rate, every):
    """[2] After how many epochs is less than this share of the first learning
    rate left, on a staircase?

    The first epoch, counted from 0, in which the rate is below share.
    epochs_until(0.3, 0.5, 2) is 4.
    """
    return ...


def bound_of_step(limit, lr, momentum):
    """[3] How long can one step of gradient descent with momentum get at most,
    when gradients are clipped at `limit`?

    velocity = momentum * velocity + gradient; step = lr * velocity. Think of
    very many gradients in one direction. bound_of_step(2.0, 0.045, 0.0) is
    0.09.
    """
    return ...


def rules_apart(g, eps):
    """[3] How many times as large is the steady step of PyTorch's rule (eps
    beside the root) as that of TensorFlow's?

    The gradient has stayed at g for long. rules_apart(1e-6, 1e-8) is 99.5;
    below 1 where PyTorch's is smaller.
    """
    return ...


def which_numbers():
    """[open] You train Inception-v3 on one machine with batches of 32. Which
    of the recipe's numbers do you keep?

    The recipe: 50 copies with batches of 32, RMSProp with decay 0.9 and eps 1,
    rate 0.045, times 0.94 every two epochs, clipping at 2.0, averaged weights.
    Say for each number whether it depends on the batch, on the framework's
    rule, or on the number of epochs, and how you would find out what to use.
    """
