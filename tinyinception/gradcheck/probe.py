"""The function under test as a pure function of float64 arrays, and the user's objects as they were afterwards."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinyinception.errors import ArgumentError, NonFiniteError
from tinyinception.nn import Module, random
from tinyinception.ops.operation import Operation
from tinyinception.tape import Node
from tinyinception.tensor import Hook, Tensor, apply, enable_grad, no_grad, observe

Parameters = Module | Mapping[str, Tensor] | Iterable[Tensor] | None


class Probe:
    """A function, its inputs and its parameters, evaluated at will: `with probe.borrowed(): probe.outputs(values)`.

    `names` and `values` list what is to be checked: the inputs first, then the parameters, all as float64 copies.
    """

    def __init__(self, function: Callable | Module | Operation, inputs: Sequence, parameters: Parameters):
        self.function = function
        self.inputs = [None if x is None else _double(x) for x in inputs]
        self.places = [i for i, x in enumerate(self.inputs) if x is not None]
        self.modules = [m for m in (function, parameters) if isinstance(m, Module)]
        checked = _named(function if parameters is None and isinstance(function, Module) else parameters)
        self.parameters: list[Tensor] = list(checked.values())
        held = {id(t) for t in self.parameters}
        self.constants: list[Tensor] = [t for m in self.modules for t in m.parameters() if id(t) not in held]
        self.names = [*_input_names(function, self.inputs), *checked]
        self.values = [x for x in self.inputs if x is not None] + [_double(t) for t in self.parameters]
        self._check_values()

    def _check_values(self) -> None:
        if not self.values:
            raise ArgumentError("gradcheck: nothing to check; give an input, or a module with parameters")
        for name, value in zip(self.names, self.values, strict=True):
            if not value.size:
                raise ArgumentError(f"gradcheck: {name} is empty (shape {value.shape})")
            if not np.isfinite(value).all():
                raise NonFiniteError(f"gradcheck: {name} has NaN or infinity among its {value.size} numbers")

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """Context in which the user's modules and parameters may be changed: they come back bit for bit."""
        tensors = self.parameters + self.constants
        before = [(t, t.data, t.shape, t.dtype, t.grad, t.requires_grad) for t in tensors]
        self._constants = [(t, t.numpy()) for t in self.constants]
        self._buffers = [buffer for module in self.modules for buffer in _buffers(module)]
        self._random = random.get_state()
        try:
            yield
        finally:
            random.set_state(self._random)
            for module, name, array in self._buffers:
                module.hold_buffer(name, array)
            for tensor, data, shape, dtype, grad, requires_grad in before:
                tensor.hold(data, shape, dtype)
                tensor.grad, tensor.requires_grad = grad, requires_grad

    def outputs(self, values: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The function's outputs at these values, flattened into one list; complex where a value is."""
        dtype = np.result_type(*values)
        with no_grad():
            return [t.numpy() for t in self._call([Tensor(v.astype(dtype, copy=False)) for v in values], dtype)]

    def gradients(self, cotangents: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Backward's answer at `self.values`: one array for each, zeros where no path leads there."""
        with enable_grad():
            leaves = [Tensor(v, requires_grad=True) for v in self.values]
            for tensor in self.parameters:
                tensor.grad, tensor.requires_grad = None, True
            roots = self._call(leaves, np.dtype(np.float64))
            for root, cotangent in zip(roots, cotangents, strict=True):
                if root.requires_grad:
                    root.backward(cotangent, retain_graph=len(roots) > 1)  # roots may share a part of the graph
        sources = leaves[: len(self.places)] + self.parameters
        return [np.zeros_like(v) if t.grad is None else t.grad for t, v in zip(sources, self.values, strict=True)]

    def not_analytic(self) -> list[str]:
        """Operations in the function that a complex step cannot differentiate, each with its layer."""
        seen: dict[str, None] = {}

        class Watch(Hook):
            def before(self, node: Node, inputs: Sequence[Tensor | np.ndarray | None]) -> None:
                if not node.op.analytic:
                    seen[node.where()] = None

        with observe(Watch()):
            self.outputs(self.values)
        return list(seen)

    def _call(self, tensors: Sequence[Tensor], dtype: np.dtype) -> list[Tensor]:
        """Run the function from the same state each time: random numbers, buffers, parameters."""
        random.set_state(self._random)
        for module, name, array in self._buffers:
            module.hold_buffer(name, array.astype(dtype) if array.dtype.kind == "f" else array.copy())
        for tensor, array in self._constants:
            tensor.hold(array.astype(dtype), array.shape, dtype)
        for tensor, given in zip(self.parameters, tensors[len(self.places) :], strict=True):
            tensor.hold(given.data, given.shape, dtype)
        arguments: list[Tensor | None] = [None] * len(self.inputs)
        for place, tensor in zip(self.places, tensors, strict=False):
            arguments[place] = tensor
        function = self.function
        result = apply(function, *arguments) if isinstance(function, Operation) else function(*arguments)
        outputs = list(_flat(result))
        if not outputs:
            raise ArgumentError("gradcheck: the function returns no tensor")
        return outputs


def _double(x: Any) -> np.ndarray:
    """A float64 copy of a tensor, an array or a list of numbers."""
    return np.array(x.numpy() if isinstance(x, Tensor) else x, np.float64)


def _named(parameters: Parameters) -> dict[str, Tensor]:
    if parameters is None:
        return {}
    if isinstance(parameters, Module):
        return {name: t for name, t in parameters.named_parameters() if t.requires_grad}
    if isinstance(parameters, Mapping):
        return dict(parameters)
    return {f"parameter {i}": t for i, t in enumerate(parameters)}


def _input_names(function: Callable | Module | Operation, inputs: Sequence) -> list[str]:
    """The names by which the function itself calls its inputs, where it says."""
    body = function.forward if isinstance(function, (Module, Operation)) else function
    try:
        names = [
            p.name
            for p in inspect.signature(body).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):  # a builtin keeps its signature to itself
        names = []
    names += [f"input {i}" for i in range(len(names), len(inputs))]
    return [name for name, x in zip(names, inputs, strict=False) if x is not None]


def _buffers(module: Module) -> Iterator[tuple[Module, str, np.ndarray]]:
    """Owner, attribute and array of each buffer."""
    owners = dict(module.named_modules())
    for path, array in module.named_buffers():
        owner, _, name = path.rpartition(".")
        yield owners[owner], name, array


def _flat(result: Any) -> Iterator[Tensor]:
    """The tensors of a result: of one tensor, or of tuples and lists of them, such as `Output(logits, aux)`."""
    if isinstance(result, Tensor):
        yield result
    elif isinstance(result, (tuple, list)):
        for part in result:
            yield from _flat(part)
    elif result is not None:
        raise ArgumentError(f"gradcheck: the function must return tensors, not {type(result).__name__}")
