"""Does an auxiliary classifier speed up the beginning of training, or raise its end? With batch-norm and without.

The same network, first weights and batches twice: with the auxiliary loss, and with its weight set to zero.
"""

from __future__ import annotations

import time
from functools import partial

import numpy as np
from short_training import BATCH, arguments, drawn, learn, loss

from tinyinception import models, nn
from tinyinception.course.results import keep

WEIGHT = 0.3  # GoogLeNet's
PARTS = (
    0.08,
    0.17,
    0.33,
    0.5,
    0.67,
    1.0,
)  # of the training, after which the test images are classified
NETWORKS = {  # name: (how a convolution is followed, the highest learning rate)
    "batch-norm": (nn.ConvUnit, 0.1),
    "no batch-norm": (partial(nn.ConvUnit, norm=None), 0.02),
}


def main() -> None:
    """Train, print and keep."""
    options, began = arguments(__doc__.splitlines()[0]), time.monotonic()
    dataset = drawn(options.images)
    steps = options.epochs * (len(dataset.train_images) // BATCH)
    look_at = [max(1, round(part * steps)) for part in PARTS]
    result = {"steps": look_at}
    for name, (unit, lr) in NETWORKS.items():
        build = partial(models.build, "googlenet_cifar", unit=unit)
        found = {
            "without": [],
            "with": [],
            "stem_gradient_without": [],
            "stem_gradient_with": [],
        }
        for seed in range(options.seeds):
            for kind, weight in (("without", 0.0), ("with", WEIGHT)):
                found[f"stem_gradient_{kind}"].append(
                    stem_gradient(build, dataset, seed, weight)
                )
                _, scores = learn(
                    build,
                    dataset,
                    seed=seed,
                    epochs=options.epochs,
                    lr=lr,
                    aux_weight=weight,
                    look_at=look_at,
                )
                found[kind].append([scores[step].accuracy for step in look_at])
                print(
                    f"{name}, seed {seed}, {kind} auxiliary loss: "
                    + " ".join(
                        f"{accuracy:.1%}" for accuracy in found[kind][-1]
                    )
                    + f"   ({time.monotonic() - began:.0f} s)",
                    flush=True,
                )
        result[name] = found
    print(f"written to {keep('auxiliary', result, began)}")


def stem_gradient(build, dataset, seed: int, weight: float) -> float:
    """Norm of the gradient that reaches the first convolution before any training, on 250 images."""
    nn.random.manual_seed(seed)
    network = build()
    images, labels = next(iter(dataset.loader("test", 250).epoch(0)))
    loss(network, images, labels, aux_weight=weight).backward()
    return float(np.linalg.norm(network.stem.conv.conv.weight.grad))


if __name__ == "__main__":
    main()
