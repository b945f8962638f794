"""How the published implementations build the same network: what the papers leave open, each choice with its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial

from tinyinception.errors import unknown_name
from tinyinception.nn import AvgPool2d, BatchNorm2d, ConvUnit, Module
from tinyinception.nn.init import Initializer, glorot, truncated_normal, variance_scaling
from tinyinception.nn.units import Pool, Unit


@dataclass(frozen=True)
class Convention:
    """What one implementation does in every unit of a network.

    eps, momentum, gamma: of batch-norm; TensorFlow's decay d is momentum 1 - d. count_border: whether a 3x3 average
    pooling divides by nine at the border too. dropout: rate before the last layer. init: of all weights.
    """

    eps: float
    momentum: float
    gamma: bool
    count_border: bool
    dropout: float
    init: Initializer

    @property
    def unit(self) -> Unit:
        """Convolution, batch-norm and ReLU."""
        return partial(ConvUnit, norm=self.norm, init=self.init)

    @property
    def norm(self) -> Callable[..., Module]:
        """Batch-norm."""
        return partial(BatchNorm2d, eps=self.eps, momentum=self.momentum, gamma=self.gamma)

    @property
    def pool(self) -> Pool:
        """The average pooling of a module's pooling branch."""
        return partial(AvgPool2d, 3, stride=1, padding=1, count_include_pad=self.count_border)


# TorchVision's trunc_normal_(std, a=-2, b=2) cuts at 2, not at two sigmas: at 20 of them for std 0.1.
TORCHVISION_V3 = Convention(1e-3, 0.1, True, True, 0.5, truncated_normal(0.1, cut=20))
TORCHVISION_V1 = Convention(1e-3, 0.1, True, False, 0.2, truncated_normal(0.01, cut=200))
TIMM = Convention(1e-3, 0.1, True, False, 0.2, glorot())
SLIM = Convention(1e-3, 0.0003, False, False, 0.2, variance_scaling())
SLIM_GLOROT = Convention(1e-3, 0.0003, False, False, 0.2, glorot())  # its default where a network sets none
SLIM_V1 = Convention(1e-3, 0.0003, False, False, 0.2, truncated_normal(0.01))
KERAS = Convention(1e-3, 0.01, False, False, 0.0, glorot())
FACENET = Convention(1e-3, 0.005, False, False, 0.2, glorot())
FACENET_PYTORCH = Convention(1e-3, 0.1, True, False, 0.6, glorot())
CAFFE_BN = Convention(1e-5, 0.1, True, True, 0.0, glorot())


def choose(network: str, name: str, known: Mapping[str, Convention]) -> Convention:
    """The convention of that name; ArgumentError suggests the nearest of those `network` has."""
    if name not in known:
        raise unknown_name(name, list(known), f"convention of {network}")
    return known[name]


def reinitialise(network: Module, rules: Mapping[str, Initializer]) -> None:
    """Draw parameters anew whose dotted names match a pattern, such as "*.pool.proj.conv.weight"."""
    for name, parameter in network.named_parameters():
        for pattern, init in rules.items():
            if fnmatchcase(name, pattern):
                parameter.redraw(init)
