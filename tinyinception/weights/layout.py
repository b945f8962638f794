"""Every tensor of a network with its published name and shape, and the way of its numbers there and back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tinyinception.errors import ArgumentError
from tinyinception.nn import BatchNorm2d, Conv2d, ConvUnit, Linear, LocalResponseNorm, Module
from tinyinception.nn.parameter import Parameter
from tinyinception.weights.names import TABLES, Table, find, translate

NORM = {"gamma": "weight", "beta": "bias", "running_mean": "running_mean", "running_var": "running_var"}


@dataclass(frozen=True, eq=False)
class Slot:
    """One tensor of a network: attribute `name` of `owner`, at `path`, published as `published`.

    Convolutions are KH x KW x in x out here and out x in x KH x KW in PyTorch, linear layers in x out and out x in.
    grid: height and width of the grid that a linear layer's inputs were flattened from, else 0; here the channels vary
    fastest, in PyTorch the columns.
    """

    owner: Module
    name: str
    path: str
    published: str
    grid: int = 0

    @property
    def array(self) -> np.ndarray | None:
        """The numbers in our layout; None in a parameter without them, built inside `nn.shape_only()`."""
        value = getattr(self.owner, self.name)
        return value.data if isinstance(value, Parameter) else value

    @property
    def is_aux(self) -> bool:
        """Whether it belongs to an auxiliary classifier."""
        return self.path.startswith("aux_")

    @property
    def is_classes(self) -> bool:
        """Whether it has one row, or one number, for each class in PyTorch."""
        return re.fullmatch(r"(head\.fc|fc8|aux_[^.]+\.fc)\.(weight|bias)", self.path) is not None

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape in PyTorch."""
        return self.to_published(np.broadcast_to(np.int8(0), getattr(self.owner, self.name).shape)).shape

    def to_published(self, array: np.ndarray) -> np.ndarray:
        """Our numbers in PyTorch's layout, as a view where that is possible."""
        if self.grid:
            inputs, outputs = array.shape
            array = array.reshape(self.grid, self.grid, inputs // self.grid**2, outputs)
            return array.transpose(3, 2, 0, 1).reshape(outputs, inputs)
        return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T

    def from_published(self, array: np.ndarray) -> np.ndarray:
        """PyTorch's numbers in our layout, as a view where that is possible."""
        if self.grid:
            outputs, inputs = array.shape
            array = array.reshape(outputs, inputs // self.grid**2, self.grid, self.grid)
            return array.transpose(2, 3, 1, 0).reshape(inputs, outputs)
        return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T

    def fill(self, array: np.ndarray) -> None:
        """Take over published numbers, converted to the parameter's dtype."""
        value = getattr(self.owner, self.name)
        array = np.array(self.from_published(array), value.dtype, order="C")
        if isinstance(value, Parameter):
            value.data = array
        else:
            setattr(self.owner, self.name, array)


@dataclass(frozen=True, eq=False)
class Layout:
    """A network's published form: which one it is, all its tensors, and the auxiliary layers that no file has."""

    network: str
    table: Table
    slots: tuple[Slot, ...]
    unpublished: tuple[str, ...]


def layout(model: Module) -> Layout:
    """How `model` is published. ArgumentError where no published network has its layers, which names the nearest."""
    layers = list(_layers(model))
    nearest = (-1, "", "")
    for network, table in TABLES.items():
        unknown = [path for path, _ in layers if translate(path, table.layers) is None]
        differing = [
            path
            for path, module in layers
            if not _usual(module, table) or (path in unknown and not path.startswith("aux_"))
        ]
        if not differing:
            slots = tuple(
                slot for path, module in layers if path not in unknown for slot in _slots(table, path, module)
            )
            return Layout(network, table, slots, tuple(unknown))
        nearest = max(nearest, (len(layers) - len(differing), network, differing[0]))
    raise ArgumentError(
        f"weights: no files are published for this {type(model).__name__}; of those known "
        f"({', '.join(TABLES)}) {nearest[1]} is nearest, but differs at {nearest[2]}"
    )


def _layers(model: Module) -> Iterator[tuple[str, Module]]:
    """Everything that has a line of its own in the tables: units, and layers with parameters outside of units.

    And response normalisation, which has none: the tables know no network with it.
    """
    units: list[str] = []
    for path, module in model.named_modules():
        if isinstance(module, ConvUnit):
            units.append(path + ".")
            yield path, module
        elif not path.startswith(tuple(units)) and isinstance(module, (Conv2d, Linear, BatchNorm2d, LocalResponseNorm)):
            yield path, module


def _usual(layer: Module, table: Table) -> bool:
    """Whether a layer has the parameters that the published ones have: a norm with both or a bias, nothing grouped."""
    if isinstance(layer, Conv2d):
        return layer.groups == 1 and layer.bias is not None
    if isinstance(layer, ConvUnit):
        plain = layer.conv.groups == 1 and (layer.conv.bias is None) == table.norm == (layer.norm is not None)
        return plain and (layer.norm is None or _has_both(layer.norm))
    return isinstance(layer, Linear) and layer.bias is not None


def _has_both(norm: Module) -> bool:
    return isinstance(norm, BatchNorm2d) and norm.gamma is not None and norm.beta is not None


def _slots(table: Table, path: str, layer: Module) -> Iterator[Slot]:
    theirs = translate(path, table.layers)
    if isinstance(layer, ConvUnit) and layer.norm is not None:
        yield Slot(layer.conv, "weight", f"{path}.conv.weight", f"{theirs}.conv.weight")
        for ours, name in NORM.items():
            yield Slot(layer.norm, ours, f"{path}.norm.{ours}", f"{theirs}.bn.{name}")
        return
    if isinstance(layer, ConvUnit):
        path, layer = f"{path}.conv", layer.conv
    grid = find(path, table.grids)
    yield Slot(layer, "weight", f"{path}.weight", f"{theirs}.weight", grid[0] if grid else 0)
    yield Slot(layer, "bias", f"{path}.bias", f"{theirs}.bias")
