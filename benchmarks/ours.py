"""Our side of every comparison."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.width import widen
from tinyinception import models
from tinyinception.models.network import Network
from tinyinception.nn import ConvUnit, Flatten, Linear, Module, random
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import SGD, weights_only
from tinyinception.replay import Captured, capture
from tinyinception.tape import Node
from tinyinception.tensor import Hook, Tensor, no_grad, observe

PLAIN = "plain"

# The kinds of operation by which time is split; an operation is of the first kind whose words its name has.
KINDS = {
    "convolution": ("Conv",),
    "batch-norm, ReLU": ("BatchNorm", "ReLU"),
    "pooling": ("Pool",),
    "concat, split": ("Concat", "Slice", "Split"),
}
SUMS, OPTIMISER, REST = "gradient sums", "optimiser", "rest"
ALL_KINDS = (*KINDS, SUMS, OPTIMISER, REST)


@dataclass(frozen=True)
class Recipe:
    """How every side trains: SGD, Nesterov's where there is momentum; weight decay on kernels and matrices only."""

    lr: float = 0.05
    momentum: float = 0.9
    weight_decay: float = 5e-4
    smoothing: float = 0.1


def recipe(case: Mapping[str, Any]) -> Recipe:
    """That of a case; the plain network is trained in the plainest way, which every library knows."""
    return Recipe(lr=0.01, momentum=0.0, weight_decay=0.0, smoothing=0.0) if case["network"] == PLAIN else Recipe()


def network(case: Mapping[str, Any]) -> Module:
    """The network that a case names, with weights that do not change from run to run.

    dropout: its rate, where the network's own would make two sides differ. width: what its channels are multiplied by.
    """
    random.manual_seed(0)
    if case["network"] == PLAIN:
        return plain()
    net = models.build(case["network"], **{key: case[key] for key in ("dropout",) if key in case})
    return widen(net, case["width"]) if "width" in case else net


def plain(classes: int = 10) -> Network:
    """A network of what every library has: 3x3 convolutions with bias, ReLU, 2x2 convolutions of stride 2, linear.

    On the grids of `plain_cifar` and about as wide, without batch-norm. No pooling, since some have it only as a loop
    in Python over all windows, and the comparison would be of that.
    """
    unit = partial(ConvUnit, norm=None)
    halve = partial(unit, kernel_size=2, stride=2, padding="valid")
    layers = {
        "conv_32": unit(3, 32, 3),
        "halve_16": halve(32, 48),
        "conv_16": unit(48, 64, 3),
        "halve_8": halve(64, 96),
        "conv_8": unit(96, 96, 3),
        "halve_4": halve(96, 192),
        "conv_4": unit(192, 192, 3),
        "flatten": Flatten(),
        "fc": Linear(192 * 4 * 4, classes),
    }
    return Network(layers, channels=3, input_size=32)


def batch(case: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Images N x H x W x 3 and labels for a case with `network` and `batch`; every side is given the same.

    size: height and width of the images, where not the network's own.
    """
    info = models.info("plain_cifar" if case["network"] == PLAIN else case["network"])
    draws = np.random.default_rng(0)
    size = (case["size"], case["size"]) if "size" in case else info.input_size
    images = draws.standard_normal((case["batch"], *size, 3), dtype=np.float32)
    return images, draws.integers(0, info.num_classes, case["batch"])


def train_step(case: Mapping[str, Any]) -> dict[str, Callable]:
    """Forward, backward and update: captured, as `train.fit` does it, or run from Python where the case says `eager`.

    Of an eager one `split` is the same with its seconds by kind of operation.
    """
    import numba  # noqa: F401  is imported at the first kernel otherwise, and would count as the step's memory

    descent, (images, labels) = Descent(case), batch(case)
    if not case.get("eager"):
        replayed = descent.captured()
        return {"run": lambda: replayed(images, labels).item()}

    def split() -> dict[str, tuple[float, float]]:
        clock, start = Clock(), time.perf_counter()
        with observe(clock):
            descent.gradients(Tensor(images), labels).item()
        computed = time.perf_counter()
        descent.optimizer.step()
        end = time.perf_counter()
        clock.forward[OPTIMISER] = end - computed
        clock.forward[REST] += end - start - sum(clock.forward.values()) - sum(clock.backward.values())
        return clock.split()

    return {"run": lambda: descent.step(Tensor(images), labels).item(), "split": split}


class Descent:
    """The network of a case and its optimiser."""

    def __init__(self, case: Mapping[str, Any]):
        self.network, self.recipe = network(case), recipe(case)
        self.optimizer = SGD(
            self.network.named_parameters(),
            self.recipe.lr,
            momentum=self.recipe.momentum,
            nesterov=self.recipe.momentum > 0,
            weight_decay=self.recipe.weight_decay,
            decay_filter=weights_only,
        )

    def gradients(self, images: Tensor, labels: Any) -> Tensor:
        """Forward and backward: the loss, with the auxiliary ones' share in it."""
        loss = partial(cross_entropy, target=labels, label_smoothing=self.recipe.smoothing)
        self.optimizer.zero_grad()
        logits, aux = self.network(images)
        total = loss(logits)
        for head in aux:
            total = total + self.network.aux_weight * loss(head)
        total.backward()
        return total

    def step(self, images: Tensor, labels: Any) -> Tensor:
        """A whole training step: the loss before it."""
        total = self.gradients(images, labels)
        self.optimizer.step()
        return total

    def captured(self) -> Captured:
        """The step, to be called with arrays; recorded at its second call."""
        return capture(self.step, self.network, self.optimizer)


def inference(case: Mapping[str, Any]) -> dict[str, Callable]:
    """Evaluation without gradients, captured unless the case says `eager`; `logits` returns them."""
    import numba  # noqa: F401  as above

    net, (images, _) = network(case).eval(), batch(case)
    eager = case.get("eager")
    classify = (lambda x: net(Tensor(x)).logits) if eager else capture(lambda x: net(x).logits, net)

    def predict() -> None:
        with no_grad():
            classify(images)

    def logits() -> list:
        with no_grad():
            return classify(images).numpy().tolist()

    return {"run": predict, "logits": logits}


class Clock(Hook):
    """Seconds by kind of operation, forward and backward.

    What passes between two operations of the backward walk is the tape's own: almost all of it adds up gradients.
    """

    def __init__(self) -> None:
        self.forward: dict[str, float] = defaultdict(float)
        self.backward: dict[str, float] = defaultdict(float)
        self._mark = 0.0
        self._walking = False

    def before(self, node: Node, inputs: Sequence) -> None:
        self._mark = time.perf_counter()

    def after(self, node: Node, inputs: Sequence, output: Tensor) -> None:
        self.forward[kind(node.name)] += self._lap()

    def before_backward(self, node: Node, grad: np.ndarray) -> None:
        seconds = self._lap()
        if self._walking:
            self.backward[SUMS] += seconds
        self._walking = True

    def after_backward(self, node: Node, grad: np.ndarray, grads: Sequence) -> None:
        self.backward[kind(node.name)] += self._lap()

    def split(self) -> dict[str, tuple[float, float]]:
        """Seconds forward and backward of every kind."""
        return {name: (self.forward[name], self.backward[name]) for name in ALL_KINDS}

    def _lap(self) -> float:
        now = time.perf_counter()
        seconds, self._mark = now - self._mark, now
        return seconds


def kind(name: str) -> str:
    """The kind of the operation of this name."""
    return next((label for label, words in KINDS.items() if any(word in name for word in words)), REST)
