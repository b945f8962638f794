"""What the experiments share: a short training of any network on part of the drawn data set, looked at on the way."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

import numpy as np

from tinyinception import data, nn
from tinyinception.judge.scores import Scores, score
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD, Triangular, weights_only
from tinyinception.tensor import Tensor

BATCH = 64


def arguments(description: str) -> argparse.Namespace:
    """The options that all of them have."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=3,
        help="trainings of each kind, with other weights and batches",
    )
    parser.add_argument(
        "--images",
        type=int,
        default=5000,
        help="training images, of the drawn set's 10,000",
    )
    parser.add_argument(
        "--epochs", type=int, default=3, help="how often each is shown"
    )
    return parser.parse_args()


def seeds_and_jobs(description: str | None) -> argparse.Namespace:
    """The options of those that train one seed in each process."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--seeds",
        type=int,
        default=3,
        help="trainings of each kind, with other weights and batches",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        help="how many seeds are trained at the same time",
    )
    return parser.parse_args()


def drawn(images: int) -> data.Dataset:
    """So many training images of the drawn set, and its test images."""
    return data.load("drawn", limit=images, progress=False)


def learn(
    build: Callable[[], nn.Module],
    dataset: data.Dataset,
    *,
    seed: int,
    epochs: int,
    lr: float = 0.1,
    smoothing: float = 0.0,
    aux_weight: float = 0.0,
    look_at: Sequence[int] = (),
) -> tuple[nn.Module, dict[int, Scores]]:
    """Train as `tinyinception train` does by default; the network, and test scores after each step of `look_at`.

    Equal seeds give equal first weights and batches, whatever the other arguments are.
    """
    nn.random.manual_seed(seed)
    network = build()
    loader = dataset.loader(
        "train", BATCH, shuffle=True, seed=seed, drop_last=True
    )
    tests = dataset.loader("test", 250)
    steps = epochs * len(loader)
    schedule = Triangular(lr, steps, int(0.25 * steps))
    optimizer = SGD(
        network.named_parameters(),
        lr,
        momentum=0.9,
        nesterov=True,
        weight_decay=5e-4,
        decay_filter=weights_only,
    )
    seen, step = {}, 0
    for epoch in range(epochs):
        for images, labels in loader.epoch(epoch):
            optimizer.lr = schedule(step)
            optimizer.zero_grad()
            loss(network, images, labels, smoothing, aux_weight).backward()
            optimizer.step()
            step += 1
            if step in look_at:
                seen[step] = score(network, tests)
    return network, seen


def loss(
    network: nn.Module,
    images: np.ndarray,
    labels: np.ndarray,
    smoothing: float = 0.0,
    aux_weight: float = 0.0,
) -> Tensor:
    """The main classifier's cross-entropy, and that of the auxiliary ones with their weight."""
    logits, aux = network(Tensor(images))
    total = cross_entropy(logits, labels, label_smoothing=smoothing)
    for head in aux:
        total = total + aux_weight * cross_entropy(
            head, labels, label_smoothing=smoothing
        )
    return total
