"""Verdicts that run the package's own operations: what calculus says, done with numbers."""

import numpy as np

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


def sparse_pays(densities=()):
    """Stored: seconds of a sparse product over those of the dense one, by density; where both are equal.

    densities: only these of the measured ones.
    """
    found = stored("sparse_race", quiet=True)
    race = load(folder() / "experiments" / "sparse_race.py")
    kept = [
        i
        for i, density in enumerate(found["density"])
        if not densities or density in densities
    ]
    middle = np.median(found["scattered"], axis=0)  # of the rounds
    ratio = [float(middle[i]) for i in kept]
    density = [found["density"][i] for i in kept]
    pays = [d for d, r in zip(density, ratio, strict=True) if r < 1]
    slow = [d for d, r in zip(density, ratio, strict=True) if r >= 1]
    verdict = (
        "true"
        if not pays
        else "false"
        if not slow
        else f"true if more than {100 * max(pays):.0f} % of the weights are left"
    )
    return Finding(
        verdict,
        {
            "size": [race.SIDE, race.SIDE, race.CELLS**2],
            "all_weights": ratio[-1],
            "largest_that_pays": max(pays, default=0.0),
            "its_ratio": ratio[density.index(max(pays))] if pays else 0.0,
            "hundredth_share": 0.01,
            "hundredth": ratio[density.index(0.01)]
            if 0.01 in density
            else 0.0,
        },
    )
