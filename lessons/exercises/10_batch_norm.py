"""Exercises of lesson 10.

Replace each `...`, then run `tinyinception lesson 10 --check`.
"""


def normalise(x, gamma, beta, eps):
    """[1] Batch-norm's output in training.

    x: values x channels (a NumPy array); gamma, beta: one number per channel.
    """
    return ...


def parameter_gradients(normalised, g):
    """[1] (d gamma, d beta), if g is the gradient of batch-norm's output.

    normalised and g: values x channels; each gradient has one number per
    channel.
    """
    return ...


def running(old, batch, momentum):
    """[1] The running average after one more batch.

    momentum is the weight of the newest batch, as in this package.
    running(1.0, 2.0, 0.1) is 1.1.
    """
    return ...


def normalise_images(x, gamma, beta, eps):
    """[2] As normalise, for images: x is images x rows x columns x channels.

    Each channel has one mean and one variance, over images and pixels.
    """
    return ...


def input_gradient(x, gamma, eps, g):
    """[2] The gradient of x by all three paths.

    g (values x channels) is the gradient of batch-norm's output in training.
    """
    return ...


def fold(weight, bias, gamma, beta, mean, var, eps):
    """[2] (weight, bias) of one linear layer in the place of two.

    The two are a linear layer, `x @ weight + bias`, and batch-norm after it
    in evaluation. weight: inputs x channels; mean, var: running averages.
    """
    return ...


def length_after(length, gradient, lr, steps):
    """[3] The length of weights before batch-norm after some steps.

    length: at the beginning. gradient: the gradient's length for weights of
    length 1. It stands at right angles to the weights and is shorter, the
    longer they are. Each step is plain gradient descent with the rate lr.
    length_after(2.0, 3.0, 1.0, 1) is 2.5.
    """
    return ...


def batches_of_two():
    """[open] Why does batch-norm work badly with batches of two images?

    What would you do on a machine whose memory holds only two images?
    """
    return ...
