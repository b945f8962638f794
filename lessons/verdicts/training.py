"""Verdicts on claims about training: schedules stepped through, distributions integrated, printed figures divided."""

from math import exp, sqrt

import numpy as np

from tinyinception.course.claims import Finding, beside
from tinyinception.optim.schedules import ExponentialStaircase

printed = beside("printed")


def fewer_steps():
    """Steps to an accuracy, as Fig. 3 and the text print them, divided; and learning rates multiplied."""
    inception = printed.BN_STEPS["Inception"][0]
    times = {
        name: inception / steps
        for name, (steps, _) in printed.BN_STEPS.items()
        if name != "Inception"
    }
    times["BN-x30 to 74.8 %"] = inception / printed.BN_X30_STEPS_TO_74_8
    right = (
        int(times["BN-x5"]) == printed.BN_FASTER
        and int(times["BN-x30 to 74.8 %"]) == printed.BN_X30_FASTER
    )
    return Finding(
        "true" if right else "false",
        {
            "steps_in_millions": [
                inception / 1e6,
                printed.BN_STEPS["BN-x5"][0] / 1e6,
                printed.BN_X30_STEPS_TO_74_8 / 1e6,
            ],
            "top1_x30": printed.BN_STEPS["BN-x30"][1],
            "x5": times["BN-x5"],
            "baseline": times["BN-Baseline"],
            "x30": times["BN-x30"],
            "x30_to_74_8": times["BN-x30 to 74.8 %"],
            "rates": [
                printed.BN_LR * factor for factor in printed.BN_LR_FACTORS
            ],
        },
    )


def learning_rates(small=1 / 20, large=1 / 2):
    """Both papers' staircases after so many epochs, one step an epoch."""
    v3 = ExponentialStaircase(
        printed.V3_LR, printed.V3_LR_RATE, printed.V3_LR_EVERY
    )
    drop, every = printed.GOOGLENET_LR_DROP, printed.GOOGLENET_LR_EPOCHS
    googlenet = ExponentialStaircase(1.0, 1 - drop, every)
    end, left = v3(printed.V3_EPOCHS), googlenet(printed.V3_EPOCHS)
    epochs = (
        printed.BN_STEPS["Inception"][0]
        * printed.BN_BATCH
        / printed.TRAINING_IMAGES
    )
    return Finding(
        "true" if end / printed.V3_LR < small and left > large else "false",
        {
            "epochs": printed.V3_EPOCHS,
            "start": printed.V3_LR,
            "rate": printed.V3_LR_RATE,
            "falls": printed.V3_EPOCHS // printed.V3_LR_EVERY,
            "v3": end,
            "v3_factor": end / printed.V3_LR,
            "googlenet_rate": 1 - drop,
            "googlenet_falls": printed.V3_EPOCHS // every,
            "googlenet_factor": left,
            "borders": [small, large],
            "baseline_steps": printed.BN_STEPS["Inception"][0],
            "baseline_batch": printed.BN_BATCH,
            "baseline_epochs": epochs,
            "left_after_baseline": googlenet(int(epochs)),
        },
    )


def truncated_normal(correction=1.3, within=0.01):
    """Moments of a Gaussian cut at two sigmas, by Simpson's rule.

    correction: of TF-slim's variance_scaling_initializer, and of nn.init.variance_scaling.
    """
    x, step = np.linspace(-2, 2, 4001, retstep=True)
    weight = np.full(x.size, 2.0)
    weight[1::2], weight[[0, -1]] = 4.0, 1.0
    density = np.array([exp(-v * v / 2) for v in x]) * weight * step / 3
    variance = float((density * x**2).sum() / density.sum())
    return Finding(
        "true" if abs(correction * variance - 1) < within else "false",
        {
            "std": sqrt(variance),
            "variance": variance,
            "exact_correction": 1 / variance,
            "variance_with_1_3": correction * variance,
            "correction": correction,
            "right_is_within": within,
        },
    )
