"""How well a network does on labelled images: everything here follows from its log-probabilities."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinyinception.checks import whole
from tinyinception.data import Loader
from tinyinception.errors import ArgumentError, CaptureError, NonFiniteError, ShapeError
from tinyinception.habits import named
from tinyinception.judge.crops import Scheme
from tinyinception.judge.statistics import Calibration, calibration
from tinyinception.kernels.memory import Arena
from tinyinception.nn import Module, Output
from tinyinception.nn.functional import log_softmax
from tinyinception.replay import Captured
from tinyinception.tensor import Tensor, no_grad
from tinyinception.terminal import bar


@named
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
    def correct(self) -> np.ndarray:
        """Whether the most probable class of each image is the true one."""
        return self.predicted == self.labels

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
        return float(self.correct.mean())

    def top(self, k: int) -> float:
        """Part of the images whose true class is among the k most probable; where some tie, it counts as the first.

        Always 1 where there are no more than k classes.
        """
        k = whole("top: k", k)
        return float(((self.log_probabilities > -self.losses[:, None]).sum(axis=1) < k).mean())

    @property
    def confusion(self) -> np.ndarray:
        """K x K counts, rows the true class, columns the predicted one."""
        classes = self.log_probabilities.shape[1]
        cells = self.labels * classes + self.predicted
        return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)

    @property
    def logit_gap(self) -> float:
        """By how much the true class's logit exceeds the mean of the others', in nats, on average over the images."""
        true, classes = -self.losses, self.log_probabilities.shape[1]
        others = (self.log_probabilities.sum(axis=1, dtype=np.float64) - true) / max(classes - 1, 1)
        return float((true - others).mean())

    def calibration(self, bins: int = 15) -> Calibration:
        """How often the most probable class is the true one, against how probable it was said to be."""
        return calibration(np.exp(self.log_probabilities.max(axis=1)).clip(0, 1), self.correct, bins)


def outputs(network: Module, images: Tensor) -> Output:
    """What a network says of images; a bare Tensor counts as the logits. ArgumentError where it is neither."""
    result = network(images)
    if isinstance(result, Output):
        return result
    if isinstance(result, Tensor):
        return Output(result, ())
    raise ArgumentError(
        f"{type(network).__name__}: forward must return logits as a Tensor, or Output(logits, aux), "
        f"got {type(result).__name__}"
    )


def log_probabilities(network: Module, images: np.ndarray) -> np.ndarray:
    """Log-probabilities (N x K) of a normalised batch by a network in evaluation mode."""
    with no_grad():
        return log_softmax(outputs(network, Tensor(images)).logits).numpy()


@named
class Classifier:
    """`log_probabilities` of one network, recorded once for each size of batch and replayed.

    arena: memory to share with other recordings. A network whose forward cannot be recorded runs as it is.
    """

    def __init__(self, network: Module, arena: Arena | None = None):
        self.network = network
        self._captured: Captured | None = Captured(self._classify, [network], arena)

    def _classify(self, images: Tensor) -> Tensor:
        return log_softmax(outputs(self.network, images).logits)

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """N x K for N normalised images."""
        if self._captured is not None:
            try:
                with no_grad():
                    return self._captured(images).numpy()
            except CaptureError:
                self._captured = None
        return log_probabilities(self.network, images)


def check_request(images: Sequence[object], top: int) -> None:
    """What `best_classes` needs, asked before anything is read. Raises ArgumentError."""
    whole("top", top)
    if not images:
        raise ArgumentError("images: no files given")


def best_classes(
    network: Module, batches: Iterable[np.ndarray], classes: Sequence[str], top: int, source: str | Path
) -> list[list[tuple[str, float]]]:
    """For each image of normalised batches the `top` most probable (class, probability), best first.

    source: where the network's numbers are from. Raises NonFiniteError where these give no probabilities.
    """
    answers, classify = [], Classifier(network)
    for images in batches:
        with np.errstate(all="ignore"):
            probabilities = np.exp(classify(images))
        if not np.isfinite(probabilities).all():
            raise NonFiniteError(f"{source}: its weights give no finite probabilities")
        answers += [
            [(classes[k], float(row[k])) for k in np.argsort(-row, kind="stable")[:top]] for row in probabilities
        ]
    return answers


def average(log_probabilities: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Logarithm of the weighted mean of probabilities: V x N x K to N x K in float64; the V weights sum to 1.

    In log space, so that the logarithm of a probability too small for a float stays right.
    """
    shifted = log_probabilities.astype(np.float64) + np.log(weights)[:, None, None]
    return np.logaddexp.reduce(shifted, axis=0)


@named
def score(
    network: Module,
    loader: Loader,
    scheme: Scheme | None = None,
    *,
    classify: Callable[[np.ndarray], np.ndarray] | None = None,
    progress: bool = False,
) -> Scores:
    """Classify a loader's images in evaluation mode; the network is left in the mode in which it was.

    classify: gives the log-probabilities of a batch; a new `Classifier` unless given. scheme: show each image in these
    views and average the probabilities; otherwise once, as it is. progress: a bar on standard error, where that is a
    terminal. Raises ArgumentError for a loader that is none.
    """
    if not isinstance(loader, Loader):
        raise ArgumentError(f"loader must be a Loader, dataset.loader('test', 64), got {type(loader).__name__}")
    training, classify = network.training, classify or Classifier(network)
    network.eval()
    try:
        if scheme is None:
            batches = [(classify(images), labels) for images, labels in loader.epoch(0)]
        else:
            batches = _score_views(classify, loader, scheme, progress)
    finally:
        network.train(training)
    outputs, labels = zip(*batches, strict=True)
    return Scores(np.concatenate(outputs), np.concatenate(labels))


def _score_views(
    classify: Callable[[np.ndarray], np.ndarray], loader: Loader, scheme: Scheme, progress: bool
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Few images at a time, so that the network sees about `batch_size` views at once, whatever the scheme."""
    weights, rows = scheme.weights, loader.batch_size
    step = max(1, rows // len(weights))
    batches = []
    with bar(
        total=len(loader.images) * len(weights), desc="evaluating", unit="view", unit_scale=True, shown=progress
    ) as shown:
        for start in range(0, len(loader.images), step):
            views = scheme.cut(loader.images[start : start + step])
            flat = views.reshape(-1, *views.shape[2:])
            each = []
            for row in range(0, len(flat), rows):
                each.append(classify(np.ascontiguousarray(loader.normalize(flat[row : row + rows]))))
                shown.update(len(each[-1]))
            together = average(np.concatenate(each).reshape(*views.shape[:2], -1), weights)
            batches.append((together, loader.labels[start : start + step].astype(np.int64)))
    return batches


def joined(parts: Sequence[Scores]) -> Scores:
    """The scores of images that were shared out, one after the other."""
    if len(parts) == 1:
        return parts[0]
    each = [(one.log_probabilities, one.labels) for one in parts]
    return Scores(*map(np.concatenate, zip(*each, strict=True)))


@named
def ensemble(scores: Sequence[Scores]) -> Scores:
    """What several networks say together: the mean of their probabilities, each counting as much.

    Raises ArgumentError for no scores, ShapeError for other classes, ArgumentError for other labels in some of them.
    """
    if not scores:
        raise ArgumentError("ensemble: no scores given")
    first = scores[0]
    for other in scores[1:]:
        if other.log_probabilities.shape != first.log_probabilities.shape:
            raise ShapeError(
                f"ensemble: scores (images x classes) of {first.log_probabilities.shape} and "
                f"{other.log_probabilities.shape}"
            )
        if (other.labels != first.labels).any():
            raise ArgumentError("ensemble: the scores belong to different labels, so to different images")
    if len(scores) == 1:
        return first
    each = np.stack([one.log_probabilities for one in scores])
    return Scores(average(each, np.full(len(scores), 1 / len(scores))), first.labels)
