"""Module: a function with parameters, buffers and named children."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from tinyinception.errors import ArgumentError, CheckpointError, DtypeError, misfits
from tinyinception.nn.parameter import Parameter
from tinyinception.ops import by_x
from tinyinception.tensor import FLOATS, Tensor, is_rehearsing, scope


class Output(NamedTuple):
    """What every network returns, in training and evaluation alike.

    logits: N x classes. aux: the logits of the auxiliary classifiers, empty where there are none and in evaluation.
    """

    logits: Tensor
    aux: tuple[Tensor, ...] = ()


class Module:
    """Base class. A subclass assigns Parameters, Modules and buffers to attributes and defines `forward`.

    Everything assigned is found under its attribute's name, in order of assignment; there is no need to call
    `super().__init__()`. Calling a module runs `forward` under its dotted path, which errors and hooks report.
    """

    training: bool

    def __new__(cls, *args, **kwargs):
        module = super().__new__(cls)
        object.__setattr__(module, "training", True)
        module._name = ""
        module._buffers = []
        module._hooks = []
        return module

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, (list, tuple)) and any(isinstance(item, (Module, Parameter)) for item in value):
            raise ArgumentError(f"{type(self).__name__}.{name}: modules in a {type(value).__name__} would not be "
                                "found; use Sequential, Branches, or one attribute for each")
        if isinstance(value, Module):
            value._name = name
        object.__setattr__(self, name, value)

    def register_buffer(self, name: str, array: np.ndarray) -> None:
        """State that is saved but not learned, such as a running mean: a NumPy array under attribute `name`."""
        if name not in self._buffers:
            self._buffers.append(name)
        setattr(self, name, array)

    # -- calling -------------------------------------------------------------------------------------------------

    def forward(self, *inputs):
        """The module's result; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def __call__(self, *inputs):
        with scope(self._name):
            output = self.forward(*inputs)
        for hook in () if is_rehearsing() else tuple(self._hooks):
            hook(self, inputs, output)
        return output

    def register_forward_hook(self, hook: Callable[[Module, tuple, object], None]) -> Callable[[], None]:
        """Have `hook(module, inputs, output)` called after every forward; returns the function that ends this."""
        self._hooks.append(hook)
        return lambda: self._hooks.remove(hook)

    @property
    def hooked(self) -> bool:
        """Whether a forward hook waits for this module's result."""
        return bool(self._hooks)

    # -- what it consists of -------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one, by attribute name."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def children(self) -> Iterator[Module]:
        """The modules directly below this one."""
        return (child for _, child in self.named_children())

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, as "", and all below, each before its children."""
        yield "", self
        yield from self._members(Module)

    def modules(self) -> Iterator[Module]:
        """This module and all below."""
        return (module for _, module in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters by dotted name; one that is shared appears once, under its first name."""
        return self._members(Parameter)

    def parameters(self) -> Iterator[Parameter]:
        """All parameters in order of definition, each once."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, np.ndarray]]:
        """All buffers by dotted name."""
        return self._members(np.ndarray)

    def _members(self, kind: type | tuple[type, ...], prefix: str = "", seen: set[int] | None = None) -> Iterator:
        """(dotted name, thing) for all below of the given kind, depth first in order of definition, each once."""
        seen = set() if seen is None else seen
        for name, value in vars(self).items():
            counts = isinstance(value, (Parameter, Module)) or name in self._buffers
            if not counts or id(value) in seen:
                continue
            seen.add(id(value))
            if isinstance(value, kind):
                yield prefix + name, value
            if isinstance(value, Module):
                yield from value._members(kind, f"{prefix}{name}.", seen)

    # -- state ---------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and buffers by dotted name, in order of definition.

        Raises GraphError for a module built under `shape_only()`, which has none to give.
        """
        return {name: np.array(value.numpy() if isinstance(value, Parameter) else value)
                for name, value in self._members((Parameter, np.ndarray))}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Copy a `state_dict()` into the existing arrays, converted to their dtype.

        Raises one CheckpointError that lists all missing, surplus and misshapen names; then nothing has changed.
        """
        own = {name: value.numpy() if isinstance(value, Parameter) else value
               for name, value in self._members((Parameter, np.ndarray))}
        given = {name: np.asarray(value) for name, value in state.items()}
        both = [name for name in own if name in given]
        problems = {
            "missing": [name for name in own if name not in given],
            "surplus": [name for name in given if name not in own],
            "of another shape": [f"{name} ({by_x(given[name].shape)}, expected {by_x(own[name].shape)})"
                                 for name in both if given[name].shape != own[name].shape],
            "not numeric": [f"{name} ({given[name].dtype})"
                            for name in both if not np.can_cast(given[name].dtype, own[name].dtype, "same_kind")],
        }
        if told := misfits(problems):
            raise CheckpointError(f"this state does not belong to {type(self).__name__}: {told}")
        for name, array in own.items():
            array[...] = given[name]

    def train(self, mode: bool = True) -> Module:
        """Switch this module and all below to training (batch statistics, dropout) or, with False, to evaluation."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Switch to evaluation: running statistics, no dropout, no auxiliary classifiers."""
        return self.train(False)

    def to(self, dtype: np.dtype | type) -> Module:
        """Convert parameters and buffers to float32, float64 or complex128; gradients are forgotten."""
        dtype = np.dtype(dtype)
        if dtype not in FLOATS:
            raise DtypeError(f"to: a module computes in {', '.join(map(str, FLOATS))}, not in {dtype}")
        for parameter in self.parameters():
            parameter.data = None if parameter.data is None else parameter.data.astype(dtype)
            parameter.dtype, parameter.grad = dtype, None
        for module in self.modules():
            for name in module._buffers:
                setattr(module, name, getattr(module, name).astype(dtype))
        return self

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    # -- reading -------------------------------------------------------------------------------------------------

    def describe(self) -> str:
        """What `repr` shows in parentheses, such as sizes."""
        return ""

    def __repr__(self) -> str:
        return "\n".join(self._lines(""))

    def _lines(self, indent: str) -> Iterator[str]:
        size = sum(parameter.size for parameter in self.parameters())
        detail = f"({self.describe()})" if self.describe() else ""
        label = f"{self._name}: " if indent else ""
        yield f"{indent}{label}{type(self).__name__}{detail}" + (f"  {size:,} parameters" if size else "")
        for child in self.children():
            yield from child._lines(indent + "  ")
