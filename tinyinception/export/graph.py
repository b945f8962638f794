"""The graph of an ONNX file while it is built: nodes, constants, and in which layout each value lies.

Images are N x C x H x W in the file, here N x H x W x C. So every value of four axes may be in the file in either
layout, or in both; which one an operation wants is its own affair (`operations.py`), and a Transpose is put in where
the other one is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tinyinception.errors import ArgumentError
from tinyinception.ops import Operation
from tinyinception.tape import Node
from tinyinception.tensor import Tensor

FIRST = (0, 3, 1, 2)  # our axes in the order in which the file has them: channels first
AXIS = {0: 0, 1: 2, 2: 3, 3: 1}  # where an axis of ours is in the file


class Graph:
    """Grows by one operation at a time.

    names: what parameters and buffers are called, by the id of their array. varies: for each tensor of the walk, by its
    id, which axes grow with the batch.
    """

    def __init__(self, names: Mapping[int, str], varies: Mapping[int, tuple[int, ...]]):
        self.names, self.varies = names, varies
        self.nodes: list[Any] = []
        self.constants: dict[str, np.ndarray] = {}
        self.use = Node(Operation(), (), (), (), ())  # the operation in use that is being translated
        self._values: dict[tuple[int, bool], str] = {}  # (id of a tensor, channels first) to a name in the file
        self._renamed: dict[str, str] = {}
        self._named = set(names.values())
        self._taken: set[str] = set()

    # -- values ------------------------------------------------------------------------------------------------------

    def add(self, t: Tensor, name: str, first: bool = False) -> None:
        """State that the file holds tensor `t` under this name; first: with the channels first."""
        self._values[id(t), first] = name

    def is_first(self, t: Tensor) -> bool:
        """Whether the tensor is there with the channels first."""
        return (id(t), True) in self._values

    def first(self, t: Tensor) -> str:
        """Name of a tensor of four axes in the file's layout of images."""
        return self._in_layout(t, True)

    def plain(self, t: Tensor) -> str:
        """Name of a tensor with the axes as they are here."""
        return self._in_layout(t, False)

    def data(self, t: Tensor) -> np.ndarray:
        """The numbers of a tensor that has to be a constant."""
        if t.data is None:
            raise self.refuse("cannot be exported: a parameter of it is computed from the images")
        return t.data

    def in_order(self, t: Tensor, order: Sequence[int]) -> str:
        """Name of a tensor with its axes in another order: a constant is stored that way, anything else transposed."""
        if t.data is not None:
            return self.constant(t.data.transpose(order), self.names.get(id(t.data), "constant"))
        if self.is_first(t):
            source, order = self._values[id(t), True], [AXIS[axis] for axis in order]
        elif (id(t), False) in self._values:
            source = self._values[id(t), False]
        else:
            raise self.refuse("cannot be exported: it reads a tensor without numbers that no operation made")
        return source if list(order) == list(range(t.ndim)) else self.node("Transpose", source, perm=order)

    def _in_layout(self, t: Tensor, first: bool) -> str:
        if (id(t), first) not in self._values:
            order = FIRST if first else range(t.ndim)
            self._values[id(t), first] = self.in_order(t, tuple(order))
        return self._values[id(t), first]

    # -- what the file holds -----------------------------------------------------------------------------------------

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node; the name of its output, which is the module's path where that is not taken."""
        from onnx import helper

        name = self.unique(self.use.path or kind, f"{self.use.path}.{kind}")
        given: dict[str, Any]
        given = {key: list(value) if isinstance(value, (tuple, range)) else value for key, value in attributes.items()}
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **given))
        return name

    def constant(self, array: np.ndarray | Sequence[int] | float, name: str = "constant") -> str:
        """Add numbers; whole numbers become int64, of others the dtype stays. The name they got."""
        array = np.asarray(array)
        array = array.astype(np.int64) if array.dtype.kind in "iu" else array
        if name not in self._named and self.use.path:
            name = f"{self.use.path}.{name}"
        for taken in (name, *(f"{name}_{i}" for i in range(2, 10))):
            if taken in self.constants and _same(self.constants[taken], array):
                return taken
        name = self.unique(name)
        self.constants[name] = array
        return name

    def rename(self, value: str, name: str) -> None:
        """Give a result its name in the file; what no node makes, or has a result's name already, is passed on."""
        from onnx import helper

        maker = next((node for node in self.nodes if value in node.output), None)
        if maker is None:
            source = self._renamed.get(value, value)
            self.nodes.append(helper.make_node("Identity", [source], [name], name=name))
            return
        self._renamed[value] = name
        for node in self.nodes:
            node.input[:] = [name if one == value else one for one in node.input]
        maker.output[:] = [name]

    def unique(self, *names: str) -> str:
        """The first of these that is not taken, or the last with a number; taken from now on."""
        free = [name for name in names if name not in self._taken]
        number = 2
        while not free:
            free = [name for name in (f"{names[-1]}_{number}",) if name not in self._taken]
            number += 1
        self._taken.add(free[0])
        return free[0]

    def refuse(self, reason: str) -> ArgumentError:
        """The error for an operation that cannot go into the file."""
        return ArgumentError(f"onnx: {self.use.where()} {reason}")


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two constants are equal, without reading numbers that are the same memory."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    here = [(array.__array_interface__["data"], array.strides) for array in (a, b)]
    return here[0] == here[1] or np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def same_graphs(a: Graph, b: Graph) -> str | None:
    """None where two graphs say the same, else the name of the first node or constant in which they differ."""
    for one, other in zip(a.nodes, b.nodes, strict=False):
        if one != other:
            return one.name
    for name, array in a.constants.items():
        if name not in b.constants or not _same(array, b.constants[name]):
            return name
    return None if len(a.nodes) == len(b.nodes) and len(a.constants) == len(b.constants) else "its length"
