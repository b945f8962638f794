"""Verdicts on claims about label smoothing: the package's cross-entropy, and its minimum found by bisection."""

from math import exp, inf, log

import numpy as np

from tinyinception.course.claims import Finding, beside
from tinyinception.nn import functional
from tinyinception.tensor import Tensor

printed = beside("printed")


def worked_example():
    """The often-copied example with five classes, done with a distribution u that sums to 1, and as it was copied."""
    p, label, eps = (
        np.array(printed.EXAMPLE_P),
        printed.EXAMPLE_CLASS,
        printed.EXAMPLE_EPS,
    )
    logits = Tensor(np.log(p)[None])
    onehot, smoothed = (
        functional.cross_entropy(logits, [label], label_smoothing=e).item()
        for e in (0.0, eps)
    )
    uniform = -np.log(p).mean()
    q = (1 - eps) * (np.arange(len(p)) == label) + eps / len(p)
    copied = [
        float(-np.log2(p)[label]),
        float(-np.array(printed.EXAMPLE_Q) @ np.log2(p)),
    ]
    right = np.allclose(printed.EXAMPLE_LOSSES, [onehot, smoothed], atol=0.005)
    return Finding(
        "true" if right else "false",
        {
            "eps": eps,
            "share": 1 - eps,
            "u": 1 / len(p),
            "copied_u": len(p),
            "q": q.tolist(),
            "onehot": onehot,
            "smoothed": smoothed,
            "in_bits": [onehot / log(2), smoothed / log(2)],
            "uniform": float(uniform),
            "split": (1 - eps) * onehot + eps * float(uniform),
            "as_copied_in_bits": copied,
            "said": list(printed.EXAMPLE_LOSSES),
            "sum_of_copied_q": sum(printed.EXAMPLE_Q),
        },
    )


def optimum():
    """The logit gap at which the smoothed loss is least, for 5, 10 and 1000 classes, and that least loss."""
    eps, found = printed.LABEL_SMOOTHING, {}
    for classes in (5, 10, printed.CLASSES):
        gap = least(classes, eps)
        q_right, q_wrong = 1 - eps + eps / classes, eps / classes
        found[classes] = (
            gap,
            loss(gap, classes, eps)[0],
            abs(gap - (log(q_right / q_wrong) if eps else inf)),
        )
    p_right = 1 / (1 + (printed.CLASSES - 1) * exp(-found[printed.CLASSES][0]))
    without = [
        loss(gap, printed.CLASSES, 0.0)[1] < 0 for gap in (0, 10, 30)
    ]  # there the gap should always grow
    finite = max(error for _, _, error in found.values()) < 1e-6 and all(
        without
    )
    return Finding(
        "true" if finite else "false",
        {
            "eps": eps,
            "classes": list(found),
            "gaps": [gap for gap, _, _ in found.values()],
            "floors": [floor for _, floor, _ in found.values()],
            "p_right_of_1000": p_right,
            "p_wrong_of_1000": (1 - p_right) / (printed.CLASSES - 1),
        },
    )


def loss(gap, classes, eps):
    """The loss where the right logit is `gap` above all others, and its slope there."""
    logits = Tensor(np.eye(1, classes) * gap, requires_grad=True)
    value = functional.cross_entropy(logits, [0], label_smoothing=eps)
    value.backward()
    return value.item(), float(logits.grad[0, 0])


def least(classes, eps):
    """Bisection: the slope of the loss rises with the gap."""
    low, high = 0.0, 40.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if loss(middle, classes, eps)[1] < 0
            else (low, middle)
        )
    return (low + high) / 2
