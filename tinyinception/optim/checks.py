"""What this room asks of its arguments, and the one error for each thing that is wrong with them."""

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np

from tinyinception.errors import ArgumentError, DtypeError, ShapeError


class Parameter(Protocol):
    """All that an optimiser knows of a parameter; `data` is updated in place, so whoever holds it sees new values."""

    data: np.ndarray
    grad: np.ndarray | None

    @property
    def shape(self) -> tuple[int, ...]: ...


NamedParameters = Iterable[tuple[str, Parameter]]


def named_pairs(owner: str, pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """List (name, thing) pairs in order; ArgumentError if there are none, if they are no pairs, or if one repeats."""
    wanted = f"{owner}: expected (name, parameter) pairs, as module.named_parameters() yields"
    if not isinstance(pairs, Iterable):
        raise ArgumentError(f"{wanted}, got {type(pairs).__name__}")
    listed = list(pairs)
    if not listed:
        raise ArgumentError(f"{wanted}, got none (a generator can be read only once)")
    name_of: dict[int, str] = {}
    names: set[str] = set()
    for i, pair in enumerate(listed):
        if not (isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)):
            raise ArgumentError(f"{wanted}; item {i} is a bare {type(pair).__name__}")
        name, thing = pair
        if name in names:
            raise ArgumentError(f"{owner}: two parameters are named {name!r}")
        if id(thing) in name_of:
            raise ArgumentError(f"{owner}: {name_of[id(thing)]!r} and {name!r} are the same parameter")
        names.add(name)
        name_of[id(thing)] = name
    return listed


def float_array(owner: str, name: str, array: Any) -> np.ndarray:
    """Return `array` if it is a writable NumPy array of floats; else an error that names what it belongs to."""
    if not isinstance(array, np.ndarray):
        raise ArgumentError(f"{owner}: {name!r} holds no NumPy array but {type(array).__name__}")
    if not np.issubdtype(array.dtype, np.floating):
        raise DtypeError(f"{owner}: {name!r} holds {array.dtype}, only floating-point arrays can be updated")
    if not array.flags.writeable:
        raise ArgumentError(f"{owner}: {name!r} is a read-only array of shape {array.shape}; updates are in place")
    return array


def named_parameters(owner: str, pairs: NamedParameters) -> list[tuple[str, Parameter]]:
    """List (name, parameter) pairs after checking that each can be trained."""
    listed = named_pairs(owner, pairs)
    for name, parameter in listed:
        if not hasattr(parameter, "grad"):
            raise ArgumentError(f"{owner}: {name!r} is a {type(parameter).__name__} without .grad, not a parameter")
        float_array(owner, name, parameter.data)
    return listed


def check_gradient(owner: str, name: str, parameter: Parameter) -> None:
    """Raise unless the gradient has the shape and dtype of its parameter."""
    data, grad = parameter.data, parameter.grad
    if grad.shape != data.shape:
        raise ShapeError(f"{owner}: {name!r} has shape {data.shape} but its gradient {grad.shape}")
    if grad.dtype != data.dtype:
        raise DtypeError(f"{owner}: {name!r} is {data.dtype} but its gradient {grad.dtype}")
