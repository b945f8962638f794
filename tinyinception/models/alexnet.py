"""AlexNet (Krizhevsky, Sutskever and Hinton 2012): the yardstick of the Inception papers."""

from __future__ import annotations

from functools import partial

from tinyinception.models.conventions import reinitialise
from tinyinception.models.network import Network
from tinyinception.nn import (
    AdaptiveAvgPool2d,
    ConvUnit,
    Dropout,
    Flatten,
    Linear,
    LocalResponseNorm,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
)
from tinyinception.nn.init import Initializer, normal, ones

NORMAL = normal(0.01)


def alexnet(num_classes: int = 1000, channels: int = 3, *, towers: int = 2, dropout: float = 0.5) -> Network:
    """The network of 2012, with the two towers of its Fig. 2 as grouped convolutions; images of 227x227.

    towers: 1 joins them, as textbooks draw the network: the same widths, with 62.4 million parameters for 61.0.
    The paper says 224, from which its 55x55 grid cannot come. Response normalisation with alpha as a sum (section 3.3),
    overlapping pooling (3.4), Gaussian weights of std 0.01 and biases of 1 in conv2, 4, 5 and fc6, 7 (section 5).
    """
    unit = partial(ConvUnit, norm=None, init=NORMAL)
    network = Network(
        {
            "conv1": unit(channels, 96, 11, stride=4, padding="valid"),
            "norm1": LocalResponseNorm(5),
            "pool1": MaxPool2d(3, stride=2),
            "conv2": unit(96, 256, 5, padding=2, groups=towers),
            "norm2": LocalResponseNorm(5),
            "pool2": MaxPool2d(3, stride=2),
            "conv3": unit(256, 384, 3, padding=1),
            "conv4": unit(384, 384, 3, padding=1, groups=towers),
            "conv5": unit(384, 256, 3, padding=1, groups=towers),
            "pool5": MaxPool2d(3, stride=2),
            **fully_connected(256, 6, num_classes, dropout),
        },
        channels=channels,
        input_size=227,
    )
    reinitialise(network, {f"{stage}.*bias": ones for stage in ("conv2", "conv4", "conv5", "fc6", "fc7")})
    return network


def alexnet_torchvision(num_classes: int = 1000, channels: int = 3, *, dropout: float = 0.5) -> Network:
    """TorchVision's AlexNet: one tower of other widths, without response normalisation; images of 224x224.

    It is the network of Krizhevsky's "One weird trick for parallelizing convolutional neural networks" (2014).
    """
    unit = partial(ConvUnit, norm=None)
    return Network(
        {
            "conv1": unit(channels, 64, 11, stride=4, padding=2),
            "pool1": MaxPool2d(3, stride=2),
            "conv2": unit(64, 192, 5, padding=2),
            "pool2": MaxPool2d(3, stride=2),
            "conv3": unit(192, 384, 3, padding=1),
            "conv4": unit(384, 256, 3, padding=1),
            "conv5": unit(256, 256, 3, padding=1),
            "pool5": MaxPool2d(3, stride=2),
            **fully_connected(256, 6, num_classes, dropout, drop_first=True),
        },
        channels=channels,
        input_size=224,
    )


def fully_connected(
    channels: int, grid: int, num_classes: int, dropout: float, *, init: Initializer = NORMAL, drop_first: bool = False
) -> dict[str, Module]:
    """The three fully connected layers of AlexNet and VGG as stages fc6, fc7, fc8, dropout after the first two.

    grid: height and width they were made for; other grids are averaged to it, which at the canonical size is the
    identity. drop_first: dropout before the first two instead, as TorchVision's AlexNet has it.
    """

    def layer(inputs: int) -> Sequential:
        parts = {"fc": Linear(inputs, 4096, init=init), "relu": ReLU()}
        drop = {"dropout": Dropout(dropout)}
        return Sequential({**drop, **parts} if drop_first else {**parts, **drop})

    return {
        "grid": Sequential(pool=AdaptiveAvgPool2d(grid), flatten=Flatten()),
        "fc6": layer(grid * grid * channels),
        "fc7": layer(4096),
        "fc8": Linear(4096, num_classes, init=init),
    }
