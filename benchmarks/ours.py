"""Our side of every comparison."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tinyinception import models
from tinyinception.nn import Module, random
from tinyinception.nn.functional import cross_entropy
from tinyinception.ops import Operation
from tinyinception.optim import SGD, weights_only
from tinyinception.tensor import Hook, Tensor, no_grad, observe

# The recipe of every side's training step.
LR, MOMENTUM, WEIGHT_DECAY, SMOOTHING = 0.05, 0.9, 5e-4, 0.1

# The kinds of operation by which time is split; an operation is of the first kind whose words its name has.
KINDS = {
    "convolution": ("Conv",),
    "batch-norm, ReLU": ("BatchNorm", "ReLU"),
    "pooling": ("Pool",),
    "concat, split": ("Concat", "Slice", "Split"),
}
SUMS, OPTIMISER, REST = "gradient sums", "optimiser", "rest"
ALL_KINDS = (*KINDS, SUMS, OPTIMISER, REST)


def network(case: Mapping[str, Any]) -> Module:
    """The network that a case names, with weights that do not change from run to run."""
    random.manual_seed(0)
    return models.build(case["network"])


def batch(case: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Images N x H x W x 3 and labels for a case with `network` and `batch`; every side is given the same."""
    info = models.info(case["network"])
    draws = np.random.default_rng(0)
    images = draws.standard_normal((case["batch"], *info.input_size, 3), dtype=np.float32)
    return images, draws.integers(0, info.classes, case["batch"])


def train_step(case: Mapping[str, Any]) -> dict[str, Callable]:
    """Forward, backward and update; `split` is the same with its seconds by kind of operation."""
    net, (images, labels) = network(case), batch(case)
    optimizer = SGD(net.named_parameters(), LR, momentum=MOMENTUM, nesterov=True, weight_decay=WEIGHT_DECAY,
                    decay_filter=weights_only)

    def gradients() -> float:
        optimizer.zero_grad()
        logits, aux = net(Tensor(images))
        total = cross_entropy(logits, labels, smoothing=SMOOTHING)
        for head in aux:
            total = total + net.aux_weight * cross_entropy(head, labels, smoothing=SMOOTHING)
        total.backward()
        return total.item()

    def step() -> float:
        loss = gradients()
        optimizer.step()
        return loss

    def split() -> dict[str, tuple[float, float]]:
        clock, start = Clock(), time.perf_counter()
        with observe(clock):
            gradients()
        computed = time.perf_counter()
        optimizer.step()
        end = time.perf_counter()
        clock.forward[OPTIMISER] = end - computed
        clock.forward[REST] += end - start - sum(clock.forward.values()) - sum(clock.backward.values())
        return clock.split()

    return {"run": step, "split": split}


def inference(case: Mapping[str, Any]) -> Callable[[], None]:
    """Evaluation without gradients."""
    net, (images, _) = network(case).eval(), batch(case)

    def predict() -> None:
        with no_grad():
            net(Tensor(images))

    return predict


class Clock(Hook):
    """Seconds by kind of operation, forward and backward.

    What passes between two operations of the backward walk is the tape's own: almost all of it adds up gradients.
    """

    def __init__(self) -> None:
        self.forward: dict[str, float] = defaultdict(float)
        self.backward: dict[str, float] = defaultdict(float)
        self._mark = 0.0
        self._walking = False

    def before(self, op: Operation, inputs: Sequence) -> None:
        self._mark = time.perf_counter()

    def after(self, op: Operation, inputs: Sequence, output: Tensor) -> None:
        self.forward[kind(op.name)] += self._lap()

    def before_backward(self, op: Operation, grad: np.ndarray) -> None:
        seconds = self._lap()
        if self._walking:
            self.backward[SUMS] += seconds
        self._walking = True

    def after_backward(self, op: Operation, grad: np.ndarray, grads: Sequence) -> None:
        self.backward[kind(op.name)] += self._lap()

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
