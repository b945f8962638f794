"""Who made the NaN: runs one training step again under a hook that stops at the first operation to produce one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from tinyinception.data import Loader
from tinyinception.errors import NonFiniteError
from tinyinception.judge.scores import log_probabilities
from tinyinception.nn import Module
from tinyinception.ops.operation import by_x
from tinyinception.tape import Node
from tinyinception.tensor import Hook, Tensor, observe


def is_finite(array: np.ndarray | None) -> bool:
    """Whether there is neither NaN nor infinity in it; nothing at all counts as finite."""
    return array is None or bool(np.isfinite(array).all())


def describe(array: np.ndarray) -> str:
    """`128x10, 3 NaN and 1 infinite`."""
    nans = int(np.isnan(array).sum())
    infinite = int(np.isinf(array).sum())
    found = " and ".join(text for n, text in ((nans, f"{nans} NaN"), (infinite, f"{infinite} infinite")) if n)
    return f"{by_x(array.shape)}, {found}"


class _Found(Exception):
    """Carries the culprit's description out of the step that is run again."""


class _Watch(Hook):
    """Since it stops at the first, the inputs of an operation it looks at are known to be finite."""

    def after(self, node: Node, inputs: Sequence[Tensor | np.ndarray | None], output: Tensor) -> None:
        if output.data is not None and not is_finite(output.data):
            raise _Found(f"the output of {node.where()} ({describe(output.data)})")

    def after_backward(self, node: Node, grad: np.ndarray, grads: Sequence[np.ndarray | None]) -> None:
        for index, part in enumerate(grads):
            if part is not None and not is_finite(part):
                raise _Found(f"the backward pass of {node.where()} (gradient of its input {index}: {describe(part)})")


def blame(network: Module, images: np.ndarray, step: Callable[[], Any]) -> str:
    """What was the first to be NaN or infinite: pixels, a parameter, or an operation named with its layer.

    step: runs the batch in question again, forward and perhaps backward, without changing parameters.
    """
    if not is_finite(images):
        return f"the images of the batch ({describe(images)})"
    for name, parameter in network.named_parameters():
        if not is_finite(parameter.numpy()):
            return f"the parameter {name} ({describe(parameter.numpy())})"
    for name, buffer in network.named_buffers():
        if not is_finite(buffer):
            return f"the running statistic {name} ({describe(buffer)})"
    try:
        with observe(_Watch()), np.errstate(all="ignore"):
            step()
    except _Found as found:
        return str(found)
    return "nothing: the same step run again was finite (a random choice such as dropout decided)"


def blame_scores(network: Module, loader: Loader) -> str:
    """What was the first to be NaN or infinite when a network in evaluation classified a loader's images."""
    training = network.training
    network.eval()
    try:
        for images, _ in loader.epoch(0):
            if not is_finite(log_probabilities(network, images)):
                return blame(network, images, partial(log_probabilities, network, images))
    finally:
        network.train(training)
    return "nothing: no image alone gives such a number"


def check_finite(network: Module) -> None:
    """Raises NonFiniteError naming a parameter or running statistic that must not get into a checkpoint."""
    named = [(name, parameter.numpy()) for name, parameter in network.named_parameters()]
    for name, array in (*named, *network.named_buffers()):
        if not is_finite(array):
            raise NonFiniteError(
                f"{name} holds NaN or infinity ({describe(array)}); it is not saved, and the "
                "last good checkpoint is kept"
            )
