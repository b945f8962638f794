"""What the layers of two trained networks make of twelve images: the numbers of the explorer's page of that name.

The networks are `inception_cifar` at half its width; lessons/experiments/explorer_networks.py trained them and wrote
`weights/`. The functions that compute maps and Grad-CAM are lesson 20's own, taken from the lesson.

    network = Trained("drawn")
    network.probabilities        # 12 x 10
    network.maps("mixed_8a")     # 12 x 8 x 8 x 88
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tinyinception import data, models, weights
from tinyinception.count import summary
from tinyinception.course.files import lesson
from tinyinception.data import Normalize
from tinyinception.errors import DataError
from tinyinception.models.network import Network
from tinyinception.nn import AvgPool2d, Branches, Conv2d, MaxPool2d, Module, Sequential, shape_only
from tinyinception.nn.functional import softmax
from tinyinception.plots.network_tree import kind
from tinyinception.tensor import Tensor, no_grad

SETS = ("drawn", "cifar10")  # on which the networks were trained
NETWORK, WIDTH = "inception_cifar", 0.5
FOLDER = Path(__file__).parent / "weights"


class Branch(NamedTuple):
    """An end of a module: what it does, as "1 × 1, 3 × 3", the kind of its colour as in pictures, its channels."""

    name: str
    kind: str
    channels: int


def sets() -> tuple[str, ...]:
    """Those whose images are at hand: CIFAR-10's photographs where they were fetched, since nobody may hand them on."""
    return tuple(row.name for row in data.listing() if row.name in SETS and (row.name == "drawn" or row.cached))


def built() -> Network:
    """The network without its weights, in evaluation mode."""
    return models.build(NETWORK, width=WIDTH, aux="none").eval()


def layers() -> list[str]:
    """Names of the layers that the page shows."""
    with shape_only():
        return [name for name, _ in _layers(built())]


def taken() -> str:
    """The source of lesson 20's functions, without comments: what the page computes changes with it."""
    cells = (cell for cell in lesson("seeing").cells() if cell.kind == "code")
    found = [node for cell in cells for node in ast.parse(cell.text).body if isinstance(node, ast.FunctionDef)]
    return ast.unparse(ast.Module(body=list(found), type_ignores=[]))


@cache
def shown(name: str) -> Callable[..., Any]:
    """A function of lesson 20 as a reader sees it there; the only stage that it knows is "last", which ends at "head".

    Raises DataError where the lesson has none of that name.
    """
    space: dict[str, Any] = {"np": np, "Tensor": Tensor, "no_grad": no_grad, "softmax": softmax, "STAGES": ("last",)}
    path = lesson("seeing").path
    exec(compile(taken(), str(path), "exec"), space)
    if name not in space:
        raise DataError(f"{path} has no function {name}")
    return space[name]


def probabilities(network: Module, x: np.ndarray) -> np.ndarray:
    """Of each class, N x 10, for normalised images."""
    with no_grad():
        return softmax(network(Tensor(x)).logits).numpy()


class Trained:
    """One of the networks, with its images; all that is computed is computed once."""

    def __init__(self, name: str) -> None:
        from safetensors import safe_open

        file = FOLDER / f"{name}.safetensors"
        self.name, self.network = name, built()
        weights.load(self.network, file)
        for parameter in self.network.parameters():
            parameter.requires_grad = False  # the weights stand still
        with safe_open(file, "numpy") as source:
            self.facts: dict[str, str] = source.metadata()
        self.classes = self.facts["classes"].split()
        self.labels, self.indices = ([int(n) for n in self.facts[key].split()] for key in ("labels", "indices"))
        self.images = data.load(name, progress=False).test_images[self.indices]
        self.x = Normalize(*(tuple(map(float, self.facts[key].split())) for key in ("mean", "std")))(self.images)
        self.layers: dict[str, Module] = dict(_layers(self.network))

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Of each class for each image, N x 10."""
        return probabilities(self.network, self.x)

    @property
    def accuracy(self) -> float:
        """Of the network as it is shipped, on all test images, when it was made."""
        return int(self.facts["right"]) / int(self.facts["test_images"])

    def maps(self, layer: str) -> np.ndarray:
        """What a layer makes of the images, N x H x W x C."""
        return shown("maps")(self.cut(layer), self.x)

    def heat(self, layer: str) -> np.ndarray:
        """Grad-CAM at a layer for every class, N x 10 x H x W."""
        grad_cam, cut = shown("grad_cam"), self.cut(layer)
        each = [grad_cam(cut, self.x, [label] * len(self.x))[0] for label in range(len(self.classes))]
        return np.stack(each, axis=1)

    def branches(self, layer: str) -> list[Branch]:
        """Where the layer's channels come from, in their order."""
        before = 3
        for name, module in self.layers.items():
            found = list(_branches(module, before))
            if name == layer:
                return found
            before = sum(branch.channels for branch in found)
        raise KeyError(layer)

    def field(self, layer: str) -> tuple[int, int]:
        """(height, width) in pixels of what one value of the layer depends on; it may be larger than the image."""
        return summary(self.cut(layer)["last"], self.images.shape[1:3]).receptive_field

    @cached_property
    def dreams(self) -> dict[str, np.ndarray]:
        """What `dreams.of` made of the network, and is shipped with it."""
        from safetensors.numpy import load_file

        return load_file(FOLDER / f"{self.name}-dreams.safetensors")

    def cut(self, layer: str) -> Sequential:
        """The network in two parts, "last" up to a layer and "head" behind it; together they give the logits."""
        modules, at = list(self.layers.values()), list(self.layers).index(layer) + 1
        head = getattr(self.network, self.network.stages[-1])
        return Sequential(last=Sequential(*modules[:at]), head=Sequential(*modules[at:], head)).eval()


def _layers(network: Network) -> Iterator[tuple[str, Module]]:
    """The stages before the head; the stem, which is a row of convolutions, one by one."""
    for name in network.stages[:-1]:
        stage = getattr(network, name)
        if isinstance(stage, Sequential):
            yield from ((f"{name}.{inner}", module) for inner, module in stage.named_children())
        else:
            yield name, stage


def _branches(module: Module, in_channels: int, before: tuple[str, ...] = ()) -> Iterator[Branch]:
    """The ends of a module in the order of its channels."""
    if isinstance(module, Branches):
        for branch in module.children():
            yield from _branches(branch, in_channels, before)
        return
    children = list(module.children())
    if isinstance(module, Sequential) and isinstance(children[-1], Branches):
        said = tuple(word for child in children[:-1] for word, _ in _said(child))
        yield from _branches(children[-1], in_channels, before + said)
        return
    words, parts = zip(*_said(module), strict=True)
    widths = [part.weight.shape[-1] for part in parts if isinstance(part, Conv2d)]
    pools = any(kind(part) == "pool" for part in parts)
    yield Branch(", ".join(before + words), "pool" if pools else kind(parts[-1]), widths[-1] if widths else in_channels)


def _said(module: Module) -> Iterator[tuple[str, Module]]:
    """The convolutions and poolings of a module, and what a reader calls them."""
    for part in module.modules():
        if isinstance(part, Conv2d):
            yield " × ".join(map(str, part.weight.shape[:2])), part
        elif isinstance(part, AvgPool2d | MaxPool2d):
            yield "average pooling" if isinstance(part, AvgPool2d) else "max pooling", part
