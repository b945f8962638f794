"""The networks, by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from tinyinception.errors import ArgumentError, suggest
from tinyinception.nn import Module


@dataclass(frozen=True)
class Info:
    """What is known of a network without building it. input_size: the (height, width) it was made for."""

    module: str
    description: str
    input_size: tuple[int, int] = (32, 32)
    classes: int = 10


_NETWORKS = {
    "inception_cifar": Info("inception_cifar", "the default: Inception-v3's ideas at 32x32, factorised convolutions, "
                                               "grid reductions, an auxiliary classifier with batch-norm"),
    "googlenet_cifar": Info("googlenet_cifar", "GoogLeNet's modules at 32x32, with batch-norm"),
    "inception_resnet_cifar": Info("inception_resnet_cifar", "scaled residual Inception blocks at 32x32"),
    "plain_cifar": Info("plain_cifar", "control at the cost of inception_cifar: few and wide 3x3 convolutions"),
    "plain_deep_cifar": Info("plain_cifar", "control at the cost of inception_cifar: many and narrow 3x3 convolutions"),
    "single_5x5_cifar": Info("five_cifar", "of the pair 5x5 against two 3x3: the one with 5x5"),
    "double_3x3_cifar": Info("five_cifar", "of the pair 5x5 against two 3x3: the one with two 3x3"),
}


def names() -> list[str]:
    """Names of all networks, the default first."""
    return list(_NETWORKS)


def info(name: str) -> Info:
    """Facts about a network; an unknown name raises ArgumentError and suggests the nearest."""
    if name not in _NETWORKS:
        raise suggest(name, names(), "model")
    return _NETWORKS[name]


def build(name: str, *, classes: int | None = None, channels: int = 3, **options) -> Module:
    """A new network with fresh weights from `nn.random`.

    classes: as in `info(name)` unless given. channels: of the images. options: keyword arguments of its function.
    Raises ArgumentError for an unknown name or option, and for counts that are no positive whole numbers.
    """
    factory = _factory(name)
    if unknown := set(options) - set(inspect.signature(factory).parameters):
        raise ArgumentError(f"{name} has no option {', '.join(sorted(unknown))}; "
                            f"it has {', '.join(inspect.signature(factory).parameters)}")
    for argument, value in (("classes", classes), ("channels", channels)):
        if value is not None and (not isinstance(value, int) or value < 1):
            raise ArgumentError(f"{name}: {argument} must be a whole number of at least 1, got {value!r}")
    return factory(classes or info(name).classes, channels, **options)


def _factory(name: str) -> Callable[..., Module]:
    return getattr(import_module(f"tinyinception.models.{info(name).module}"), name)
