"""A whitened first layer: kernels from the training images, kept as they are, and a bias that learns for a while."""

from __future__ import annotations

import numpy as np

from tinyinception.data import Dataset, Normalize
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.nn import Conv2d, Module, Parameter
from tinyinception.nn.init import whitening

IMAGES = 5000  # as many as airbench takes


def whiten(network: Module, dataset: Dataset, fresh: bool) -> Parameter | None:
    """Give the first convolution whitening kernels, if `fresh`, and exempt these from training; its bias, if any.

    Of the training images, up to 5,000 evenly spread ones are looked at. Raises ArgumentError for a network whose first
    convolution cannot whiten.
    """
    name, conv = next(((n, one) for n, one in network.named_modules() if isinstance(one, Conv2d)), ("", None))
    if conv is None:
        raise ArgumentError(f"whiten: {type(network).__name__} has no convolution")
    if fresh:
        count = len(dataset.train_images)
        chosen = np.linspace(0, count - 1, min(count, IMAGES)).round().astype(np.int64)
        images = Normalize(dataset.mean, dataset.std)(dataset.train_images[chosen])
        try:
            conv.weight.redraw(whitening(images))
        except ShapeError as error:
            raise ArgumentError(f"whiten: {name} cannot whiten: {error}") from None
        if conv.bias is not None:
            conv.bias.data = np.zeros_like(conv.bias.data)
    conv.weight.requires_grad = False
    return conv.bias
