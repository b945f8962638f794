"""Which learning rates does a small network survive, with batch-norm and without, and how fast does it learn?

Lesson 10 shows the result, lessons/results/norm_rates.json; about five minutes on one core.
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np

from tinyinception import nn
from tinyinception.course.results import keep
from tinyinception.data import drawn
from tinyinception.kernels.jit import set_threads
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD
from tinyinception.tensor import Tensor

KINDS = [
    drawn.CLASSES.index(name) for name in ("disc", "cross", "stripes", "dots")
]
UNITS = {"without": partial(nn.ConvUnit, norm=None), "with": nn.ConvUnit}
RATES = {
    "without": (0.03, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0),
    "with": (0.03, 0.1, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0),
}
LONG = (("without", 0.3), ("with", 0.3), ("with", 1.0))
GOAL = 0.6  # of the images of the last 50 steps


def take(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Those of n drawn images that are of the four kinds, averaged over 2x2 pixels; and their labels."""
    pixels, labels = drawn.draw(n)
    keep = np.isin(labels, KINDS)
    blocks = pixels[keep].astype(np.float32).reshape(-1, 16, 2, 16, 2, 3)
    small = blocks.mean(axis=(2, 4))
    return small / 64 - 2, np.searchsorted(KINDS, labels[keep])


def build(unit) -> nn.Module:
    """Six convolutions on 16x16 pixels and a classifier."""
    return nn.Sequential(
        unit(3, 16, 3, stride=2),
        unit(16, 16, 3),
        unit(16, 16, 3),
        unit(16, 32, 3, stride=2),
        unit(32, 32, 3),
        unit(32, 32, 3),
        nn.classifier(32, 4),
    )


def train(unit, lr: float, seed: int, steps: int, data) -> tuple[list, list]:
    """Accuracy on each batch before its step, and the norm of all kernels together after every tenth."""
    images, labels = data
    nn.random.manual_seed(seed)
    order, network = np.random.default_rng(seed), build(unit)
    optimizer, right, norms = SGD(network.named_parameters(), lr), [], []
    kernels = [p for _, p in network.named_parameters() if p.data.ndim == 4]
    with np.errstate(all="ignore"):  # some end in infinity, as they should
        for step in range(steps):
            if step % 10 == 0:
                norms.append(
                    float(
                        np.sqrt(
                            sum(
                                (p.data.astype(float) ** 2).sum()
                                for p in kernels
                            )
                        )
                    )
                )
            pick = order.choice(len(images), 64, replace=False)
            logits = network(Tensor(images[pick]))
            optimizer.zero_grad()
            cross_entropy(logits, labels[pick]).backward()
            optimizer.step()
            right.append(
                float((logits.numpy().argmax(axis=1) == labels[pick]).mean())
            )
    return right, norms


def first_at(right: list, goal: float) -> int | None:
    """The first step at which the mean of the last 50 accuracies is at the goal."""
    means = np.convolve(right, np.ones(50) / 50, mode="valid")
    there = np.flatnonzero(means >= goal)
    return int(there[0]) + 50 if len(there) else None


def main() -> None:
    """Train, print and keep."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--seeds", type=int, default=3, help="of each")
    parser.add_argument("--steps", type=int, default=200, help="of each")
    parser.add_argument("--long", type=int, default=700, help="of the long")
    options, began = parser.parse_args(), time.monotonic()
    set_threads(1)
    data = take(9000)
    result = {"final": {}, "norms": {}, "curves": {}, "steps_to_goal": {}}
    for name, rates in RATES.items():
        for lr in rates:
            key = f"{name} {lr}"
            long = (name, lr) in LONG
            for seed in range(options.seeds):
                right, norms = train(
                    UNITS[name],
                    lr,
                    seed,
                    options.long if long else options.steps,
                    data,
                )
                last = float(np.mean(right[: options.steps][-50:]))
                result["final"].setdefault(key, []).append(last)
                result["norms"].setdefault(key, []).append(
                    [n if np.isfinite(n) else None for n in norms]
                )
                if long:
                    means = np.reshape(right, (-1, 10)).mean(axis=1)
                    result["curves"].setdefault(key, []).append(
                        means.round(4).tolist()
                    )
                    result["steps_to_goal"].setdefault(key, []).append(
                        first_at(right, GOAL)
                    )
            print(
                f"{name:8} rate {lr}: "
                + " ".join(f"{a:.0%}" for a in result["final"][key])
                + f"   ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
    print(f"written to {keep('norm_rates', result, began)}")


if __name__ == "__main__":
    main()
