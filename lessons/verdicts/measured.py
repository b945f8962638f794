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


def faster():
    """Whether auxiliary classifiers speed up training: as Rethinking reports it, unless the experiment objects."""
    found = effects()
    mean, margin = found["batch-norm"]["early"]
    measured = (
        "faster"
        if mean > margin
        else "slower"
        if mean < -margin
        else "undecided"
    )
    reported = (
        "faster" if printed.V3_AUXILIARY["faster early"] else "no faster"
    )
    contradicted = {"faster": "no faster", "slower": "faster"}.get(
        measured
    ) == reported
    verdict = (
        "unclear"
        if contradicted
        else "true"
        if reported == "faster"
        else "false"
    )
    return Finding(
        verdict,
        {
            "measured": measured,
            "early": found["batch-norm"]["early"],
            "end": found["batch-norm"]["end"],
            "early_without_batch_norm": found["no batch-norm"]["early"],
            "end_without_batch_norm": found["no batch-norm"]["end"],
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
    return Finding(
        "true" if all(said) else "true if" if any(said) else "false",
        {
            "first_over_last": mean["without"][first] / mean["without"][last],
            "least_over_last": mean["without"][least] / mean["without"][last],
            "least_at": least,
            "times_with": mean["with"][first] / mean["without"][first],
            "times_with_in_small": added,
        },
    )
