"""VGG-16 and VGG-19 (Simonyan and Zisserman 2014): another yardstick of the Inception papers."""

from __future__ import annotations

from functools import partial

from tinyinception.models.alexnet import fully_connected
from tinyinception.models.network import Network
from tinyinception.nn import ConvUnit, MaxPool2d, Module
from tinyinception.nn.init import he

WIDTHS = (64, 128, 256, 512, 512)  # of the five groups, in all configurations of Table 1


def vgg16(num_classes: int = 1000, channels: int = 3, *, dropout: float = 0.5) -> Network:
    """Thirteen 3x3 convolutions in five groups and three fully connected layers; images of 224x224 (Table 1, D)."""
    return _vgg((2, 2, 3, 3, 3), num_classes, channels, dropout)


def vgg19(num_classes: int = 1000, channels: int = 3, *, dropout: float = 0.5) -> Network:
    """Sixteen 3x3 convolutions, the deepest of the paper: 144 million parameters (Table 1, E; Table 2)."""
    return _vgg((2, 2, 4, 4, 4), num_classes, channels, dropout)


def _vgg(depths: tuple[int, ...], num_classes: int, channels: int, dropout: float) -> Network:
    """depths: convolutions of each group."""
    unit = partial(ConvUnit, norm=None, init=he("fan_out"))
    stages: dict[str, Module] = {}
    width = channels
    for group, (out, depth) in enumerate(zip(WIDTHS, depths, strict=True), 1):
        for i in range(1, depth + 1):
            stages[f"conv{group}_{i}"] = unit(width, out, 3, padding=1)
            width = out
        stages[f"pool{group}"] = MaxPool2d(2)
    return Network({**stages, **fully_connected(width, 7, num_classes, dropout)}, channels=channels, input_size=224)
