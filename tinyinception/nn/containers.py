"""Modules made of modules: in sequence, side by side, or as their owner calls them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from tinyinception.checks import is_whole
from tinyinception.errors import ArgumentError
from tinyinception.habits import named
from tinyinception.nn.module import Module
from tinyinception.tensor import Tensor, concat


class Container(Module):
    """Children by name: "0", "1" in `Sequential(a, b)`; "conv" in `Sequential(conv=a)` or `Sequential({"conv": a})`."""

    def __init__(self, *modules: Module | Mapping[str, Module], **named: Module):
        children: dict[str, object]
        if len(modules) == 1 and isinstance(modules[0], Mapping):
            children = {**modules[0], **named}
        else:
            children = {**{str(i): module for i, module in enumerate(modules)}, **named}
        for name, child in children.items():
            self._add(name, child)

    def _add(self, name: str, module: object) -> None:
        owner = type(self).__name__
        if not isinstance(module, Module):
            several = isinstance(module, Iterable) and not isinstance(module, (str, np.ndarray, Tensor))
            raise ArgumentError(
                f"{owner}: {name!r} is a {type(module).__name__}, not a Module"
                + (f"; write {owner}(*modules)" if several else "")
            )
        if "." in name or hasattr(self, name):
            raise ArgumentError(
                f"{owner}: {name!r} cannot be a child's name; it has a dot, is used twice, or is an "
                "attribute of every module"
            )
        setattr(self, name, module)

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __getitem__(self, key: int | str) -> Module:
        return dict(self.named_children())[key] if isinstance(key, str) else list(self.children())[key]


class Sequential(Container):
    """Each module on the result of the one before; a slice is a Sequential of the same modules under their names."""

    def __getitem__(self, key: int | str | slice) -> Module:
        if isinstance(key, slice):
            return Sequential(dict(list(self.named_children())[key]))
        return super().__getitem__(key)

    def forward(self, x: Tensor) -> Tensor:
        for module in self.children():
            x = module(x)
        return x


class Branches(Container):
    """Every module on the same input, the results joined over the channels in order, as in an Inception module.

    out_channels: what the building blocks of `nn` state for those who come next.
    """

    out_channels: int

    def forward(self, x: Tensor) -> Tensor:
        return concat([branch(x) for branch in self.children()])


class ModuleList(Container):
    """Modules under "0", "1", ..., which the module that holds the list calls as it likes; a slice is a plain list."""

    def __init__(self, modules: Iterable[Module] = ()):
        self.extend(modules)

    @property
    def _name(self) -> str:
        return self._list

    @_name.setter
    def _name(self, name: str) -> None:
        """Nobody calls the list, so its modules carry its name, for paths to agree with `named_modules`."""
        self._list = name
        for i, module in self.named_children():
            module._name = f"{name}.{i}" if name else i

    def append(self, module: Module) -> ModuleList:
        """Add a module at the end; returns self."""
        return self.extend([module])

    def extend(self, modules: Iterable[Module]) -> ModuleList:
        """Add modules at the end; returns self."""
        if not isinstance(modules, Iterable):
            raise ArgumentError(f"ModuleList: modules must be a list of modules, got {type(modules).__name__}")
        return self._hold([*self, *modules])

    def insert(self, index: int, module: Module) -> ModuleList:
        """Put a module before the one at `index`, as a list's `insert` does; returns self."""
        if not is_whole(index, -len(self)) or index > len(self):
            raise ArgumentError(
                f"ModuleList: index must be a whole number from {-len(self)} to {len(self)}, got {index!r}"
            )
        modules = list(self)
        modules.insert(index, module)
        return self._hold(modules)

    def _hold(self, modules: list[Module]) -> ModuleList:
        """Have these modules and no others."""
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                raise ArgumentError(f"ModuleList: '{i}' is a {type(module).__name__}, not a Module")
        for name, _ in list(self.named_children()):
            delattr(self, name)
        for i, module in enumerate(modules):
            self._add(str(i), module)
        self._name = self._list
        return self

    def forward(self, *inputs: Any) -> NoReturn:
        raise ArgumentError(
            "ModuleList has no forward: call its modules, `for module in blocks: x = module(x)`, or use Sequential"
        )


@named
def channels_after(module: Module, in_channels: int) -> int:
    """Channels of `module`'s result on an input of `in_channels`.

    What states no `out_channels`, such as pooling, keeps them.
    """
    if (stated := getattr(module, "out_channels", None)) is not None:
        return stated
    if isinstance(module, Branches):
        return sum(channels_after(branch, in_channels) for branch in module)
    if isinstance(module, Sequential):
        for child in module:
            in_channels = channels_after(child, in_channels)
    return in_channels
