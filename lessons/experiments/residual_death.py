"""Small residual Inception networks of several widths, scales and learning rates: which of them die?

Lesson 18 shows the result. Writes lessons/results/residual_death.json; about three minutes on two cores.
"""

import argparse
import json
import os
import platform
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

from tinyinception import nn, optim
from tinyinception.data import Loader, drawn
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor, no_grad

RESULT = Path(__file__).parent.parent / "results" / "residual_death.json"
RATE = 0.045  # the paper's
WIDTHS = [
    (width, scale, RATE, 1, seed)
    for width in (32, 64, 128, 256, 512)
    for scale in (1, 0.3, 0.1)
    for seed in (0, 1)
]
RATES = [
    (256, scale, rate, 1, 0)
    for scale, rates in (
        (1, (0.01, 0.02, 0.09)),
        (0.3, (0.09, 0.18, 0.36)),
        (0.1, (0.18, 0.36, 0.72)),
    )
    for rate in rates
]
SMALL = [
    (width, 1, RATE, 0.1, 0) for width in (256, 512)
]  # not scaled, but every `up` begins ten times smaller


def build(width: int, scale: float, seed: int) -> nn.Sequential:
    """Three strided convolutions, six residual blocks on a 4x4 grid, a classifier: as in lesson 18."""
    nn.random.manual_seed(seed)
    unit, paths = nn.ConvUnit, {"one": [(32, 1)], "single": [(32, 1), (32, 3)]}
    stem = nn.Sequential(
        unit(3, 16, 3, stride=2),
        unit(16, 32, 3, stride=2),
        unit(32, width, 3, stride=2),
    )
    body = nn.Sequential(
        *(nn.ResidualInception(width, paths, scale=scale) for _ in range(6))
    )
    return nn.Sequential(stem=stem, body=body, head=nn.classifier(width, 10))


def curvature(net: nn.Sequential, images: np.ndarray) -> float:
    """Largest curvature of the loss in the classifier's weights, where all ten classes are equally probable."""
    with no_grad():
        features = (
            net["body"](net["stem"](Tensor(images))).numpy().mean(axis=(1, 2))
        )
    return float(
        np.linalg.eigvalsh(features.T @ features / len(features))[-1] / 10
    )


def run(
    width: int,
    scale: float,
    rate: float,
    start: float,
    seed: int,
    steps: int,
    loader: Loader,
) -> dict:
    """Train one network; its curvature at the start, and the loss, accuracy and zeros at the end."""
    net = build(width, scale, seed)
    for block in net["body"]:
        block.up.weight.data *= np.float32(start)
    batches = (
        batch for epoch in range(steps) for batch in loader.epoch(epoch)
    )
    first = next(loader.epoch(0))[0]
    bend = curvature(net, first)
    rmsprop = optim.RMSProp(
        net.named_parameters(), rate, decay=0.9, momentum=0.9, eps=1.0
    )
    losses, right, zeros = [], [], []
    for _, (images, labels) in zip(range(steps), batches, strict=False):
        last = net["body"](net["stem"](Tensor(images)))
        logits = net["head"](last)
        loss = cross_entropy(logits, labels)
        rmsprop.zero_grad()
        loss.backward()
        rmsprop.step()
        losses.append(loss.item())
        right.append(float((logits.numpy().argmax(axis=1) == labels).mean()))
        zeros.append(float((last.numpy() == 0).mean()))
    return {
        "width": width,
        "scale": scale,
        "rate": rate,
        "start": start,
        "seed": seed,
        "curvature": bend,
        "loss": float(np.mean(losses[-10:])),
        "accuracy": float(np.mean(right[-10:])),
        "zeros": float(np.mean(zeros[-10:])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--steps",
        type=int,
        default=100,
        help="training steps of each network (default: 100)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=RESULT,
        help="file to write (default: %(default)s)",
    )
    options = parser.parse_args()
    loader = Loader(
        *drawn.draw(4000),
        64,
        mean=drawn.MEAN,
        std=drawn.STD,
        shuffle=True,
        drop_last=True,
    )
    began, runs = time.monotonic(), []
    for case in WIDTHS + RATES + SMALL:
        runs.append(run(*case, options.steps, loader))
        print(
            ", ".join(
                f"{name} {value:.3g}" for name, value in runs[-1].items()
            ),
            file=sys.stderr,
            flush=True,
        )
    options.out.parent.mkdir(exist_ok=True)
    options.out.write_text(
        json.dumps(
            {
                "command": "python lessons/experiments/residual_death.py",
                "machine": machine(),
                "date": date.today().isoformat(),
                "seconds": round(time.monotonic() - began),
                "result": runs,
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )


def machine() -> str:
    """Cores and processor, as far as the system tells."""
    return (
        f"{len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()} cores, "
        f"{platform.machine()}"
    )


if __name__ == "__main__":
    main()
