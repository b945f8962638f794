"""Solutions of lesson 14."""

from math import log


def smoothed_label(right, classes, eps):
    """Every class has its share of eps, the right one too."""
    return [(1 - eps) * (k == right) + eps / classes for k in range(classes)]


def logit_gradient(p, right, eps):
    """p - q'."""
    return [
        a - b
        for a, b in zip(p, smoothed_label(right, len(p), eps), strict=True)
    ]


def logit_gap(classes, eps):
    """At p = q', and logits are logarithms of p up to a constant."""
    label = smoothed_label(0, classes, eps)
    return log(label[0] / label[1])
