"""Dreams of the explorer's networks: images, climbed from noise, that raise a class's logit or a channel's mean.

They are made once, by lessons/experiments/explorer_networks.py; how they climb is lesson 20's own function.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyinception.nn import Module
from tinyinception.site.seen import Trained, shown
from tinyinception.tensor import Tensor

CHANNELS, STEPS = 12, 60  # of a layer that dream, of a climb
FAINT = 0.1  # spread of the noise it starts from
SMOOTH = (0.3, 1.0, 3.0)  # spreads of the smooth noise for what does not answer that: the faintest that has a gradient


def of(trained: Trained) -> dict[str, np.ndarray]:
    """All that is shipped: "classes", normalised; for each layer its pixels, and as LAYER.channels whose they are."""
    found = {"classes": of_classes(trained).astype(np.float16)}
    for layer in trained.layers:
        channels = dreaming(trained, layer)
        found[layer] = visible(of_channels(trained, layer, channels))
        found[f"{layer}.channels"] = np.array(channels, np.int32)
    return found


def of_classes(trained: Trained) -> np.ndarray:
    """An image for each class that raises its logit, 10 x 32 x 32 x 3, normalised."""
    return _climbed(trained.cut(list(trained.layers)[-1]), np.eye(len(trained.classes), dtype=np.float32))


def of_channels(trained: Trained, layer: str, channels: Sequence[int]) -> np.ndarray:
    """An image for each channel that raises the channel's mean, len(channels) x 32 x 32 x 3, normalised."""
    height, width, depth = trained.maps(layer).shape[1:]
    goal = np.zeros((len(channels), height, width, depth), np.float32)
    goal[np.arange(len(channels)), :, :, channels] = 1 / (height * width)
    return _climbed(trained.cut(layer)["last"], goal)


def dreaming(trained: Trained, layer: str) -> list[int]:
    """The channels that dream: of each branch in turn the one that varies most over the images, in their order."""
    varies, first, ranked = trained.maps(layer).std(axis=(0, 1, 2)), 0, []
    for branch in trained.branches(layer):
        order = np.argsort(-varies[first : first + branch.channels], kind="stable") + first
        ranked += [(rank, int(channel)) for rank, channel in enumerate(order)]
        first += branch.channels
    return sorted(channel for _, channel in sorted(ranked)[:CHANNELS])


def visible(dreams: np.ndarray) -> np.ndarray:
    """Dreams as pixels, the contrast of each shrunk until nearly none is clipped, as lesson 20 draws them."""
    far = dreams - dreams.mean(axis=(1, 2, 3), keepdims=True)
    most = np.quantile(np.abs(far), 0.98, axis=(1, 2, 3), keepdims=True)
    return np.rint(255 * np.clip(0.5 + 0.5 * far / np.maximum(most, 1e-9), 0, 1)).astype(np.uint8)


def _climbed(part: Module, goal: np.ndarray) -> np.ndarray:
    """Where the lesson's gentle climb leads from noise; goal: the gradient that begins at the part's result."""

    def gradient(x: np.ndarray) -> np.ndarray:
        picture = Tensor(x, requires_grad=True)
        part(picture).backward(goal)
        assert picture.grad is not None
        return picture.grad

    rng = np.random.default_rng(1)
    noise = rng.standard_normal((len(goal), 32, 32, 3)).astype(np.float32)
    start, smooth = FAINT * noise, shown("blur")(shown("blur")(noise))
    for spread in SMOOTH:  # behind a ReLU that is zero everywhere there is nothing to climb
        still = np.abs(gradient(start)).max(axis=(1, 2, 3)) == 0
        start[still] = spread * (smooth / smooth.std())[still]
    return shown("climb")(start, gradient, STEPS, rng).astype(np.float32)
