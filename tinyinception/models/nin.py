"""Network in Network (Lin, Chen and Yan 2014), where Inception has its 1x1 and its global average pooling from.

An "mlpconv" is a convolution and two 1x1, a small perceptron that slides over the image (section 3.1); the last one's
maps are the classes, and their means the logits (3.2).
"""

from __future__ import annotations

from functools import partial

from tinyinception.models.conventions import reinitialise
from tinyinception.models.googlenet import halve
from tinyinception.models.network import Network
from tinyinception.models.widths import widths
from tinyinception.nn import AvgPool2d, BatchNorm2d, ConvUnit, Dropout, GlobalAvgPool, Sequential
from tinyinception.nn.init import normal
from tinyinception.nn.units import Unit

PLAIN = partial(ConvUnit, norm=None)
NARROW_INIT = ("mlpconv1.conv.*weight", "mlpconv3.conv.*weight", "mlpconv4.cccp2.*weight")  # std 0.01, all others 0.05


def nin(num_classes: int = 1000, channels: int = 3, *, dropout: float = 0.5) -> Network:
    """The authors' ImageNet model of the Caffe model zoo, 7.6 million parameters; images of 224x224.

    The paper has no network for ImageNet: this one has four mlpconv layers for the three of its Fig. 2, AlexNet's
    strides and widths, max pooling throughout, and dropout before the last mlpconv only. Poolings round up, ReLU also
    follows the class maps, weights are Gaussian, all as in that model.
    """
    unit = partial(PLAIN, init=normal(0.05))
    network = Network(
        {
            "mlpconv1": _mlpconv(channels, (96, 96, 96), 11, unit, stride=4, padding="valid"),
            "pool1": halve(),
            "mlpconv2": _mlpconv(96, (256, 256, 256), 5, unit),
            "pool2": halve(),
            "mlpconv3": _mlpconv(256, (384, 384, 384), 3, unit),
            "pool3": halve(),
            "dropout": Dropout(dropout),
            "mlpconv4": _mlpconv(384, (1024, 1024, num_classes), 3, unit),
            "head": GlobalAvgPool(),
        },
        channels=channels,
        input_size=224,
    )
    reinitialise(network, dict.fromkeys(NARROW_INIT, normal(0.01)))
    return network


def nin_cifar(
    num_classes: int = 10,
    channels: int = 3,
    *,
    dropout: float = 0.5,
    width: float = 1.0,
    norm: bool = False,
    unit: Unit = PLAIN,
) -> Network:
    """The network of the paper's CIFAR-10 experiments (section 4.2), 0.97 million parameters; images of 32x32.

    Widths, poolings (the second averages) and dropout after the first two mlpconv layers are those that the authors
    published with it. Initial weights are He's, not theirs. width: factor of all widths. norm: add batch-norm.
    """
    w, unit = widths(width), partial(unit, norm=BatchNorm2d) if norm else unit
    return Network(
        {
            "mlpconv1": _mlpconv(channels, (w(192), w(160), w(96)), 5, unit),
            "pool1": halve(),
            "dropout1": Dropout(dropout),
            "mlpconv2": _mlpconv(w(96), (w(192), w(192), w(192)), 5, unit),
            "pool2": AvgPool2d(3, stride=2, ceil_mode=True),
            "dropout2": Dropout(dropout),
            "mlpconv3": _mlpconv(w(192), (w(192), w(192), num_classes), 3, unit),
            "head": GlobalAvgPool(),
        },
        channels=channels,
        input_size=32,
    )


def _mlpconv(in_channels: int, widths: tuple[int, int, int], kernel: int, unit: Unit, **where) -> Sequential:
    """where: stride and padding of the convolution; "cccp" is the authors' cascaded cross-channel pooling, a 1x1."""
    first, second, third = widths
    return Sequential(
        conv=unit(in_channels, first, kernel, **where), cccp1=unit(first, second, 1), cccp2=unit(second, third, 1)
    )
