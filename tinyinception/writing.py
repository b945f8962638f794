"""Tensors whose numbers are changed in place, and the operators that tensors do not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from tinyinception import changes
from tinyinception.context import state
from tinyinception.errors import ArgumentError, DtypeError, GraphError, ShapeError
from tinyinception.kernels.launch import launch
from tinyinception.ops.operation import by_x

if TYPE_CHECKING:
    from tinyinception.tensor import Tensor


def in_place(symbol: str, compute: Callable[[Any, Any], Tensor]) -> Callable[[Tensor, Any], Tensor]:
    """An operator such as `+=`, from the one that makes a new tensor."""

    def change(self: Tensor, other: Any) -> Tensor:
        if self.requires_grad and self.node is None and state.recording:
            raise GraphError(
                f"{symbol}: a leaf that requires a gradient cannot be changed in place while operations "
                "are recorded; do it inside `with no_grad():`"
            )
        if isinstance(other, (np.ndarray, np.floating)) and other.dtype.kind == "f":
            other = other.astype(self.dtype, copy=False)  # what is changed keeps its dtype
        result = compute(self, other)
        if result.shape != self.shape:
            raise ShapeError(
                f"{symbol}: the result is {by_x(result.shape)}, but what is changed in place keeps its "
                f"shape {by_x(self.shape)}"
            )
        if self._data is None:
            return result
        if result.requires_grad:  # all who hold this tensor see the result, whose history includes what it was
            self._data, self.node, self.requires_grad = result._data, result.node, True
            return self
        if result._data is None:  # of a tensor that is shape-only there are no numbers to write
            return result
        write(self, symbol, ..., result._data)
        return self

    return change


def write(tensor: Tensor, what: str, index: Any, numbers: np.ndarray) -> None:
    """tensor[index] = numbers, in memory. Errors begin with `what`, the operator."""
    own = tensor._data if tensor._data is not None else tensor.numpy()
    if numbers.dtype.kind == "c" != own.dtype.kind:
        raise DtypeError(f"{what}: complex numbers do not fit into a tensor of {own.dtype}")
    if not own.flags.writeable:
        raise ArgumentError(
            f"{what}: the array of this tensor of {by_x(tensor.shape)} is read-only; give it a copy, "
            "tensor.data = tensor.numpy().copy()"
        )
    try:
        launch(_assign, own, index, numbers)
    except (IndexError, TypeError, ValueError) as error:
        raise ShapeError(
            f"{what}: numbers of shape {by_x(numbers.shape)} do not fit into a tensor of "
            f"{by_x(tensor.shape)} at {index!r} ({error})"
        ) from None
    changes.note(own)


def _assign(own: np.ndarray, index: Any, numbers: np.ndarray) -> None:
    own[index] = numbers


def refused(symbol: str) -> Callable[..., NoReturn]:
    """An operator that has no useful gradient."""

    def refuse(self: Tensor, *_: object) -> NoReturn:
        raise DtypeError(f"tensors have no {symbol}, which has no useful gradient; use it on tensor.numpy()")

    return refuse
