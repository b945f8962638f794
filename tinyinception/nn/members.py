"""What a module's attributes may hold: parameters and modules where they are found, and nothing else in their place."""

from __future__ import annotations

from collections import UserList, deque
from collections.abc import Callable, Iterator, Mapping, MappingView
from dataclasses import is_dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from tinyinception.errors import ArgumentError, DtypeError, ShapeError
from tinyinception.ops import by_x
from tinyinception.tensor import Tensor

CONTAINERS = (list, tuple, dict, set, frozenset, deque, UserList, np.ndarray, Mapping, MappingView, SimpleNamespace)


def is_container(thing: object) -> bool:
    """Whether modules and parameters may hide in this."""
    return isinstance(thing, CONTAINERS) or (is_dataclass(thing) and not isinstance(thing, type))


def _contents(box: Any) -> tuple:
    """What a container holds, of mappings the keys too."""
    if isinstance(box, np.ndarray):
        return tuple(np.ravel(box))
    if is_dataclass(box) or isinstance(box, SimpleNamespace):
        return tuple(getattr(box, "__dict__", {}).values())
    return (*box.keys(), *box.values()) if isinstance(box, Mapping) else tuple(box)


def inside(container: object, wanted: Callable[[object], bool]) -> Iterator[tuple[object, object]]:
    """(thing, container it is in) for all that is wanted, however deep the containers are nested."""
    pending, seen = [container], set()
    while pending:
        box = pending.pop()
        if id(box) in seen or (isinstance(box, np.ndarray) and not box.dtype.hasobject):
            continue
        seen.add(id(box))
        for thing in _contents(box):
            if wanted(thing):
                yield thing, box
            elif is_container(thing):
                pending.append(thing)


def is_leaf(thing: object) -> bool:
    """Whether this is a tensor to be learned, a Parameter or another that requires a gradient."""
    return isinstance(thing, Tensor) and thing.requires_grad and thing.node is None


def as_buffer(where: str, old: np.ndarray, value: object) -> np.ndarray:
    """New numbers for a buffer, in its shape and dtype; an error names what does not fit."""
    try:
        array = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    except ValueError:  # lists of different lengths
        array = np.asarray(None)
    if array.dtype.kind not in "biufc" or not np.can_cast(array.dtype, old.dtype, "same_kind"):
        raise DtypeError(
            f"{where} is a buffer and must be an array of {old.dtype}, got "
            + (type(value).__name__ if array.dtype.kind == "O" else str(array.dtype))
        )
    if array.shape != old.shape:
        raise ShapeError(f"{where} is a buffer and must have the shape {by_x(old.shape)}, got {by_x(array.shape)}")
    return array.astype(old.dtype, copy=False)


def check_replacement(where: str, layer: str, old: object, new: object, kind: type) -> None:
    """Raise ArgumentError unless a parameter gives way to a parameter, a module to a module, or either to None."""
    if new is None or isinstance(new, kind):
        return
    noun = "parameter" if isinstance(old, Tensor) else "module"
    remedy = f"to change its numbers, write {layer}.data = ..." if noun == "parameter" else "give it another module"
    raise ArgumentError(
        f"{where} is a {noun} and must stay one or become None, got {type(new).__name__}, which no "
        f"optimiser and no checkpoint would find; {remedy}"
    )


def kind_fits(given: np.dtype, own: np.dtype) -> bool:
    """Whether numbers keep their meaning: floats of any width do, whole numbers were never a layer's weights."""
    return given.kind == own.kind or (given.kind, own.kind) == ("f", "c")


def check_class(cls: type, module: type) -> None:
    """Raise ArgumentError for a module or parameter that is an attribute of the class, not of its instances."""
    for name, value in vars(cls).items():
        if isinstance(value, module) or is_leaf(value):
            raise ArgumentError(
                f"{cls.__name__}.{name}: a {type(value).__name__} that belongs to the class would not be found, and "
                "all its modules would share it; assign it to an attribute in __init__"
            )


def check_leaf(where: str, tensor: Tensor, parameter: type) -> None:
    """Raise ArgumentError for a tensor that is to be learned, but is no Parameter."""
    if is_leaf(tensor) and not isinstance(tensor, parameter):
        raise ArgumentError(
            f"{where}: a Tensor that requires a gradient would not be found; make it a Parameter, or detach() it"
        )
