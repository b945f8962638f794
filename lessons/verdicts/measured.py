"""Verdicts on claims about auxiliary classifiers: what section 4 of Rethinking reports, and a stored experiment.

The experiment trains one network with and without the auxiliary loss from equal weights on equal batches
(lessons/experiments/auxiliary.py); with few seeds it can only see large effects, and says so by its intervals.
"""

from math import sqrt

import numpy as np

from tinyinception.course import stored
from tinyinception.course.claims import Finding, beside

printed = beside("printed")
T_95 = {
    2: 12.706,
    3: 4.303,
    4: 3.182,
    5: 2.776,
    6: 2.571,
}  # Student's t for so many seeds, 95 %, two-sided


def difference(run, looks):
    """(mean, half width of its 95 % interval) of the accuracy with minus without auxiliary loss, over the seeds."""
    paired = (
        np.array(run["with"])[:, looks] - np.array(run["without"])[:, looks]
    ).mean(axis=1)
    return float(paired.mean()), T_95[len(paired)] * float(
        paired.std(ddof=1)
    ) / sqrt(len(paired))


def effects():
    """By network: accuracy gained in the first half of the training and at its end, each with its interval."""
    result = stored("auxiliary", quiet=True)
    steps = np.array(result["steps"])
    early = np.flatnonzero(steps <= steps[-1] / 2 + 1)
    return {
        name: {
            "early": difference(result[name], early),
            "end": difference(result[name], [-1]),
        }
        for name in ("batch-norm", "no batch-norm")
    }


def faster(gains=()):
    """Whether auxiliary classifiers speed up training: what Rethinking reports, and what the experiment sees.

    gains: by seed, in place of the experiment's in the first half with batch-norm.
    """
    found = effects()
    mean, margin = found["batch-norm"]["early"]
    if gains:
        mean, margin = (
            float(np.mean(gains)),
            T_95[len(gains)] * float(np.std(gains, ddof=1)) / sqrt(len(gains)),
        )
    measured = (
        "faster"
        if mean > margin
        else "slower"
        if mean < -margin
        else "undecided"
    )
    reported = printed.V3_AUXILIARY["faster early"]
    agree = measured == ("faster" if reported else "slower")
    verdict = "unclear" if not agree else "true" if reported else "false"
    early, end = (
        [found["batch-norm"][when][0], found["no batch-norm"][when][0]]
        for when in ("early", "end")
    )
    return Finding(
        verdict,
        {
            "measured": measured,
            "reported_faster": reported,
            "lower_one_needed": printed.V3_AUXILIARY["lower one needed"],
            "reported_at_the_end": printed.V3_AUXILIARY["better at the end"],
            "seeds": len(
                stored("auxiliary", quiet=True)["batch-norm"]["with"]
            ),
            "confidence": 0.95,
            "early": [100 * value for value in early],
            "early_within": [100 * found[name]["early"][1] for name in found],
            "end": [100 * value for value in end],
            "end_within": [100 * found[name]["end"][1] for name in found],
        },
    )


def against_vanishing():
    """Whether they serve against vanishing gradients: what both papers say; and what reaches an untrained GoogLeNet.

    Measured, from lessons/experiments/gradient_reach.py and auxiliary.py: gradient per kernel, relative to the kernel,
    and how much auxiliary classifiers add to it at the entrance; means over the seeds.
    """
    reach = stored("gradient_reach", quiet=True)
    mean = {
        kind: {
            stage: float(np.mean(values))
            for stage, values in reach[kind].items()
        }
        for kind in reach
    }
    first, last = "conv1", "inception_5b"
    small = stored("auxiliary", quiet=True)
    added = [
        float(
            np.mean(small[name]["stem_gradient_with"])
            / np.mean(small[name]["stem_gradient_without"])
        )
        for name in ("batch-norm", "no batch-norm")
    ]
    least = min(mean["without"], key=mean["without"].get)
    said = printed.AUXILIARY_AGAINST_VANISHING.values()
    condition = "true if the intention of 2014 is meant, not what they turned out to do"
    first_paper, later = said
    return Finding(
        "true"
        if all(said)
        else condition
        if first_paper
        else "unclear"
        if later
        else "false",
        {
            "said": list(said),
            "seeds": len(reach["with"][first]),
            "first_over_last": mean["without"][first] / mean["without"][last],
            "least_over_last": mean["without"][least] / mean["without"][last],
            "least_at": least,
            "times_with": mean["with"][first] / mean["without"][first],
            "times_with_in_small": added,
        },
    )
