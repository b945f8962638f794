"""Small networks with a bottleneck early or late, and of equal cost but different depth: how well do they learn?

Lesson 21 shows the result. Writes lessons/results/principles.json; about three minutes on two cores.
"""

import argparse
import json
import os
import platform
import sys
import time
from datetime import date
from pathlib import Path

from tinyinception import nn, optim
from tinyinception.count import summary
from tinyinception.data import Loader, drawn
from tinyinception.judge.scores import score
from tinyinception.models.network import Network
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor

RESULT = Path(__file__).parent.parent / "results" / "principles.json"
BUDGET = 2_000_000  # multiply-adds of the layers between stem and classifier
FACTOR = 16  # by which a bottleneck narrows


def bottlenecked(where: str) -> Network:
    """A small network, narrowed to a sixteenth of its channels after the first module ("early"), the second, or not."""

    def squeeze(channels: int, here: bool) -> dict[str, nn.Module]:
        narrow = [(channels // FACTOR, 1), (channels, 1)]
        return (
            {f"squeeze_{channels}": nn.chain(channels, narrow)} if here else {}
        )

    stages = {
        "stem": nn.Sequential(
            nn.ConvUnit(3, 16, 5, stride=2), nn.ConvUnit(16, 32, 3)
        ),
        **squeeze(32, where == "early"),
        "pool": nn.MaxPool2d(3, stride=2, padding="same"),
        "mixed": nn.inception(
            32, n1=16, r3=16, n3=32, r5=8, n5=8, pool_proj=8
        ),
        "reduce": nn.grid_reduction(64, [(64, 3)], padding="same"),
        **squeeze(128, where == "late"),
        "head": nn.classifier(128, 10),
    }
    return Network(stages, channels=3, input_size=32)


def deep(depth: int) -> Network:
    """So many 3x3 convolutions on an 8x8 grid, as wide as the budget allows."""

    def cost(width: int) -> int:
        return 64 * 9 * (32 * width + (depth - 1) * width * width)

    width = max(w for w in range(1, 200) if cost(w) <= BUDGET)
    stages = {
        "stem": nn.Sequential(
            nn.ConvUnit(3, 16, 5, stride=2), nn.ConvUnit(16, 32, 3, stride=2)
        ),
        "body": nn.chain(32, [(width, 3)] * depth),
        "head": nn.classifier(width, 10),
    }
    network = Network(stages, channels=3, input_size=32)
    network.width = width
    return network


def accuracy(network: Network, seed: int, steps: int) -> float:
    """Train by SGD with momentum 0.9 and a triangular rate; the share of 2,000 test images that come out right."""
    sgd, rate = (
        optim.SGD(
            network.named_parameters(), 0.1, momentum=0.9, nesterov=True
        ),
        optim.Triangular(0.1, steps, steps // 4),
    )
    normal = {"mean": drawn.MEAN, "std": drawn.STD}
    loader = Loader(
        *drawn.draw(10_000),
        64,
        shuffle=True,
        drop_last=True,
        seed=seed,
        **normal,
    )
    batches = (
        batch for epoch in range(steps) for batch in loader.epoch(epoch)
    )
    for step, (images, labels) in zip(range(steps), batches, strict=False):
        sgd.lr = rate(step)
        loss = cross_entropy(network(Tensor(images)).logits, labels)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    return score(
        network, Loader(*drawn.draw(2_000, split="test"), 250, **normal)
    ).accuracy


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--steps",
        type=int,
        default=400,
        help="training steps of each network (default: 400)",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=3,
        help="networks of each kind (default: 3)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=RESULT,
        help="file to write (default: %(default)s)",
    )
    options = parser.parse_args()
    began, rows = time.monotonic(), []
    cases = [("bottleneck", where) for where in ("none", "early", "late")]
    cases += [("depth", depth) for depth in (1, 2, 4, 8, 16)]
    for kind, case in cases:
        found = []
        for seed in range(options.seeds):
            nn.random.manual_seed(seed)
            network = (
                bottlenecked(case) if kind == "bottleneck" else deep(case)
            )
            found.append(accuracy(network, seed, options.steps))
        rows.append(
            {
                kind: case,
                "width": getattr(network, "width", None),
                "macs": summary(network, 32).macs,
                "accuracy": found,
            }
        )
        print(rows[-1], file=sys.stderr, flush=True)
    cores = (
        len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count()
    )
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(
        json.dumps(
            {
                "command": "python lessons/experiments/principles.py",
                "machine": f"{cores} cores, {platform.machine()}",
                "date": date.today().isoformat(),
                "seconds": round(time.monotonic() - began),
                "result": rows,
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
