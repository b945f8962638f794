"""What this room asks of its arguments, and the one error for each thing that is wrong with them."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Protocol

import numpy as np

from tinyinception.errors import ArgumentError, DtypeError, ShapeError, unknown_name


class Parameter(Protocol):
    """All that an optimiser knows of a parameter; `data` is updated in place, so whoever holds it sees new values.

    If it has a `slot`, that is where backward shall put its gradient.
    """

    data: Any  # an array; anything else, None for instance, is refused
    grad: np.ndarray | None

    @property
    def shape(self) -> tuple[int, ...]: ...


NamedParameters = Iterable[tuple[str, Parameter]] | Iterable[Parameter]
Grouped = NamedParameters | Iterable[Mapping[str, Any]]


def named_pairs(owner: str, pairs: Iterable[Any]) -> list[tuple[str, Any]]:
    """List (name, thing) pairs in order; bare parameters are named "0", "1", ... by their places.

    Raises ArgumentError if there are none, if they are neither, or if one repeats.
    """
    wanted = f"{owner}: parameters must be those of module.parameters() or module.named_parameters()"
    if not isinstance(pairs, Iterable) or hasattr(pairs, "parameters") or isinstance(pairs, str | Mapping):
        given = "a module itself" if hasattr(pairs, "parameters") else type(pairs).__name__
        raise ArgumentError(f"{wanted}, got {given}")
    if hasattr(pairs, "grad"):  # a tensor is iterable too
        raise ArgumentError(f"{wanted}, got a single one; write [parameter]")
    listed = list(pairs)
    if not listed:
        raise ArgumentError(f"{wanted}, got none (a generator can be read only once)")
    if all(_is_bare(thing) for thing in listed):
        listed = [(str(i), thing) for i, thing in enumerate(listed)]
    name_of: dict[int, str] = {}
    names: set[str] = set()
    for i, pair in enumerate(listed):
        if isinstance(pair, Mapping):
            raise ArgumentError(f"{wanted}; item {i} is a group of them, which optimisers take, if all are groups")
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


def _is_bare(thing: Any) -> bool:
    return not isinstance(thing, tuple) and hasattr(thing, "grad") and hasattr(thing, "data")


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
        if getattr(parameter, "node", None) is not None:
            raise ArgumentError(f"{owner}: {name!r} is a result, not a parameter; no gradient stays with it")
        float_array(owner, name, parameter.data)
    return listed


def in_groups(
    owner: str, parameters: Grouped, known: tuple[str, ...]
) -> list[tuple[list[tuple[str, Parameter]], dict[str, Any]]]:
    """Groups of (name, parameter) pairs, each with the settings that it has of its own; one where none were given.

    A group is a dictionary as PyTorch has it, {"params": network.parameters(), "lr": 0.1}. known: its other keys.
    """
    given: Any = list(parameters) if _is_plain(parameters) else parameters
    if not isinstance(given, list) or not given or not all(isinstance(one, Mapping) for one in given):
        return [(named_parameters(owner, given), {})]
    listed: list[list[Any]] = []
    for i, group in enumerate(given):
        if "params" not in group:
            raise ArgumentError(f"{owner}: group {i} must have its parameters under 'params', got {list(group)}")
        for key in group:
            if key != "params" and key not in known:
                raise unknown_name(str(key), known, f"setting of group {i} of {owner}:")
        params = group["params"]
        things = list(params) if _is_plain(params) else [params]
        if not things:
            raise ArgumentError(f"{owner}: group {i} has no parameters (a generator can be read only once)")
        listed.append(things)
    pairs = iter(named_parameters(owner, [thing for things in listed for thing in things]))
    return [
        (list(islice(pairs, len(things))), {key: value for key, value in group.items() if key != "params"})
        for things, group in zip(listed, given, strict=True)
    ]


def _is_plain(parameters: Any) -> bool:
    """Whether it is a list or a generator, and not a module, a tensor or a pair."""
    told = hasattr(parameters, "parameters") or hasattr(parameters, "grad")
    return isinstance(parameters, Iterable) and not told and not isinstance(parameters, str | Mapping | tuple)


def check_gradient(owner: str, name: str, data: np.ndarray, grad: np.ndarray) -> None:
    """Raise unless the gradient has the shape and dtype of its parameter."""
    if grad.shape != data.shape:
        raise ShapeError(f"{owner}: {name!r} has shape {data.shape} but its gradient {grad.shape}")
    if grad.dtype != data.dtype:
        raise DtypeError(f"{owner}: {name!r} is {data.dtype} but its gradient {grad.dtype}")


def check_parameter(owner: str, name: str, parameter: Parameter, shape: tuple[int, ...]) -> None:
    """Raise unless what the parameter holds now can be updated, and has the shape that it had."""
    if float_array(owner, name, parameter.data).shape != shape:
        raise ShapeError(f"{owner}: {name!r} had shape {shape} and has now {parameter.data.shape}")
