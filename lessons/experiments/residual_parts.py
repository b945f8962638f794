"""Unscaled residual networks in which one part learns slowly or not at all: which part kills them?

Lesson 18 shows the result. Writes lessons/results/residual_parts.json; a few minutes on two idle cores.
"""

import time

import numpy as np

from tinyinception import nn, optim
from tinyinception.course.results import keep
from tinyinception.data import Loader, drawn
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor

RATE, STEPS = 0.045, 100
# the factor by which each part's learning rate is multiplied: stem, residual blocks, classifier
CASES = {
    "nothing": (1, 1, 1),
    "classifier x 0.1": (1, 1, 0.1),
    "classifier frozen": (1, 1, 0),
    "blocks x 0.1": (1, 0.1, 1),
    "blocks frozen": (1, 0, 1),
}


def build(width: int, seed: int) -> nn.Sequential:
    """Three strided convolutions, six unscaled residual blocks on a 4x4 grid, a classifier: as in lesson 18."""
    nn.random.manual_seed(seed)
    unit, paths = nn.ConvUnit, {"one": [(32, 1)], "single": [(32, 1), (32, 3)]}
    stem = nn.Sequential(
        unit(3, 16, 3, stride=2),
        unit(16, 32, 3, stride=2),
        unit(32, width, 3, stride=2),
    )
    body = nn.Sequential(
        *(nn.ResidualInception(width, paths, scale=1) for _ in range(6))
    )
    return nn.Sequential(stem=stem, body=body, head=nn.classifier(width, 10))


def run(width: int, factors: tuple, seed: int) -> dict:
    """Train one network, each part at its own rate; loss, accuracy, zeros and features at the end."""
    net = build(width, seed)
    optimizers = [
        optim.RMSProp(
            net[part].named_parameters(),
            RATE * factor,
            decay=0.9,
            momentum=0.9,
            eps=1.0,
        )
        for part, factor in zip(("stem", "body", "head"), factors, strict=True)
        if factor
    ]
    loader = Loader(
        *drawn.draw(4000),
        64,
        mean=drawn.MEAN,
        std=drawn.STD,
        shuffle=True,
        drop_last=True,
        seed=seed,
    )
    batches = (b for epoch in range(STEPS) for b in loader.epoch(epoch))
    log = []
    for _, (images, labels) in zip(range(STEPS), batches, strict=False):
        last = net["body"](net["stem"](Tensor(images)))
        logits = net["head"](last)
        loss = cross_entropy(logits, labels)
        net.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        right = np.mean(logits.numpy().argmax(axis=1) == labels)
        log.append(
            (
                loss.item(),
                right,
                np.mean(last.numpy() == 0),
                last.numpy().mean(),
            )
        )
    log = np.array(log, float)
    end = log[-10:].mean(axis=0)
    return {
        "width": width,
        "seed": seed,
        "highest_loss": round(float(log[:, 0].max()), 2),
        "loss": round(float(end[0]), 3),
        "accuracy": round(float(end[1]), 3),
        "zeros": round(float(end[2]), 3),
        "feature": round(float(end[3]), 4),
    }


def main() -> None:
    began, runs = time.monotonic(), []
    for width in (256, 32):
        for case, factors in CASES.items():
            for seed in range(3):
                runs.append({"slowed": case, **run(width, factors, seed)})
                print(runs[-1], flush=True)
    keep("residual_parts", runs, began)


if __name__ == "__main__":
    main()
