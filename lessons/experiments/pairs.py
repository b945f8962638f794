"""What does a 1x3 and a 3x1 do to a small network: is it the kernels, or the second ReLU that comes with them?

Beside lessons/experiments/asymmetric.py: the same network with pairs that have nothing between, with two 3x3, and with
a 7x7 and its pairs on the middle grid, where the paper has them. Lesson 12 shows lessons/results/pairs.json; about six
minutes on two cores.
"""

from __future__ import annotations

import time
from functools import partial

from asymmetric import GRIDS
from short_training import BATCH, arguments, drawn, learn

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course.results import keep
from tinyinception.models.network import Network

linear = partial(nn.ConvUnit, norm=None, relu=False, bias=False)


def layers(kind: str, width: int, n: int, k: int) -> list:
    """What stands in the place of one n x n convolution."""
    if kind == "square":
        return [nn.ConvUnit(width, k, n)]
    if kind == "two squares":
        return [nn.ConvUnit(width, k, n), nn.ConvUnit(k, k, n)]
    first = linear if kind == "linear pair" else nn.ConvUnit
    return [first(width, k, (1, n)), nn.ConvUnit(k, k, (n, 1))]


def network(kind: str, side: int, n: int = 3) -> Network:
    """Two convolutions on each of three grids; those on the grid `side` are n x n, or what `kind` says."""
    stages, width = {}, 3
    for grid, widths in GRIDS.items():
        row = []
        for k in widths:
            here = grid == side
            row += layers(
                kind if here else "square", width, n if here else 3, k
            )
            width = k
        stages[f"grid_{grid}"] = nn.Sequential(*row)
        if grid > 8:
            stages[f"pool_{grid}"] = nn.MaxPool2d(3, stride=2, padding="same")
    stages["head"] = nn.classifier(width, 10)
    return Network(stages, channels=3, input_size=32)


ARMS = [
    *(("linear pair", side, 3) for side in GRIDS),
    ("two squares", 8, 3),
    ("square", 16, 7),
    ("pair", 16, 7),
    ("linear pair", 16, 7),
]


def main() -> None:
    """Train, print and keep."""
    options, began = arguments(__doc__.splitlines()[0]), time.monotonic()
    dataset = drawn(options.images)
    last = options.epochs * (len(dataset.train_images) // BATCH)
    result = {}
    for kind, side, n in ARMS:
        with nn.shape_only():
            counts = summary(network(kind, side, n), 32)
        found = {"params": counts.params, "macs": counts.macs, "accuracy": []}
        for seed in range(options.seeds):
            _, scores = learn(
                partial(network, kind, side, n),
                dataset,
                seed=seed,
                epochs=options.epochs,
                look_at=[last],
            )
            found["accuracy"].append(scores[last].accuracy)
        result[f"{kind} {n}x{n} on {side}"] = found
        print(
            f"{kind} for {n}x{n} on {side}x{side}: {counts.macs:,} "
            + " ".join(f"{a:.1%}" for a in found["accuracy"])
            + f"   ({time.monotonic() - began:.0f} s)",
            flush=True,
        )
        path = keep("pairs", result, began)
    print(f"written to {path}")


if __name__ == "__main__":
    main()
