"""How well a network does on labelled images: everything here follows from its log-probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyinception.data import Loader
from tinyinception.nn.functional import log_softmax
from tinyinception.tensor import Tensor, no_grad


@dataclass(frozen=True, eq=False)
class Scores:
    """Natural log-probabilities (N x K) that a network gave to K classes, and the true labels (N)."""

    log_probabilities: np.ndarray
    labels: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each image."""
        return self.log_probabilities.argmax(axis=1)

    @property
    def losses(self) -> np.ndarray:
        """The cross-entropy of each image, without label smoothing."""
        return -self.log_probabilities[np.arange(len(self.labels)), self.labels]

    @property
    def loss(self) -> float:
        """Mean cross-entropy."""
        return float(self.losses.mean(dtype=np.float64))

    @property
    def accuracy(self) -> float:
        """Part of the images whose most probable class is the true one."""
        return float((self.predicted == self.labels).mean())

    def top(self, k: int) -> float:
        """Part of the images whose true class is among the k most probable; where some tie, it counts as the first."""
        return float(((self.log_probabilities > -self.losses[:, None]).sum(axis=1) < k).mean())

    @property
    def confusion(self) -> np.ndarray:
        """K x K counts, rows the true class, columns the predicted one."""
        classes = self.log_probabilities.shape[1]
        cells = self.labels * classes + self.predicted
        return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def log_probabilities(network: Any, images: np.ndarray, crops: int = 1) -> np.ndarray:
    """Log-probabilities (N x K) of a batch by a network in evaluation mode.

    crops = 2 averages the probabilities of an image and its mirror image.
    """
    with no_grad():
        views = [images, np.ascontiguousarray(images[:, :, ::-1])][:crops]
        each = [log_softmax(network(Tensor(view)).logits).numpy() for view in views]
    return np.logaddexp(*each) - np.float32(np.log(2)) if crops == 2 else each[0]


def score(network: Any, loader: Loader, crops: int = 1) -> Scores:
    """Classify a loader's images in evaluation mode; the network is left in the mode in which it was."""
    training = network.training
    network.eval()
    try:
        batches = [(log_probabilities(network, images, crops), labels) for images, labels in loader.epoch(0)]
    finally:
        network.train(training)
    outputs, labels = zip(*batches, strict=True)
    return Scores(np.concatenate(outputs), np.concatenate(labels))
