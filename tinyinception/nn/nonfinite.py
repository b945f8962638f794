"""The one warning for NaN or infinity that reaches a module from outside, with the layer that receives it first."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinyinception.context import Hook, observe
from tinyinception.errors import NonFiniteWarning
from tinyinception.ops.operation import by_x
from tinyinception.tape import Node
from tinyinception.tensor import Tensor

if TYPE_CHECKING:
    from tinyinception.nn.module import Module


class _FirstReader(Hook):
    """Remembers which operation is the first to be given one of some tensors."""

    def __init__(self, tensors: Sequence[Tensor]):
        self.tensors, self.where = tensors, ""

    def before(self, node: Node, inputs: Sequence[Tensor | np.ndarray | None]) -> None:
        if not self.where and any(t is sought for t in inputs for sought in self.tensors):
            self.where = node.where()


def not_finite(inputs: Sequence) -> list[Tensor]:
    """The tensors among a module's inputs that hold NaN or infinity.

    Recorded results are not looked at: their cause lies further back, and was told there.
    """
    return [
        t
        for t in inputs
        if isinstance(t, Tensor) and t.node is None and t._data is not None and not np.isfinite(t._data).all()
    ]


def call_and_warn(module: Module, inputs: Sequence, bad: Sequence[Tensor]) -> object:
    """The module's result on its inputs, and a NonFiniteWarning for each bad one."""
    reader = _FirstReader(bad)
    with observe(reader):
        result = module(*inputs)
    owner = getattr(module, "title", type(module).__name__)
    first = f"; {reader.where} is the first to receive it" if reader.where else ""
    for tensor in bad:
        nans, infinite = int(np.isnan(tensor.numpy()).sum()), int(np.isinf(tensor.numpy()).sum())
        text = f"{owner}: the input {by_x(tensor.shape)} holds {nans} NaN and {infinite} infinite numbers{first}"
        warnings.warn(text, NonFiniteWarning, stacklevel=4)  # where the module was called
    return result
