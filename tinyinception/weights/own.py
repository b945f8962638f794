"""Weights of any module under its own names: safetensors files with the names of `Module.state_dict`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np

from tinyinception.errors import ArgumentError, CheckpointError, DtypeError, GraphError
from tinyinception.files import save_file
from tinyinception.habits import named
from tinyinception.nn import Module
from tinyinception.weights.file import OWN, READABLE, VERSION, bfloat16, is_own, opened, origin, to_write
from tinyinception.weights.hub import local

NUMBERS = (*READABLE, "BOOL", "U8", "I8", "U16", "I16", "U32", "I32", "U64", "I64")


@named
def save(net: Module, file: str | Path) -> None:
    """Write all parameters and buffers of a module as they are, under the names and dtypes of its `state_dict()`.

    The file takes the place of an older one only when it is whole. Raises ArgumentError for the ending of another
    format, GraphError for a module without numbers, DtypeError for complex ones, which safetensors does not know, and
    CheckpointError where it cannot be written.
    """
    from safetensors.numpy import save as to_bytes

    _module("save", net)
    file = to_write("save", file)
    for name, parameter in net.named_parameters():
        if parameter.data is None:
            raise GraphError(f"save: {name} has no numbers, it was built inside shape_only()")
    state = net.state_dict()
    for name, array in state.items():
        if array.dtype.kind not in "fiub":
            raise DtypeError(f"save: {name} must be real to be saved, got {array.dtype}")
    dense = {name: np.asarray(array, order="C") for name, array in state.items()}
    save_file(file, to_bytes(dense, {"format": OWN, "version": str(VERSION)}))


@named
def load(net: Module, file: str | Path) -> None:
    """Give a module the numbers of a file that `save` wrote for one like it; or "hf://OWNER/NAME", see `load_weights`.

    They become the module's dtype; one built inside `nn.shape_only()` gets its numbers here. Raises one CheckpointError
    that lists all missing, surplus and misshapen names, or says that the file is missing or damaged; then nothing has
    changed.
    """
    _module("load", net)
    file = local(file)
    with opened(file) as source:
        is_own(file, source)
        names = source.keys()
        foreign = [
            f"{name} ({dtype})" for name in names if (dtype := source.get_slice(name).get_dtype()) not in NUMBERS
        ]
        if foreign:
            raise CheckpointError(f"{file}: numbers of dtypes that are not read: {', '.join(foreign[:8])}")
        state = {
            name: bfloat16(file, name) if source.get_slice(name).get_dtype() == "BF16" else source.get_tensor(name)
            for name in names
        }
    blank = [parameter for parameter in net.parameters() if parameter.data is None]
    _allocate(net)
    try:
        net.load_state_dict(state)
    except CheckpointError as error:
        for parameter in blank:
            parameter.hold(None, parameter.shape, parameter.dtype)
        raise CheckpointError(f"{file}: {error}{_hint(names)}") from None


def _allocate(net: Module) -> None:
    """Room for the numbers of what was built inside `shape_only()`."""
    for parameter in net.parameters():
        if parameter.data is None:
            parameter.data = np.empty(parameter.shape, parameter.dtype)
    owners = dict(net.named_modules())
    for path, array in net.named_buffers():
        if not array.flags.writeable:
            owner, _, name = path.rpartition(".")
            setattr(owners[owner], name, np.array(array))


def _hint(names: Collection[str]) -> str:
    network = origin("", names)
    return f"{network}: give it to load_weights" if network else ""


def _module(function: str, net: object) -> Module:
    if not isinstance(net, Module):
        raise ArgumentError(f"{function}: net must be a Module, got {type(net).__name__}")
    return net
