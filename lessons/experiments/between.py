"""One 5x5, or two 3x3 with nothing, batch-norm, or batch-norm and ReLU between: the paper's Figure 2 on a small scale.

Lesson 11 shows the result, lessons/results/between.json; about four minutes on one core.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.results import keep
from tinyinception.data import drawn
from tinyinception.kernels.jit import set_threads
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD
from tinyinception.tensor import Tensor, no_grad

FIRST = {  # how the first of two 3x3 is followed; the second always has batch-norm and ReLU
    "one 5x5": None,
    "two 3x3, nothing between": partial(
        nn.ConvUnit, norm=None, relu=False, bias=False
    ),
    "two 3x3, batch-norm between": partial(nn.ConvUnit, relu=False),
    "two 3x3, batch-norm and ReLU between": nn.ConvUnit,
}
WIDTHS = (16, 16, 32, 32)
TRAIN, BATCH, RATE = 5000, 64, 0.2


def build(kind: str) -> nn.Module:
    """Four places of 5x5 pixels on 16x16 and 8x8 grids, and a classifier; the middle is as wide as the output."""
    layers, width, first = [], 3, FIRST[kind]
    for place, n in enumerate(WIDTHS):
        if first is None:
            layers.append(nn.ConvUnit(width, n, 5))
        else:
            layers += [first(width, n, 3), nn.ConvUnit(n, n, 3)]
        if place == 1:
            layers.append(nn.MaxPool2d(2))
        width = n
    return nn.Sequential(*layers, nn.classifier(width, 10))


def images(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Drawn images, averaged over 2x2 pixels, and their labels."""
    pixels, labels = drawn.draw(n)
    blocks = pixels.astype(np.float32).reshape(-1, 16, 2, 16, 2, 3)
    return blocks.mean(axis=(2, 4)) / 64 - 2, labels


def train(network, x, y, steps: int, seed: int) -> None:
    """Gradient descent with momentum, whose rate falls to zero."""
    optimizer = SGD(network.named_parameters(), RATE, momentum=0.9)
    order = np.random.default_rng(seed)
    for step in range(steps):
        optimizer.lr = RATE * (1 - step / steps)
        pick = order.choice(len(x), BATCH, replace=False)
        optimizer.zero_grad()
        cross_entropy(network(Tensor(x[pick])), y[pick]).backward()
        optimizer.step()


def main() -> None:
    """Train, print and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=4, help="of each")
    parser.add_argument("--steps", type=int, default=400, help="of each")
    options, began = parser.parse_args(), time.monotonic()
    set_threads(1)
    x, y = images(TRAIN + 2000)
    result = {}
    for kind in FIRST:
        with nn.shape_only():
            counts = summary(build(kind), 16, channels=3)
        found = {"params": counts.params, "macs": counts.macs, "accuracy": []}
        for seed in range(options.seeds):
            nn.random.manual_seed(seed)
            network = build(kind)
            train(network, x[:TRAIN], y[:TRAIN], options.steps, seed)
            network.eval()
            with no_grad():
                logits = network(Tensor(x[TRAIN:])).numpy()
            found["accuracy"].append(
                float((logits.argmax(axis=1) == y[TRAIN:]).mean())
            )
        result[kind] = found
        print(
            f"{kind}: {counts.macs:,} multiply-adds "
            + " ".join(f"{a:.1%}" for a in found["accuracy"])
            + f"   ({time.monotonic() - began:.0f} s)",
            flush=True,
        )
        path = keep("between", result, began)
    print(f"written to {path}")


if __name__ == "__main__":
    main()
