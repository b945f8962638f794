"""Verdicts that run the package's own operations: what calculus says, done with numbers."""

import numpy as np

from tinyinception.context import Hook, observe
from tinyinception.course import stored
from tinyinception.course.claims import Finding, beside
from tinyinception.course.files import folder, load
from tinyinception.tensor import Tensor

printed = beside("printed")


def cam_is_gradcam(hidden=0):
    """Grad-CAM and class activation map of a random network: features, their average, a linear layer.

    hidden: units of another layer with ReLU between the average and the classifier.
    """
    rng = np.random.default_rng(0)
    features = Tensor(
        np.maximum(rng.standard_normal((1, 6, 6, 16)), 0), requires_grad=True
    )
    weights = rng.standard_normal((hidden or 16, 10))
    x = features.mean(axis=(1, 2))
    if hidden:
        x = (x @ Tensor(rng.standard_normal((16, hidden)))).relu()
    (x @ Tensor(weights))[0, 3].backward()
    assert features.grad is not None
    gradcam = (
        (features.data * features.grad.mean(axis=(1, 2), keepdims=True))
        .sum(axis=-1)
        .ravel()
    )
    column = np.resize(weights[:, 3], 16)
    cam = (features.data * column).sum(axis=-1).ravel()
    likeness = float(np.corrcoef(gradcam, cam)[0, 1])
    return Finding(
        "true" if likeness > 1 - 1e-6 else "false",
        {
            "correlation": likeness,
            "scale": float(cam @ cam / (cam @ gradcam)),
            "cells": 36,
        },
    )


def central_difference(two_sided=True):
    """How the error of a difference quotient falls with its step: its order, from two steps."""
    steps = [1e-2, 1e-3]

    def error(h):
        back = h if two_sided else 0.0
        return abs((np.exp(1 + h) - np.exp(1 - back)) / (h + back) - np.exp(1))

    errors = [float(error(h)) for h in steps]
    order = float(np.log10(errors[0] / errors[1]))
    return Finding(
        "true" if round(order) == 2 else "false",
        {
            "order": order,
            "times_smaller_step": steps[0] / steps[1],
            "times_smaller_error": errors[0] / errors[1],
        },
    )


class Visits(Hook):
    """Counts the operations that backward visits."""

    def __init__(self):
        self.seen = 0

    def before_backward(self, node, grad):
        self.seen += 1


def visited_once(by_paths=False):
    """Operations that backward visits in a row of doublings, each of which makes two paths of every one.

    by_paths: visit each as often as paths lead to it from the end.
    """
    doublings, visits = 20, Visits()
    first = last = Tensor(1.0, requires_grad=True)
    for _ in range(doublings):
        last = last + last
    with observe(visits):
        last.backward()
    seen = 2**doublings - 1 if by_paths else visits.seen
    right = float(first.grad) == 2**doublings
    return Finding(
        "true" if right and seen == doublings else "false",
        {
            "operations": doublings,
            "visits": seen,
            "paths": 2**doublings,
            "gradient": int(first.grad),
        },
    )


def sparse_pays(densities=()):
    """Stored, lesson 6: time of a sparse product over that of the dense one, by density; where both are equal.

    densities: only these of the measured ones.
    """
    race = load(folder() / "experiments" / "sparse_race.py")
    found = stored("sparse_race", quiet=True)
    medians = np.median(found["scattered"], axis=0)
    ratio = {
        density: float(middle)
        for density, middle in zip(found["density"], medians, strict=True)
        if not densities or density in densities
    }
    pays = max((d for d, r in ratio.items() if r < 1), default=0.0)
    slow = min((d for d, r in ratio.items() if r >= 1), default=0.0)
    if not pays or not slow:
        return Finding("false" if pays else "true", {"ratios": ratio})
    # between these two, on logarithmic scales
    equal = np.exp(
        np.interp(0, np.log([ratio[pays], ratio[slow]]), np.log([pays, slow]))
    )
    return Finding(
        f"true if more than {100 * equal:.0f} % of the weights are left",
        {
            "size": [race.SIDE, race.SIDE, race.CELLS**2],
            "all_weights": ratio[1.0],
            "measured": [slow, pays],
            "ratios": [ratio[slow], ratio[pays]],
            "equal": float(equal),
            "hundredth_share": 0.01,
            "hundredth": ratio[0.01],
        },
    )
