"""The lessons' training loop: one function, to read and to call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinyinception.checks import whole
from tinyinception.data import Loader, drawn
from tinyinception.errors import ArgumentError
from tinyinception.nn import Module, Output
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD
from tinyinception.tensor import Tensor

AUX_WEIGHT = 0.3  # of auxiliary classifiers, where the network does not say


def learn(
    network: Module,
    images: np.ndarray | Loader,
    labels: np.ndarray | None = None,
    *,
    steps: int,
    batch: int = 64,
    lr: float = 0.05,
    seed: int = 0,
    optimizer: Any = None,
    schedule: Callable[[int], float] | None = None,
    label_smoothing: float = 0.0,
    each: Callable[[int, float], object] | None = None,
) -> np.ndarray:
    """Train a network for so many steps; returns the loss of each step.

    images: an array of floats, used as it is, or of pixels 0 to 255, which are normalised as the drawn images are; or
    a Loader, which brings labels, batches and their order.
    labels: whole numbers for cross-entropy. Floats of the output's shape are learnt by their mean squared error.
    seed: of the order of the images, which is another in each epoch.
    optimizer: without one it is gradient descent with momentum 0.9. schedule: the learning rate of each step, from 0.
    each: called after each step with its number and its loss; where it returns True, training ends.
    The network is in training mode afterwards.
    """
    steps = whole("learn: steps", steps)
    if optimizer is None:
        optimizer = SGD(network.named_parameters(), lr, momentum=0.9)
    network.train()
    losses: list[float] = []
    for step, (x, y) in zip(range(steps), _batches(images, labels, batch, seed), strict=False):
        if schedule is not None:
            optimizer.lr = schedule(step)
        optimizer.zero_grad()
        loss = _loss(network, network(Tensor(x)), y, label_smoothing)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.item()))
        enough = each(step, losses[-1]) if each is not None else None
        if isinstance(enough, (bool, np.bool_)) and enough:
            break
    return np.array(losses)


def _loss(network: Module, out: Any, y: np.ndarray, smoothing: float) -> Tensor:
    logits, aux = out if isinstance(out, Output) else (out, ())
    if y.dtype.kind == "f":
        return ((logits - Tensor(y)) ** 2).mean()
    loss = cross_entropy(logits, y, label_smoothing=smoothing)
    for head in aux:
        loss = loss + getattr(network, "aux_weight", AUX_WEIGHT) * cross_entropy(head, y, label_smoothing=smoothing)
    return loss


def _batches(images: Any, labels: Any, batch: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches without end; the last of an epoch is left out where it is not full."""
    if isinstance(images, Loader):
        if labels is not None:
            raise ArgumentError("learn: a Loader brings its labels; labels must be left out")
        while True:
            yield from images
    images, labels = np.asarray(images), np.asarray(labels)
    if labels.shape[:1] != images.shape[:1] or not len(images):
        raise ArgumentError(
            f"learn: labels must be one for each image, got {images.shape} images and {labels.shape} labels"
        )
    batch = min(whole("learn: batch", batch), len(images))
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(len(images))
        for first in range(0, len(images) - batch + 1, batch):
            chosen = order[first : first + batch]
            yield _floats(images[chosen]), labels[chosen]


def _floats(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype != np.uint8:
        return pixels
    mean, std = np.array(drawn.MEAN, np.float32), np.array(drawn.STD, np.float32)
    return (pixels / np.float32(255) - mean) / std
