"""A schedule of resolutions: in the first epochs, a step sees a random square of each image, which costs less."""

from __future__ import annotations

import numpy as np

from tinyinception.data import Dataset, RandomSquare
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.judge.scores import outputs
from tinyinception.nn import Module
from tinyinception.tensor import Tensor, no_grad
from tinyinception.train.config import Config
from tinyinception.train.state import Position

SQUARES = 4  # the stream of random numbers of the places; the loader has 0 to 2, dropout 3


class Early:
    """What of a batch is trained on. Raises ArgumentError where squares are too large, or too small for the network."""

    def __init__(self, config: Config, dataset: Dataset, network: Module):
        self.seed, self.until, self.square = config.seed, 0, None
        if config.early_size is None:
            return
        size, (height, width, channels) = config.early_size, dataset.image_shape
        if size > min(height, width):
            raise ArgumentError(f"early_size: {size}x{size} pixels do not fit images of {height}x{width}")
        try:
            with no_grad():
                outputs(network, Tensor.shape_only(2, size, size, channels))
        except ShapeError as error:
            raise ArgumentError(
                f"early_size: {config.model} cannot be trained on {size}x{size} pixels: {error}"
            ) from None
        self.until = config.epochs // 2 if config.early_epochs is None else config.early_epochs
        self.square = RandomSquare(size)

    def __call__(self, images: np.ndarray, at: Position) -> np.ndarray:
        """The images, or squares of them, which depend on the seed and the step alone."""
        if self.square is None or at.epoch >= self.until:
            return images
        return self.square(images, np.random.default_rng([self.seed, SQUARES, at.step]))
