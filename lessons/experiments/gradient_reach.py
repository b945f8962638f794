"""How much gradient reaches each stage of the untrained GoogLeNet, with its auxiliary classifiers and without.

The norm of the gradient of a stage's kernels over the norm of the kernels, on a few drawn images scaled up to 224x224.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from short_training import drawn, loss

from tinyinception import models, nn
from tinyinception.course.results import keep

WEIGHT = 0.3


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--seeds", type=int, default=3, help="draws of the weights"
    )
    parser.add_argument(
        "--images", type=int, default=16, help="drawn images in the one batch"
    )
    options, began = parser.parse_args(), time.monotonic()
    images, labels = next(
        iter(drawn(options.images).loader("test", options.images).epoch(0))
    )
    images = images.repeat(7, axis=1).repeat(7, axis=2)
    result = {"without": {}, "with": {}}
    for seed in range(options.seeds):
        for kind, weight in (("without", 0.0), ("with", WEIGHT)):
            for stage, share in reach(seed, images, labels, weight).items():
                result[kind].setdefault(stage, []).append(share)
            print(
                f"seed {seed}, {kind} auxiliary classifiers: "
                + " ".join(
                    f"{stage.removeprefix('inception_')} {shares[-1]:.1e}"
                    for stage, shares in result[kind].items()
                )
                + f"   ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
    print(f"written to {keep('gradient_reach', result, began)}")


def reach(
    seed: int, images: np.ndarray, labels: np.ndarray, aux_weight: float
) -> dict[str, float]:
    """By stage: norm of the kernels' gradient over the kernels' norm. Dropout is off, so that nothing else differs."""
    nn.random.manual_seed(seed)
    network = models.build("googlenet", num_classes=10)
    for _, module in network.named_modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    loss(network, images, labels, aux_weight=aux_weight).backward()
    shares = {}
    for stage in network.stages:
        kernels = [
            p
            for _, p in getattr(network, stage).named_parameters()
            if p.data.ndim == 4
        ]
        if kernels:
            square = [
                sum(
                    float((array.astype(np.float64) ** 2).sum())
                    for array in arrays
                )
                for arrays in (
                    [p.grad for p in kernels],
                    [p.data for p in kernels],
                )
            ]
            shares[stage] = float(np.sqrt(square[0] / square[1]))
    return shares


if __name__ == "__main__":
    main()
