"""The networks, by name."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from importlib import import_module
from inspect import Parameter
from numbers import Real
from typing import TYPE_CHECKING

from tinyinception import remedies
from tinyinception.checks import whole
from tinyinception.errors import ArgumentError, unknown_name
from tinyinception.habits import explain_call, missing_from, named, refusal
from tinyinception.models.network import Network


@dataclass(frozen=True)
class Info:
    """What is known of a network without building it.

    input_size: the (height, width) it was made for. options: what its function, by default of its own name, is given.
    """

    module: str
    description: str
    input_size: tuple[int, int] = (32, 32)
    num_classes: int = 10
    function: str | None = None
    options: Mapping[str, object] = field(default_factory=dict)


def _paper(module: str, description: str, size: int, function: str | None = None, **options) -> Info:
    return Info(module, description, (size, size), 1000, function, options)


_NETWORKS = {
    "inception_cifar": Info(
        "inception_cifar",
        "the default: Inception-v3's ideas at 32x32, factorised convolutions, "
        "grid reductions, an auxiliary classifier with batch-norm",
    ),
    "googlenet_cifar": Info("googlenet_cifar", "GoogLeNet's modules at 32x32, with batch-norm"),
    "inception_resnet_cifar": Info("inception_resnet_cifar", "scaled residual Inception blocks at 32x32"),
    "plain_cifar": Info("plain_cifar", "control at the cost of inception_cifar: few and wide 3x3 convolutions"),
    "plain_deep_cifar": Info("plain_cifar", "control at the cost of inception_cifar: many and narrow 3x3 convolutions"),
    "single_5x5_cifar": Info("kernel_pair_cifar", "of the pair 5x5 against two 3x3: the one with 5x5"),
    "double_3x3_cifar": Info("kernel_pair_cifar", "of the pair 5x5 against two 3x3: the one with two 3x3"),
    "inception_v4_cifar": Info("inception_v4_cifar", "Inception-v4's uniform modules at 32x32"),
    "resolution_cifar": Info("resolution_cifar", "images of 32x32 pixels, or shrunk to 16x16 or 8x8, at equal cost"),
    "nin_cifar": Info("nin", "Network in Network, the paper's for CIFAR-10"),
    "airbench_cifar": Info(
        "airbench", "of the fastest CIFAR-10 trainings: a whitened first layer and few, wide 3x3 convolutions"
    ),
    "inception_fast_cifar": Info(
        "airbench", "its groups made of Inception modules with 3x3 and two 3x3, at the same cost"
    ),
    "alexnet": _paper("alexnet", "the network of 2012: two towers, response normalisation", 227),
    "alexnet_ungrouped": _paper("alexnet", "its widths in one tower, as textbooks draw it", 227, "alexnet", towers=1),
    "alexnet_torchvision": _paper("alexnet", "TorchVision's: one tower, other widths", 224),
    "nin": _paper("nin", "Network in Network, the authors' for ImageNet in the Caffe model zoo", 224),
    "vgg16": _paper("vgg", "configuration D of VGG", 224),
    "vgg19": _paper("vgg", "configuration E of VGG", 224),
    "googlenet": _paper("googlenet", "the paper's, with a plain 7x7 first", 224),
    "googlenet_separable": _paper(
        "googlenet", "the paper's, with the separable 7x7 that fits its Table 1", 224, "googlenet", separable=True
    ),
    "googlenet_torchvision": _paper("googlenet", "TorchVision's: batch-norm, 3x3 in the 5x5 branch", 224),
    "googlenet_slim": _paper("googlenet", "TF-slim's inception_v1: as TorchVision's, without auxiliary heads", 224),
    "bn_inception": _paper("bn_inception", "Caffe's: 608 channels in 4c and 4d, redundant biases", 224),
    "bn_inception_paper": _paper("bn_inception", "the paper's Fig. 5: separable 7x7, batch-norm throughout", 224),
    "bn_inception_slim": _paper("bn_inception", "TF-slim's inception_v2: separable 7x7, 576 channels in 4c, 4d", 224),
    "inception_v2": _paper("inception_v2", "Rethinking's Table 1, reconstructed with the released v3's stem", 299),
    "inception_v2_a": _paper(
        "inception_v2", "Rethinking's Table 1 by the letter, reconstructed", 299, "inception_v2", reading="a"
    ),
    "inception_v2_b": _paper("inception_v2", "as a, with one module of Fig. 6 fewer", 299, "inception_v2", reading="b"),
    "inception_v3": _paper("inception_v3", "as released; TorchVision's conventions", 299),
    "inception_v3_151": _paper(
        "inception_v3", "Rethinking's Table 2: for images of 151x151", 151, "inception_v3", input_size=151
    ),
    "inception_v3_79": _paper(
        "inception_v3", "Rethinking's Table 2: for images of 79x79", 79, "inception_v3", input_size=79
    ),
    "inception_v4": _paper("inception_v4", "uniform modules, no residual connections", 299),
    "inception_resnet_v1": _paper("inception_resnet", "residual Inception at about v3's cost", 299),
    "inception_resnet_v1_facenet": _paper(
        "inception_resnet", "FaceNet's: six blocks on the last grid, an embedding", 160
    ),
    "inception_resnet_v2": _paper("inception_resnet", "residual Inception as released, at about v4's cost", 299),
    "inception_resnet_v2_paper": _paper("inception_resnet", "as its figures print it, two widths corrected", 299),
}


_COUNTS = ("num_classes", "channels")


def names() -> list[str]:
    """Names of all networks, the default first."""
    return list(_NETWORKS)


@named
def list_models(pattern: str = "*") -> list[str]:
    """Names of the networks that fit a pattern such as "*v3*", in which * stands for anything; timm's name for it."""
    if not isinstance(pattern, str):
        raise ArgumentError(f"list_models: pattern must be a text such as '*v3*', got {pattern!r}")
    return [name for name in _NETWORKS if fnmatchcase(name, pattern)]


@named
def info(name: str) -> Info:
    """Facts about a network; an unknown name raises ArgumentError and suggests the nearest."""
    if name not in _NETWORKS:
        base, _, tag = str(name).rpartition("/")[2].partition(".")
        if base in _NETWORKS and tag:
            raise ArgumentError(
                f"unknown model {name!r}; the network is {base!r}, and {tag!r} names weights: "
                f"weights.load_weights(network, FILE), or 'hf://timm/{base}.{tag}' as FILE"
            )
        raise unknown_name(name, names(), "model")
    return _NETWORKS[name]


@named
def build(name: str, *, num_classes: int | None = None, channels: int = 3, **options) -> Network:
    """A new network with fresh weights from `nn.random`.

    num_classes: as in `info(name)` unless given. channels: of the images. options: keyword arguments of its function.
    Raises ArgumentError for an unknown name or option, and for counts that are no positive whole numbers.
    """
    factory = _factory(name)
    check_options(name, options)
    num_classes = whole(f"{name}: num_classes", info(name).num_classes if num_classes is None else num_classes)
    network = factory(num_classes, whole(f"{name}: channels", channels), **{**info(name).options, **options})
    network.title = name
    return network


create_model = build  # timm's name for it


@named
def check_options(name: str, options: Mapping[str, object]) -> None:
    """Raises ArgumentError for options that the network's function has not, or of another kind than their defaults.

    In which interval numbers lie, its layers know.
    """
    if not options:
        return
    known = dict(list(inspect.signature(_factory(name)).parameters.items())[2:])  # after num_classes and channels
    if counts := [word for word in _COUNTS if word in options]:
        raise ArgumentError(f"{name} has no option {counts[0]}: it follows from the data")
    if unknown := set(options) - set(known):
        words = [Parameter(word, Parameter.KEYWORD_ONLY) for word in (*_COUNTS, *known)]
        raise refusal(name, words, (), {word: options[word] for word in sorted(unknown)})
    for option, value in options.items():
        usual = known[option].default
        what, fits = next((what, fits) for kind, what, fits in _KINDS if kind(usual))
        if not fits(value, usual):
            raise ArgumentError(f"{name}: {option} must be {what}, got {value!r}")


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


# Of an option: whether its default is of this kind, what the kind is called, whether a value is of it too.
_KINDS: tuple[tuple[Callable, str, Callable], ...] = (
    (lambda usual: isinstance(usual, bool), "True or False", lambda value, usual: isinstance(value, bool)),
    (_is_number, "a number", lambda value, usual: _is_number(value)),
    (lambda usual: isinstance(usual, str), "a text", lambda value, usual: isinstance(value, str)),
    (
        lambda usual: isinstance(usual, tuple),
        "as many numbers as by default",
        lambda value, usual: (
            isinstance(value, tuple | list) and len(value) == len(usual) and all(map(_is_number, value))
        ),
    ),
    (callable, "a function, which no text stands for", lambda value, usual: callable(value)),
    (lambda usual: True, "", lambda value, usual: True),
)


def _factory(name: str) -> Callable[..., Network]:
    module = f"tinyinception.models.{info(name).module}"
    factory = getattr(import_module(module), info(name).function or name)
    for other in {entry.module for entry in _NETWORKS.values()}:  # one may have imported another
        if f"tinyinception.models.{other}" in sys.modules:
            explain_call(f"tinyinception.models.{other}", remedies.BUILD.format(other))
    return factory


explain_call(__name__, "models.build('inception_v3') makes a network")

if not TYPE_CHECKING:  # or every name would do
    __getattr__ = missing_from(
        __name__, {**{name: remedies.BUILD.format(name) for name in _NETWORKS}, **remedies.MODELS}
    )
