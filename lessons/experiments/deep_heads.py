"""Train a deep plain network with and without an auxiliary classifier: by Glorot's weights, He's, with batch-norm.

Lesson 9 shows the result, lessons/results/deep_heads.json; about four minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np

from tinyinception import nn
from tinyinception.data import drawn
from tinyinception.models.network import Network
from tinyinception.nn.functional import cross_entropy
from tinyinception.nn.init import glorot
from tinyinception.optim import SGD
from tinyinception.tensor import Tensor

KINDS = [
    drawn.CLASSES.index(name) for name in ("disc", "cross", "stripes", "dots")
]
UNITS = {
    "Glorot": partial(nn.ConvUnit, norm=None, init=glorot()),
    "He": partial(nn.ConvUnit, norm=None),
    "batch-norm": nn.ConvUnit,
}
WIDTH = 16


def images(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Those of n drawn images that are of the four kinds, averaged over 2x2 pixels; and their labels."""
    pixels, labels = drawn.draw(n)
    keep = np.isin(labels, KINDS)
    small = (
        pixels[keep]
        .astype(np.float32)
        .reshape(-1, 16, 2, 16, 2, 3)
        .mean(axis=(2, 4))
    )
    return small / 64 - 2, np.searchsorted(KINDS, labels[keep])


def build(unit, depth: int, head: bool) -> Network:
    """So many 3x3 convolutions in a row, on 8x8 pixels; a head of the main classifier's kind half-way."""
    stages = {
        f"layer{i}": unit(WIDTH if i else 3, WIDTH, 3, stride=1 if i else 2)
        for i in range(depth)
    }
    stages["head"] = nn.classifier(WIDTH, len(KINDS))
    heads = (
        {f"layer{depth // 2 - 1}": nn.classifier(WIDTH, len(KINDS))}
        if head
        else {}
    )
    return Network(
        stages, channels=3, input_size=16, aux=heads, aux_weight=0.3
    )


def train(
    network: Network,
    x: np.ndarray,
    y: np.ndarray,
    lr: float,
    steps: int,
    seed: int,
) -> np.ndarray:
    """Accuracy on each batch, before the step that is made on it: steps x 1, or x 2 with the auxiliary classifier."""
    optimizer, order, right = (
        SGD(network.named_parameters(), lr, momentum=0.9),
        np.random.default_rng(seed),
        [],
    )
    for _ in range(steps):
        pick = order.choice(len(x), 32, replace=False)
        optimizer.zero_grad()
        logits, aux = network(Tensor(x[pick]))
        loss = cross_entropy(logits, y[pick])
        for side in aux:
            loss = loss + network.aux_weight * cross_entropy(side, y[pick])
        loss.backward()
        optimizer.step()
        right.append(
            [
                (one.numpy().argmax(axis=1) == y[pick]).mean()
                for one in (logits, *aux)
            ]
        )
    return np.array(right)


def main() -> None:
    """Run all trainings and write the result."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--steps",
        type=int,
        default=900,
        help="steps of each training (default 900)",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=4,
        help="trainings of each kind (default 4)",
    )
    parser.add_argument(
        "--depth",
        type=int,
        default=12,
        help="convolutions in a row (default 12)",
    )
    parser.add_argument(
        "--lr", type=float, default=0.05, help="learning rate (default 0.05)"
    )
    options = parser.parse_args()
    began, curves, side = time.monotonic(), {}, {}
    x, y = images(9000)
    for name, unit in UNITS.items():
        for head in (False, True):
            for seed in range(options.seeds):
                nn.random.manual_seed(seed)
                right = train(
                    build(unit, options.depth, head),
                    x,
                    y,
                    options.lr,
                    options.steps,
                    seed,
                )
                means = [
                    right[i : i + 50].mean(axis=0).round(4).tolist()
                    for i in range(0, options.steps, 50)
                ]
                curves.setdefault(
                    f"{name}, {'head' if head else 'no head'}", []
                ).append([mean[0] for mean in means])
                if head:
                    side.setdefault(name, []).append(
                        [mean[1] for mean in means]
                    )
                print(
                    f"{name:10} {'head' if head else 'no head':8} seed {seed}: the last 50 steps "
                    + ", ".join(f"{mean:.0%}" for mean in means[-1]),
                    flush=True,
                )
    record = {
        "command": " ".join(
            ["python", "lessons/experiments/deep_heads.py", *sys.argv[1:]]
        ),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "date": date.today().isoformat(),
        "seconds": round(time.monotonic() - began),
        "result": {
            **vars(options),
            "every": 50,
            "curves": curves,
            "auxiliary": side,
        },
    }
    path = Path(__file__).parent.parent / "results" / "deep_heads.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"written: {path}")


if __name__ == "__main__":
    main()
