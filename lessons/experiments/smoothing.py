"""What label smoothing does to a trained network's probabilities and logits: the same trainings with and without it."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
from short_training import BATCH, arguments, drawn, learn

from tinyinception import models
from tinyinception.course.results import keep

EPS = 0.1


def main() -> None:
    """Train, print and keep."""
    options, began = arguments(__doc__), time.monotonic()
    dataset = drawn(options.images)
    last = options.epochs * (len(dataset.train_images) // BATCH)
    build = partial(models.build, "googlenet_cifar")
    result = {
        "classes": len(dataset.classes),
        "eps": EPS,
        "without": [],
        "with": [],
    }
    for seed in range(options.seeds):
        for kind, eps in (("without", 0.0), ("with", EPS)):
            _, scores = learn(
                build,
                dataset,
                seed=seed,
                epochs=options.epochs,
                smoothing=eps,
                look_at=[last],
            )
            result[kind].append(facts(scores[last]))
            print(
                f"seed {seed}, {kind} smoothing: "
                + ", ".join(
                    f"{key} {value:.3f}"
                    for key, value in result[kind][-1].items()
                )
                + f"   ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
    print(f"written to {keep('smoothing', result, began)}")


def facts(scores) -> dict[str, float]:
    """On the test images; probabilities and logit gaps on those that are classified rightly."""
    logp, labels = (
        scores.log_probabilities[scores.correct].astype(np.float64),
        scores.labels[scores.correct],
    )
    right = logp[np.arange(len(labels)), labels]
    others = (logp.sum(axis=1) - right) / (logp.shape[1] - 1)
    return {
        "accuracy": scores.accuracy,
        "loss": scores.loss,
        "p_right": float(np.exp(right).mean()),
        "p_right_above_99": float((np.exp(right) > 0.99).mean()),
        "gap": float((right - others).mean()),
    }


if __name__ == "__main__":
    main()
