"""Does a second classifier half-way help a deep plain network to learn, and does it narrow the gap to new images?

With batch-norm at one learning rate, and without it but with He's weights at two. Lesson 9 shows the result,
lessons/results/deep_heads.json; about twenty minutes on one core.
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
from tinyinception.models.network import Network
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD
from tinyinception.tensor import Tensor, no_grad

KINDS = [
    drawn.CLASSES.index(name) for name in ("disc", "cross", "stripes", "dots")
]
UNITS = {  # how a convolution is made and followed, and learning rates
    "batch-norm": (nn.ConvUnit, (0.05,)),
    "He": (partial(nn.ConvUnit, norm=None), (0.05, 0.02)),
}
DEPTH, WIDTH, BATCH, TRAIN = 12, 16, 32, 1000


def images(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Those of n drawn images that are of the four kinds, averaged over 2x2 pixels; and their labels."""
    pixels, labels = drawn.draw(n)
    keep = np.isin(labels, KINDS)
    blocks = pixels[keep].astype(np.float32).reshape(-1, 16, 2, 16, 2, 3)
    small = blocks.mean(axis=(2, 4))
    return small / 64 - 2, np.searchsorted(KINDS, labels[keep])


def build(unit, head: bool) -> Network:
    """3x3 convolutions in a row, on 8x8 pixels; a head of the main classifier's kind half-way."""
    stages = {
        f"layer{i}": unit(WIDTH if i else 3, WIDTH, 3, stride=1 if i else 2)
        for i in range(DEPTH)
    }
    stages["head"] = nn.classifier(WIDTH, len(KINDS))
    heads = (
        {f"layer{DEPTH // 2 - 1}": nn.classifier(WIDTH, len(KINDS))}
        if head
        else {}
    )
    return Network(
        stages, channels=3, input_size=16, aux=heads, aux_weight=0.3
    )


def train(network, x, y, lr, steps, seed) -> list[float]:
    """The main classifier's accuracy on each batch, before the step that is made on it."""
    optimizer = SGD(network.named_parameters(), lr, momentum=0.9)
    order, right = np.random.default_rng(seed), []
    with np.errstate(all="ignore"):  # a rate too high may overflow
        for _ in range(steps):
            pick = order.choice(len(x), BATCH, replace=False)
            optimizer.zero_grad()
            logits, aux = network(Tensor(x[pick]))
            loss = cross_entropy(logits, y[pick])
            for side in aux:
                loss = loss + network.aux_weight * cross_entropy(side, y[pick])
            loss.backward()
            optimizer.step()
            right.append(
                float((logits.numpy().argmax(axis=1) == y[pick]).mean())
            )
    return right


def accuracy(network, x, y) -> float:
    """Of the main classifier, in evaluation."""
    network.eval()
    with no_grad(), np.errstate(all="ignore"):
        logits = network(Tensor(x))[0]
    return float((logits.numpy().argmax(axis=1) == y).mean())


def main() -> None:
    """Run all trainings and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--steps", type=int, default=500, help="of each")
    parser.add_argument("--seeds", type=int, default=3, help="of each")
    options, began = parser.parse_args(), time.monotonic()
    set_threads(1)
    x, y = images(9000)
    data = (x[:TRAIN], y[:TRAIN]), (x[TRAIN:], y[TRAIN:])
    result = {"every": 50, "images": [len(part[0]) for part in data]}
    for name, (unit, rates) in UNITS.items():
        for lr in rates:
            for head in (False, True):
                found = {"curves": [], "train": [], "test": []}
                for seed in range(options.seeds):
                    nn.random.manual_seed(seed)
                    network = build(unit, head)
                    right = train(network, *data[0], lr, options.steps, seed)
                    means = np.reshape(right, (-1, 50)).mean(axis=1)
                    found["curves"].append(means.round(4).tolist())
                    found["train"].append(accuracy(network, *data[0]))
                    found["test"].append(accuracy(network, *data[1]))
                kind = "head" if head else "no head"
                result.setdefault(name, {}).setdefault(kind, {})[str(lr)] = (
                    found
                )
                print(
                    f"{name:10} {kind:8} rate {lr}: train / test "
                    + "  ".join(
                        f"{a:.0%}/{b:.0%}"
                        for a, b in zip(
                            found["train"], found["test"], strict=True
                        )
                    )
                    + f"   ({time.monotonic() - began:.0f} s)",
                    flush=True,
                )
                path = keep("deep_heads", result, began)
    print(f"written to {path}")


if __name__ == "__main__":
    main()
