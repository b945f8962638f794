"""Averaged weights: which batch-norm statistics they need, and how they compare with a learning rate that falls."""

from __future__ import annotations

import argparse
import time

import numpy as np

from tinyinception import nn
from tinyinception.course import learn
from tinyinception.course.results import keep
from tinyinception.data import drawn
from tinyinception.optim import SGD, RunningAverage
from tinyinception.tensor import Tensor, no_grad

KINDS = [
    drawn.CLASSES.index(name) for name in ("disc", "cross", "stripes", "dots")
]
STEPS, LR, DECAY = 400, 0.1, 0.98


def take(n: int, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Those of n drawn images that are of four kinds, averaged over 2x2 pixels; and their labels."""
    raw, kinds = drawn.draw(n, split=split)
    chosen = np.isin(kinds, KINDS)
    small = (
        raw[chosen]
        .astype(np.float32)
        .reshape(-1, 16, 2, 16, 2, 3)
        .mean(axis=(2, 4))
    )
    return small / 64 - 2, np.searchsorted(KINDS, kinds[chosen])


def small_network() -> nn.Module:
    return nn.Sequential(
        nn.ConvUnit(3, 16, 3, stride=2),
        nn.ConvUnit(16, 16, 3),
        nn.ConvUnit(16, 32, 3, stride=2),
        nn.ConvUnit(32, 32, 3),
        nn.classifier(32, 4),
    )


def main() -> None:
    """Train, print and keep; what is there after each seed is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seeds",
        type=int,
        default=5,
        help="trainings of each kind, with other weights and batches",
    )
    options, began = parser.parse_args(), time.monotonic()
    train, test = take(9000, "train"), take(1250, "test")
    ways = ("as it is", "averaged", "old statistics", "recomputed")
    result: dict = {
        "steps": STEPS,
        "lr": LR,
        "decay": DECAY,
        "test_images": len(test[1]),
    }
    result |= {"runs": {way: [] for way in ways}, "falling rate": []}
    for seed in range(options.seeds):
        curves = watched(seed, train, test, ways)
        for way in ways:
            result["runs"][way].append(curves[way])
        nn.random.manual_seed(seed)
        network = small_network()
        sgd = SGD(network.named_parameters(), LR, momentum=0.9)
        learn(
            network,
            *train,
            steps=STEPS,
            seed=seed,
            optimizer=sgd,
            schedule=lambda step: LR * (1 - step / STEPS),
        )
        result["falling rate"].append(accuracy(network, test))
        told = {
            way: round(float(np.mean(curve[-10:])), 4)
            for way, curve in curves.items()
        }
        print(
            seed,
            told,
            result["falling rate"][-1],
            f"({time.monotonic() - began:.0f} s)",
            flush=True,
        )
        path = keep("averaging", result, began)
    print(f"written to {path}")


def watched(
    seed: int, train: tuple, test: tuple, ways: tuple
) -> dict[str, list[float]]:
    """Test accuracy every 20 steps of the second half, at a rate that never falls, of the network and of its average in three forms."""
    nn.random.manual_seed(seed)
    network = small_network()
    weights = RunningAverage([*network.named_parameters()], decay=DECAY)
    everything = RunningAverage(
        [*network.named_parameters(), *network.named_buffers()], decay=DECAY
    )
    curves: dict[str, list[float]] = {way: [] for way in ways}

    def each(step: int, loss: float) -> None:
        weights.update()
        everything.update()
        if (step + 1) % 20 or step < STEPS // 2:
            return
        curves["as it is"].append(accuracy(network, test))
        with everything.apply():
            curves["averaged"].append(accuracy(network, test))
        with weights.apply():
            curves["old statistics"].append(accuracy(network, test))
            before = {
                name: np.array(buffer) for name, buffer in buffers(network)
            }
            renew(network, train[0])
            curves["recomputed"].append(accuracy(network, test))
            for name, buffer in buffers(network):
                buffer[...] = before[name]
        network.train()

    sgd = SGD(network.named_parameters(), LR, momentum=0.9)
    learn(network, *train, steps=STEPS, seed=seed, optimizer=sgd, each=each)
    return curves


def buffers(network: nn.Module) -> list[tuple[str, np.ndarray]]:
    """Running means and variances, as arrays to write to."""
    return list(network.named_buffers())


def renew(network: nn.Module, x: np.ndarray, batches: int = 20) -> None:
    """Batch-norm's running statistics for the weights as they are: forward passes in training mode, nothing learnt."""
    network.train()
    with no_grad():
        for i in range(batches):
            network(Tensor(x[(64 * i) % 3000 : (64 * i) % 3000 + 64]))


def accuracy(network: nn.Module, test: tuple) -> float:
    network.eval()
    with no_grad():
        guess = network(Tensor(test[0])).numpy().argmax(axis=1)
    return float((guess == test[1]).mean())


if __name__ == "__main__":
    main()
