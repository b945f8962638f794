"""VGG-16 (Simonyan and Zisserman 2014): the other yardstick of the Inception papers."""

from __future__ import annotations

from functools import partial

from tinyinception.models.alexnet import fully_connected
from tinyinception.models.network import Network
from tinyinception.nn import ConvUnit, MaxPool2d
from tinyinception.nn.init import he

WIDTHS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))  # configuration D of Table 1


def vgg16(classes: int = 1000, channels: int = 3, *, dropout: float = 0.5) -> Network:
    """Thirteen 3x3 convolutions in five groups and three fully connected layers; images of 224x224 (Table 1, D)."""
    unit = partial(ConvUnit, norm=None, init=he("fan_out"))
    stages, width = {}, channels
    for group, widths in enumerate(WIDTHS, 1):
        for i, out in enumerate(widths, 1):
            stages[f"conv{group}_{i}"] = unit(width, out, 3, padding=1)
            width = out
        stages[f"pool{group}"] = MaxPool2d(2)
    return Network({**stages, **fully_connected(width, 7, classes, dropout)}, channels=channels, input_size=224)
