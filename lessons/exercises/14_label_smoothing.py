"""Exercises of lesson 14. Replace each `...`, then run `tinyinception lesson
14 --check`.
"""


def smoothed_label(right, classes, eps):
    """[1] The smoothed label q', a list of `classes` numbers; u is uniform,
    `right` is the index of the right class.

    smoothed_label(0, 2, 0.1) is [0.95, 0.05].
    """
    return ...


def logit_gradient(p, right, eps):
    """[1] Gradient of the smoothed loss with respect to the logits, a list; p,
    a list, is the softmax of the logits.

    logit_gradient([0.5, 0.5], 0, 0.0) is [-0.5, 0.5].
    """
    return ...


def logit_gap(classes, eps):
    """[2] By how much the right logit is above each of the others where the
    smoothed loss is smallest.

    logit_gap(10, 0.1) is 4.5109.
    """
    return ...


def smoothed_loss(logits, right, eps):
    """[2] The smoothed loss of one image in nats, from its logits, a list; u
    is uniform.

    Logits of 1000 must not overflow: subtract the largest before you take
    exponentials. smoothed_loss([0.0, 0.0], 0, 0.1) is 0.6931.
    """
    return ...


def calibration_error(confidence, correct, bins):
    """[2] How far confidence and accuracy lie apart, over bins of equal width
    between 0 and 1.

    confidence: a list of probabilities; correct: a list of True and False. Bin
    i has the images with confidence from i / bins up to, but without, (i + 1)
    / bins; a confidence of 1 belongs to the last. For each bin take the
    distance between its mean confidence and its share of right answers, weigh
    it by the bin's share of the images, and add up. calibration_error([0.9,
    0.8], [True, False], 1) is 0.35.
    """
    return ...


def eps_for(gap, classes):
    """[3] Which eps makes the logits stop at this gap?

    eps_for(4.5109, 10) is 0.1 and eps_for(0.0, 10) is 1.0.
    """
    return ...


def who_needs_it():
    """[open] One network learns 2,000 images by heart, another sees 10,000
    images only a few times.

    For which of them would you use label smoothing, and what would you look at
    before you decide? Think of the gap that each image is pushed to, of the
    accuracy on test images, and of what the probabilities are used for
    afterwards.
    """
