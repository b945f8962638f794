"""How an image must be prepared for the published weights. Nothing applies it by itself; the caller does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyinception.data import Normalize
from tinyinception.errors import unknown_name
from tinyinception.habits import named
from tinyinception.nn import Module
from tinyinception.weights.layout import layout

Channels = tuple[float, float, float]
HALF: Channels = (0.5, 0.5, 0.5)
IMAGENET_MEAN: Channels = (0.485, 0.456, 0.406)
IMAGENET_STD: Channels = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Published:
    """One published weight set, and what is done to an image before a network with these weights sees it.

    model: of `models.build`. source: who publishes it. The shorter side is scaled to `resize` pixels with
    `interpolation`, the middle `input_size` x `input_size` is cut out, and RGB in 0 to 1 becomes (RGB - mean) / std.
    Where timm gives a crop_pct, resize is input_size / crop_pct rounded down, as timm does.
    """

    name: str
    model: str
    source: str
    input_size: int
    resize: int
    interpolation: str
    mean: Channels = HALF
    std: Channels = HALF
    classes: int = 1000

    def normalize(self, pixels: np.ndarray) -> np.ndarray:
        """Bytes N x H x W x 3 to the float32 numbers that the network wants."""
        return Normalize(self.mean, self.std)(pixels)

    def describe(self) -> str:
        """The preprocessing in one line."""
        return (
            f"shorter side to {self.resize} ({self.interpolation}), central {self.input_size}x{self.input_size}, "
            f"RGB in 0 to 1 with mean {_numbers(self.mean)} and std {_numbers(self.std)}"
        )


def _timm(tag: str, model: str, resize: int, *, mean: Channels = HALF, std: Channels = HALF) -> Published:
    return Published(f"{model}.{tag}", model, "timm", 299, resize, "bicubic", mean, std)


def _torchvision(model: str, size: int, resize: int, mean: Channels, std: Channels) -> Published:
    return Published(f"{model}.imagenet1k_v1", model, "TorchVision", size, resize, "bilinear", mean, std)


# TorchVision normalises the images for Inception3 and GoogLeNet with ImageNet's mean and std, and these networks then
# turn that (`transform_input`) into mean 0.5 and std 0.5 again. Ours do nothing to images, so the sum of both is here.
SETS = (
    _timm("tv_in1k", "inception_v3", 341),
    _timm("tf_in1k", "inception_v3", 341),
    _timm("tf_adv_in1k", "inception_v3", 341),
    _timm("gluon_in1k", "inception_v3", 341, mean=IMAGENET_MEAN, std=IMAGENET_STD),
    _torchvision("inception_v3", 299, 342, HALF, HALF),
    _timm("tf_in1k", "inception_v4", 341),
    _timm("tf_in1k", "inception_resnet_v2", 333),
    _timm("tf_ens_adv_in1k", "inception_resnet_v2", 333),
    _torchvision("googlenet_torchvision", 224, 256, HALF, HALF),
    _torchvision("alexnet_torchvision", 224, 256, IMAGENET_MEAN, IMAGENET_STD),
    _torchvision("vgg16", 224, 256, IMAGENET_MEAN, IMAGENET_STD),
)


@named
def published(model: str | Module) -> Published:
    """What is known of a published weight set: by its own name, such as "inception_v3.gluon_in1k", or of a network.

    model: a network or its name stands for the first set of that network in `SETS`. Raises ArgumentError for a network
    of which no files are published and for an unknown name, and says which is near.
    """
    name = layout(model).network if isinstance(model, Module) else model
    for known in SETS:
        if isinstance(name, str) and name in (known.name, known.model):
            return known
    raise unknown_name(
        name, sorted({name for known in SETS for name in (known.name, known.model)}), "published weight set"
    )


def _numbers(values: Channels) -> str:
    return f"{values[0]:g}" if len(set(values)) == 1 else f"({', '.join(f'{value:g}' for value in values)})"
