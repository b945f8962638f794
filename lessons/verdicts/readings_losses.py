"""Verdicts on the readings' claims about losses, gradients and clipping: computed with the package's own."""

import numpy as np

from tinyinception.course import stored
from tinyinception.course.claims import Finding, beside
from tinyinception.errors import ArgumentError
from tinyinception.nn import functional
from tinyinception.nn.parameter import Parameter
from tinyinception.optim import SGD, clip_grad_norm
from tinyinception.tensor import Tensor

printed = beside("printed")


def copied_labels():
    """Whether the walk's smoothed labels are a distribution, and whether the package's loss takes them."""
    p, label, eps = (
        np.array(printed.EXAMPLE_P),
        printed.EXAMPLE_CLASS,
        printed.EXAMPLE_EPS,
    )
    q = (1 - eps) * (np.arange(len(p)) == label) + eps / len(p)
    try:
        functional.cross_entropy(
            Tensor(np.log(p)[None]), np.array([printed.EXAMPLE_Q])
        )
        refused = False
    except ArgumentError:
        refused = True
    return Finding(
        "true" if np.allclose(printed.EXAMPLE_Q, q) else "false",
        {
            "sums": [sum(printed.EXAMPLE_Q), float(q.sum())],
            "u": 1 / len(p),
            "q": q.tolist(),
            "refused": refused,
        },
    )


def gradient(logits, label, eps):
    """The loss and its gradient with respect to one image's logits."""
    z = Tensor(logits[None], requires_grad=True)
    loss = functional.cross_entropy(z, np.array([label]), label_smoothing=eps)
    loss.backward()
    return loss.item(), z.grad[0]


def pushes_up(start=0.99):
    """Gradient descent on five logits from p = .99 for the right class, with smoothing: where does it take p?

    Beside it, measured: the probability of the right class in trained networks, without and with smoothing.
    """
    eps, p = printed.EXAMPLE_EPS, np.array([start] + [(1 - start) / 4] * 4)
    z = np.log(p)
    first, slope = gradient(z, 0, eps)
    for _ in range(3000):
        z = z - gradient(z, 0, eps)[1]
    end, probabilities = gradient(z, 0, eps)[0], np.exp(z) / np.exp(z).sum()
    runs = stored("smoothing", quiet=True)
    mean = {
        key: [
            float(np.mean([run[key] for run in runs[kind]]))
            for kind in ("without", "with")
        ]
        for key in ("p_right", "p_right_above_99", "gap")
    }
    computed, measured = (
        bool(probabilities[0] > p[0]),
        mean["p_right"][1] > mean["p_right"][0],
    )
    return Finding(
        "unclear" if computed != measured else "true" if computed else "false",
        {
            "classes": len(p),
            "start": start,
            "seeds": len(runs["with"]),
            "slope_at_99": float(slope[0]),
            "slopes_at_half": [
                float(gradient(np.log([0.5] + [0.125] * 4), 0, e)[1][0])
                for e in (0.0, eps)
            ],
            "change_measured": mean["p_right"][1] - mean["p_right"][0],
            "loss_at_99": first,
            "ends_at": float(probabilities[0]),
            "least_loss": end,
            "measured_p_right": mean["p_right"],
            "measured_above_99": mean["p_right_above_99"],
            "measured_gap": mean["gap"],
        },
    )


def alone(logits, label, eps):
    """The loss that does look at one class only: minus the logarithm of a sigmoid of its logit; and its gradient."""
    return float(np.log1p(np.exp(-logits[label]))), -np.eye(len(logits))[
        label
    ] / (1 + np.exp(logits[label]))


def wrong_classes(coupled=True):
    """The gradient of a plain cross-entropy, by autograd and by differences, and probabilities after one step.

    coupled: by a softmax; otherwise each class has its own sigmoid.
    """
    loss = gradient if coupled else alone
    p, label = np.array(printed.EXAMPLE_P), printed.EXAMPLE_CLASS
    z, h = np.log(p), 1e-5
    slope = loss(z, label, 0.0)[1]
    differences = [
        (loss(z + h * e, label, 0.0)[0] - loss(z - h * e, label, 0.0)[0])
        / (2 * h)
        for e in np.eye(len(p))
    ]
    after = np.exp(z - slope) / np.exp(z - slope).sum()
    wrong = np.arange(len(p)) != label
    ignores = bool(np.allclose(slope[wrong], 0))
    return Finding(
        "true" if ignores else "false",
        {
            "gradient": slope.tolist(),
            "largest_change_of_wrong": float((after[wrong] - p[wrong]).max()),
            "differences_agree": bool(
                np.allclose(slope, differences, rtol=0, atol=1e-8)
            ),
            "probabilities_after_a_step": after.tolist(),
        },
    )


def clipping():
    """1,000 steps on a gradient of norm 50 that always points the same way, clipped as for Inception-v3."""
    weight, limit, norms = Parameter(np.zeros((3, 4))), printed.V3_CLIP, []
    optimizer = SGD([("weight", weight)], printed.V3_LR)
    for _ in range(1000):
        weight.grad = np.full((3, 4), 50 / np.sqrt(12))
        before = clip_grad_norm(optimizer.parameters, limit)
        norms.append(float(np.linalg.norm(weight.grad)))
        optimizer.step()
    reached = float(np.linalg.norm(weight.data))
    return Finding(
        "true" if reached <= limit else "false",
        {
            "gradient_norm": [before, max(norms)],
            "steps": len(norms),
            "rate": printed.V3_LR,
            "limit": limit,
            "weight_norm": reached,
        },
    )
